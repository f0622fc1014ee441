"""Why: what a request may ask, and the explanations of records that were answered."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import InputError
from mainstay.models.explain import Explanation, Reason, subject_of
from mainstay.serving.answers import Answer, ClassAnswer
from mainstay.serving.dataplane import ScoringError
from mainstay.serving.replies import Refused
from mainstay.serving.wire.intake import asked_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from mainstay.serving.cases import Case
    from mainstay.serving.lineup import Lineup
    from mainstay.serving.measuring.metrics import Metrics
    from mainstay.serving.served import Served

_FEW = 4  # explained where they arrived; more, or any that are sampled, are explained beside the event loop
_YES_NO = {"": True, "true": True, "1": True, "false": False, "0": False}
NO_REASONS = "no reasons could be found"
"""The warning of an answer that could not be explained."""


class ReasonedAnswer(Answer, frozen=True, kw_only=True):
    """An answer with its largest reasons in words."""

    reasons: tuple[Reason, ...]


class ReasonedClassAnswer(ClassAnswer, frozen=True, kw_only=True):
    """The same where there are several classes."""

    reasons: tuple[Reason, ...]


class ExplainedAnswer(Answer, frozen=True, kw_only=True):
    """An answer with everything that explains it."""

    explanation: Explanation


class ExplainedClassAnswer(ClassAnswer, frozen=True, kw_only=True):
    """The same where there are several classes."""

    explanation: Explanation


def wants_reasons(query: bytes) -> bool:
    """Say whether a query string asks for reasons: ``explain=true``.

    Raises
    ------
    Refused
        400 where it says neither yes nor no.

    """
    asked = asked_in(query, "explain")
    if asked is None:
        return False
    wanted = _YES_NO.get(asked.lower())
    if wanted is None:
        detail = f"explain is '{asked[:40]}', which is neither yes nor no."
        raise Refused(400, "query", detail, "Use explain=true or false.")
    return wanted


def asked_label(query: bytes) -> str | None:
    """Give the label a query string asks about: ``label=Yes``."""
    return asked_in(query, "label")


class Why:
    """Explains what one model answered.

    Parameters
    ----------
    served : Served
        The model.
    metrics : Metrics
        Where it is counted.
    aside : Executor
        Where what takes long is explained.

    """

    def __init__(self, served: Served, metrics: Metrics, aside: Executor) -> None:
        self._settings = served.settings
        self._name = served.name
        self._metrics = metrics
        self._aside = aside

    def demand(self, lineup: Lineup, records: int, label: str | None) -> None:
        """Refuse more records than are explained at once, and a label there isn't; raises Refused."""
        most = self._settings.max_explained
        if records > most:
            detail = f"{records} records are too many to explain at once: at most {most}."
            raise Refused(422, "records", detail, "Send fewer at once, or use mainstay explain FILE.")
        try:
            lineup.champion.bundle.explainer.demand("auto", label)
        except InputError as error:
            raise Refused(400, "query", error.message, error.cure) from None

    async def explain(self, cases: Sequence[Case], label: str | None = None) -> list[Explanation]:
        """Explain records that were scored, each by the version that answered it.

        Raises
        ------
        ScoringError
            Where a model fails at it.

        """
        began = time.perf_counter_ns()
        seconds = self._settings.explain_seconds
        try:
            if len(cases) <= _FEW and all(case.arm.bundle.explainer.exact for case in cases):
                found = _explain_cases(cases, label, seconds)
            else:
                work = asyncio.get_running_loop().run_in_executor(self._aside, _explain_cases, cases, label, seconds)
                found = await work
        except Exception as error:
            version = cases[0].arm.version
            raise ScoringError(f"Version {version} can't be explained: {type(error).__name__}: {error}") from error
        for case, one in zip(cases, found, strict=True):
            complete = "yes" if one.complete else "no"
            self._metrics.explanations.labels(self._name, case.arm.version, one.method, complete).inc()
        self._metrics.explain_seconds.labels(self._name).observe(time.perf_counter_ns() - began)
        return found


def _explain_cases(cases: Sequence[Case], label: str | None, seconds: float) -> list[Explanation]:
    found: dict[int, Explanation] = {}
    for arm in {id(case.arm): case.arm for case in cases}.values():
        places = [place for place, case in enumerate(cases) if case.arm is arm]
        bundle = arm.bundle
        subjects = [
            subject_of(cases[place].row, bundle.inputs, cases[place].inputs, bundle.policy.fallback) for place in places
        ]
        share = seconds * len(places) / len(cases)
        found |= zip(places, bundle.explainer.explain(subjects, label=label, seconds=share), strict=True)
    return [found[place] for place in range(len(cases))]


def with_reasons(answers: Sequence[Answer], found: Sequence[Explanation] | None) -> list[Answer]:
    """Add reasons to answers; a warning to those whose explanation is rough, and to all where there is none."""
    reasoned: list[Answer] = []
    for place, answer in enumerate(answers):
        one = found[place] if found is not None else None
        note = NO_REASONS if one is None else "" if one.complete else one.note
        warned = msgspec.structs.replace(answer, warnings=(*answer.warnings, note)) if note else answer
        kind = ReasonedClassAnswer if isinstance(answer, ClassAnswer) else ReasonedAnswer
        reasoned.append(kind(**msgspec.structs.asdict(warned), reasons=one.reasons if one else ()))
    return reasoned


def with_explanations(answers: Sequence[Answer], found: Sequence[Explanation]) -> list[Answer]:
    """Add explanations to answers."""
    explained: list[Answer] = []
    for answer, one in zip(answers, found, strict=True):
        kind = ExplainedClassAnswer if isinstance(answer, ClassAnswer) else ExplainedAnswer
        explained.append(kind(**msgspec.structs.asdict(answer), explanation=one))
    return explained
