"""`history --at`: what answered at a moment, to the byte: release, versions, shares, bundles and contracts."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract.contract import to_json
from mainstay.errors import MainstayError
from mainstay.release import Release, Route, at_moment, explain, open_books
from mainstay.render.document import Document, Facts, Table, Text
from mainstay.render.numbers import number

if TYPE_CHECKING:
    from mainstay.project import Project
    from mainstay.registry import Version
    from mainstay.release import Books

_ROLES = {"challenger": "A/B arm"}
_SHOWN = 12  # characters of a hash that a person reads


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A version that had a part in answering.

    Parameters
    ----------
    version : int
        Which.
    role : str
        ``"champion"``, ``"canary"``, ``"challenger"`` or ``"shadow"``.
    share : float
        Of the requests, 0 to 1.
    created : datetime
        When it was made, UTC.
    by : str
        Who made it.
    bundle : str
        sha256 of its manifest, which lists the sha256 of everything in it.
    contract : str
        sha256 of its contract; empty where the bundle can't be read any more.
    columns : int
        How many columns the contract has.
    note : str
        Why something isn't known.

    """

    version: int
    role: str
    share: float
    created: dt.datetime
    by: str
    bundle: str
    contract: str = ""
    columns: int = 0
    note: str = ""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What answered at a moment.

    Parameters
    ----------
    model : str
        Name of the model.
    at : datetime
        The moment, UTC.
    release : Release or None
        The release in force then; None before the first.
    until : datetime or None
        When the next one came, UTC; None where it still is in force.
    first : datetime or None
        When the first release was, UTC; None where there was none.
    parts : tuple of Part
        Everyone with a part, the champion first.

    """

    model: str
    at: dt.datetime
    release: Release | None
    until: dt.datetime | None = None
    first: dt.datetime | None = None
    parts: tuple[Part, ...] = ()


def answered_at(project: Project, at: dt.datetime) -> Answered:
    """Say what answered at a moment.

    By the history: each worker takes a release up within half a second of the moment it names.

    Parameters
    ----------
    project : Project
        Whose model.
    at : datetime
        The moment, with its zone.

    """
    with open_books(project) as books:
        history = books.releases.history(project.name)
        release = at_moment(history, at)
        after = next((row.at for row in history if row.at > at), None)
        parts = () if release is None else tuple(_part(books, route) for route in release.routes)
    return Answered(
        model=project.name,
        at=at.astimezone(dt.UTC),
        release=release,
        until=after if release is not None else None,
        first=history[0].at if history else None,
        parts=parts,
    )


def _part(books: Books, route: Route) -> Part:
    version = books.registry.version(books.project.name, route.version)
    known = Part(
        version=route.version,
        role=route.role,
        share=route.weight,
        created=version.created,
        by=version.by,
        bundle=version.digest,
    )
    return _with_contract(books, version, known)


def _with_contract(books: Books, version: Version, part: Part) -> Part:
    if version.removed is not None:
        return msgspec.structs.replace(part, note=f"Its bundle was removed {_moment(version.removed)}.")
    try:
        contract = books.registry.load_contract(version.model, version.number)
    except MainstayError as error:
        return msgspec.structs.replace(part, note=error.message)
    digest = hashlib.sha256(to_json(contract)).hexdigest()
    return msgspec.structs.replace(part, contract=digest, columns=len(contract.columns))


def answered_document(answered: Answered) -> Document:
    """Lay out what answered at a moment."""
    at, release = _moment(answered.at), answered.release
    if release is None:
        first = answered.first
        said = f"The first release came {_moment(first)}." if first else "Nothing was released since either."
        return Document(f"{answered.model}: nothing answered {at}", (Text(said),))
    given = [f"{one.by}{f' as {one.role}' if one.role else ''} ({one.reason})" for one in release.approvals]
    facts = (
        ("Release", f"{release.id} ({release.kind}{', a trial' if release.trial else ''})"),
        ("In force since", _moment(release.at)),
        ("Until", _moment(answered.until) if answered.until else "it still is"),
        ("By", release.by),
        ("Why", release.reason),
        ("Approved by", "; ".join(given) or "nobody was asked"),
    )
    rows = tuple(
        (
            part.version,
            _ROLES.get(part.role, part.role),
            "unseen" if part.role == "shadow" else f"{number(100 * part.share)} %",
            f"{_moment(part.created)} by {part.by}",
            part.bundle[:_SHOWN],
            f"{part.contract[:_SHOWN]} ({part.columns} columns)" if part.contract else part.note,
        )
        for part in answered.parts
    )
    columns = ("version", "as", "share", "made", "bundle", "contract")
    return Document(f"{answered.model}, {at}: {explain(release)}", (Facts(facts), Table(columns, rows)))


def _moment(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
