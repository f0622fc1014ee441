"""`Ledger`: writes down what one model answered and refused, before it goes out, and counts it."""

from __future__ import annotations

import datetime as dt
import time
from functools import partial
from typing import TYPE_CHECKING, cast

import msgspec

from mainstay.errors import StoreError
from mainstay.events import Refusal, encode_events, sample
from mainstay.serving.answers import Given, make_event, with_encoded, with_scores
from mainstay.serving.guard.guard import UNWRITTEN
from mainstay.serving.handler import Held
from mainstay.serving.measuring.reckoner import Reckoner
from mainstay.serving.refusals import fault
from mainstay.serving.replies import RETRY, Refused
from mainstay.serving.served import Seldom

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.events import Event, Feedback, Prediction
    from mainstay.events.log import Stream
    from mainstay.serving.call import Call
    from mainstay.serving.cases import Case, Cases
    from mainstay.serving.measuring.metrics import Metrics
    from mainstay.serving.replies import Reply
    from mainstay.serving.served import Served

_MOST_FIELDS = 10
NOBODY = "shadow"
"""The role of an answer that only explains: in the log, and counted by no window."""


class Ledger:
    """The log and the counts of one model.

    Parameters
    ----------
    served : Served
        The model.
    metrics : Metrics
        Where it is counted.

    """

    def __init__(self, served: Served, metrics: Metrics) -> None:
        self.model = served.name
        self._served = served
        self._metrics = metrics
        self._said = Seldom()
        self._reckoner = Reckoner(served.name, metrics)
        self._picks = served.log.settings.encoded or served.log.settings.rate < 1
        served.log.lose = self._lose

    def answered(
        self, call: Call, route: str, taken: Cases, reply: Reply, refuse: Callable[[Refused, str], Reply]
    ) -> Held:
        """Hold answers until they are in the log."""
        cases = taken.cases
        request = call.id or (cases[0].id if len(cases) > 1 else None)
        events = self.events(call, cases, time.perf_counter_ns() - call.started, request)
        call.id = call.id or cases[0].id
        return Held(self, call, route, reply, stream="predictions", events=events, taken=taken, refuse=refuse)

    def explained(
        self, call: Call, route: str, taken: Cases, reply: Reply, refuse: Callable[[Refused, str], Reply]
    ) -> Held:
        """Hold answers that only explain; nobody acts on them, so they count in no window."""
        held = self.answered(call, route, taken, reply, refuse)
        held.events = [msgspec.structs.replace(event, role=NOBODY) for event in held.events]
        return held

    def told(
        self, call: Call, route: str, lines: Sequence[Feedback], reply: Reply, refuse: Callable[[Refused, str], Reply]
    ) -> Held:
        """Hold the receipt of feedback."""
        return Held(self, call, route, reply, stream="feedback", events=lines, refuse=refuse)

    def again(self, route: str) -> None:
        """Count an answer that was given again: it is in the log already."""
        self._reckoner.again(route)

    def refused(self, call: Call, route: str, refused: Refused, draw: Callable[[Refused, str], Reply]) -> Held:
        """Hold a refusal; it goes out whatever becomes of the log."""
        served = self._served
        call.id = call.id or served.new_id()
        arm, lineup = refused.route, served.lineup
        self._reckoner.refused(route, refused, lineup)
        self._count_consumer(call, refused.status)
        fields = tuple(dict.fromkeys(problem.field for problem in refused.errors if problem.field))
        refusal = Refusal(
            id=call.id,
            at=dt.datetime.now(dt.UTC),
            model=served.name,
            status=refused.status,
            cause=refused.cause,
            version=arm.version if arm else lineup.champion.version if lineup else None,
            role=arm.role if arm else None,
            fields=tuple(field[:100] for field in served.hiding.known(fields)[:_MOST_FIELDS]),
            problems=refused.total,
            message="" if refused.errors else refused.detail[:200],  # theirs may repeat what a person sent
            trace=call.trace,
            consumer=call.consumer,
        )
        # Whoever shows no key, or calls too often, must not be able to fill the disk.
        events = [] if refused.cause in UNWRITTEN else [refusal]
        return Held(self, call, route, draw(refused, call.id), stream="refusals", events=events)

    def settle(self, some: Sequence[Held], later: Callable[[Sequence[Held]], object]) -> list[Held]:
        """Write down answers of one turn, with one write per stream, and count them.

        Gives those that go out now; the others are given to `later`, once they are on the disk. Those that can't be
        written are answered by a refusal instead, where the project's policy is to refuse.
        """
        now: list[Held] = []
        log = self._served.log
        streams: dict[Stream, list[Held]] = {}
        for held in some:
            streams.setdefault(held.stream, []).append(held)
        for stream, part in streams.items():
            events = [event for held in part for event in held.events]
            try:
                written = bool(events) and self._write(stream, events)
            except StoreError:
                self._unwritten(part)
            else:
                if written and log.waits(stream):
                    log.when_synced(stream, partial(self._synced, stream, part, later))
                    continue
                for held in part:
                    self._count(held)
            now += part
        return now

    def _synced(
        self, stream: Stream, part: Sequence[Held], later: Callable[[Sequence[Held]], object], error: StoreError | None
    ) -> None:
        """Let answers go out that are on the disk now, or aren't in the log after all."""
        try:
            if error is not None and self._served.log.refuses:
                self._unwritten(part)
            else:
                if error is not None:
                    self._lose(stream, sum(len(held.events) for held in part))
                for held in part:
                    self._count(held)
        except Exception as fault:  # noqa: BLE001 - the last net: whoever waits for an answer gets one
            for held in part:
                held.reply = self.fail(held, fault)
        later(part)

    def shadowed(self, call: Call, done: Sequence[Case], duration: int, answers: Sequence[str]) -> None:
        """Write down what shadows answered to a call that is answered already."""
        events = self.events(call, done, duration, call.id, answers)
        try:
            written = self._write("predictions", events)
        except StoreError:  # the answer is out and logged; only the comparison is poorer
            self._lose("predictions", len(events))
            return
        if written and (log := self._served.log).waits("predictions"):
            log.when_synced("predictions", lambda error: self._lose("predictions", len(events)) if error else None)

    def fail(self, held: Held, error: Exception) -> Reply:
        """Answer where mainstay itself failed to write something down."""
        self._metrics.requests.labels(self.model, "", "", held.route, 500, "fault").inc()
        return fault(held.call, error)

    def count_failures(self, taken: Cases, role: str) -> None:
        """Count, and tell the operator, where an arm or feature code failed."""
        for failed in taken.features_failed:
            self._said.say(failed.kind, failed.told)
        for failure in taken.failures:
            self._said.say(failure.partition(":")[0], failure)
            self._metrics.failures.labels(self._served.name, role).inc()

    def events(
        self,
        call: Call,
        cases: Sequence[Case],
        duration: int,
        request: str | None,
        answers: Sequence[str | None] = (None,),
    ) -> list[Prediction]:
        """Write what the log keeps of cases."""
        served = self._served
        given = Given(self.model, dt.datetime.now(dt.UTC), duration, request, call.trace, call.consumer)
        events = []
        for place, case in enumerate(cases):
            entity = case.row.entity
            who = None if entity is None else served.pseudonym(entity)
            events.append(make_event(case, given, who, answers[place % len(answers)]))
        events = with_scores(cases, events)
        return self._kept(cases, events) if self._picks else events

    def _kept(self, cases: Sequence[Case], events: list[Prediction]) -> list[Prediction]:
        """Write down what ``[events]`` asks for: of each answer what the model saw, of all answers a share."""
        wanted = self._served.log.settings
        if wanted.encoded:
            events = with_encoded(cases, events)
        if wanted.rate < 1:
            events = sample(events, wanted.rate)
        return events

    def _write(self, stream: Stream, events: Sequence[Event]) -> bool:
        if self._served.hiding.personal and stream == "predictions":
            events = self._served.hiding.hide(cast("Sequence[Prediction]", events))
        written = self._served.log.write(stream, encode_events(events))
        if not written:
            self._lose(stream, len(events))
        return written

    def _lose(self, stream: Stream, events: int) -> None:
        self._metrics.lost.labels(self._served.name, stream).inc(events)

    def _unwritten(self, part: Sequence[Held]) -> None:
        sentence = "The event log can't be written, and nothing is answered that isn't logged."
        for held in part:
            if held.refuse is not None:
                refused = Refused(503, "log", sentence, "Try again later.", headers=RETRY)
                other = self.refused(held.call, held.route, refused, held.refuse)
                held.reply = other.reply
                self._write(other.stream, other.events)

    def _count_consumer(self, call: Call, code: int) -> None:
        if call.consumer:
            self._metrics.consumers.labels(self.model, call.consumer, code).inc()

    def _count(self, held: Held) -> None:
        if held.call.consumer and held.stream != "refusals":
            self._count_consumer(held.call, held.reply.status)
        if held.stream == "feedback":
            self._reckoner.told(held.route, len(held.events), held.call.started)
        elif held.taken is not None:
            self._reckoner.answered(held.route, held.taken.cases, held.call.started)
