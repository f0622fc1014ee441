"""From a body to answers: decode, choose who answers, score, decide. No socket, file or clock; doors stand on this."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contract.row import Deed, PlainRow
from mainstay.errors import MainstayError, Problem, RecordError
from mainstay.events import Prediction
from mainstay.models.features import FILE
from mainstay.models.policy import NO_ACTION

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from mainstay.contract import Row
    from mainstay.events import Value
    from mainstay.models import Task
    from mainstay.models.features import FeaturesError
    from mainstay.models.model import Score
    from mainstay.models.policy import Policy
    from mainstay.registry import Bundle
    from mainstay.serving.lineup import Arm, Lineup

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
FAILED = f"{FILE} failed at this record; answered by the fallback"
"""The warning of a record that feature code failed at."""
_FAILED = Deed(FILE, "features", "fallback")


class ScoringError(MainstayError):
    """The champion itself could not give a number."""


class FeaturesFailure(msgspec.Struct, frozen=True):
    """Feature code failed at a record: for the operator alone.

    Parameters
    ----------
    kind : str
        Version, file, line and type of the exception.
    told : str
        The same with what the exception says.

    """

    kind: str
    told: str


class Answer(msgspec.Struct, frozen=True):
    """What the caller gets for one record; of several classes the score is the probability of the predicted label."""

    id: str
    prediction: str | float
    score: float
    decision: str | float
    version: int
    degraded: bool
    warnings: tuple[str, ...]


class ClassAnswer(Answer, frozen=True):
    """What the caller gets where there are several classes: the probability of each label, too."""

    scores: dict[str, float]


@dataclass(slots=True)
class Case:
    """One record on its way: who answers it, the score, and what the model saw where feature code derived it.

    `taken` is the row as the contract gave it, where feature code failed at it since; `decision` and `warnings` are
    what is answered and logged.
    """

    id: str
    row: Row
    arm: Arm
    raw: bytes | None = None
    score: Score = math.nan
    inputs: dict[str, Value] | None = None
    taken: Row | None = None
    decision: str | float = NO_ACTION
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Cases:
    """The records of one request.

    Parameters
    ----------
    cases : list of Case
        In the order of the request.
    was_array : bool
        Whether it was an array.
    failures : list of str
        A sentence for each arm that failed and was answered for by the champion.
    features_failed : list of FeaturesFailure
        One for each record that feature code failed at.

    """

    cases: list[Case]
    was_array: bool
    failures: list[str]
    features_failed: list[FeaturesFailure] = field(default_factory=list)


def take_cases(lineup: Lineup, body: bytes, new_id: Callable[[], str]) -> Cases:
    """Decode a request and choose who answers each record; by entity where it has one, else by chance.

    Raises
    ------
    BodyError, RecordError
        As the contract of the chosen arm says; and where only a fallback could answer, and the arm has none.

    """
    taken = _take(lineup, body, new_id)
    for case in taken.cases:
        if _unanswerable(case):
            raise _refusal(taken.cases)
    return taken


def _unanswerable(case: Case) -> bool:
    return case.row.fallback and case.arm.bundle.policy.fallback is None


def _refusal(cases: Sequence[Case]) -> RecordError:
    """Refuse records that are kept from the model, and a version without a fallback can't answer."""
    problems = [_problem(place, case) for place, case in enumerate(cases) if _unanswerable(case)]
    return RecordError(problems[:100], len(problems))


def _problem(place: int, case: Case) -> Problem:
    deed = next((deed for deed in case.row.deeds if deed.did == "fallback"), _FAILED)
    if deed.why == "features":
        told = f"{FILE} failed at this record, and version {case.arm.version} has no fallback to answer it instead."
    else:
        told = f"is left to the fallback, and version {case.arm.version} has none; send a value it can use."
    return Problem(record=place, field=deed.column, found="", message=told)


def _take(lineup: Lineup, body: bytes, new_id: Callable[[], str]) -> Cases:
    if not lineup.uniform:
        return _take_mixed(lineup, body, new_id)
    rows, was_array = lineup.champion.decoder.decode_with_shape(body)
    cases = []
    for row in rows:
        name = new_id()
        cases.append(Case(name, row, lineup.choose(row.entity or name)))
    return Cases(cases, was_array, [])


def _take_mixed(lineup: Lineup, body: bytes, new_id: Callable[[], str]) -> Cases:
    """Decode record by record, each by the contract of the arm that answers it."""
    # The champion's decoder judges syntax and size, and says who each record is about where it accepts them.
    was_array = body.lstrip()[:1] == b"["
    try:
        raws = [bytes(raw) for raw in _split(body)] if was_array else [body]
    except (msgspec.DecodeError, RecursionError):
        raws = []
    if not raws or len(raws) > lineup.champion.decoder.max_records:
        rows, was_array = lineup.champion.decoder.decode_with_shape(body)  # raises, nearly always
        return Cases([Case(new_id(), row, lineup.champion) for row in rows], was_array, [])
    cases, problems, total = [], [], 0
    for place, raw in enumerate(raws):
        name = new_id()
        arm = lineup.choose(entity_of(lineup, raw) or name)
        try:
            (row,) = arm.decoder.decode(raw)
        except RecordError as error:
            problems += [msgspec.structs.replace(each, record=place) for each in error.problems]
            total += error.total
            continue
        cases.append(Case(name, row, arm, raw))
    if problems:
        raise RecordError(problems[:100], total)
    return Cases(cases, was_array, [])


def entity_of(lineup: Lineup, raw: bytes) -> str | None:
    """Say who a record is about, by whichever contract accepts it, the champion's first."""
    for arm in (lineup.champion, *lineup.arms):
        try:
            return arm.decoder.decode(raw)[0].entity
        except RecordError:
            continue
    return None


def score_cases(lineup: Lineup, taken: Cases) -> None:
    """Let each arm score its records; what a canary's model can't, the champion does.

    A record that feature code fails at is answered by the fallback of the same version.

    Raises
    ------
    ScoringError
        Where the champion fails as well.
    RecordError
        Where feature code fails at a record, and the version has no fallback.

    """
    cases = taken.cases
    if len(cases) == 1 or len(lineup.arms) == 1:
        parts = [cases]
    else:
        parts = [part for arm in lineup.arms if (part := [case for case in cases if case.arm is arm])]
    for part in parts:
        why = _score(part, taken.features_failed)
        if not why:
            continue
        if part[0].arm is lineup.champion:
            raise ScoringError(f"Version {lineup.champion.version} can't answer: {why}", "Roll back: mainstay rollback")
        taken.failures.append(f"Version {part[0].arm.version} can't answer: {why}")
        _hand_over(lineup.champion, part, taken.features_failed)
    if (taken.features_failed or taken.failures) and any(_unanswerable(case) for case in cases):
        raise _refusal(cases)


def _hand_over(champion: Arm, part: list[Case], features_failed: list[FeaturesFailure]) -> None:
    for case in part:
        if case.raw is not None:
            (case.row,) = champion.decoder.decode(case.raw)
        elif case.taken is not None:
            case.row = case.taken
        case.arm, case.inputs, case.taken = champion, None, None
    if why := _score(part, features_failed):
        raise ScoringError(f"Version {champion.version} can't answer: {why}", "Roll back: mainstay rollback")


def _score(part: list[Case], features_failed: list[FeaturesFailure]) -> str:
    """Score records of one arm; returns what went wrong with its model, empty if nothing did."""
    bundle = part[0].arm.bundle
    try:
        if len(part) == 1 and bundle.features is None and not part[0].row.fallback:
            part[0].score = bundle.model.score_one(part[0].row.encoded)
        else:
            _score_many(bundle, part, features_failed)
    except Exception as error:  # noqa: BLE001 - a model may fail in any way; the request must not
        return f"{type(error).__name__}: {error}"
    if bundle.policy.task.kind == "multiclass":
        return _decide_classes(part)
    for case in part:
        if not math.isfinite(case.score) and not _unanswerable(case):
            return "its score isn't a finite number."
        _decide(case, bundle.policy)
    return ""


def _decide_classes(part: list[Case]) -> str:
    """Decide between several classes; returns what is wrong with their probabilities, empty if nothing is."""
    policy = part[0].arm.bundle.policy
    for case in part:
        if _unanswerable(case):
            continue
        if np.shape(case.score) != (len(policy.task.labels),):
            return f"it gives {np.size(case.score)} numbers for {len(policy.task.labels)} labels."
        if not np.isfinite(case.score).all():
            return "its score isn't a finite number."
        _decide(case, policy)
    return ""


def _decide(case: Case, policy: Policy) -> None:
    """Decide once, so that what is logged is what was answered."""
    row = case.row
    if policy.pricing is None:
        case.decision, case.warnings = policy.decide(case.score), row.warnings
        return
    case.decision, warnings = policy.settle(case.score, row.features)
    case.warnings = (*row.warnings, *warnings) if warnings else row.warnings


def _score_many(bundle: Bundle, part: list[Case], features_failed: list[FeaturesFailure]) -> None:
    """Score several records, or any that need more than the model: the fallback's, and those of feature code."""
    asked = [case for case in part if not case.row.fallback]
    if asked:
        _ask(bundle, asked, features_failed)
    for case in part:
        if case.row.fallback and bundle.policy.fallback is not None:  # else it stays NaN, and is refused
            case.score = bundle.policy.one_left_to_fallback()


def _ask(bundle: Bundle, asked: list[Case], features_failed: list[FeaturesFailure]) -> None:
    """Let the model answer; what feature code fails at is left to the fallback."""
    if bundle.features is None:
        encoded = np.stack([case.row.encoded for case in asked])
    else:
        seen = bundle.features.runner.attempt_records([case.row.features for case in asked])
        features_failed += [_leave(asked[place], error) for place, error in seen.failed.items()]
        asked = [case for case in asked if not case.row.fallback]
        for case, values in zip(asked, seen.values, strict=True):
            case.inputs = values
        encoded = seen.encoded
    if len(asked) == 1:
        asked[0].score = bundle.model.score_one(encoded[0])
    elif asked:
        scores = bundle.model.scores(encoded)
        for case, score in zip(asked, scores.tolist() if scores.ndim == 1 else scores, strict=True):
            case.score = score


def _leave(case: Case, error: FeaturesError) -> FeaturesFailure:
    """Leave a record that feature code failed at to the fallback."""
    case.taken, case.row = case.row, left_to_fallback(case.row)
    about = f"Version {case.arm.version}: "
    answered = "." if case.arm.bundle.policy.fallback is None else "; the fallback answers."
    return FeaturesFailure(about + error.kind, f"{about}{error.message.rstrip('.')}{answered}")


def left_to_fallback(row: Row) -> Row:
    """Give a row that feature code failed at: degraded, with the warning, for the fallback to answer."""
    told = len(row.deeds)
    warnings = (*row.warnings[:told], FAILED, *row.warnings[told:])
    return PlainRow(row.encoded, row.features, row.entity, warnings, True, True, (*row.deeds, _FAILED))  # noqa: FBT003 - fields, in their order


def make_answers(cases: Sequence[Case]) -> list[Answer]:
    """Turn scores into predictions and decisions."""
    if cases and isinstance(cases[0].score, np.ndarray):
        return [_class_answer(case) for case in cases]
    return [
        Answer(
            case.id,
            case.arm.bundle.policy.predict(case.score),
            case.score,  # type: ignore[arg-type]
            case.decision,
            case.arm.route.version,
            case.row.degraded,
            case.warnings,
        )
        for case in cases
    ]


def _class_answer(case: Case) -> ClassAnswer:
    policy = case.arm.bundle.policy
    top, shares = by_label(policy.task, case.score)
    return ClassAnswer(
        id=case.id,
        prediction=policy.predict(case.score),
        score=top,
        decision=case.decision,
        version=case.arm.route.version,
        degraded=case.row.degraded,
        warnings=case.warnings,
        scores=shares,
    )


def by_label(task: Task, score: Score) -> tuple[float, dict[str, float]]:
    """Give the probability of the predicted label, and that of each label."""
    shares = dict(zip(task.labels, np.asarray(score).tolist(), strict=True))
    return max(shares.values()), shares


def shadow_cases(lineup: Lineup, cases: Sequence[Case], new_id: Callable[[], str]) -> Cases:
    """Let the shadows answer the same records; gives their cases, in the order of `cases` per shadow, and failures.

    A shadow that can't is a line of text, never a failure of the request.
    """
    shadowed = Cases([], was_array=True, failures=[])
    done, failures = shadowed.cases, shadowed.failures
    for arm in lineup.shadows:
        part = []
        for case in cases:
            try:
                row = (case.taken or case.row) if case.raw is None else arm.decoder.decode(case.raw)[0]
            except RecordError as error:
                failures.append(f"Shadow version {arm.version} refuses a record: {error.message}")
                break
            part.append(Case(new_id(), row, arm))
        if part and len(part) == len(cases):
            why = _score(part, shadowed.features_failed)
            if not why and any(_unanswerable(case) for case in part):
                why = "a record is left to the fallback, and it has none."
            if why:
                failures.append(f"Shadow version {arm.version} can't answer: {why}")
            else:
                done += part
    return shadowed


def make_event(
    case: Case,
    *,
    model: str,
    at: dt.datetime,
    duration: int,
    entity: str | None,
    request: str | None,
    trace: str | None,
    answer: str | None = None,
) -> Prediction:
    """Write down one answer."""
    return Prediction(
        id=case.id,
        at=at,
        model=model,
        version=case.arm.route.version,
        role=case.arm.route.role,
        share=case.arm.route.weight,
        score=case.score,  # type: ignore[arg-type]  # `with_scores` puts it right where there are several classes
        prediction=case.arm.bundle.policy.predict(case.score),
        decision=case.decision,
        features=case.row.features,
        inputs=case.inputs,
        duration=duration,
        entity=entity,
        degraded=case.row.degraded,
        fallback=case.row.fallback,
        warnings=case.warnings,
        request=request,
        trace=trace,
        answer=answer,
    )


def with_scores(cases: Sequence[Case], events: list[Prediction]) -> list[Prediction]:
    """Write each label's probability into the events of one request, where there are several classes."""
    if not cases or not isinstance(cases[0].score, np.ndarray):
        return events
    told = [by_label(case.arm.bundle.policy.task, case.score) for case in cases]
    return [
        msgspec.structs.replace(event, score=top, scores=shares)
        for event, (top, shares) in zip(events, told, strict=True)
    ]
