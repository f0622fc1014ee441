"""The rows of a file that can be answered, what feature code made of them, and what is told of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.contract import compile_request
from mainstay.contract.table import as_served
from mainstay.events import IdMaker, open_pseudonyms
from mainstay.models.pricing import told
from mainstay.release import is_control
from mainstay.serving.cases import left_to_fallback

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.contract import Contract
    from mainstay.contract.table import Checked
    from mainstay.models.policy import Policy
    from mainstay.models.pricing import Priced
    from mainstay.registry import Bundle

Note = tuple[tuple[str, ...], bool]
"""The warnings of a row, and whether a policy changed what the model sees."""


@dataclass(frozen=True)
class Seen:
    """The accepted rows, what feature code derived of those it was asked for, and the places of those it failed at."""

    checked: Checked
    derived: pl.DataFrame | None
    failed: frozenset[int]


def refuse_unanswerable(bundle: Bundle, frame: pl.DataFrame, checked: Checked) -> Checked:
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


def derive(bundle: Bundle, frame: pl.DataFrame, checked: Checked) -> Seen:
    """Run feature code; the rows it fails at are left to the fallback, or refused where the version has none."""
    if bundle.features is None:
        return Seen(checked, None, frozenset())
    asked = np.flatnonzero(~checked.fallback.to_numpy())
    derived, failures = bundle.features.runner.attempt(as_served(bundle.contract, checked.good[asked]))
    if not failures:
        return Seen(checked, derived, frozenset())
    rules: list[str | None] = [None] * checked.good.height
    ending = "answered by the fallback" if bundle.policy.fallback is not None else _none(bundle)
    for place, error in failures.items():
        rules[asked[place]] = f"{error.kind.rstrip('.')}, {ending}"
    told = pl.Series(rules, dtype=pl.String)
    failed = told.is_not_null()
    if bundle.policy.fallback is None:
        return Seen(_refuse(frame, checked, failed, told), derived, frozenset())
    flags = {**checked.flags, **Counter(told.drop_nulls().to_list())}
    left = replace(checked, fallback=checked.fallback | failed, flags=flags)
    return Seen(left, derived, frozenset(failed.arg_true().to_list()))


def _none(bundle: Bundle) -> str:
    return f"and version {bundle.version.number} has no fallback to answer it instead"


def notes_on(contract: Contract, seen: Seen, kept: pl.DataFrame) -> list[Note]:
    """Say of each row what policies did and whether that degraded it: in the words of an answer over HTTP."""
    if not seen.checked.flags:
        return [((), False)] * kept.height
    read = compile_request(contract).read_record
    columns = [kept.get_column(name) for name in contract.names if name in kept.columns]
    rows = (read(record) for record in pl.DataFrame(columns).iter_rows(named=True))
    left = (left_to_fallback(row) if place in seen.failed else row for place, row in enumerate(rows))
    return [(row.warnings, row.degraded) for row in left]


def price(bundle: Bundle, checked: Checked) -> Priced | None:
    """Work out the amounts of each row; None where they are the same for all."""
    pricing = bundle.policy.pricing
    return None if pricing is None else pricing.of_table(as_served(bundle.contract, checked.good))


def with_means(notes: list[Note], priced: Priced | None, policy: Policy) -> list[Note]:
    """Add to the warnings of a row for which amounts the training means stand in."""
    if priced is None or policy.pricing is None or not any(gone.any() for gone in priced.stood_in.values()):
        return notes
    gone = [tuple(name for name, which in priced.stood_in.items() if which[place]) for place in range(len(notes))]
    return [
        ((*warnings, *told(names, policy.pricing)), degraded)
        for (warnings, degraded), names in zip(notes, gone, strict=True)
    ]


def new_ids(count: int) -> list[str]:
    """Make the ids of so many answers."""
    make = IdMaker()
    return [make() for _ in range(count)]


def held_of(bundle: Bundle, good: pl.DataFrame, ids: list[str], share: float) -> list[bool] | None:
    """Say which rows are in the control share, as they would be over HTTP; None where there is none."""
    if not share:
        return None
    column = bundle.contract.entity
    about = good[column.name].to_list() if column is not None and column.name in good.columns else [None] * good.height
    keys = (name if key is None else str(key) for key, name in zip(about, ids, strict=True))
    return [is_control(key, bundle.version.model, share) for key in keys]


def entities_of(contract: Contract, good: pl.DataFrame, books: Path) -> list[str | None]:
    """Say whom each row is about, by pseudonyms."""
    column = contract.entity
    if column is None or column.name not in good.columns:
        return [None] * good.height
    hide = open_pseudonyms(books)
    return [None if key is None else hide(str(key)) for key in good[column.name].to_list()]
