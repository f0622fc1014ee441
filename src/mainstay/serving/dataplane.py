"""From cases to scores and decisions, and who steps in where a model fails.

No socket, file or clock; doors stand on this.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.errors import MainstayError, RecordError
from mainstay.serving.arms.asking import Trouble, ask
from mainstay.serving.cases import Case, Cases, FeaturesFailure, left_to_fallback, refusal, unanswerable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.contract import Row
    from mainstay.events import Value
    from mainstay.models.features import FeaturesError
    from mainstay.models.model import Score
    from mainstay.models.policy import Policy
    from mainstay.registry import Bundle
    from mainstay.serving.lineup import Arm, Lineup


class ScoringError(MainstayError):
    """The champion itself could not give a number."""


def score_cases(lineup: Lineup, taken: Cases) -> None:
    """Let each arm score its records; what a canary or an arm of a test can't, or may not now, the champion does.

    A record that feature code fails at is answered by the fallback of the same version, and so is what the champion
    itself fails at, or a version that the caller named.

    Raises
    ------
    ScoringError
        Where the champion fails as well, and has no fallback.
    RecordError
        Where feature code fails at a record, and the version has no fallback.

    """
    for part in parts_of(taken):
        trouble = ask(part, taken.features_failed, score_part)
        if trouble is not None and not part[0].arm.pinned and part[0].arm is not lineup.champion:
            note(taken, part[0].arm, trouble)
            hand_over(lineup.champion, part)
            trouble = ask(part, taken.features_failed, score_part)
        if trouble is not None:
            stand_in(lineup, taken, part, trouble)
    if (taken.features_failed or taken.failures) and any(unanswerable(case) for case in taken.cases):
        raise refusal(taken.cases)


def parts_of(taken: Cases) -> list[list[Case]]:
    """Part the records of a request by the arm that answers them."""
    cases = taken.cases
    if len(cases) == 1:
        return [cases]
    parts: dict[int, list[Case]] = {}
    for case in cases:
        parts.setdefault(id(case.arm), []).append(case)
    return list(parts.values())


def hand_over(champion: Arm, part: Sequence[Case]) -> None:
    """Give the champion the records of another arm, as they came."""
    for case in part:
        if case.raw is not None:
            (case.row,) = champion.decoder.decode(case.raw)
        elif case.taken is not None:
            case.row = case.taken
        case.arm, case.inputs, case.taken = champion, None, None


def note(taken: Cases, arm: Arm, trouble: Trouble) -> None:
    """Note, for the operator and the counts, that an arm can't answer; of one that isn't asked that is known."""
    if trouble.how != "breaker":
        taken.failures.append(f"Version {arm.version} can't answer: {trouble.told}")


def stand_in(lineup: Lineup, taken: Cases, part: list[Case], trouble: Trouble) -> None:
    """Let a fallback answer records that no model gave a score for: their arm's own, else the champion's.

    Raises
    ------
    ScoringError
        Where there is none.

    """
    arm = part[0].arm
    if arm.bundle.policy.fallback is None and not arm.pinned and lineup.champion.bundle.policy.fallback is not None:
        hand_over(lineup.champion, part)
    elif arm.bundle.policy.fallback is None:
        raise ScoringError(f"Version {arm.version} can't answer: {trouble.told}", "Roll back: mainstay rollback")
    note(taken, arm, trouble)
    for case in part:
        if not case.row.fallback:
            case.taken, case.row = case.taken or case.row, left_to_fallback(case.row, trouble.how)
        case.inputs = None
    answer_kept(part)
    settle(part)


def score_part(part: list[Case], features_failed: list[FeaturesFailure]) -> str:
    """Score records of one arm; returns what went wrong with its model, empty if nothing did."""
    bundle = part[0].arm.bundle
    try:
        if len(part) == 1 and bundle.features is None and not part[0].row.fallback:
            part[0].score = bundle.model.score_one(part[0].row.encoded)
        else:
            _score_many(bundle, part, features_failed)
    except Exception as error:  # noqa: BLE001 - a model may fail in any way; the request must not
        return f"{type(error).__name__}: {error}"
    return settle(part)


def settle(part: list[Case]) -> str:
    """Decide on records of one arm that have their scores; returns what is wrong with those, empty if nothing is."""
    bundle = part[0].arm.bundle
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
    case.prediction = policy.predict(case.score)
    if policy.pricing is None:
        case.decision, case.warnings = policy.decide(case.score), row.warnings
    else:
        case.decision, warnings = policy.settle(case.score, row.features)
        case.warnings = (*row.warnings, *warnings) if warnings else row.warnings
    if case.control:
        case.decision, case.intended = policy.hold_back(case.decision)


def _score_many(bundle: Bundle, part: list[Case], features_failed: list[FeaturesFailure]) -> None:
    """Score several records, or any that need more than the model: the fallback's, and those of feature code."""
    asked = [case for case in part if not case.row.fallback]
    if asked:
        features_failed += take_in(asked, ask_model(bundle, [case.row for case in asked]))
    answer_kept(part)


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said of some records, in their order.

    Parameters
    ----------
    scores : list of Score
        NaN where feature code failed.
    inputs : list of dict or None
        What the model saw, where feature code derived it.
    failed : dict of int to FeaturesError
        Places of the records that feature code failed at.

    """

    scores: list[Score]
    inputs: list[dict[str, Value] | None]
    failed: dict[int, FeaturesError]

    def part(self, start: int, end: int) -> Said:
        """Give what was said of some of them."""
        failed = {place - start: error for place, error in self.failed.items() if start <= place < end}
        return Said(self.scores[start:end], self.inputs[start:end], failed)


def ask_model(bundle: Bundle, rows: Sequence[Row]) -> Said:
    """Let a model answer some records, in one call; changes nothing, so any thread may ask.

    Raises
    ------
    Exception
        Whatever the model raises.

    """
    if bundle.features is None:
        scores = _scores(bundle, np.stack([row.encoded for row in rows]))
        return Said(scores, [None] * len(scores), {})
    seen = bundle.features.runner.attempt_records([row.features for row in rows])
    answered = zip(_scores(bundle, seen.encoded), seen.values, strict=True)
    pairs = [(math.nan, None) if place in seen.failed else next(answered) for place in range(len(rows))]
    return Said([score for score, _ in pairs], [values for _, values in pairs], seen.failed)


def _scores(bundle: Bundle, encoded: NDArray[np.float64]) -> list[Score]:
    if len(encoded) == 1:
        return [bundle.model.score_one(encoded[0])]
    if not len(encoded):
        return []
    scores = bundle.model.scores(encoded)
    return scores.tolist() if scores.ndim == 1 else list(scores)


def take_in(asked: Sequence[Case], said: Said) -> list[FeaturesFailure]:
    """Write down what a model said of records; what feature code failed at is left to the fallback."""
    failures = []
    for place, (case, score, inputs) in enumerate(zip(asked, said.scores, said.inputs, strict=True)):
        if place in said.failed:
            failures.append(_leave(case, said.failed[place]))
        else:
            case.score, case.inputs = score, inputs
    return failures


def answer_kept(part: Sequence[Case]) -> None:
    """Let the fallback answer what is kept from the model; where there is none, it stays NaN and is refused."""
    for case in part:
        if case.row.fallback and case.arm.bundle.policy.fallback is not None:
            case.score = case.arm.bundle.policy.one_left_to_fallback()


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
            trouble = ask(part, shadowed.features_failed, score_part)
            if trouble is None and any(unanswerable(case) for case in part):
                trouble = Trouble("error", "a record is left to the fallback, and it has none.")
            if trouble is not None:
                if trouble.how != "breaker":
                    failures.append(f"Shadow version {arm.version} can't answer: {trouble.told}")
            else:
                done += part
    return shadowed
