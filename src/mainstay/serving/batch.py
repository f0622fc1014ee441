"""Scoring a file: the same contract, model, policy and log as over HTTP.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from mainstay.contract.table import as_served, check_table, encode_table
from mainstay.data import read_source
from mainstay.data.quarantine import free_name, write_quarantine, write_whole
from mainstay.errors import InputError
from mainstay.events import IdMaker, Prediction, open_pseudonyms
from mainstay.models.policy import NO_ACTION

if TYPE_CHECKING:
    import datetime as dt
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

    """

    version: int
    rows: int
    scored: int
    refused: int
    out: str
    refused_to: str = ""


def score_file(
    bundle: Bundle,
    source: Path,
    out: Path,
    *,
    log: EventLog,
    books: Path,
    now: dt.datetime,
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
    now : datetime
        When this is, UTC.
    missing : sequence of str
        Texts of the source that stand for a missing value.

    """
    if out.suffix not in _WRITERS:
        raise InputError(f"{out.name} can't be written as '{out.suffix}'.", f"Name it {', '.join(_WRITERS)}.")
    frame = read_source(source, missing=missing)
    checked = check_table(bundle.contract, frame)
    scores = bundle.model.scores(encode_table(bundle.contract, checked.good))
    decisions = _decisions(bundle, scores)
    answers = _answers(bundle, scores, decisions)
    entities = _entities(bundle.contract, checked.good, books)
    log.append("predictions", _predictions(bundle, checked, answers, entities, now))
    kept = frame[checked.rows.to_list()]
    ours = {name: free_name(name, kept.columns) for name in answers.columns}
    _write(pl.concat([kept, answers.rename(ours)], how="horizontal"), out)
    refused = write_quarantine(checked.failing, out.parent, f"{out.stem}.refused") if checked.failing.height else None
    return Scored(
        version=bundle.version.number,
        rows=frame.height,
        scored=kept.height,
        refused=checked.failing.height,
        out=str(out),
        refused_to=str(refused or ""),
    )


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
    return pl.DataFrame(
        {
            "id": [make() for _ in decisions],
            "prediction": [bundle.policy.predict(score) for score in scores.tolist()],
            "score": scores,
            "decision": decisions,
            "version": pl.Series([bundle.version.number] * len(decisions), dtype=pl.Int64),
        }
    )


def _predictions(
    bundle: Bundle, checked: Checked, answers: pl.DataFrame, entities: list[str | None], now: dt.datetime
) -> Iterator[Prediction]:
    served = as_served(bundle.contract, checked.good)
    for answer, features, entity in zip(
        answers.iter_rows(named=True), served.iter_rows(named=True), entities, strict=True
    ):
        yield Prediction(
            id=answer["id"],
            at=now,
            model=bundle.version.model,
            version=answer["version"],
            role="champion",
            score=answer["score"],
            prediction=answer["prediction"],
            decision=answer["decision"],
            features=features,
            duration=0,
            entity=entity,
        )


def _entities(contract: Contract, good: pl.DataFrame, books: Path) -> list[str | None]:
    column = contract.entity
    if column is None or column.name not in good.columns:
        return [None] * good.height
    hide = open_pseudonyms(books)
    return [None if key is None else hide(str(key)) for key in good[column.name].to_list()]


def _write(frame: pl.DataFrame, out: Path) -> None:
    if out.suffix == ".csv":
        write_whole(out, frame.write_csv().encode("utf-8"))
    elif out.suffix == ".jsonl":
        write_whole(out, frame.write_ndjson().encode("utf-8"))
    else:
        half = out.with_name(f".{out.name}.tmp")
        frame.write_parquet(half)
        half.replace(out)
