"""`Lanes`: a request through the queues of the versions that answer it, until each record has its score."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mainstay.serving.arms.asking import Trouble, answered, ask, failed, out_of_rotation
from mainstay.serving.cases import refusal, unanswerable
from mainstay.serving.dataplane import (
    ScoringError,
    answer_kept,
    hand_over,
    note,
    parts_of,
    score_part,
    settle,
    stand_in,
    take_in,
)
from mainstay.serving.queueing.gauges import Gauges
from mainstay.serving.queueing.lane import Lane
from mainstay.serving.queueing.part import Failed
from mainstay.serving.replies import RETRY, Refused
from mainstay.serving.served import Seldom, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.serving.cases import Case, Cases
    from mainstay.serving.lineup import Arm, Lineup
    from mainstay.serving.measuring.metrics import Metrics
    from mainstay.serving.queueing.part import Told
    from mainstay.serving.settings import ServingSettings

    Answer = asyncio.Future[Told] | Trouble | None


def queues(lineup: Lineup, taken: Cases) -> bool:
    """Say whether a request has to do with a slow version, and so waits for its turn."""
    return lineup.slow and (lineup.champion.pace.slow or any(case.arm.pace.slow for case in taken.cases))


class Lanes:
    """The queues of one model's slow versions.

    Parameters
    ----------
    name : str
        Of the model.
    settings : ServingSettings
        Deadline and patience.
    metrics : Metrics
        Where it is counted.

    """

    def __init__(self, name: str, settings: ServingSettings, metrics: Metrics) -> None:
        self._name = name
        self._settings = settings
        self._metrics = metrics
        self._seldom = Seldom()
        self._lanes: dict[int, Lane] = {}
        self._lineup: Lineup | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def demand_any_room(self, lineup: Lineup) -> None:
        """Refuse a request before anything of it is read, where only one version could answer, and has no room.

        Raises
        ------
        Refused
            503, with the seconds after which there may be room.

        """
        if len(lineup.arms) > 1 or lineup.shadows:
            return
        lane = self._lanes.get(lineup.champion.version)
        if lane is not None and lane.bundle is lineup.champion.bundle and lane.full:
            with self._counted(lineup.champion, 1):
                lane.demand_room(1)

    async def score(self, lineup: Lineup, taken: Cases) -> None:
        """Score the records of a request, as `score_cases` does, with the slow versions beside the event loop.

        What has no answer by the deadline gets the fallback's. Cancel it, and what still waits isn't computed.

        Parameters
        ----------
        lineup : Lineup
            Who answers.
        taken : Cases
            The records.

        Raises
        ------
        Refused
            503 where there is no room, or where there is neither an answer in time nor a fallback.
        ScoringError, RecordError
            As `score_cases`.

        """
        self._take_up(lineup)
        parts = parts_of(taken)
        troubles = [self._admit(part) for part in parts]
        answers = [trouble or self._ask(part) for part, trouble in zip(parts, troubles, strict=True)]
        try:
            for part, answer in zip(parts, answers, strict=True):
                trouble = await self._hear(taken, part, answer)
                if trouble is not None:
                    await self._rescue(lineup, taken, part, trouble)
        finally:
            for answer in answers:
                if isinstance(answer, asyncio.Future):
                    answer.cancel()  # nobody waits for it where this request was given up; else it is done
        if any(unanswerable(case) for case in taken.cases):
            raise refusal(taken.cases)

    def _admit(self, part: list[Case]) -> Trouble | None:
        """Say why an arm isn't asked now; refuses the request where it would have to wait too long."""
        arm = part[0].arm
        if not arm.pace.slow or all(case.row.fallback for case in part):
            return None
        trouble = out_of_rotation(arm)
        if trouble is None:
            with self._counted(arm, len(part)):
                self._lane(arm).demand_room(len(part))
        return trouble

    @contextmanager
    def _counted(self, arm: Arm, records: int) -> Iterator[None]:
        """Count records that are refused for want of room."""
        try:
            yield
        except Refused as refused:
            self._metrics.shed.labels(self._name, arm.version, arm.route.role, refused.cause).inc(records)
            raise

    def _ask(self, part: list[Case]) -> Answer:
        """Put records into their arm's queue; None where nobody need be waited for."""
        arm = part[0].arm
        rows = [case.row for case in part if not case.row.fallback]
        return self._lane(arm).ask(rows) if arm.pace.slow and rows else None

    async def _hear(self, taken: Cases, part: list[Case], answer: Answer) -> Trouble | None:
        """Take in what an arm says of its records; gives what kept it from saying something."""
        arm = part[0].arm
        if not arm.pace.slow:
            return ask(part, taken.features_failed, score_part)
        if isinstance(answer, Trouble):
            return answer
        seconds, trouble = 0.0, None
        if answer is not None:
            told = await answer
            seconds = told.seconds
            if isinstance(told.said, Failed):
                trouble = Trouble("error" if told.said.how == "error" else "deadline", told.said.told)
            else:
                taken.features_failed += take_in([case for case in part if not case.row.fallback], told.said)
        if trouble is None:
            answer_kept(part)
            why = settle(part)
            trouble = Trouble("error", why) if why else None
        if trouble is None:
            answered(arm, round(seconds * 1e9), len(part))
        else:
            failed(arm, trouble.told)
        return trouble

    async def _rescue(self, lineup: Lineup, taken: Cases, part: list[Case], trouble: Trouble) -> None:
        """Let the champion answer what another arm fails at, and the fallback what nobody else does.

        Whose time is over gets the fallback's answer at once.
        """
        arm = part[0].arm
        again: Trouble | None = trouble
        if trouble.how != "deadline" and not arm.pinned and arm is not lineup.champion:
            note(taken, arm, trouble)
            hand_over(lineup.champion, part)
            again = await self._hear(taken, part, self._admit(part) or self._ask(part))
        if again is None:
            return
        try:
            stand_in(lineup, taken, part, again)
        except ScoringError as error:
            if again.how != "deadline":
                raise
            say(str(error))
            sentence = "The model gave no answer in time, and there is no fallback to answer instead."
            raise Refused(503, "deadline", sentence, "Try again later.", headers=RETRY) from None

    def _lane(self, arm: Arm) -> Lane:
        """Give the lane of a version, or open it."""
        lane = self._lanes.get(arm.version)
        if lane is None or lane.bundle is not arm.bundle:
            if lane is not None:
                lane.close()
            lane = self._lanes[arm.version] = Lane(
                arm.bundle,
                arm.pace,
                asking=arm.asking,
                deadline=self._settings.deadline_seconds,
                patience=self._settings.queue_seconds,
                gauges=Gauges(self._metrics, self._name, arm.version, self._seldom),
            )
        return lane

    def _take_up(self, lineup: Lineup) -> None:
        """Close the lanes that a new line-up has no use for; one that goes on stays warm."""
        if lineup is self._lineup and self._loop is asyncio.get_running_loop():
            return
        if self._loop is not asyncio.get_running_loop():
            for lane in self._lanes.values():  # of a loop that has ended, and whoever waited with it
                lane.abandon()
            self._lanes.clear()
            self._loop = asyncio.get_running_loop()
        self._lineup = lineup
        kept = {id(arm.bundle) for arm in (*lineup.arms, *lineup.shadows)}
        for version, lane in list(self._lanes.items()):
            if id(lane.bundle) not in kept:
                del self._lanes[version]
                lane.close()
