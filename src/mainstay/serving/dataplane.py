"""From cases to scores and decisions, and who steps in where a model fails.

No socket, file or clock; doors stand on this.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mainstay.errors import MainstayError, RecordError
from mainstay.serving.cases import Case, Cases, FeaturesFailure, left_to_fallback, refusal, unanswerable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.models.features import FeaturesError
    from mainstay.models.policy import Policy
    from mainstay.registry import Bundle
    from mainstay.serving.lineup import Arm, Lineup


class ScoringError(MainstayError):
    """The champion itself could not give a number."""


def score_cases(lineup: Lineup, taken: Cases) -> None:
    """Let each arm score its records; what the model of a canary or an arm can't, the champion does.

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
    if (taken.features_failed or taken.failures) and any(unanswerable(case) for case in cases):
        raise refusal(cases)


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
        if not math.isfinite(case.score) and not unanswerable(case):
            return "its score isn't a finite number."
        _decide(case, bundle.policy)
    return ""


def _decide_classes(part: list[Case]) -> str:
    """Decide between several classes; returns what is wrong with their probabilities, empty if nothing is."""
    policy = part[0].arm.bundle.policy
    for case in part:
        if unanswerable(case):
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
            if not why and any(unanswerable(case) for case in part):
                why = "a record is left to the fallback, and it has none."
            if why:
                failures.append(f"Shadow version {arm.version} can't answer: {why}")
            else:
                done += part
    return shadowed
