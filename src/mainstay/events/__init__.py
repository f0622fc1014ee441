"""Book 2: what happened. Append-only predictions, feedback, refusals, findings and actions; windows over them.

Each event is one JSON line with ECS names, appended with a single write before anyone is told. What was appended
survives the death of the process; a torn last line is told apart and harms no other.

What needs Polars (`mainstay.events.read`, `mainstay.events.window`) is imported by its own name, so that a serving
worker never loads it.
"""

from mainstay.events.feedback import FeedbackReader
from mainstay.events.fields import read_label
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
    "read_label",
    "sample",
    "show",
    "tail",
]
