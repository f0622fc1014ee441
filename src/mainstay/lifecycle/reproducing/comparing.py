"""A version and what was made of its inputs again, held against each other."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.errors import MainstayError
from mainstay.lifecycle.gap import as_trained
from mainstay.lifecycle.reproducing.result import Compared, Measured
from mainstay.models.load import load_model
from mainstay.models.policy import Policy
from mainstay.models.report import Report
from mainstay.registry import Golden, Lineage, golden_failures, tolerance_of, trusted_by
from mainstay.registry.plain import loads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.project import Project
    from mainstay.registry import Bundle

    Scores = NDArray[np.float64] | Sequence[float | tuple[float, ...]]


@dataclass(frozen=True)
class Remade:
    """A version that was made again, as it lies in its throw-away store; nothing of it was loaded."""

    folder: Path
    lineage: Lineage
    golden: tuple[Golden, ...]
    report: Report
    policy: Policy


def read_remade(folder: Path) -> Remade:
    """Read what was made again."""
    return Remade(
        folder=folder,
        lineage=loads((folder / "lineage.json").read_bytes(), Lineage),
        golden=loads((folder / "golden.json").read_bytes(), tuple[Golden, ...]),
        report=loads((folder / "report.json").read_bytes(), Report),
        policy=loads((folder / "policy.json").read_bytes(), Policy),
    )


def compare(project: Project, bundle: Bundle, remade: Remade) -> tuple[Compared, tuple[str, ...]]:
    """Compare two models: their files, else their answers on golden records and held-out rows, and both reports.

    Parameters
    ----------
    project : Project
        Whose version it is; has the held-out rows where they still can be had.
    bundle : Bundle
        The version.
    remade : Remade
        What was made again.

    Returns
    -------
    Compared
        What they were compared by.
    tuple of str
        What a reader must know of it.

    """
    then, now = _hashes(bundle.folder / "model"), _hashes(remade.folder / "model")
    other = tuple(sorted({name for name in {*then, *now} if then.get(name) != now.get(name)}))
    tolerance = tolerance_of(bundle.model)
    golden, held = _Answers(len(bundle.golden)), _Answers(0)
    if other:
        golden, held = _on_golden(project, bundle, remade, tolerance), _on_held_out(project, bundle, remade, tolerance)
    compared = Compared(
        same=tuple(sorted(set(then) - set(other))),
        other=other,
        golden=golden.rows,
        apart=golden.apart,
        tolerance=tolerance,
        close=golden.close and held.close,
        held_out=held.rows,
        held_out_apart=held.apart,
        measures=_measures(bundle.report, remade.report),
    )
    return compared, tuple(note for note in (golden.note, held.note) if note)


def _hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@dataclass(frozen=True)
class _Answers:
    """What two models say of the same rows: of how many, how far apart at most, and whether that is close enough."""

    rows: int
    apart: float = 0.0
    close: bool = True
    note: str = ""

    @classmethod
    def of(cls, then: Scores, now: Scores, tolerance: float) -> _Answers:
        """Compare the scores of some rows."""
        if np.shape(then) != np.shape(now):
            return cls(len(then), math.inf, close=False, note="The new model gives scores of another shape.")
        one, other = np.asarray(then, dtype=np.float64), np.asarray(now, dtype=np.float64)
        apart = float(np.max(np.abs(one - other))) if one.size else 0.0
        return cls(len(one), apart, bool(np.allclose(one, other, rtol=tolerance, atol=tolerance)))


def _on_golden(project: Project, bundle: Bundle, remade: Remade, tolerance: float) -> _Answers:
    """Compare what both noted of the same records; where they drew others, the new model answers the old ones here."""
    noted = {_key(one): one.score for one in remade.golden}
    keys = [_key(one) for one in bundle.golden]
    if all(key in noted for key in keys):
        return _Answers.of([one.score for one in bundle.golden], [noted[key] for key in keys], tolerance)
    try:
        model = load_model(remade.folder / "model", trusted_by(project))
        failures = golden_failures(bundle.contract, model, bundle.golden, bundle.features)
    except MainstayError as error:
        note = f"The new model's answers to the golden records can't be had here: {error.message}"
        return _Answers(0, math.inf, close=False, note=note)
    rows = len(bundle.golden)
    if not failures:
        return _Answers(rows)
    note = f"{len(failures)} of {rows} golden records are answered differently. {failures[0]}"
    return _Answers(rows, math.inf, close=False, note=note)


def _key(golden: Golden) -> str:
    return repr(sorted(golden.record.items()))


def _on_held_out(project: Project, bundle: Bundle, remade: Remade, tolerance: float) -> _Answers:
    try:
        model = load_model(remade.folder / "model", trusted_by(project))
        X = as_trained(project, bundle).test.X
        return _Answers.of(bundle.model.scores(X), model.scores(X), tolerance)
    except MainstayError as error:
        return _Answers(0, note=f"The held-out rows weren't compared: {error.message}")


def _measures(recorded: Report, found: Report) -> tuple[Measured, ...]:
    now = {one.measure: one.value for one in found.measures}
    pairs = [Measured(measure=one.measure, recorded=one.value, found=now.get(one.measure)) for one in recorded.measures]
    return tuple(sorted(pairs, key=lambda pair: pair.recorded == pair.found))
