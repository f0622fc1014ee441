"""Why: records, files and logged answers explained by a version; nothing is logged."""

from __future__ import annotations

import csv
import datetime as dt
import io
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.contract.personal import personal_in
from mainstay.data import DataSettings, read_source
from mainstay.data.source import as_written, source_of
from mainstay.errors import DataError, InputError, NotFoundError
from mainstay.events import Prediction, show
from mainstay.events.unsealing import unsealed
from mainstay.models.explain import Explanation, Subject, encode_values
from mainstay.registry import explain_records
from mainstay.release import open_books

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mainstay.models.explain import Method
    from mainstay.project import Project
    from mainstay.registry import Bundle

Record = dict[str, Any]
_JSON = (".jsonl", ".ndjson", ".json")
_CLOSE = 1e-9


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Records, explained.

    Parameters
    ----------
    model, version : str and int
        Who explains.
    explanations : tuple of Explanation
        One for each record, in their order.

    """

    model: str
    version: int
    explanations: tuple[Explanation, ...]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was given, explained by the version that gave it.

    Parameters
    ----------
    id, at, model, version, role
        Of the answer.
    prediction, decision, score
        As they were answered.
    degraded, warnings
        What policies did.
    same : bool
        Whether the version still gives that score.
    explanation : Explanation
        Why.

    """

    id: str
    at: dt.datetime
    model: str
    version: int
    role: str
    prediction: str | float
    decision: str | float
    score: float
    degraded: bool
    warnings: tuple[str, ...]
    same: bool
    explanation: Explanation


def explain(
    project: Project,
    records: Sequence[Mapping[str, Any]] | Mapping[str, Any],
    *,
    number: int | None = None,
    method: Method = "auto",
    label: str | None = None,
) -> Explained:
    """Explain what the champion, or version `number`, says of records.

    Parameters
    ----------
    project : Project
        Whose model.
    records : mapping, or sequence of them
        As a client would send them.
    number : int, optional
        Another version than the champion.
    method : {"auto", "exact", "sampling", "kernel", "lime"}
        How; "auto" is exact where the model can be.
    label : str, optional
        The label whose probability to explain.

    Raises
    ------
    RecordError
        Where the contract refuses a record.
    InputError
        Where there is no such label, or the model can't be explained that way.

    """
    given: Sequence[Mapping[str, Any]] = [records] if isinstance(records, Mapping) else records
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, number or books.release_in_force().champion)
    return _explained(bundle, given, method, label)


def explain_file(
    project: Project,
    source: Path | None,
    *,
    number: int | None = None,
    method: Method = "auto",
    label: str | None = None,
) -> Explained:
    """Explain the records of a file, as `explain` does: csv, parquet or JSON lines; None reads standard input."""
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, number or books.release_in_force().champion)
    return _explained(bundle, _records(project, bundle, source), method, label)


def _explained(bundle: Bundle, records: Sequence[Mapping[str, Any]], method: Method, label: str | None) -> Explained:
    if not records:
        raise DataError("There is no record to explain.", "Give one at least.")
    found = explain_records(bundle, records, method=method, label=label)
    return Explained(model=bundle.version.model, version=bundle.version.number, explanations=found)


def explain_prediction(project: Project, name: str, *, method: Method = "auto", label: str | None = None) -> Replayed:
    """Explain an answer in the log: its features as they were served, through the version that answered.

    Raises
    ------
    NotFoundError
        Where the log holds no answer by that id.
    InputError
        Where the answer can't be explained so.

    """
    with open_books(project) as books:
        answer = unsealed(books.log, [_answer(show(books.log, name), name)])[0]
        bundle = books.registry.load_bundle(answer.model, answer.version)
    _demand_whole(answer, bundle)
    bundle.explainer.demand(method, label)
    told = bundle.explainer.explain([_served(answer, bundle)], method=method)[0]
    # The score in the log is that of the positive or predicted label, whichever label is asked about.
    same = abs(told.answer - answer.score) <= _CLOSE * max(1.0, abs(answer.score))
    if label is not None and label != told.label:
        told = bundle.explainer.explain([_served(answer, bundle)], method=method, label=label)[0]
    return Replayed(
        id=answer.id,
        at=answer.at,
        model=answer.model,
        version=answer.version,
        role=answer.role,
        prediction=answer.prediction,
        decision=answer.decision,
        score=answer.score,
        degraded=answer.degraded,
        warnings=answer.warnings,
        same=same,
        explanation=told,
    )


def _answer(events: Sequence[object], name: str) -> Prediction:
    for event in events:
        if isinstance(event, Prediction) and event.id == name:
            return event
    raise NotFoundError(f"'{name}' is no answer in the event log.", "Use the id that an answer came with.")


def _demand_whole(answer: Prediction, bundle: Bundle) -> None:
    gone = sorted(personal_in(bundle.contract).names.difference(answer.features))
    if gone and answer.inputs is None:
        raise InputError(
            f"The log doesn't hold what is personal about the answer '{answer.id}': {', '.join(gone)}.",
            "It was never written, or its person was erased. Explain a record instead: mainstay explain FILE",
        )


def _served(answer: Prediction, bundle: Bundle) -> Subject:
    """Take the features as they were served, or what feature code made of them then: it isn't run again."""
    values = answer.features if answer.inputs is None else answer.inputs
    fallback = bundle.policy.fallback if answer.fallback else None
    return Subject(encode_values(bundle.inputs, values), values, fallback=fallback)


def _records(project: Project, bundle: Bundle, source: Path | None) -> list[Record]:
    if source is None:
        return _of_text(sys.stdin.buffer.read(), "standard input")
    if source.suffix.lower() in _JSON:
        try:
            return _of_text(source.read_bytes(), source.name)
        except OSError as error:
            raise DataError(f"{source} can't be read: {error.strerror}.", "Name a file that is there.") from None
    settings = project.section("data", DataSettings)
    tensors = tuple(column.name for column in bundle.contract.features if column.type == "tensor")
    frame = read_source(replace(as_written(source_of(source), settings), tensors=tensors))
    known = [name for name in frame.columns if name in set(bundle.contract.names)]
    if frame.height and not known:
        raise DataError(
            f"{source.name} has no column that the contract knows.",
            f"Its columns are: {', '.join(frame.columns[:10])}. Those wanted: {', '.join(bundle.contract.names[:10])}.",
        )
    return list(frame.select(known).iter_rows(named=True))


def _of_text(content: bytes, name: str) -> list[Record]:
    """Read JSON lines, one JSON object, an array of them, or csv with commas."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{name} isn't UTF-8 text.", "Save it as UTF-8.") from None
    if text.lstrip()[:1] not in ("{", "["):
        return [{key: value for key, value in row.items() if key} for row in csv.DictReader(io.StringIO(text))]
    try:
        return msgspec.json.decode(text, type=list[Record]) if text.lstrip()[0] == "[" else _lines(text)
    except msgspec.MsgspecError as error:
        cure = "Give a JSON object a line, an array of objects, or csv."
        raise DataError(f"{name} holds no records: {error}.", cure) from None


def _lines(text: str) -> list[Record]:
    """Read one object, however it is laid out, or one a line."""
    try:
        return [msgspec.json.decode(text, type=Record)]
    except msgspec.DecodeError:
        return msgspec.json.Decoder(Record).decode_lines(text)
