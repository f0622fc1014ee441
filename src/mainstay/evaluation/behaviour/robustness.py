"""Robustness: what noise, a missing column and a slip of the finger cost, in the report's own measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from mainstay.contract import Tensor
from mainstay.evaluation.behaviour.changes import is_number, is_text, without
from mainstay.evaluation.findings import found
from mainstay.measures.finding import Finding
from mainstay.models.yardstick import Answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mainstay.contract import AnyColumn
    from mainstay.evaluation.behaviour.bench import Bench
    from mainstay.evaluation.behaviour.way import Answered
    from mainstay.measures.intervals import Estimate

GROUP = "robustness"
NOISE = (0.1, 0.5)
MOST_CELLS = 250_000
_MOST_COLUMNS, _LEAST_ROWS, _MOST_ROWS = 30, 50, 400


@dataclass(frozen=True)
class _Trial:
    """One thing that is done to every record."""

    where: str
    records: pl.DataFrame


def rows_to_try(columns: int) -> int:
    """Say how many records can be tried in reasonable time, where each column is tried on its own."""
    trials = 2 * min(columns, _MOST_COLUMNS) + len(NOISE)
    return max(_LEAST_ROWS, min(_MOST_ROWS, MOST_CELLS // max(1, trials * columns)))


def measure_robustness(bench: Bench, columns: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Measure what each mishap costs on the same records: paired, in money where the report is in money.

    Parameters
    ----------
    bench : Bench
        The records.
    columns : sequence of str
        Those to try one by one, the most important ones first; the contract's order where empty, 30 at most.

    Returns
    -------
    tuple of Finding
        What is lost per trial (positive is worse), with interval; noise first, then what costs most. Records that are
        refused then are counted in the note and left out of the number.

    """
    trials = list(_trials(bench, columns))
    answers = bench.way.answer(pl.concat([one.records for one in trials], how="vertical_relaxed"))
    n = bench.records.height
    each = [answers.take(slice(k * n, (k + 1) * n)) for k in range(len(trials))]
    findings = [_cost(bench, trial.where, one) for trial, one in zip(trials, each, strict=True)]
    noise = len([trial for trial in trials if trial.where.startswith("noise")])
    return (*findings[:noise], *sorted(findings[noise:], key=_most_first))


def _trials(bench: Bench, columns: Sequence[str]) -> Iterator[_Trial]:
    records, changer = bench.records, bench.changer
    numbers = [column for column in bench.way.contract.features if is_number(column)]
    if numbers:
        for spreads in NOISE:
            yield _Trial(f"noise of {spreads:g} spreads on every number", changer.noisy(records, numbers, spreads))
    for column in _tried(bench, columns):
        yield _Trial(f"{column.name} missing", without(records, column))
        if is_text(column):
            yield _Trial(f"{column.name} misspelled", changer.misspelled(records, column))


def _tried(bench: Bench, columns: Sequence[str]) -> list[AnyColumn]:
    features: list[AnyColumn] = [column for column in bench.way.contract.features if not isinstance(column, Tensor)]
    places = {name: place for place, name in enumerate(columns)}
    return sorted(features, key=lambda column: places.get(column.name, len(places)))[:_MOST_COLUMNS]


def _cost(bench: Bench, where: str, after: Answered) -> Finding:
    both = after.answered & bench.plain.answered
    decided = np.asarray(after.decisions != bench.plain.decisions, dtype=bool)[both]
    refused = int((bench.plain.answered & ~after.answered).sum())
    stick, n = bench.held.yardstick, int(bench.plain.answered.sum())
    if not both.any():
        words = "Every record is refused then, as the contract says: no answer instead of a wrong one."
        return Finding(measure=stick.name, where=where, value=None, n=n, unit=stick.unit, group=GROUP, note=words)
    note = f"{_share(int(decided.sum()), int(both.sum()))} of the decisions change"
    note += f"; {_share(refused, n)} of the records are refused." if refused else "."
    finding = found(_lost(bench, both, after), stick.name, where=where, unit=stick.unit, group=GROUP)
    return msgspec.structs.replace(finding, note=f"{note} {finding.note}".strip())


def _lost(bench: Bench, both: NDArray[np.bool_], after: Answered) -> Estimate:
    here = bench.held.take(np.flatnonzero(both))
    policy = bench.way.policy
    plain, changed = (Answers(one.scores[both], policy, one.amounts.take(both)) for one in (bench.plain, after))
    return here.yardstick.advantage(here.truth, plain, changed, here.clusters, here.seed)


def _share(some: int, n: int) -> str:
    return f"{100 * some / max(n, 1):.3g} %"


def _most_first(finding: Finding) -> float:
    return np.inf if finding.value is None else -finding.value
