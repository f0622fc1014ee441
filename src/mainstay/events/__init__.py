"""Book 2: what happened. Predictions, feedback, refusals, findings, actions and accesses; windows over them.

Each event is one JSON line with ECS names and a checksum, written before anyone is told. The log is the rows of its
Delta tables, and the lines that aren't in them yet, each event once; whatever reads it sees both.

::

    records      what there is to write down, one JSON line each; ids, sampling, pseudonym: what stands in it
    log          the folder of streams; segments, opened, lines: their files, who writes them, what is damaged
    writer       one write for many lines; syncing ("disk"), behind ("async"), watched: the threads beside it
    persons      a key for each person; sealing, unsealing, unsealed_table: what is personal leaves a line, comes back
    table        sealed segments are committed to Delta tables, exactly once
    scan         the one way to read a stream as a table: columns, read; truth, window: with what became true
    feedback     outcomes from a request; fields: how each value is read; outcomes: whole tables of them
    profiles     hours as sums, so that a window is no scan; looks: what looks at windows found
    journal      what is little, and the last of anything; lookup: one answer by its id; line, showing: for people
    follow       what is written from now on; cursor: how far somebody outside has taken it
    export       events taken out into a file
    erasing      a person leaves all of it

What needs Polars (`columns`, `export`, `outcomes`, `profiles`, `read`, `scan`, `table`, `truth`, `unsealed_table`,
`window`) is imported by its own name, so that a serving worker never loads it.
"""

from mainstay.events.feedback import FeedbackReader
from mainstay.events.ids import IdMaker, id_time
from mainstay.events.journal import actions, event_time, findings, found_since, show, tail
from mainstay.events.log import STREAMS, EventLog, Stream, log_actions, log_findings, open_log
from mainstay.events.lookup import find_prediction
from mainstay.events.pseudonym import Pseudonyms, open_pseudonyms
from mainstay.events.records import (
    Access,
    AccessKind,
    Action,
    ActionKind,
    Event,
    Feedback,
    Found,
    Kpi,
    Prediction,
    Refusal,
    Value,
    decode_event,
    encode_events,
)
from mainstay.events.sampling import is_kept, sample
from mainstay.events.settings import EventsSettings
from mainstay.events.writer import Writer

__all__ = [
    "STREAMS",
    "Access",
    "AccessKind",
    "Action",
    "ActionKind",
    "Event",
    "EventLog",
    "EventsSettings",
    "Feedback",
    "FeedbackReader",
    "Found",
    "IdMaker",
    "Kpi",
    "Prediction",
    "Pseudonyms",
    "Refusal",
    "Stream",
    "Value",
    "Writer",
    "actions",
    "decode_event",
    "encode_events",
    "event_time",
    "find_prediction",
    "findings",
    "found_since",
    "id_time",
    "is_kept",
    "log_actions",
    "log_findings",
    "open_log",
    "open_pseudonyms",
    "sample",
    "show",
    "tail",
]
