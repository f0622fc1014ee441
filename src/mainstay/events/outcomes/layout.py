"""`Layout`: which column of a file of outcomes says what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import DataError
from mainstay.events.fields import LONGEST_ID, MOST_KPIS

if TYPE_CHECKING:
    from collections.abc import Sequence

KPI = "kpi."
"""Prefix of the columns that hold KPIs: ``kpi.revenue``."""


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Which column says what; empty where none does.

    Parameters
    ----------
    id : str
        Id of the answer.
    entity, time : str
        Whom it is about, and when it happened, where there is no id: the latest answer before is meant.
    at : str
        When it became true.
    label, followed : str
        What really happened; whether the decision was followed.
    kpis : dict of str to str
        From the name of a KPI to its column.
    ignored : tuple of str
        Columns that say nothing here.

    """

    id: str = ""
    entity: str = ""
    time: str = ""
    at: str = ""
    label: str = ""
    followed: str = ""
    kpis: dict[str, str] = {}
    ignored: tuple[str, ...] = ()


def lay_out(columns: Sequence[str], name: str, *, target: str, entity: str = "") -> Layout:
    """Find what the columns of a file say.

    Parameters
    ----------
    columns : sequence of str
        Names of its columns.
    name : str
        The file's own, for sentences.
    target : str
        What the model predicts; a column of this name is the label where none is called ``label``.
    entity : str
        Column of the contract that says whom a record is about.

    Raises
    ------
    DataError
        Where they don't say what the outcomes are about, or what they are.

    Examples
    --------
    >>> columns = ["customer", "at", "Churn", "kpi.revenue", "note"]
    >>> layout = lay_out(columns, "won.csv", target="Churn", entity="customer")
    >>> layout.entity, layout.time, layout.label, layout.kpis, layout.ignored
    ('customer', 'at', 'Churn', {'revenue': 'kpi.revenue'}, ('note',))

    """
    label, followed = _first(columns, "label", target), _first(columns, "followed")
    kpis = {each.removeprefix(KPI): each for each in sorted(columns) if each.startswith(KPI)}
    _check_kpis(kpis, name)
    if not (label or followed or kpis):
        whom = f" (or {entity or 'entity'} and at)"
        cure = f"It needs id{whom}, and label, followed or a KPI as kpi.revenue; at says when it became true."
        raise DataError(f"{name} has no column 'label'.", cure)
    told = Layout(label=label, followed=followed, kpis=kpis)
    about = _by_id(columns, told) if "id" in columns else _by_entity(columns, told, name, entity)
    used = {about.id, about.entity, about.time, about.at, label, followed, *kpis.values()}
    return msgspec.structs.replace(about, ignored=tuple(each for each in columns if each not in used))


def _by_id(columns: Sequence[str], told: Layout) -> Layout:
    return msgspec.structs.replace(told, id="id", at=_first(columns, "at", "time"))


def _by_entity(columns: Sequence[str], told: Layout, name: str, entity: str) -> Layout:
    whom = _first(columns, entity, "entity")
    if not whom:
        other = f"'id' or '{entity}'" if entity else "'id'"
        raise DataError(f"{name} has no column {other}.", "It must say which answers the outcomes are about.")
    if not entity:
        raise DataError(
            "The contract has no column that says whom a record is about, so outcomes can't be matched by it.",
            'Hand them in by the id of the answer, or give a column of contract.toml role = "id".',
        )
    time = _first(columns, "time", "at")
    if not time:
        raise DataError(
            f"{name} says whom the outcomes are about, and not when.", "Add a column at, as 2026-11-22T17:03:00Z."
        )
    return msgspec.structs.replace(told, entity=whom, time=time, at=_first(columns, "at", "time"))


def _first(columns: Sequence[str], *names: str) -> str:
    return next((each for each in names if each and each in columns), "")


def _check_kpis(kpis: dict[str, str], name: str) -> None:
    if len(kpis) > MOST_KPIS:
        raise DataError(f"{name} has {len(kpis)} columns of KPIs.", f"At most {MOST_KPIS} are taken.")
    for each, column in kpis.items():
        if not 0 < len(each) <= LONGEST_ID or not each.isprintable():
            raise DataError(f"{name} has a KPI with a name that can't be used: '{column[:80]}'.", "Rename it.")
