"""Scoring a file: the same contract, model, policy and log as over HTTP.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import datetime as dt
import io
import secrets
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import msgspec
import numpy as np
import polars as pl

from mainstay.contract import compile_request
from mainstay.contract.table import as_served, check_table
from mainstay.data import DataSettings, read_source
from mainstay.data.quarantine import free_name, write_quarantine, write_whole
from mainstay.data.source import as_written, source_of
from mainstay.errors import InputError
from mainstay.events import IdMaker, Prediction, open_pseudonyms
from mainstay.measures.amounts import UNSAID
from mainstay.measures.classes import top_scores
from mainstay.models.features.run import encode_rows
from mainstay.models.policy import NO_ACTION
from mainstay.models.pricing import told
from mainstay.serving.dataplane import ScoringError, left_to_fallback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.contract.table import Checked
    from mainstay.events import EventLog, Value
    from mainstay.measures.money import Capacity
    from mainstay.models.policy import Policy
    from mainstay.models.pricing import Priced
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


SCORE_OF = "score "
"""What the column of a label's probability begins with."""
_Note = tuple[tuple[str, ...], bool]
"""The warnings of a row, and whether a policy changed what the model sees."""


@dataclass(frozen=True)
class _Seen:
    """The accepted rows, what feature code derived of those it was asked for, and the places of those it failed at."""

    checked: Checked
    derived: pl.DataFrame | None
    failed: frozenset[int]


@dataclass(frozen=True)
class _Results:
    """What became of the accepted rows: scores, which of them are the fallback's, what feature code derived, notes."""

    scores: NDArray[np.float64]
    fallen: NDArray[np.bool_]
    inputs: list[dict[str, Value] | None]
    notes: list[_Note]


def score_file(
    bundle: Bundle,
    source: Path,
    out: Path,
    *,
    log: EventLog,
    books: Path,
    role: str = "champion",
    settings: DataSettings = _PLAIN,
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
    tensors = tuple(column.name for column in bundle.contract.features if column.type == "tensor")
    frame = read_source(replace(as_written(source_of(source), settings), tensors=tensors))
    checked = _refuse_unanswerable(bundle, frame, check_table(bundle.contract, frame))
    seen = _derive(bundle, frame, checked)
    checked = seen.checked
    kept = frame[checked.rows.to_list()]
    priced = _price(bundle, checked)
    notes = _with_means(_notes(bundle.contract, seen, kept), priced, bundle.policy)
    results = _score(bundle, seen, notes)
    answers = _answers(bundle, results, _decisions(bundle, results.scores, priced))
    entities = _entities(bundle.contract, checked.good, books)
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
        log.append("predictions", _predictions(bundle, checked, answers, entities, results, role=role))
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


def _refuse_unanswerable(bundle: Bundle, frame: pl.DataFrame, checked: Checked) -> Checked:
    """Refuse the rows that are left to a fallback which the version doesn't have."""
    if bundle.policy.fallback is not None:
        return checked
    rule = f"left to the fallback, and version {bundle.version.number} has none"
    return _refuse(frame, checked, checked.fallback, pl.repeat(rule, checked.good.height, eager=True))


def _refuse(frame: pl.DataFrame, checked: Checked, lost: pl.Series, rules: pl.Series) -> Checked:
    """Refuse good rows, each by its rule."""
    if not lost.any():
        return checked
    places, why, (place_name, rule_name) = checked.rows.filter(lost), rules.filter(lost), checked.failing.columns[-2:]
    rows = frame[places.to_list()].with_columns(places.cast(pl.Int64).alias(place_name), why.alias(rule_name))
    return replace(
        checked,
        good=checked.good.filter(~lost),
        rows=checked.rows.filter(~lost),
        fallback=checked.fallback.filter(~lost),
        failing=pl.concat([checked.failing, rows.cast(checked.failing.schema)]).sort(place_name),
        counts={**checked.counts, **Counter(why.to_list())},
    )


def _derive(bundle: Bundle, frame: pl.DataFrame, checked: Checked) -> _Seen:
    """Run feature code; the rows it fails at are left to the fallback, or refused where the version has none."""
    if bundle.features is None:
        return _Seen(checked, None, frozenset())
    asked = np.flatnonzero(~checked.fallback.to_numpy())
    derived, failures = bundle.features.runner.attempt(as_served(bundle.contract, checked.good[asked]))
    if not failures:
        return _Seen(checked, derived, frozenset())
    rules: list[str | None] = [None] * checked.good.height
    ending = "answered by the fallback" if bundle.policy.fallback is not None else _none(bundle)
    for place, error in failures.items():
        rules[asked[place]] = f"{error.kind.rstrip('.')}, {ending}"
    told = pl.Series(rules, dtype=pl.String)
    failed = told.is_not_null()
    if bundle.policy.fallback is None:
        return _Seen(_refuse(frame, checked, failed, told), derived, frozenset())
    flags = {**checked.flags, **Counter(told.drop_nulls().to_list())}
    left = replace(checked, fallback=checked.fallback | failed, flags=flags)
    return _Seen(left, derived, frozenset(failed.arg_true().to_list()))


def _none(bundle: Bundle) -> str:
    return f"and version {bundle.version.number} has no fallback to answer it instead"


def _score(bundle: Bundle, seen: _Seen, notes: list[_Note]) -> _Results:
    """Score the rows as a request would be: what is left to the fallback is answered by it."""
    checked = seen.checked
    fallen = checked.fallback.to_numpy()
    inputs: list[dict[str, Value] | None] = [None] * checked.good.height
    if bundle.features is None or seen.derived is None:
        encoded = encode_rows(bundle.contract, None, checked.good.filter(~checked.fallback))
    else:
        encoded = bundle.features.runner.encode(seen.derived)
        for place, values in zip(np.flatnonzero(~fallen).tolist(), seen.derived.iter_rows(named=True), strict=True):
            inputs[place] = values
    scores = bundle.policy.left_to_fallback(checked.good.height)
    said = bundle.model.scores(encoded)
    if said.shape != scores[~fallen].shape:
        raise ScoringError(
            f"Version {bundle.version.number} can't answer: its scores have the shape {said.shape}, and not "
            f"{scores[~fallen].shape}."
        )
    scores[~fallen] = said
    if not np.isfinite(scores).all():
        raise ScoringError(f"Version {bundle.version.number} can't answer: a score isn't a finite number.")
    return _Results(scores, fallen, inputs, notes)


def _decisions(bundle: Bundle, scores: NDArray[np.float64], priced: Priced | None) -> list[str | float]:
    """Decide for each row; with a capacity, only the best of the file are acted on."""
    policy, capacity = bundle.policy, bundle.money.capacity
    amounts = UNSAID if priced is None else priced.amounts
    if policy.task.kind == "multiclass":
        return policy.decisions(scores, amounts)
    if policy.task.kind == "regression":
        return cast("list[str | float]", policy.plans(scores, amounts).tolist())
    acted = policy.acts(scores, amounts, paced=False)
    if capacity is not None:
        best = np.argsort(-policy.worth(scores, amounts), kind="stable")
        acted[best[_most(capacity, scores.size) :]] = False
    return [policy.action if act else NO_ACTION for act in acted.tolist()]


def _most(capacity: Capacity, rows: int) -> int:
    """Say how many rows of a file can be acted on: a file is one period's."""
    return capacity.n if capacity.n is not None else int((capacity.share or 1.0) * rows + 1e-9)


def _price(bundle: Bundle, checked: Checked) -> Priced | None:
    pricing = bundle.policy.pricing
    return None if pricing is None else pricing.of_table(as_served(bundle.contract, checked.good))


def _with_means(notes: list[_Note], priced: Priced | None, policy: Policy) -> list[_Note]:
    """Add to the warnings of a row for which amounts the training means stand in."""
    if priced is None or policy.pricing is None or not any(gone.any() for gone in priced.stood_in.values()):
        return notes
    gone = [tuple(name for name, which in priced.stood_in.items() if which[place]) for place in range(len(notes))]
    return [
        ((*warnings, *told(names, policy.pricing)), degraded)
        for (warnings, degraded), names in zip(notes, gone, strict=True)
    ]


def _answers(bundle: Bundle, results: _Results, decisions: list[str | float]) -> pl.DataFrame:
    make = IdMaker()
    policy, scores = bundle.policy, results.scores
    several = scores.ndim == 2
    said = pl.Float64 if bundle.policy.task.kind == "regression" else pl.String  # known even where no row is left
    return pl.DataFrame(
        {
            "id": [make() for _ in decisions],
            "prediction": [policy.predict(score) for score in (scores if several else scores.tolist())],
            "score": top_scores(scores),
            "decision": decisions,
            "version": [bundle.version.number] * len(decisions),
            "degraded": [degraded for _, degraded in results.notes],
            "warnings": ["; ".join(warnings) for warnings, _ in results.notes],
            **{f"{SCORE_OF}{label}": scores[:, code] for code, label in enumerate(policy.task.labels)},
        },
        schema={
            "id": pl.String,
            "prediction": said,
            "score": pl.Float64,
            "decision": said,
            "version": pl.Int64,
            "degraded": pl.Boolean,
            "warnings": pl.String,
            **{f"{SCORE_OF}{label}": pl.Float64 for label in policy.task.labels},
        },
    )


def _notes(contract: Contract, seen: _Seen, kept: pl.DataFrame) -> list[_Note]:
    """Say of each row what policies did and whether that degraded it: in the words of an answer over HTTP."""
    if not seen.checked.flags:
        return [((), False)] * kept.height
    read = compile_request(contract).read_record
    columns = [kept.get_column(name) for name in contract.names if name in kept.columns]
    rows = (read(record) for record in pl.DataFrame(columns).iter_rows(named=True))
    left = (left_to_fallback(row) if place in seen.failed else row for place, row in enumerate(rows))
    return [(row.warnings, row.degraded) for row in left]


def _predictions(
    bundle: Bundle,
    checked: Checked,
    answers: pl.DataFrame,
    entities: list[str | None],
    results: _Results,
    *,
    role: str,
) -> Iterator[Prediction]:
    served = as_served(bundle.contract, checked.good).iter_rows(named=True)
    labels = bundle.policy.task.labels
    # Now, not when the file was opened: by then the window of that moment may have been looked at already.
    now = dt.datetime.now(dt.UTC)
    rows = zip(answers.iter_rows(named=True), served, results.inputs, results.fallen.tolist(), strict=True)
    for (answer, features, inputs, fallen), entity, (warnings, degraded) in zip(
        rows, entities, results.notes, strict=True
    ):
        yield Prediction(
            id=answer["id"],
            at=now,
            model=bundle.version.model,
            version=answer["version"],
            role=role,
            score=answer["score"],
            scores={label: answer[f"{SCORE_OF}{label}"] for label in labels} or None,
            prediction=answer["prediction"],
            decision=answer["decision"],
            features=features,
            inputs=inputs,
            entity=entity,
            degraded=degraded,
            fallback=fallen,
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
        nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
        if nested:
            raise InputError(f"A csv has no cells for the lists in '{nested[0]}'.", "Name it .parquet or .jsonl.")
        return frame.write_csv().encode("utf-8")
    if suffix == ".jsonl":
        return frame.write_ndjson().encode("utf-8")
    sink = io.BytesIO()
    frame.write_parquet(sink)
    return sink.getvalue()
