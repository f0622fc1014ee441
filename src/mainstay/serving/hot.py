"""The addresses that are called all the time: predict by any door, explain, and feedback."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mainstay.serving.answers import make_answers
from mainstay.serving.arms import pin
from mainstay.serving.arms.shadowing import Shadows
from mainstay.serving.cache import Cache
from mainstay.serving.cases import take_cases
from mainstay.serving.dataplane import ScoringError, score_cases
from mainstay.serving.doors.native import Native
from mainstay.serving.entrance import Entrance
from mainstay.serving.explaining import Why, asked_label, wants_reasons, with_explanations, with_reasons
from mainstay.serving.handler import Held
from mainstay.serving.idempotency import Once, ids_by_key, line_ids_by_key
from mainstay.serving.ledger import Ledger
from mainstay.serving.queueing import Lanes, queues
from mainstay.serving.refusals import unreleased
from mainstay.serving.replies import Refused, json_reply
from mainstay.serving.served import Served, say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from concurrent.futures import Executor

    from mainstay.models.explain import Explanation
    from mainstay.serving.answers import Answer
    from mainstay.serving.call import Call
    from mainstay.serving.cases import Cases
    from mainstay.serving.doors import Asked, Door, First
    from mainstay.serving.entrance import Work
    from mainstay.serving.guard import Guard, Need
    from mainstay.serving.handler import Handler
    from mainstay.serving.lineup import Lineup
    from mainstay.serving.measuring.metrics import Metrics
    from mainstay.serving.turn import Turn


class Hot:
    """Answers predict, explain and feedback of one model.

    Parameters
    ----------
    served : Served
        The model.
    metrics : Metrics
        Where it is counted.
    loopback : bool
        Whether only this machine can reach the server.
    aside : Executor
        Where shadows that are slow score, and what takes long is explained, so that the event loop goes on.
    turn : Turn
        Writes down what is answered by another way than HTTP, together with the rest.
    guard : Guard
        Lets in what comes by another way than HTTP.

    """

    def __init__(
        self, served: Served, metrics: Metrics, *, loopback: bool, aside: Executor, turn: Turn, guard: Guard
    ) -> None:
        self.served = served
        self._guard = guard
        self.ledger = Ledger(served, metrics)
        self._loopback = loopback
        self._aside = aside
        self._turn = turn
        self._why = Why(served, metrics, aside)
        self._once = Once(self.ledger.again)
        self._cache = Cache(served.name, served.settings.cache, metrics)
        self._lanes = Lanes(served.name, served.settings, metrics)
        self._shadows = Shadows(self.ledger, metrics, aside, served.settings.shadow_share)
        self.predict = self._entrance(Native("predict"), self._predict_natively)
        self.explain = self._entrance(Native("explain"), self._explain)
        self.feedback = self._entrance(Native("feedback"), self._feedback, need="feedback")

    def through(self, door: Door, first: First | None = None) -> Handler:
        """Make what answers predictions by a door; `first` reads what no door can at once."""
        if first is None:
            return self._entrance(door, self._predict)
        return self._entrance(
            door, lambda call, door: self._after(first, call, door) if first.wanted(call) else self._predict(call, door)
        )

    async def _after(self, first: First, call: Call, door: Door) -> Held:
        await first.first(call)
        found = self._predict(call, door)
        return found if isinstance(found, Held) else await found

    async def inside(self, call: Call, door: Door) -> None:
        """Let a door that keeps what it tells, or why it refuses, answer one request that didn't come over HTTP."""
        # What is told here isn't bytes, so none are remembered; a key names the answers all the same.
        entrance = self._entrance(door, self._predict, once=False)
        try:
            self._guard.admit(call, entrance.need, self.served.name)
        except Refused as refused:
            await self._turn.wait(entrance.refuse(call, refused))
        else:
            await self._turn.wait(entrance(call))

    def _entrance(self, door: Door, work: Work, need: Need = "predict", *, once: bool = True) -> Entrance:
        most, remembers = self.served.settings.max_body, self._once if once else None
        return Entrance(door, work, self.ledger, most=most, loopback=self._loopback, once=remembers, need=need)

    def _predict(self, call: Call, door: Door) -> Held | Awaitable[Held]:
        """Answer the records of a request: at once where every model is quick."""
        lineup = self._lineup()
        known = self._cache.of(lineup)
        if lineup.slow and known is None:  # what is known is answered however much waits
            self._lanes.demand_any_room(lineup)
        asked = door.ask(call, lineup)
        taken = self._take(lineup, asked, ids_by_key(call.head, self.served.new_id))
        if known is not None and known.answer(taken.cases):
            return self._answer(call, door, lineup, asked, taken=taken, answers=make_answers(taken.cases))
        if lineup.slow and queues(lineup, taken):
            return self._predict_later(call, door, lineup, asked, taken)
        self._score(lineup, taken)
        if known is not None:
            known.learn(taken.cases)
        return self._answer(call, door, lineup, asked, taken=taken, answers=make_answers(taken.cases))

    async def _predict_later(self, call: Call, door: Door, lineup: Lineup, asked: Asked, taken: Cases) -> Held:
        known = self._cache.of(lineup)  # before the wait: another version may answer by its end
        await self._score_aside(lineup, taken)
        if known is not None:
            known.learn(taken.cases)
        return self._answer(call, door, lineup, asked, taken=taken, answers=make_answers(taken.cases))

    def _predict_natively(self, call: Call, door: Door) -> Held | Awaitable[Held]:
        if call.query and wants_reasons(call.query):
            return self._predict_with_reasons(call, door)
        return self._predict(call, door)

    async def _predict_with_reasons(self, call: Call, door: Door) -> Held:
        lineup, asked, taken = await self._scored(call, door, ids_by_key(call.head, self.served.new_id))
        answers = with_reasons(make_answers(taken.cases), await self._reasons(taken))
        return self._answer(call, door, lineup, asked, taken=taken, answers=answers)

    async def _explain(self, call: Call, door: Door) -> Held:
        label = asked_label(call.query)
        # A key names predictions; the same key may ask why, of another worker.
        lineup, asked, taken = await self._scored(call, door, self.served.new_id, label)
        answers = with_explanations(make_answers(taken.cases), await self._why.explain(taken.cases, label))
        reply = door.tell(asked, answers, lineup)
        return self.ledger.explained(call, door.name, taken, reply, door.refuse)

    async def _scored(
        self, call: Call, door: Door, new_id: Callable[[], str], label: str | None = None
    ) -> tuple[Lineup, Asked, Cases]:
        """Score records that are to be explained."""
        lineup = self._lineup()
        asked = door.ask(call, lineup)
        taken = self._take(lineup, asked, new_id)
        self._why.demand(lineup, len(taken.cases), label)
        if queues(lineup, taken):
            await self._score_aside(lineup, taken)
        else:
            self._score(lineup, taken)
        return lineup, asked, taken

    @staticmethod
    def _take(lineup: Lineup, asked: Asked, new_id: Callable[[], str]) -> Cases:
        named = None
        if asked.version is not None or asked.role is not None:
            named = pin(lineup, asked.version, asked.role)
        return take_cases(lineup, asked.body, new_id, named)

    def _score(self, lineup: Lineup, taken: Cases) -> None:
        try:
            score_cases(lineup, taken)
        finally:
            if taken.failures or taken.features_failed:
                self.ledger.count_failures(taken, lineup.beside or "champion")

    async def _score_aside(self, lineup: Lineup, taken: Cases) -> None:
        try:
            await self._lanes.score(lineup, taken)
        finally:
            self.ledger.count_failures(taken, lineup.beside or "champion")

    def _answer(
        self, call: Call, door: Door, lineup: Lineup, asked: Asked, *, taken: Cases, answers: Sequence[Answer]
    ) -> Held:
        reply = door.tell(asked, answers, lineup)
        if lineup.shadows and not taken.cases[0].arm.pinned:  # of a named version nobody asks how another compares
            call.after = lambda: self._shadows.offer(call, lineup, taken)
        return self.ledger.answered(call, door.name, taken, reply, door.refuse)

    async def _reasons(self, taken: Cases) -> list[Explanation] | None:
        """Find reasons; an answer that can't be explained is still an answer."""
        try:
            return await self._why.explain(taken.cases)
        except ScoringError as error:
            say(str(error))
            return None

    def _feedback(self, call: Call, door: Door) -> Held:
        reader = self.served.feedback_reader
        if reader is None:
            raise unreleased(self.served)
        asked = door.ask(call, self._lineup())
        told = reader.decode(asked.body, dt.datetime.now(dt.UTC), line_ids_by_key(call, self.served.new_id))
        return self.ledger.told(call, door.name, told, json_reply({"accepted": len(told)}), door.refuse)

    def _lineup(self) -> Lineup:
        lineup = self.served.lineup
        if lineup is None:
            raise unreleased(self.served)
        return lineup
