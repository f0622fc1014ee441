"""The addresses that are called all the time: predict, explain and feedback, as plain ASGI."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import BodyError
from mainstay.errors import RecordError, StoreError
from mainstay.events import IdMaker, Refusal, encode_events
from mainstay.serving.answers import make_answers, make_event, with_scores
from mainstay.serving.cases import Cases, take_cases
from mainstay.serving.dataplane import ScoringError, score_cases, shadow_cases
from mainstay.serving.explaining import Why, asked_label, wants_reasons, with_explanations, with_reasons
from mainstay.serving.intake import (
    demand_json,
    demand_own_origin,
    read_body,
)
from mainstay.serving.refusals import RETRY, fields_refused, unreleased
from mainstay.serving.replies import Refused, Reply, json_reply, method_refused
from mainstay.serving.served import Seldom, Served, say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from concurrent.futures import Executor

    from prometheus_client import Counter

    from mainstay.events import Prediction
    from mainstay.models.explain import Explanation
    from mainstay.serving.call import Call
    from mainstay.serving.cases import Case
    from mainstay.serving.intake import Receive
    from mainstay.serving.lineup import Arm, Lineup
    from mainstay.serving.metrics import Metrics

_encode = msgspec.json.Encoder().encode
_MOST_FIELDS = 10
NOBODY = "shadow"
"""The role of an answer that only explains: in the log, and counted by no window."""


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
        Where line-ups with feature code score, so that the event loop goes on.

    """

    def __init__(self, served: Served, metrics: Metrics, *, loopback: bool, aside: Executor) -> None:
        self.served = served
        self._aside = aside
        self._features_said = Seldom()
        self._metrics = metrics
        self._loopback = loopback
        self._why = Why(served, metrics, aside)
        name = served.name
        self._answered = metrics.requests.labels(name, "predict", "200", "")
        self._explained = metrics.requests.labels(name, "explain", "200", "")
        self._told = metrics.requests.labels(name, "feedback", "200", "")
        self._seconds = metrics.seconds.labels(name)
        self._records = metrics.records.labels(name)
        self._counters: dict[tuple[int, str], Counter] = {}

    async def predict(self, call: Call, receive: Receive) -> Reply:
        """Answer the records of a request; what is answered is in the log."""
        return await self._guarded(call, "predict", self._predict, receive)

    async def explain(self, call: Call, receive: Receive) -> Reply:
        """Answer the records of a request and say why; in the log as what nobody acts on."""
        return await self._guarded(call, "explain", self._explain, receive)

    async def feedback(self, call: Call, receive: Receive) -> Reply:
        """Take feedback; what is accepted is in the log."""
        return await self._guarded(call, "feedback", self._feedback, receive)

    async def _predict(self, call: Call) -> Reply:
        why = bool(call.query) and wants_reasons(call.query)
        lineup, taken = await self._scored(call, why=why)
        answers = make_answers(taken.cases)
        if why:
            answers = with_reasons(answers, await self._reasons(taken))
        self._log(call, taken)
        if lineup.shadows:
            call.after = lambda: self._shadow(call, lineup, taken)
        self._answered.inc()
        self._count(taken, call)
        call.id = call.id or answers[0].id
        return Reply(200, _encode(answers if taken.was_array else answers[0]))

    async def _explain(self, call: Call) -> Reply:
        label = asked_label(call.query)
        _, taken = await self._scored(call, why=True, label=label)
        answers = with_explanations(make_answers(taken.cases), await self._why.explain(taken.cases, label))
        self._log(call, taken, role=NOBODY)
        self._explained.inc()
        call.id = call.id or answers[0].id
        return Reply(200, _encode(answers if taken.was_array else answers[0]))

    async def _scored(self, call: Call, *, why: bool, label: str | None = None) -> tuple[Lineup, Cases]:
        served = self.served
        body = call.body
        lineup = served.lineup
        if lineup is None:
            raise unreleased(served)
        taken = take_cases(lineup, body, served.new_id)
        if why:
            self._why.demand(lineup, len(taken.cases), label)
        try:
            if lineup.runs_code:
                await asyncio.get_running_loop().run_in_executor(self._aside, score_cases, lineup, taken)
            else:
                score_cases(lineup, taken)
        finally:
            self._count_failures(taken, lineup.beside)
        return lineup, taken

    async def _reasons(self, taken: Cases) -> list[Explanation] | None:
        """Find reasons; an answer that can't be explained is still an answer."""
        try:
            return await self._why.explain(taken.cases)
        except ScoringError as error:
            say(str(error))
            return None

    async def _feedback(self, call: Call) -> Reply:
        served = self.served
        body = call.body
        if served.feedback_reader is None:
            raise unreleased(served)
        told = served.feedback_reader.decode(body, dt.datetime.now(dt.UTC))
        if not served.write("feedback", encode_events(told)):
            self._metrics.lost.labels(served.name, "feedback").inc(len(told))
        self._metrics.feedback.labels(served.name).inc(len(told))
        self._told.inc()
        return json_reply({"accepted": len(told)})

    async def _body(self, call: Call, receive: Receive) -> bytes:
        if call.method != "POST":
            raise method_refused(call.method, "POST")
        demand_own_origin(call.head, loopback=self._loopback)
        demand_json(call.head)
        return await read_body(call.head, receive, self.served.settings.max_body)

    async def _guarded(
        self, call: Call, route: str, work: Callable[[Call], Awaitable[Reply]], receive: Receive
    ) -> Reply:
        try:
            call.body = await self._body(call, receive)
            return await work(call)
        except Refused as refused:
            return self._refuse(call, route, refused)
        except RecordError as error:
            return self._refuse(call, route, fields_refused(error))
        except BodyError as error:
            return self._refuse(call, route, Refused(400, "syntax", error.message, error.cure))
        except ScoringError as error:
            say(str(error))
            sentence = "The model can't answer now."
            return self._refuse(call, route, Refused(503, "model", sentence, "Try again.", headers=RETRY))
        except StoreError as error:
            say(str(error))
            sentence = "The event log can't be written, and nothing is answered that isn't logged."
            return self._refuse(call, route, Refused(503, "log", sentence, "Try again later.", headers=RETRY))

    def _log(self, call: Call, taken: Cases, *, role: str = "") -> None:
        cases = taken.cases
        request = call.id or (cases[0].id if len(cases) > 1 else None)
        events = self._events(call, cases, time.perf_counter_ns() - call.started, request)
        if role:
            events = [msgspec.structs.replace(event, role=role) for event in events]
        if not self.served.write("predictions", encode_events(events)):
            self._metrics.lost.labels(self.served.name, "predictions").inc(len(events))

    async def _shadow(self, call: Call, lineup: Lineup, taken: Cases) -> None:
        started = time.perf_counter_ns()
        if lineup.runs_code:
            # A maker of ids belongs to one thread.
            work = asyncio.get_running_loop().run_in_executor(self._aside, shadow_cases, lineup, taken.cases, IdMaker())
            shadowed = await work
        else:
            shadowed = shadow_cases(lineup, taken.cases, self.served.new_id)
        self._count_failures(shadowed, "shadow")
        done = shadowed.cases
        each = (time.perf_counter_ns() - started) // max(1, len(done))
        events = self._events(call, done, each, call.id, [case.id for case in taken.cases])
        try:
            written = self.served.write("predictions", encode_events(events))
        except StoreError:  # the answer is out and logged; only the comparison is poorer
            written = False
        if not written:
            self._metrics.lost.labels(self.served.name, "predictions").inc(len(events))

    def _events(
        self,
        call: Call,
        cases: Sequence[Case],
        duration: int,
        request: str | None,
        answers: Sequence[str | None] = (None,),
    ) -> list[Prediction]:
        served = self.served
        now = dt.datetime.now(dt.UTC)
        events = [
            make_event(
                case,
                model=served.name,
                at=now,
                duration=duration,
                entity=served.pseudonym(case.row.entity) if case.row.entity is not None else None,
                request=request,
                trace=call.trace,
                answer=answers[place % len(answers)],
            )
            for place, case in enumerate(cases)
        ]
        return with_scores(cases, events)

    def _count(self, taken: Cases, call: Call) -> None:
        cases = taken.cases
        self._records.observe(len(cases))
        if len(cases) == 1:
            self._counter_of(cases[0].arm).inc()
        else:
            for arm in {id(case.arm): case.arm for case in cases}.values():
                self._counter_of(arm).inc(sum(case.arm is arm for case in cases))
        for case in cases:
            row = case.row
            if row.degraded:
                self._metrics.degraded.labels(self.served.name, case.arm.version).inc()
            for deed in row.deeds:
                self._metrics.policy.labels(self.served.name, deed.column, deed.why, deed.did).inc()
        self._seconds.observe((time.perf_counter_ns() - call.started) / 1e9)

    def _counter_of(self, arm: Arm) -> Counter:
        key = (arm.route.version, arm.route.role)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = self._metrics.answers.labels(self.served.name, *key)
        return counter

    def _count_failures(self, taken: Cases, role: str) -> None:
        for failed in taken.features_failed:
            self._features_said.say(failed.kind, failed.told)
        for failure in taken.failures:
            say(failure)
            self._metrics.failures.labels(self.served.name, role).inc()

    def _refuse(self, call: Call, route: str, refused: Refused) -> Reply:
        served = self.served
        call.id = call.id or served.new_id()
        fields = tuple(dict.fromkeys(problem.field for problem in refused.errors if problem.field))
        self._metrics.requests.labels(served.name, route, str(refused.status), refused.cause).inc()
        lineup = served.lineup
        known = frozenset(lineup.champion.bundle.contract.names) if lineup else frozenset()
        for problem in refused.errors:
            field = problem.field if problem.field in known else "other"
            self._metrics.refused_fields.labels(served.name, field).inc()
        refusal = Refusal(
            id=call.id,
            at=dt.datetime.now(dt.UTC),
            model=served.name,
            status=refused.status,
            cause=refused.cause,
            version=lineup.champion.version if lineup else None,
            fields=tuple(field[:100] for field in fields[:_MOST_FIELDS]),
            problems=refused.total,
            message="" if refused.errors else refused.detail[:200],  # theirs may repeat what a person sent
            trace=call.trace,
        )
        if not served.write("refusals", encode_events([refusal])):
            self._metrics.lost.labels(served.name, "refusals").inc()
        return refused.reply(call.id)
