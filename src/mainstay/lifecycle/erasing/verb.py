"""`events erase`: the key is destroyed, everything it was about is removed, and every byte looked at again."""

from __future__ import annotations

import datetime as dt
import errno
import os
import time
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import FILE, load_contract
from mainstay.errors import InputError, NotFoundError, StoreError
from mainstay.events import STREAMS, Access, open_log, open_pseudonyms
from mainstay.events.erasing.lines import erase_lines, files_of, lines_in, mapped, seal_anew
from mainstay.events.erasing.objects import demand_sight
from mainstay.events.erasing.pending import Pending, end_pending, keep_pending, read_pending
from mainstay.events.erasing.proving import prove
from mainstay.events.erasing.receipt import Place, Receipt, write_receipt
from mainstay.events.erasing.rows import count_rows, erase_everywhere, ids_of
from mainstay.events.erasing.traces import Traces, ids_in
from mainstay.events.ids import new_id
from mainstay.events.persons import FRESH
from mainstay.events.segments import read_seal
from mainstay.lifecycle.erasing.copies import erase_refused, forget_profiles, unreachable
from mainstay.state.files import alone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.contract import AnyColumn
    from mainstay.errors import MainstayError
    from mainstay.events import EventLog
    from mainstay.project import Project

_ROUNDS = 6
_PAUSE = 0.5  # seconds until what was on its way is written


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased.

    Parameters
    ----------
    receipt : Receipt
        What was done, without the person.
    file : str
        Where the receipt is; empty where nothing was done.
    elsewhere : str
        The request that erases the person from Elasticsearch; it names the pseudonym, so it is in no receipt.

    """

    receipt: Receipt
    file: str
    elsewhere: str


def erase(project: Project, key: str, *, by: str, reason: str = "", dry_run: bool = False) -> Erased:
    """Erase a person: destroy the key, remove the lines, the rows and the copies, and prove it.

    An erasure that was interrupted is finished by calling it again, for this person or another.

    Parameters
    ----------
    project : Project
        Whose log.
    key : str
        Whom it is about, as callers send it.
    by, reason : str
        Who, and why.
    dry_run : bool
        Count alone, and change nothing.

    Raises
    ------
    InputError
        Where the key is none the contract could accept.
    NotFoundError
        Where nothing is known of that person.
    SetupError
        Where the tables are in a bucket, and what looks at every object of it isn't installed.
    StoreError
        Where something can't be read, written or removed; what is left is removed by calling it again.

    """
    column = _entity(project)
    spellings = _spellings(column, key)
    hide = open_pseudonyms(project.books)
    people = frozenset(hide(one) for one in spellings)
    log = open_log(project)
    demand_sight(log.settings.table)
    try:
        with _alone(project.books):
            found = _begin(log, people, dry_run=dry_run)
            copies = erase_refused(project.books, column.name, spellings, dry_run=True)
            if not (found.keys or found.traces.ids or copies or _files_with(log, found.traces)):
                raise _unknown(project)
            receipt = Receipt(id=new_id(), at=dt.datetime.now(dt.UTC), model=project.name, by=by, reason=reason)
            if dry_run:
                places = (*_counted(log, found.traces), *copies)
                done = msgspec.structs.replace(receipt, keys=found.keys, places=places, dry_run=True)
                return _told(project, done, found, people, "")
            places = (*_remove(log, found), *erase_refused(project.books, column.name, spellings, dry_run=False))
            done = _proved(project, log, found, msgspec.structs.replace(receipt, keys=found.keys, places=places))
            log.append("audit", [_access(done)])
            path = write_receipt(project.books, done)
            if not done.left:
                end_pending(log.root)
            return _told(project, done, found, people, str(path))
    finally:
        log.close()


@contextmanager
def _alone(books: Path) -> Iterator[None]:
    """Keep other erasures out, or say why nobody can erase here."""
    lock = books / "erasing.lock"
    with ExitStack() as held:
        try:
            books.mkdir(parents=True, exist_ok=True, mode=0o750)
            held.enter_context(alone(lock))
        except OSError as error:
            raise StoreError(
                f"Nobody can be erased here, for {lock} can't be written: {os.strerror(error.errno or errno.EIO)}.",
                "Nothing was changed. Free some space, or mend the folder's permissions.",
            ) from None
        yield


def _entity(project: Project) -> AnyColumn:
    column = load_contract(project.root / FILE).entity
    if column is None:
        raise InputError(
            "The contract has no column with the role 'id', so the log knows nobody.",
            "Nothing in it can be told to be about anybody; what is personal there was never written.",
        )
    return column


def _spellings(column: AnyColumn, key: str) -> frozenset[str]:
    """Give the texts that a key may have been hashed as: as it is read by the contract, and as it is."""
    value = column.parse(key)
    if value is None or not key.strip():
        said = f"The key can't be read as '{column.name}', which is {column.allowed()}."
        raise InputError(said, "Give it as callers send it.")
    return frozenset({str(value), key})


def _unknown(project: Project) -> MainstayError:
    return NotFoundError(
        f"The books of {project.name} know nobody by this key: never, or erased before. Nothing was changed.",
        "Give the key as callers send it, and see that MAINSTAY_ENTITY_KEY and the project are the ones that answered.",
    )


def _begin(log: EventLog, people: frozenset[str], *, dry_run: bool) -> Pending:
    """Destroy the keys, and find every answer; what an earlier call began is taken along."""
    before = read_pending(log.root)
    if before is not None:
        people |= before.traces.people
    with closing(log.persons) as persons:
        there = persons.known(people)
        if dry_run:
            return Pending(_traced(log, Traces(people)), keys=len(there))
        pending = before or Pending(Traces(people))
        keys = pending.keys + len(there)
        if there or _files_with(log, Traces(people)) or ids_of(log, people) or before is not None:
            ids = frozenset() if before is None else before.traces.ids
            keep_pending(log.root, Pending(Traces(people, ids), pending.files, keys))
        if persons.destroy(people):
            time.sleep(FRESH + _PAUSE)  # until no worker seals with it any more, and what was sealed is written
    return Pending(_traced(log, Traces(people, pending.traces.ids)), pending.files, keys)


def _traced(log: EventLog, traces: Traces) -> Traces:
    ids = set(traces.ids) | ids_of(log, traces.people)
    for stream, path in files_of(log):
        if stream == "predictions":
            with mapped(path) as data:
                ids |= ids_in(data, traces.people)
    return Traces(traces.people, frozenset(ids))


def _files_with(log: EventLog, traces: Traces) -> list[tuple[str, int]]:
    return [(str(path.relative_to(log.root)), count) for _, path in files_of(log) if (count := lines_in(path, traces))]


def _counted(log: EventLog, traces: Traces) -> list[Place]:
    places = [Place(where=f"events/{name}", events=count) for name, count in _files_with(log, traces)]
    rows = {stream: count_rows(log, stream, traces) for stream in STREAMS}
    return places + [Place(where=f"table {stream}", events=count) for stream, count in rows.items() if count]


def _remove(log: EventLog, found: Pending, *, again: bool = False) -> list[Place]:
    """Remove lines, rows and sums."""
    names = [name for name, _ in _files_with(log, found.traces)]
    files = tuple(sorted({*names, *found.files}))
    keep_pending(log.root, Pending(found.traces, files, found.keys))
    counts = {path: erase_lines(stream, path, found.traces) for stream, path in files_of(log)}
    seal_anew(log.root / name for name in files)
    rows = erase_everywhere(log, found.traces, again=again)
    forget_profiles(log)
    places = []
    for path, count in counts.items():
        if count:
            seal = read_seal(path)
            where = f"events/{path.relative_to(log.root)}"
            places.append(Place(where=where, events=count, sha256=seal.sha256 if seal else ""))
    return places + [Place(where=f"table {stream}", events=count) for stream, count in rows.items()]


def _proved(project: Project, log: EventLog, found: Pending, receipt: Receipt) -> Receipt:
    """Look at everything again; what was on its way meanwhile is removed, too."""
    proof = prove(log, project.books, found.traces)
    places = list(receipt.places)
    for _ in range(_ROUNDS):
        if not proof.left:
            break
        time.sleep(_PAUSE)
        found = Pending(_traced(log, found.traces), found.files, found.keys)
        places += _remove(log, found, again=True)
        proof = prove(log, project.books, found.traces)
    return msgspec.structs.replace(
        receipt,
        answers=len(found.traces.ids),
        places=tuple(places),
        files=proof.files,
        bytes=proof.bytes,
        left=proof.left,
        unreachable=tuple(unreachable(project)),
    )


def _access(receipt: Receipt) -> Access:
    return Access(
        id=new_id(),
        at=receipt.at,
        model=receipt.model,
        kind="erase",
        by=receipt.by,
        subject=f"receipt {receipt.id}",
        events=receipt.events,
        reason=receipt.reason,
    )


def _told(project: Project, receipt: Receipt, found: Pending, people: frozenset[str], file: str) -> Erased:
    if receipt.dry_run:
        receipt = msgspec.structs.replace(
            receipt, answers=len(found.traces.ids), unreachable=tuple(unreachable(project))
        )
    query = msgspec.json.encode({"query": {"terms": {"user.hash": sorted(people)}}}).decode()
    return Erased(receipt=receipt, file=file, elsewhere=f"POST /mainstay-*/_delete_by_query {query}")
