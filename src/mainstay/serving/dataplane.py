"""From a body to answers: decode, choose who answers, score, decide. No socket, file or clock; doors stand on this."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.errors import MainstayError, RecordError
from mainstay.events import Prediction

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from mainstay.contract import Row
    from mainstay.serving.lineup import Arm, Lineup

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode


class ScoringError(MainstayError):
    """The champion itself could not give a number."""


class Answer(msgspec.Struct, frozen=True):
    """What the caller gets for one record."""

    id: str
    prediction: str | float
    score: float
    decision: str | float
    version: int
    degraded: bool
    warnings: tuple[str, ...]


@dataclass(slots=True)
class Case:
    """One record on its way: who answers it, and the score."""

    id: str
    row: Row
    arm: Arm
    raw: bytes | None = None
    score: float = math.nan


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

    """

    cases: list[Case]
    was_array: bool
    failures: list[str]


def take_cases(lineup: Lineup, body: bytes, new_id: Callable[[], str]) -> Cases:
    """Decode a request and choose who answers each record; by entity where it has one, else by chance.

    Raises
    ------
    BodyError, RecordError
        As the contract of the chosen arm says.

    """
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
    """Let each arm score its records; what a canary can't, the champion does.

    Raises
    ------
    ScoringError
        Where the champion fails as well.

    """
    cases = taken.cases
    if len(cases) == 1 or len(lineup.arms) == 1:
        parts = [cases]
    else:
        parts = [part for arm in lineup.arms if (part := [case for case in cases if case.arm is arm])]
    for part in parts:
        why = _score(part)
        if not why:
            continue
        if part[0].arm is lineup.champion:
            raise ScoringError(f"Version {lineup.champion.version} can't answer: {why}", "Roll back: mainstay rollback")
        taken.failures.append(f"Version {part[0].arm.version} can't answer: {why}")
        _hand_over(lineup.champion, part)


def _hand_over(champion: Arm, part: list[Case]) -> None:
    for case in part:
        if case.raw is not None:
            (case.row,) = champion.decoder.decode(case.raw)
        case.arm = champion
    if why := _score(part):
        raise ScoringError(f"Version {champion.version} can't answer: {why}", "Roll back: mainstay rollback")


def _score(part: list[Case]) -> str:
    """Score records of one arm; returns what went wrong, empty if nothing did."""
    model = part[0].arm.bundle.model
    try:
        if len(part) == 1:
            part[0].score = model.score_one(part[0].row.encoded)
        else:
            scores = model.scores(np.stack([case.row.encoded for case in part]))
            for case, score in zip(part, scores.tolist(), strict=True):
                case.score = score
    except Exception as error:  # noqa: BLE001 - a model may fail in any way; the request must not
        return f"{type(error).__name__}: {error}"
    return "" if all(math.isfinite(case.score) for case in part) else "its score isn't a finite number."


def make_answers(cases: Sequence[Case]) -> list[Answer]:
    """Turn scores into predictions and decisions."""
    return [
        Answer(
            case.id,
            case.arm.bundle.policy.predict(case.score),
            case.score,
            case.arm.bundle.policy.decide(case.score),
            case.arm.route.version,
            case.row.degraded,
            case.row.warnings,
        )
        for case in cases
    ]


def shadow_cases(lineup: Lineup, cases: Sequence[Case], new_id: Callable[[], str]) -> tuple[list[Case], list[str]]:
    """Let the shadows answer the same records; returns their cases, in the order of `cases` per shadow, and failures.

    A shadow that can't is a line of text, never a failure of the request.
    """
    done: list[Case] = []
    failures: list[str] = []
    for arm in lineup.shadows:
        part = []
        for case in cases:
            try:
                row = case.row if case.raw is None else arm.decoder.decode(case.raw)[0]
            except RecordError as error:
                failures.append(f"Shadow version {arm.version} refuses a record: {error.message}")
                break
            part.append(Case(new_id(), row, arm))
        if part and len(part) == len(cases):
            why = _score(part)
            if why:
                failures.append(f"Shadow version {arm.version} can't answer: {why}")
            else:
                done += part
    return done, failures


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
    policy = case.arm.bundle.policy
    return Prediction(
        id=case.id,
        at=at,
        model=model,
        version=case.arm.route.version,
        role=case.arm.route.role,
        share=case.arm.route.weight,
        score=case.score,
        prediction=policy.predict(case.score),
        decision=policy.decide(case.score),
        features=case.row.features,
        duration=duration,
        entity=entity,
        degraded=case.row.degraded,
        warnings=case.row.warnings,
        request=request,
        trace=trace,
        answer=answer,
    )
