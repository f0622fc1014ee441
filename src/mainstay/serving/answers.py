"""What a caller gets for a case, and what the log keeps of it."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.events import Prediction
from mainstay.events.ecs import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.models import Task
    from mainstay.models.model import Score
    from mainstay.serving.cases import Case


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the caller gets for one record; of several classes the score is the probability of the predicted label.

    `control` is there where it is true: the record is in the share that is never acted on, so its decision is to do
    nothing.
    """

    id: str
    prediction: str | float
    score: float
    decision: str | float
    version: int
    degraded: bool
    warnings: tuple[str, ...]
    control: bool = False


class ClassAnswer(Answer, frozen=True, kw_only=True):
    """What the caller gets where there are several classes: the probability of each label, too."""

    scores: dict[str, float]


def make_answers(cases: Sequence[Case]) -> list[Answer]:
    """Turn scores into predictions and decisions."""
    if cases and isinstance(cases[0].score, np.ndarray):
        return [_class_answer(case) for case in cases]
    return [
        Answer(
            case.id,
            case.prediction,
            case.score,  # type: ignore[arg-type]
            case.decision,
            case.arm.route.version,
            case.row.degraded,
            case.warnings,
            case.control,
        )
        for case in cases
    ]


def _class_answer(case: Case) -> ClassAnswer:
    policy = case.arm.bundle.policy
    top, shares = by_label(policy.task, case.score)
    return ClassAnswer(
        id=case.id,
        prediction=case.prediction,
        score=top,
        decision=case.decision,
        version=case.arm.route.version,
        degraded=case.row.degraded,
        warnings=case.warnings,
        control=case.control,
        scores=shares,
    )


def by_label(task: Task, score: Score) -> tuple[float, dict[str, float]]:
    """Give the probability of the predicted label, and that of each label."""
    shares = dict(zip(task.labels, np.asarray(score).tolist(), strict=True))
    return max(shares.values()), shares


class Given(msgspec.Struct, frozen=True, gc=False):
    """What the events of one request have in common.

    Parameters
    ----------
    model : str
        Name of the model.
    at : datetime
        When it was answered, UTC.
    duration : int
        From its arrival, nanoseconds.
    request, trace : str or None
        Ids of the request and of the caller's trace.
    consumer : str
        Whose key the caller had.

    """

    model: str
    at: dt.datetime
    duration: int
    request: str | None
    trace: str | None
    consumer: str


def make_event(case: Case, given: Given, entity: str | None, answer: str | None = None) -> Prediction:
    """Write down one answer."""
    # Python hands over up to fifteen named arguments as they are, and gathers more of them in a dictionary first, which
    # takes four times as long: what is said of few answers is added to those few.
    row, route = case.row, case.arm.route
    event = Prediction(
        id=case.id,
        at=given.at,
        model=given.model,
        version=route.version,
        role=route.role,
        score=case.score,  # type: ignore[arg-type]  # `with_scores` puts it right where there are several classes
        prediction=case.prediction,
        decision=case.decision,
        features=row.features,
        duration=given.duration,
        share=route.weight,
        entity=entity,
        request=given.request,
        trace=given.trace,
        consumer=given.consumer,
    )
    noted = row.degraded or case.warnings or row.fallback or case.control or row.sent
    if not noted and case.inputs is None and answer is None:
        return event
    return msgspec.structs.replace(
        event,
        inputs=case.inputs,
        degraded=row.degraded,
        fallback=row.fallback,
        warnings=case.warnings,
        answer=answer,
        raw=row.sent,
        control=case.control,
        intended=case.intended,
        ecs=VERSION,  # as its default, without the call
    )


def with_encoded(cases: Sequence[Case], events: Sequence[Prediction]) -> list[Prediction]:
    """Write into events what the model saw as numbers; what feature code derived is there by name already."""
    return [
        event
        if case.row.fallback or case.inputs is not None
        else msgspec.structs.replace(event, encoded=tuple(_known(number) for number in case.row.encoded.tolist()))
        for case, event in zip(cases, events, strict=True)
    ]


def _known(number: float) -> float | None:
    return None if math.isnan(number) else number


def with_scores(cases: Sequence[Case], events: list[Prediction]) -> list[Prediction]:
    """Write each label's probability into the events of one request, where there are several classes."""
    if not cases or not isinstance(cases[0].score, np.ndarray):
        return events
    told = [by_label(case.arm.bundle.policy.task, case.score) for case in cases]
    return [
        msgspec.structs.replace(event, score=top, scores=shares)
        for event, (top, shares) in zip(events, told, strict=True)
    ]
