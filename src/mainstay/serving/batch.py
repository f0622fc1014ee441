"""Scoring a file: the same contract, model, policy and log as over HTTP.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import datetime as dt
import io
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from mainstay.contract import compile_request
from mainstay.contract.table import as_served, check_table, encode_table
from mainstay.data import read_source
from mainstay.data.quarantine import free_name, write_quarantine, write_whole
from mainstay.errors import InputError
from mainstay.events import IdMaker, Prediction, open_pseudonyms
from mainstay.models.policy import NO_ACTION
from mainstay.serving.dataplane import ScoringError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.contract.table import Checked
    from mainstay.events import EventLog
    from mainstay.registry import Bundle

_WRITERS = (".parquet", ".csv", ".jsonl")


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file.

    Parameters
    ----------
    version : int
        Who answered.
    rows, scored, refused : int
        Rows of the file, and what became of them.
    out : str
        Where the answers are.
    refused_to : str
        Where the refused rows are, each with the rules it broke; empty where none was refused.
    id_column : str
        What the column of ids is called: another name where the file has a column ``id`` of its own.

    """

    version: int
    rows: int
    scored: int
    refused: int
    out: str
    refused_to: str = ""
    id_column: str = "id"


def score_file(
    bundle: Bundle,
    source: Path,
    out: Path,
    *,
    log: EventLog,
    books: Path,
    role: str = "champion",
    missing: Sequence[str] = (),
) -> Scored:
    """Score every row of a file that the contract accepts; the others go to a file of their own with the reason.

    The answers are in the log before they are in the file, so feedback joins by ``id`` as over HTTP.

    Parameters
    ----------
    bundle : Bundle
        Who answers.
    source, out : Path
        A csv or parquet file; where the answers go (``.parquet``, ``.csv`` or ``.jsonl``): the columns of the source,
        then ``id``, ``prediction``, ``score``, ``decision`` and ``version``.
    log : EventLog
        Where they are logged.
    books : Path
        The project's books: its key for pseudonyms.
    role : str
        What this version is in the release in force: ``"champion"``, ``"canary"``, or ``"shadow"`` where it answers
        nobody, so that no window counts it.
    missing : sequence of str
        Texts of the source that stand for a missing value.

    Raises
    ------
    InputError
        Where `out` is no file that can be written.
    DataError
        Where the source can't be read, or the answers can't be written; then none is in the log.
    ScoringError
        Where the model gives something that is no number.

    """
    _require_writable(out, source)
    frame = read_source(source, missing=missing)
    checked = check_table(bundle.contract, frame)
    scores = bundle.model.scores(encode_table(bundle.contract, checked.good))
    if not np.isfinite(scores).all():
        raise ScoringError(f"Version {bundle.version.number} can't answer: a score isn't a finite number.")
    decisions = _decisions(bundle, scores)
    answers = _answers(bundle, scores, decisions)
    entities = _entities(bundle.contract, checked.good, books)
    kept = frame[checked.rows.to_list()]
    ours = {name: free_name(name, kept.columns) for name in answers.columns}
    content = _content(pl.concat([kept, answers.rename(ours)], how="horizontal"), out.suffix.lower())
    refused = write_quarantine(checked.failing, out.parent, f"{out.stem}.refused")
    if refused is None:
        with suppress(OSError):
            out.with_name(f"{out.stem}.refused.csv").unlink()  # of an earlier run
    notes = _notes(bundle.contract, checked, kept)
    # To the disk before the log, and to its name after it: a full disk logs nothing that nobody got.
    half = out.with_name(f".{out.name}.{secrets.token_hex(4)}.half")
    write_whole(half, content)
    try:
        log.append("predictions", _predictions(bundle, checked, answers, entities, notes, role=role))
        half.replace(out)
    finally:
        half.unlink(missing_ok=True)
    return Scored(
        version=bundle.version.number,
        rows=frame.height,
        scored=kept.height,
        refused=checked.failing.height,
        out=str(out),
        refused_to=str(refused or ""),
        id_column=ours["id"],
    )


def _require_writable(out: Path, source: Path) -> None:
    if out.suffix.lower() not in _WRITERS:
        raise InputError(f"{out.name} can't be written as '{out.suffix}'.", f"Name it {', '.join(_WRITERS)}.")
    if out.is_dir():
        raise InputError(f"{out} is a folder, not a file.", "Name a file in it.")
    ours = (out, out.with_name(f"{out.stem}.refused.csv"))
    if any(path.exists() and source.exists() and path.samefile(source) for path in ours):
        raise InputError(f"The answers would overwrite {source.name}.", "Give --out another name.")


def _decisions(bundle: Bundle, scores: NDArray[np.float64]) -> list[str | float]:
    """Decide for each row; with a capacity, only the best of the file are acted on."""
    decisions = [bundle.policy.decide(score) for score in scores.tolist()]
    capacity = bundle.money.capacity
    if capacity is None or bundle.policy.task.kind == "regression":
        return decisions
    best = set(np.argsort(-scores, kind="stable")[: capacity.n].tolist())
    return [decision if place in best else NO_ACTION for place, decision in enumerate(decisions)]


def _answers(bundle: Bundle, scores: NDArray[np.float64], decisions: list[str | float]) -> pl.DataFrame:
    make = IdMaker()
    said = pl.Float64 if bundle.policy.task.kind == "regression" else pl.String  # known even where no row is left
    return pl.DataFrame(
        {
            "id": [make() for _ in decisions],
            "prediction": [bundle.policy.predict(score) for score in scores.tolist()],
            "score": scores,
            "decision": decisions,
            "version": [bundle.version.number] * len(decisions),
        },
        schema={"id": pl.String, "prediction": said, "score": pl.Float64, "decision": said, "version": pl.Int64},
    )


def _notes(contract: Contract, checked: Checked, kept: pl.DataFrame) -> list[tuple[tuple[str, ...], bool]]:
    """Say of each row what policies did and whether that degraded it: in the words of an answer over HTTP."""
    if not checked.flags:
        return [((), False)] * kept.height
    read = compile_request(contract).read_record
    columns = [kept.get_column(name) for name in contract.names if name in kept.columns]
    rows = (read(record) for record in pl.DataFrame(columns).iter_rows(named=True))
    return [(row.warnings, row.degraded) for row in rows]


def _predictions(
    bundle: Bundle,
    checked: Checked,
    answers: pl.DataFrame,
    entities: list[str | None],
    notes: list[tuple[tuple[str, ...], bool]],
    *,
    role: str,
) -> Iterator[Prediction]:
    served = as_served(bundle.contract, checked.good).iter_rows(named=True)
    # Now, not when the file was opened: by then the window of that moment may have been looked at already.
    now = dt.datetime.now(dt.UTC)
    for answer, features, entity, (warnings, degraded) in zip(
        answers.iter_rows(named=True), served, entities, notes, strict=True
    ):
        yield Prediction(
            id=answer["id"],
            at=now,
            model=bundle.version.model,
            version=answer["version"],
            role=role,
            score=answer["score"],
            prediction=answer["prediction"],
            decision=answer["decision"],
            features=features,
            entity=entity,
            degraded=degraded,
            warnings=warnings,
        )


def _entities(contract: Contract, good: pl.DataFrame, books: Path) -> list[str | None]:
    column = contract.entity
    if column is None or column.name not in good.columns:
        return [None] * good.height
    hide = open_pseudonyms(books)
    return [None if key is None else hide(str(key)) for key in good[column.name].to_list()]


def _content(frame: pl.DataFrame, suffix: str) -> bytes:
    if suffix == ".csv":
        return frame.write_csv().encode("utf-8")
    if suffix == ".jsonl":
        return frame.write_ndjson().encode("utf-8")
    sink = io.BytesIO()
    frame.write_parquet(sink)
    return sink.getvalue()
