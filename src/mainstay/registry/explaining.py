"""Records explained by a version in the hand: nothing is served, and nothing logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.contract import compile_request
from mainstay.errors import Problem, RecordError
from mainstay.models.explain import subject_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.contract import Row
    from mainstay.models.explain import Explanation, Method, Subject
    from mainstay.registry.bundle import Bundle

MOST_PROBLEMS = 100


def explain_records(
    bundle: Bundle, records: Sequence[Mapping[str, Any]], *, method: Method = "auto", label: str | None = None
) -> tuple[Explanation, ...]:
    """Explain what a version says of records, as a client would send them.

    Parameters
    ----------
    bundle : Bundle
        The version.
    records : sequence of mapping
        The records.
    method : {"auto", "exact", "sampling", "kernel", "lime"}
        How; "auto" is exact where the model can be.
    label : str, optional
        The label whose probability to explain.

    Raises
    ------
    RecordError
        Where the contract refuses a record, or leaves it to a fallback that this version lacks; names them all.
    FeaturesError
        Where feature code fails at one.

    """
    bundle.explainer.demand(method, label)
    rows = _rows(bundle, records)
    return bundle.explainer.explain(_subjects(bundle, rows), method=method, label=label)


def _rows(bundle: Bundle, records: Sequence[Mapping[str, Any]]) -> list[Row]:
    read = compile_request(bundle.contract).read_record
    rows: list[Row] = []
    problems: list[Problem] = []
    for place, record in enumerate(records):
        try:
            row = read(dict(record))
        except RecordError as error:
            problems += [msgspec.structs.replace(each, record=place) for each in error.problems]
            continue
        if row.fallback and bundle.policy.fallback is None:
            field = next((deed.column for deed in row.deeds if deed.did == "fallback"), "")
            problems.append(Problem(record=place, field=field, found="", message="is left to a fallback there isn't."))
        rows.append(row)
    if problems:
        raise RecordError(problems[:MOST_PROBLEMS], len(problems))
    return rows


def _subjects(bundle: Bundle, rows: Sequence[Row]) -> list[Subject]:
    fallback = bundle.policy.fallback
    if bundle.features is None:
        return [subject_of(row, bundle.inputs, None, fallback) for row in rows]
    asked = [row.features for row in rows if not row.fallback]
    derived = iter(bundle.features.runner.records(asked).values if asked else ())
    return [subject_of(row, bundle.inputs, None if row.fallback else next(derived), fallback) for row in rows]
