"""`Part`: what one request asks of one arm; `ask_parts`: several of them answered in one call of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from mainstay.serving.dataplane import Said, ask_model

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from mainstay.contract import Row
    from mainstay.registry import Bundle


class Failed(msgspec.Struct, frozen=True):
    """Why a model said nothing.

    Parameters
    ----------
    how : {"error", "deadline", "hung"}
        It raised; it gave nothing in time; or all who could ask it still wait for it.
    told : str
        The same for the operator.

    """

    how: Literal["error", "deadline", "hung"]
    told: str


class Told(msgspec.Struct, frozen=True):
    """What became of a part.

    Parameters
    ----------
    said : Said or Failed
        What the model said, or why it didn't.
    seconds : float
        What the call would have taken for this part alone; of a deadline the time since it came.

    """

    said: Said | Failed
    seconds: float


class Part:
    """What one request asks of one arm.

    Parameters
    ----------
    rows : sequence of Row
        The records.
    since : float
        When it came, by the loop's clock.
    deadline : float
        When it must be answered, by the same.
    answer : Future
        Of a `Told`; cancelled where the caller has gone. It is over once it is done.

    """

    __slots__ = ("answer", "deadline", "rows", "since", "waits")

    def __init__(self, rows: Sequence[Row], since: float, deadline: float, answer: asyncio.Future[Told]) -> None:
        self.rows = rows
        self.since = since
        self.deadline = deadline
        self.answer = answer
        self.waits = True
        """Whether it is still in the queue."""

    @property
    def over(self) -> bool:
        """Whether nobody waits for it any more; any thread may ask."""
        return self.answer.done()


Answers: TypeAlias = "list[tuple[Part, Said | Failed]]"


def ask_parts(bundle: Bundle, parts: Sequence[Part]) -> Answers:
    """Let a model answer several parts in one call; where it fails, in halves, so that who it fails at is alone.

    What nobody waits for any more isn't asked, and isn't in the answer.
    """
    parts = [part for part in parts if not part.over]
    if not parts:
        return []
    try:
        said = ask_model(bundle, [row for part in parts for row in part.rows])
        _demand_whole(said, parts)
    except BaseException as error:  # noqa: BLE001 - a model may fail in any way, SystemExit included; the thread must not
        if len(parts) == 1:
            return [(parts[0], Failed("error", f"{type(error).__name__}: {error}"))]
        half = len(parts) // 2
        return [*ask_parts(bundle, parts[:half]), *ask_parts(bundle, parts[half:])]
    answers: Answers = []
    start = 0
    for part in parts:
        end = start + len(part.rows)
        answers.append((part, said.part(start, end)))
        start = end
    return answers


def _demand_whole(said: Said, parts: Sequence[Part]) -> None:
    wanted = sum(len(part.rows) for part in parts)
    if len(said.scores) != wanted:
        raise ValueError(f"{len(said.scores)} scores for {wanted} records")
