"""What the event log holds: `Prediction`, `Feedback`, `Refusal`, `Found`, `Action`, `Access`, one JSON line each."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

import msgspec

from mainstay.errors import CorruptError
from mainstay.events import ecs
from mainstay.measures.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

Value = int | float | bool | str | list[Any] | None
"""A value as JSON carries it: a time is its ISO 8601 text, a tensor nested lists."""

ActionKind = Literal["alert", "resolve", "rollback", "promote", "retrain"]
AccessKind = Literal["show", "export", "train", "erase"]


def _version() -> str:
    # A factory, because defaults are left out of the line and ECS wants its version in each.
    return ecs.VERSION


class Prediction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,
    rename=ecs.PREDICTION,
    tag_field="event.dataset",
    tag="mainstay.predictions",
):
    """One answer, as it was given.

    Parameters
    ----------
    id : str
        The answer's id (UUIDv7), by which feedback joins.
    at : datetime
        When the request was answered, UTC.
    model : str
        Name of the model.
    version : int
        Version that answered.
    role : str
        ``"champion"``, ``"canary"``, ``"challenger"`` (an arm of an A/B test) or ``"shadow"``.
    share : float
        Probability that this arm was chosen, 0 to 1.
    score : float
        Probability of the positive label, of the predicted one of several, or amount.
    scores : dict of str to float, optional
        Probability of each label, where there are several.
    prediction, decision : str or float
        As answered.
    features : dict
        The features as served, after the contract's policies.
    inputs : dict, optional
        What the model saw, where feature code derived it from the features.
    entity : str, optional
        Pseudonym of whom the record is about.
    degraded : bool
        Whether a policy had to step in.
    fallback : bool
        Whether the fallback answered instead of the model.
    warnings : tuple of str
        What the policies did.
    duration : int, optional
        From the request's arrival to the moment before this line was written, nanoseconds; none for a row of a file.
    request : str, optional
        Id of the request, where it held several records or the caller named it.
    trace : str, optional
        W3C trace id of the caller.
    answer : str, optional
        For a shadow: id of the answer the caller got instead.
    consumer : str
        Name of the API key the caller used; empty where none was asked for.
    raw : dict, optional
        What was sent, of those features in whose place a policy put something else.
    encoded : tuple of float, optional
        What the model saw, where ``[events] encoded`` asks for it; a missing value is None.
    sealed : str, optional
        The features that are personal, encrypted under their person's key: they aren't in `features`, `raw`, `inputs`
        and `encoded`.
    control : bool
        Whether the record is in the control share, which is never acted on: then `decision` is to do nothing.
    intended : str, optional
        What would have been decided, where `control` kept it from being done.
    sampled : float
        Probability that this answer was logged at all, 0 to 1; it stands for 1 / `sampled` answers.

    """

    id: str
    at: dt.datetime
    model: str
    version: int
    role: str
    score: float
    prediction: str | float
    decision: str | float
    features: dict[str, Value]
    inputs: dict[str, Value] | None = None
    scores: dict[str, float] | None = None
    duration: int | None = None
    share: float = 1.0
    entity: str | None = None
    degraded: bool = False
    fallback: bool = False
    warnings: tuple[str, ...] = ()
    request: str | None = None
    trace: str | None = None
    answer: str | None = None
    consumer: str = ""
    raw: dict[str, Value] | None = None
    encoded: tuple[float | None, ...] | None = None
    sealed: str | None = None
    control: bool = False
    intended: str | None = None
    sampled: float = 1.0
    ecs: str = msgspec.field(default_factory=_version)


class Kpi(msgspec.Struct, frozen=True):
    """One named number that came with feedback: ``("revenue", 59.0)``."""

    name: str
    value: float


class Feedback(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename=ecs.FEEDBACK,
    tag_field="event.dataset",
    tag="mainstay.feedback",
):
    """What really happened after a prediction.

    Parameters
    ----------
    id : str
        Id of the prediction.
    event : str
        Id of this feedback itself (UUIDv7).
    model : str
        Name of the model.
    received : datetime
        When it arrived, UTC.
    at : datetime
        When it became true, UTC; of several labels for one prediction the latest `at` counts.
    label : str or float, optional
        The truth: a label of the task as text, or the amount.
    kpis : tuple of Kpi
        Business numbers that belong to it.
    followed : bool, optional
        Whether the caller did what the decision said.

    """

    id: str
    event: str
    model: str
    received: dt.datetime
    at: dt.datetime
    label: str | float | None = None
    kpis: tuple[Kpi, ...] = ()
    followed: bool | None = None
    ecs: str = msgspec.field(default_factory=_version)


class Refusal(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename=ecs.REFUSAL,
    tag_field="event.dataset",
    tag="mainstay.refusals",
):
    """One request that was refused; holds no value of the record, only which fields were wrong.

    Parameters
    ----------
    id : str
        Id of the request.
    at : datetime
        When, UTC.
    model : str
        Name of the model.
    status : int
        HTTP status it got.
    cause : str
        ``"fields"``, ``"syntax"``, ``"size"``, ...
    version, role : int and str, optional
        Arm that refused, where it came that far.
    fields : tuple of str
        The wrong fields, ten at most.
    problems : int
        How many problems there were.
    message : str
        The first of them, without the value found.
    consumer : str
        Name of the API key the caller used; empty where none was asked for.

    """

    id: str
    at: dt.datetime
    model: str
    status: int
    cause: str
    version: int | None = None
    role: str | None = None
    fields: tuple[str, ...] = ()
    problems: int = 0
    message: str = ""
    trace: str | None = None
    consumer: str = ""
    ecs: str = msgspec.field(default_factory=_version)


class Found(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename=ecs.FOUND,
    tag_field="event.dataset",
    tag="mainstay.findings",
):
    """A finding about a model, and the window it was found in."""

    event: str
    at: dt.datetime
    model: str
    finding: Finding
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    ecs: str = msgspec.field(default_factory=_version)


class Action(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename=ecs.ACTION,
    tag_field="event.dataset",
    tag="mainstay.actions",
):
    """Something the controller, or a person, did because of what was found.

    Parameters
    ----------
    id : str
        Its id (UUIDv7).
    model : str
        Name of the model.
    kind : {"alert", "resolve", "rollback", "promote", "retrain"}
        What was done.
    subject : str
        Key of the finding it is about.
    at : datetime
        When, UTC.
    by : str
        Who.
    message : str
        A sentence for the reader.
    finding : Finding, optional
        The finding it is about.

    """

    id: str
    model: str
    kind: ActionKind
    subject: str
    at: dt.datetime
    by: str
    message: str
    finding: Finding | None = None
    ecs: str = msgspec.field(default_factory=_version)


class Access(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename=ecs.ACCESS,
    tag_field="event.dataset",
    tag="mainstay.audit",
):
    """Somebody read events, took them out, or erased some.

    Parameters
    ----------
    id : str
        Its id (UUIDv7).
    at : datetime
        When, UTC.
    model : str
        Name of the model.
    kind : {"show", "export", "train", "erase"}
        What was done.
    by : str
        Who.
    subject : str
        What it was about: an id, a pseudonym, or a span; never a value.
    events : int
        How many events.
    reason : str
        Why, where it was said.

    """

    id: str
    at: dt.datetime
    model: str
    kind: AccessKind
    by: str
    subject: str = ""
    events: int = 0
    reason: str = ""
    ecs: str = msgspec.field(default_factory=_version)


Event = Prediction | Feedback | Refusal | Found | Action | Access
_encode = msgspec.json.Encoder().encode
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
MARK = f',"{ecs.HASH}":"'.encode()
_END = b'"}\n'
TAIL = len(MARK) + 8 + 2  # bytes from the mark to the end of the line, its line break left out
_HEX = tuple(b"%04x" % number for number in range(1 << 16))


def encode_events(events: Sequence[Event]) -> bytes:
    """Encode events as lines, each ended by the CRC-32 of what is before it.

    A string can't forge a line, since JSON escapes every line break.
    """
    parts: list[bytes] = []
    for event in events:
        head = _encode(event)[:-1]
        crc = crc32(head)
        parts += (head, MARK, _HEX[crc >> 16], _HEX[crc & 0xFFFF], _END)  # a format string takes twice as long
    return b"".join(parts)


def is_marked(line: bytes) -> bool:
    """Say whether a line (without its line break) ends in a checksum; those of older logs don't."""
    return line[-TAIL : len(MARK) - TAIL] == MARK and line.endswith(_END[:2])


def is_whole(line: bytes) -> bool:
    """Say whether a line that `is_marked` is what was written."""
    return is_marked(line) and line[-10:-2] == b"%08x" % crc32(line[:-TAIL])


def decode_event(line: bytes) -> Event:
    """Decode one line.

    Raises
    ------
    CorruptError
        Where it isn't an event, or not the one that was written: torn, or damaged.

    Examples
    --------
    >>> at = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    >>> action = Action(id="1", model="churn", kind="alert", subject="drift/psi/tenure", at=at, by="me", message="!")
    >>> line = encode_events([action]).rstrip()
    >>> decode_event(line) == action
    True
    >>> decode_event(line.replace(b"psi", b"psy"))
    Traceback (most recent call last):
    mainstay.errors.CorruptError: A line of the event log is damaged. The other lines are unharmed.

    """
    line = line.rstrip(b"\n")
    if is_marked(line) and not is_whole(line):
        raise CorruptError("A line of the event log is damaged.", "The other lines are unharmed.")
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise CorruptError("A line of the event log is damaged.", "The other lines are unharmed.") from None
