"""`events show`: everything the log holds about one id, in one view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.errors import NotFoundError
from mainstay.events import Access, Action, Event, Feedback, Found, Prediction, Refusal, open_log
from mainstay.events.line import event_id
from mainstay.events.showing.access import record_access
from mainstay.events.showing.seeking import answer_of, opened, seek

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mainstay.events.showing.seeking import Lying
    from mainstay.project import Project

Kind = Literal["answer", "shadow", "request", "feedback", "refusal", "finding", "action", "access"]
_KINDS: dict[type[Event], Kind] = {Refusal: "refusal", Found: "finding", Action: "action", Access: "access"}


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, and what belongs to it.

    Parameters
    ----------
    id : str
        The answer's.
    answer : Prediction, optional
        The answer; None where the log holds only what was told about it.
    files : tuple of str
        Where its line lies, as seen from the log's folder; twice where a retry reached another worker.
    shadows : tuple of Prediction
        What shadows answered.
    feedback : tuple of Feedback
        What was told of it, in the order of arrival.
    label : str or float, optional
        The label that counts as the truth now.
    counts : str, optional
        Id of the feedback that says so.
    kpis : dict of str to float
        Of each KPI the number that counts.
    followed : bool, optional
        Whether the caller did what the decision said, as told last.

    """

    id: str
    answer: Prediction | None = None
    files: tuple[str, ...] = ()
    shadows: tuple[Prediction, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    label: str | float | None = None
    counts: str | None = None
    kpis: dict[str, float] = {}
    followed: bool | None = None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one id.

    Parameters
    ----------
    id : str
        As it was asked for.
    model : str
        Name of the model.
    kind : str
        What it is the id of: answer, shadow, request, feedback, refusal, finding, action, access.
    answers : tuple of Answered
        The answers it leads to; of a request one for each of its records.
    others : tuple of Event
        Events of other kinds by this id.
    files : dict of str to str
        Where the line of each other event lies.
    unrecorded : str
        Why it could not be written down that somebody looked; empty where it was.

    """

    id: str
    model: str
    kind: Kind
    answers: tuple[Answered, ...] = ()
    others: tuple[Event, ...] = ()
    files: dict[str, str] = {}
    unrecorded: str = ""


def show_events(project: Project, name: str, *, by: str) -> Shown:
    """Show everything about one id: an answer's, a request's, feedback's, a refusal's, a finding's, an action's.

    That somebody looked is written into the log first.

    Parameters
    ----------
    project : Project
        Whose log.
    name : str
        The id.
    by : str
        Who asks.

    Raises
    ------
    NotFoundError
        Where the log holds nothing by that id.
    StoreError
        Where it can't be written down who looked, and personal features would be shown.
    SetupError
        Where there are personal features to open, and the extra isn't installed.

    """
    log = open_log(project)
    found = seek(log, name)
    if not found:
        raise NotFoundError(
            f"The event log of {project.name} holds nothing by the id '{name}'.",
            "List recent ones: mainstay events tail. An id is looked for in the project that answered.",
        )
    personal = any(isinstance(each.event, Prediction) and each.event.sealed for each in found)
    model = found[0].event.model
    try:
        note = record_access(log, model, "show", by=by, subject=name, events=len(found), personal=personal)
        found = opened(log, found) if personal else found
    finally:
        log.close()
    return assemble(name, found, unrecorded=note)


def assemble(name: str, found: Sequence[Lying], *, unrecorded: str = "") -> Shown:
    """Put together what was found about an id; `found` in the order of time."""
    about: dict[str, list[Lying]] = {}
    others: list[Lying] = []
    for each in found:
        answer = answer_of(each.event)
        (others if answer is None else about.setdefault(answer, [])).append(each)
    return Shown(
        id=name,
        model=found[0].event.model,
        kind=_kind(name, found),
        answers=tuple(_answered(answer, lines) for answer, lines in about.items()),
        others=tuple(each.event for each in others),
        files={event_id(each.event): each.file for each in others},
        unrecorded=unrecorded,
    )


def _kind(name: str, found: Iterable[Lying]) -> Kind:
    """Say what an id is of; that of a request may be that of its first answer, too."""
    kinds: dict[Kind, None] = {}
    for event in (each.event for each in found):
        if isinstance(event, Prediction):
            if event.id == name:
                kinds["shadow" if event.answer else "answer"] = None
            elif event.request == name:
                kinds["request"] = None
        elif isinstance(event, Feedback):
            if event.event == name:
                kinds["feedback"] = None
        else:
            kinds[_KINDS[type(event)]] = None
    return "request" if "request" in kinds else next(iter(kinds), "answer")


def _answered(name: str, lines: Sequence[Lying]) -> Answered:
    answers = [each for each in lines if isinstance(each.event, Prediction) and each.event.id == name]
    events = [each.event for each in lines]
    told = [event for event in events if isinstance(event, Feedback)]
    counting = last_of(each for each in told if each.label is not None)
    followed = last_of(each for each in told if each.followed is not None)
    first = answers[0].event if answers else None
    return Answered(
        id=name,
        answer=first if isinstance(first, Prediction) else None,
        files=tuple(dict.fromkeys(each.file for each in answers)),
        shadows=tuple(event for event in events if isinstance(event, Prediction) and event.answer == name),
        feedback=tuple(told),
        label=None if counting is None else counting.label,
        counts=None if counting is None else counting.event,
        kpis={kpi.name: kpi.value for each in sorted(told, key=_order) for kpi in each.kpis},
        followed=None if followed is None else followed.followed,
    )


def last_of(told: Iterable[Feedback]) -> Feedback | None:
    """Give the feedback that counts: what became true last, of that what arrived last, of that the later id."""
    return max(told, key=_order, default=None)


def _order(told: Feedback) -> tuple[object, ...]:
    return told.at, told.received, told.event
