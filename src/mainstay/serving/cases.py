"""A request becomes cases: decoded by the contract of whoever answers each record, and refused where nobody can."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.contract.row import Deed, PlainRow
from mainstay.errors import Problem, RecordError
from mainstay.models.features import FILE
from mainstay.models.policy import NO_ACTION
from mainstay.release import is_control

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.contract import Row
    from mainstay.events import Value
    from mainstay.models.model import Score
    from mainstay.release import Route
    from mainstay.serving.lineup import Arm, Lineup

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
FAILED = f"{FILE} failed at this record; answered by the fallback"
"""The warning of a record that feature code failed at."""
_FAILED = Deed(FILE, "features", "fallback")
Why = Literal["features", "error", "deadline", "breaker"]
"""Why a record that the contract accepts is left to the fallback."""
_LEFT: dict[Why, tuple[str, Deed]] = {
    "features": (FAILED, _FAILED),
    "error": ("the model failed at this record; answered by the fallback", Deed("model", "error", "fallback")),
    "breaker": (
        "the model failed too often and isn't asked now; answered by the fallback",
        Deed("model", "breaker", "fallback"),
    ),
    "deadline": ("the model gave no answer in time; answered by the fallback", Deed("model", "deadline", "fallback")),
}


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


@dataclass(slots=True)
class Case:
    """One record on its way: who answers it, the score, and what the model saw where feature code derived it.

    `taken` is the row as the contract gave it, where feature code failed at it since; `prediction`,
    `decision` and `warnings` are what is answered and logged. `control` says that it is never acted on, and `intended`
    what would have been decided, where that kept it from being done.
    """

    id: str
    row: Row
    arm: Arm
    raw: bytes | None = None
    score: Score = math.nan
    inputs: dict[str, Value] | None = None
    taken: Row | None = None
    prediction: str | float = NO_ACTION
    decision: str | float = NO_ACTION
    warnings: tuple[str, ...] = ()
    control: bool = False
    intended: str | None = None


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
        A sentence for each arm that failed, and was answered for by the champion or by its fallback.
    features_failed : list of FeaturesFailure
        One for each record that feature code failed at.

    """

    cases: list[Case]
    was_array: bool
    failures: list[str]
    features_failed: list[FeaturesFailure] = field(default_factory=list)


class ArmRecordError(RecordError):
    """Records were refused by the contract of the arm that was chosen for them.

    Parameters
    ----------
    error : RecordError
        What is wrong with them.
    route : Route
        Of that arm; the first, where several refuse.

    """

    def __init__(self, error: RecordError, route: Route) -> None:
        super().__init__(error.problems, error.total)
        self.route = route


def take_cases(lineup: Lineup, body: bytes, new_id: Callable[[], str], named: Arm | None = None) -> Cases:
    """Decode a request and choose who answers each record; by entity where it has one, else by chance.

    Parameters
    ----------
    lineup : Lineup
        Who is there.
    body : bytes
        A record, or an array of them.
    new_id : callable
        Gives ids.
    named : Arm, optional
        Who answers all of them, where the caller named one (`mainstay.serving.arms.pin`).

    Raises
    ------
    BodyError
        Where it can't be read.
    ArmRecordError
        As the contract of the chosen arm says; and where only a fallback could answer, and the arm has none.

    """
    taken = _take(lineup, body, new_id) if named is None else _take_named(named, body, new_id)
    if lineup.control:
        for case in taken.cases:
            case.control = is_control(case.row.entity or case.id, lineup.release.model, lineup.control)
    for case in taken.cases:
        if case.row.fallback and unanswerable(case):
            raise refusal(taken.cases)
    return taken


def unanswerable(case: Case) -> bool:
    """Say whether only a fallback could answer, and the version has none."""
    return case.row.fallback and case.arm.bundle.policy.fallback is None


def refusal(cases: Sequence[Case]) -> ArmRecordError:
    """Refuse records that are kept from the model, and a version without a fallback can't answer."""
    left = [(place, case) for place, case in enumerate(cases) if unanswerable(case)]
    problems = [_problem(place, case) for place, case in left]
    return ArmRecordError(RecordError(problems[:100], len(problems)), left[0][1].arm.route)


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
    try:
        rows, was_array = lineup.champion.decoder.decode_with_shape(body)
    except RecordError as error:  # every arm has this contract; who would have answered is drawn, as for an answer
        raise ArmRecordError(error, lineup.choose(new_id()).route) from None
    if len(lineup.arms) == 1:
        return Cases([Case(new_id(), row, lineup.champion) for row in rows], was_array, [])
    cases = []
    for row in rows:
        name = new_id()
        cases.append(Case(name, row, lineup.choose(row.entity or name)))
    return Cases(cases, was_array, [])


def _take_named(arm: Arm, body: bytes, new_id: Callable[[], str]) -> Cases:
    try:
        rows, was_array = arm.decoder.decode_with_shape(body)
    except RecordError as error:
        raise ArmRecordError(error, arm.route) from None
    return Cases([Case(new_id(), row, arm) for row in rows], was_array, [])


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
    refusing: list[Arm] = []
    for place, raw in enumerate(raws):
        name = new_id()
        arm = lineup.choose(entity_of(lineup, raw) or name)
        try:
            (row,) = arm.decoder.decode(raw)
        except RecordError as error:
            problems += [msgspec.structs.replace(each, record=place) for each in error.problems]
            total += error.total
            refusing.append(arm)
            continue
        cases.append(Case(name, row, arm, raw))
    if problems:
        raise ArmRecordError(RecordError(problems[:100], total), refusing[0].route)
    return Cases(cases, was_array, [])


def entity_of(lineup: Lineup, raw: bytes) -> str | None:
    """Say who a record is about, by whichever contract accepts it, the champion's first."""
    for arm in (lineup.champion, *lineup.arms):
        try:
            return arm.decoder.decode(raw)[0].entity
        except RecordError:
            continue
    return None


def left_to_fallback(row: Row, why: Why = "features") -> Row:
    """Give a row that nobody scored: degraded, with the warning that says why, for the fallback to answer."""
    told = len(row.deeds)
    warning, deed = _LEFT[why]
    warnings = (*row.warnings[:told], warning, *row.warnings[told:])
    return PlainRow(row.encoded, row.features, row.entity, warnings, True, True, (*row.deeds, deed), row.sent)  # noqa: FBT003 - fields, in their order
