"""`events export`: events taken out of the log into a file, one row each; that they were is written down."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import msgspec

from mainstay.errors import InputError
from mainstay.events.export import FORMATS, Asked, Described, Format, Rows, Whole, write
from mainstay.events.line import iso
from mainstay.events.showing.access import record_access
from mainstay.lifecycle.reading.columns import described
from mainstay.release import open_books

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.events.export import Envelope
    from mainstay.project import Project


class TakenOut(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken out of the log.

    Parameters
    ----------
    out : str
        The file.
    stream : str
        Which kind of event.
    events : int
        How many: rows of the file.
    columns : int
        How many columns; none in JSON lines of an envelope.
    until : datetime
        Events from then on aren't in it.
    torn : int
        Lines of the log that were torn or damaged, and left out.
    notes : tuple of str
        What a reader of the file must know.

    """

    out: str
    stream: str
    events: int
    columns: int
    until: dt.datetime
    torn: int
    notes: tuple[str, ...] = ()


def export_events(
    project: Project,
    out: Path,
    asked: Asked,
    *,
    by: str,
    envelope: Envelope | None = None,
    force: bool = False,
    now: dt.datetime | None = None,
) -> TakenOut:
    """Write events into a csv, parquet or jsonl file; it is there whole, or not at all.

    What isn't in the table yet is there, too. What is written into the log meanwhile isn't.

    Parameters
    ----------
    project : Project
        Whose log.
    out : Path
        Where to; its ending says what is written.
    asked : Asked
        Which events.
    by : str
        Who asks.
    envelope : {"cloudevents", "kserve"}, optional
        Write them as CloudEvents, in JSON lines.
    force : bool
        Whether a file that is there may be replaced.
    now : datetime, optional
        Until when, where `asked` doesn't say.

    Raises
    ------
    InputError
        Where the file is there already, or what is asked for can't be.
    StoreError
        Where it can't be written, or personal features are asked for and it can't be written down who took them.

    """
    kind = _format(out, asked, envelope)
    asked = replace(asked, until=asked.until or now or dt.datetime.now(dt.UTC))
    with open_books(project) as books, Whole(out, force=force) as file:
        if asked.stream == "predictions":
            what, unknown = described(books, asked.version)
        else:
            what, unknown = Described({}), ()
        rows = Rows(books.log, asked, what)
        write(rows, file.half, kind, asked.stream, envelope)
        note = record_access(
            books.log,
            project.name,
            "export",
            by=by,
            subject=_span(asked),
            events=rows.count,
            personal=rows.personal,
        )
        file.keep()
        columns = 0 if envelope else rows.empty().width
    return TakenOut(
        out=str(out),
        stream=asked.stream,
        events=rows.count,
        columns=columns,
        until=cast("dt.datetime", asked.until),
        torn=rows.torn,
        notes=_notes(unknown, note),
    )


def _format(out: Path, asked: Asked, envelope: Envelope | None) -> Format:
    kind = out.suffix.lower().lstrip(".")
    found = next((each for each in FORMATS if each == kind), None)
    if found is None:
        raise InputError(f"'{out.name}' doesn't say what to write.", "Let its name end in .csv, .parquet or .jsonl.")
    if envelope is not None and found != "jsonl":
        raise InputError(f"CloudEvents are JSON, and '{out.name}' isn't.", "Let its name end in .jsonl.")
    if envelope == "kserve" and asked.stream != "predictions":
        raise InputError(
            f"KServe's logger knows requests and answers, no {asked.stream}.", "Say --envelope cloudevents."
        )
    if (asked.version, asked.role) != (None, None) and not asked.has_arms:
        raise InputError(
            f"No version or role stands in {asked.stream}.", "Leave --version and --role out, or export predictions."
        )
    return found


def _span(asked: Asked) -> str:
    since = "the beginning" if asked.since is None else iso(asked.since)
    arm = f", version {asked.version}" if asked.version else ""
    role = f", {asked.role}" if asked.role else ""
    return f"{asked.stream} from {since} until {'now' if asked.until is None else iso(asked.until)}{arm}{role}"


def _notes(unknown: tuple[int, ...], unrecorded: str) -> tuple[str, ...]:
    notes = []
    if unknown:
        names = ", ".join(map(str, unknown))
        gone = f"The contracts of these versions aren't to be had any more: {names}."
        notes.append(f"{gone} Features that they alone knew are left out.")
    if unrecorded:
        notes.append(f"That you took them couldn't be written down. {unrecorded}")
    return tuple(notes)
