"""`Lanes`: a request through the queues of the versions that answer it, until each record has its score."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.serving.cases import refusal, unanswerable
from mainstay.serving.dataplane import (
    ScoringError,
    answer_kept,
    hand_over,
    parts_of,
    score_part,
    settle,
    stand_in,
    take_in,
)
from mainstay.serving.queueing.gauges import Gauges
from mainstay.serving.queueing.lane import Lane
from mainstay.serving.queueing.outcome import ArmOutcome, Watch, unwatched
from mainstay.serving.queueing.part import Failed
from mainstay.serving.refusals import RETRY
from mainstay.serving.replies import Refused
from mainstay.serving.served import Seldom, say

if TYPE_CHECKING:
    from mainstay.serving.cases import Case, Cases
    from mainstay.serving.lineup import Arm, Lineup
    from mainstay.serving.measuring.metrics import Metrics
    from mainstay.serving.queueing.part import Told
    from mainstay.serving.settings import ServingSettings

    Answer = asyncio.Future[Told] | None


class _Trouble(msgspec.Struct, frozen=True):
    """Why an arm gave no score."""

    how: Literal["error", "timeout"]
    told: str


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
    watch : callable
        Hears how each arm did.

    """

    def __init__(self, name: str, settings: ServingSettings, metrics: Metrics, watch: Watch = unwatched) -> None:
        self._name = name
        self._settings = settings
        self._metrics = metrics
        self._watch = watch
        self._seldom = Seldom()
        self._lanes: dict[int, Lane] = {}
        self._lineup: Lineup | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

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
        for part in parts:
            if part[0].arm.pace.slow:
                self._demand_room(part[0].arm, len(part))
        answers = [self._ask(part) for part in parts]
        try:
            for part, answer in zip(parts, answers, strict=True):
                trouble = await self._hear(taken, part, answer)
                if trouble is not None:
                    await self._rescue(lineup, taken, part, trouble)
        finally:
            for answer in answers:
                if answer is not None:
                    answer.cancel()  # nobody waits for it where this request was given up; else it is done
        if any(unanswerable(case) for case in taken.cases):
            raise refusal(taken.cases)

    def _demand_room(self, arm: Arm, records: int) -> None:
        try:
            self._lane(arm).demand_room(records)
        except Refused as refused:
            self._metrics.shed.labels(self._name, str(arm.version), arm.route.role, refused.cause).inc(records)
            raise

    def _ask(self, part: list[Case]) -> Answer:
        """Put records into their arm's queue; None where nobody need be waited for."""
        arm = part[0].arm
        rows = [case.row for case in part if not case.row.fallback]
        return self._lane(arm).ask(rows) if arm.pace.slow and rows else None

    async def _hear(self, taken: Cases, part: list[Case], answer: Answer) -> _Trouble | None:
        """Take in what an arm says of its records; gives what kept it from saying something."""
        arm = part[0].arm
        if not arm.pace.slow:
            why = score_part(part, taken.features_failed)
            return _Trouble("error", why) if why else None
        seconds, trouble = 0.0, None
        if answer is not None:
            told = await answer
            seconds = told.seconds
            if isinstance(told.said, Failed):
                trouble = _Trouble("error" if told.said.how == "error" else "timeout", told.said.told)
            else:
                taken.features_failed += take_in([case for case in part if not case.row.fallback], told.said)
        if trouble is None:
            answer_kept(part)
            why = settle(part)
            trouble = _Trouble("error", why) if why else None
        if trouble is None:
            self._watch(ArmOutcome(arm, "ok", seconds, len(part)))
        else:
            self._watch(ArmOutcome(arm, trouble.how, seconds, len(part), trouble.told))
        return trouble

    async def _rescue(self, lineup: Lineup, taken: Cases, part: list[Case], trouble: _Trouble) -> None:
        """Let the champion answer what another arm fails at, and the fallback what nobody else does.

        Whose time is over gets the fallback's answer at once.
        """
        arm = part[0].arm
        again: _Trouble | None = trouble
        if trouble.how == "error" and not arm.pinned and arm is not lineup.champion:
            taken.failures.append(f"Version {arm.version} can't answer: {trouble.told}")
            hand_over(lineup.champion, part)
            again = await self._hear(taken, part, self._ask(part))
        if again is None:
            return
        try:
            stand_in(lineup, taken, part, again.told, "error" if again.how == "error" else "deadline")
        except ScoringError as error:
            if again.how == "error":
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
