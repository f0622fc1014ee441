"""Scoring a file: its rows in, its answers out, and in the log before they are in the file."""

from __future__ import annotations

import io
import secrets
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mainstay.contract.table import check_table
from mainstay.data import DataSettings, read_source
from mainstay.data.quarantine import free_name, write_quarantine, write_whole
from mainstay.data.source import as_written, source_of
from mainstay.errors import InputError
from mainstay.events import sample
from mainstay.serving.batch.results import answer_table, decide, hold_back, predictions, score_rows
from mainstay.serving.batch.rows import (
    derive,
    entities_of,
    held_of,
    new_ids,
    notes_on,
    price,
    refuse_unanswerable,
    with_means,
)
from mainstay.serving.hiding import Hiding

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.events import EventLog
    from mainstay.registry import Bundle

_WRITERS = (".parquet", ".csv", ".jsonl")
_PLAIN = DataSettings()


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
    policies : dict of str to int
        Rows per thing a policy did: ``{"tenure: filled in": 11}``.

    """

    version: int
    rows: int
    scored: int
    refused: int
    out: str
    refused_to: str = ""
    id_column: str = "id"
    policies: dict[str, int] = {}


def score_file(
    bundle: Bundle,
    source: Path,
    out: Path,
    *,
    log: EventLog,
    books: Path,
    role: str = "champion",
    settings: DataSettings = _PLAIN,
    control: float = 0.0,
) -> Scored:
    """Score every row of a file that the contract accepts; the others go to a file of their own with the reason.

    The answers are in the log before they are in the file, so feedback joins by ``id`` as over HTTP.

    Parameters
    ----------
    bundle : Bundle
        Who answers.
    source, out : Path
        A csv or parquet file; where the answers go (``.parquet``, ``.csv`` or ``.jsonl``): the columns of the source,
        then ``id``, ``prediction``, ``score``, ``decision``, ``version``, ``degraded`` and ``warnings`` (one
        text, parted by ``; ``); of several classes also ``score <label>`` for each, its probability.
    log : EventLog
        Where they are logged.
    books : Path
        The project's books: its key for pseudonyms.
    role : str
        What this version is in the release in force: ``"champion"``, ``"canary"``, or ``"shadow"`` where it answers
        nobody, so that no window counts it.
    settings : DataSettings
        How the project's own source is written: what stands for missing, the dialect of a csv.
    control : float
        Share of those the rows are about that is never acted on (``[release] control``); there is a column ``control``
        then.

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
    hiding = Hiding(log.persons)
    hiding.learn([bundle.contract])
    tensors = tuple(column.name for column in bundle.contract.features if column.type == "tensor")
    frame = read_source(replace(as_written(source_of(source), settings), tensors=tensors))
    checked = refuse_unanswerable(bundle, frame, check_table(bundle.contract, frame))
    seen = derive(bundle, frame, checked)
    checked = seen.checked
    kept = frame[checked.rows.to_list()]
    priced = price(bundle, checked)
    notes = with_means(notes_on(bundle.contract, seen, kept), priced, bundle.policy)
    results = score_rows(bundle, seen, notes)
    ids = new_ids(checked.good.height)
    decided = hold_back(bundle, decide(bundle, results.scores, priced), held_of(bundle, checked.good, ids, control))
    answers = answer_table(bundle, results, decided, ids)
    entities = entities_of(bundle.contract, checked.good, books)
    ours = {name: free_name(name, kept.columns) for name in answers.columns}
    content = _content(pl.concat([kept, answers.rename(ours)], how="horizontal"), out.suffix.lower())
    refused = write_quarantine(checked.failing, out.parent, f"{out.stem}.refused")
    if refused is None:
        with suppress(OSError):
            out.with_name(f"{out.stem}.refused.csv").unlink()  # of an earlier run
    # To the disk before the log, and to its name after it: a full disk logs nothing that nobody got.
    half = out.with_name(f".{out.name}.{secrets.token_hex(4)}.half")
    write_whole(half, content)
    try:
        events = predictions(bundle, checked, answers, entities, results, decided=decided, role=role)
        log.append("predictions", hiding.hide(list(sample(events, log.settings.rate))))
        half.replace(out)
    finally:
        half.unlink(missing_ok=True)
        hiding.close()
    return Scored(
        version=bundle.version.number,
        rows=frame.height,
        scored=kept.height,
        refused=checked.failing.height,
        out=str(out),
        refused_to=str(refused or ""),
        id_column=ours["id"],
        policies=checked.flags,
    )


def _require_writable(out: Path, source: Path) -> None:
    if out.suffix.lower() not in _WRITERS:
        raise InputError(f"{out.name} can't be written as '{out.suffix}'.", f"Name it {', '.join(_WRITERS)}.")
    if out.is_dir():
        raise InputError(f"{out} is a folder, not a file.", "Name a file in it.")
    ours = (out, out.with_name(f"{out.stem}.refused.csv"))
    if any(path.exists() and source.exists() and path.samefile(source) for path in ours):
        raise InputError(f"The answers would overwrite {source.name}.", "Give --out another name.")


def _content(frame: pl.DataFrame, suffix: str) -> bytes:
    if suffix == ".csv":
        nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
        if nested:
            raise InputError(f"A csv has no cells for the lists in '{nested[0]}'.", "Name it .parquet or .jsonl.")
        return frame.write_csv().encode("utf-8")
    if suffix == ".jsonl":
        return frame.write_ndjson().encode("utf-8")
    sink = io.BytesIO()
    frame.write_parquet(sink)
    return sink.getvalue()
