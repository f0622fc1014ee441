"""Answers become tensors: one for each thing an answer tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from mainstay.serving.answers import Answer
from mainstay.serving.doors.oip.datatypes import BYTES
from mainstay.serving.doors.oip.head import refuse
from mainstay.serving.doors.oip.infer import Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.models import Task

_MOST_WARNINGS = 100


class Kind(msgspec.Struct, frozen=True):
    """One output of a model.

    Parameters
    ----------
    name, datatype : str
        Of the tensor.
    take : callable
        Gives what an answer tells: one value, or `width` of them in a list.
    width : int
        How many values it has for each record; 0: one, in a tensor of one dimension.

    """

    name: str
    datatype: str
    take: Callable[[Answer], object]
    width: int = 0


class Output(msgspec.Struct, frozen=True):
    """One tensor of a reply.

    Parameters
    ----------
    name, datatype : str
        Of the tensor.
    shape : tuple of int
        The records first.
    values : list
        Its elements, flat.
    binary : bool
        Whether they are wanted as raw bytes.

    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: list[object]
    binary: bool


def kinds_of(task: Task) -> tuple[Kind, ...]:
    """Give the outputs of a model.

    Examples
    --------
    >>> from mainstay.models import Task
    >>> [(kind.name, kind.datatype) for kind in kinds_of(Task(kind="regression", target="price"))][:3]
    [('prediction', 'FP64'), ('score', 'FP64'), ('decision', 'FP64')]

    """
    told = "FP64" if task.kind == "regression" else BYTES
    scores = (Kind("scores", "FP64", _shares, len(task.labels)),) if task.kind == "multiclass" else ()
    return (
        Kind("prediction", told, lambda answer: answer.prediction),
        Kind("score", "FP64", lambda answer: answer.score),
        *scores,
        Kind("decision", told, lambda answer: answer.decision),
        Kind("id", BYTES, lambda answer: answer.id),
        Kind("version", "INT64", lambda answer: answer.version),
        Kind("degraded", "BOOL", lambda answer: answer.degraded),
    )


def demand_known(wanted: Sequence[Wanted], task: Task) -> None:
    """Refuse outputs that the model doesn't have, before anything is answered.

    Raises
    ------
    Refused
        400.

    """
    names = [kind.name for kind in kinds_of(task)]
    for each in wanted:
        if each.name not in names:
            refuse(f"There is no output '{each.name[:80]}'.", f"Ask for {', '.join(names)}, or for none to get all.")


def outputs_of(answers: Sequence[Answer], task: Task, wanted: Sequence[Wanted], *, binary: bool) -> list[Output]:
    """Give the tensors that are asked for; all of them where none is named.

    Parameters
    ----------
    answers : sequence of Answer
        In the order of the records.
    task : Task
        Of the model.
    wanted : sequence of Wanted
        What is asked for; `demand_known` has seen it.
    binary : bool
        Whether outputs that nobody named are wanted as raw bytes.

    """
    kinds = {kind.name: kind for kind in kinds_of(task)}
    asked = wanted or [Wanted(name, binary) for name in kinds]
    return [_output(kinds[each.name], answers, binary=each.binary) for each in asked]


def warnings_of(answers: Sequence[Answer]) -> str:
    """Tell in one text what policies did, by record; the first hundred.

    Examples
    --------
    >>> from mainstay.serving.answers import Answer
    >>> warnings_of([Answer("1", "Yes", 0.7, "none", 1, True, ("age: missing, filled in with 40",))])
    'record 0: age: missing, filled in with 40'

    """
    told = [f"record {at}: {warning}" for at, answer in enumerate(answers) for warning in answer.warnings]
    more = len(told) - _MOST_WARNINGS
    return "; ".join(told[:_MOST_WARNINGS]) + (f"; and {more} more" if more > 0 else "")


def version_of(answers: Sequence[Answer]) -> str:
    """Name the version that answered; empty where there were several: the output `version` tells each."""
    versions = {answer.version for answer in answers}
    return str(min(versions)) if len(versions) == 1 else ""


def _output(kind: Kind, answers: Sequence[Answer], *, binary: bool) -> Output:
    count = len(answers)
    if not kind.width:
        return Output(kind.name, kind.datatype, (count,), [kind.take(answer) for answer in answers], binary)
    flat = [value for answer in answers for value in kind.take(answer)]  # type: ignore[attr-defined]  # a list: width
    return Output(kind.name, kind.datatype, (count, kind.width), flat, binary)


def _shares(answer: Answer) -> list[float]:
    shares: dict[str, float] = getattr(answer, "scores", {})
    return [*shares.values()]
