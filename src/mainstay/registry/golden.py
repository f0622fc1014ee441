"""Golden records: what a client could send, with the score that must come back; checked before a version answers."""

from __future__ import annotations

import datetime as dt
import math
import random
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.contract import Boolean, Category, Datetime, Integer, Number, Text, compile_request
from mainstay.contract.columns import Tensor
from mainstay.errors import InputError, RecordError
from mainstay.models.answers import OFF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.contract import AnyColumn, ColumnProfile, Contract, Profile, Row
    from mainstay.models.features import Features
    from mainstay.models.model import Model, Score
    from mainstay.models.task import Task

TOLERANCE = 1e-9
"""How far a score may be from the recorded one, relative or absolute: other processors round a little differently."""
MOST = 20

Value = str | int | float | bool | list[Any] | None
_WORDS = ("something", "a few words of text", "A1", "12345", "2", "x")
_MAY_MISS = ("impute", "allow", "flag")


class Golden(msgspec.Struct, frozen=True):
    """A record as a client would send it, and the score that must come back: of several classes one per label."""

    record: dict[str, Value]
    score: float | tuple[float, ...]


def make_golden(
    contract: Contract,
    profile: Profile,
    model: Model,
    *,
    seed: int,
    n: int = MOST,
    features: Features | None = None,
) -> tuple[Golden, ...]:
    """Draw records from contract and profile and note what the model says of them.

    Each field is drawn by itself, so no record is anybody's: a bundle holds no personal rows.

    Parameters
    ----------
    contract : Contract
        Of the version.
    profile : Profile
        How the contract's own columns were spread.
    model : Model
        Who answers.
    seed : int
        Of the draw.
    n : int
        How many, 20 at most.
    features : Features, optional
        The version's feature code: records run through it on their way to the model.

    """
    dice = random.Random(seed)  # noqa: S311 - a sample, not a secret
    decoder = compile_request(contract)
    spread = {column.name: column for column in profile.columns}
    found = []
    for _ in range(min(n, MOST)):
        record = {column.name: _draw(column, spread, dice) for column in contract.features}
        try:
            row = decoder.read_record(dict(record))
        except RecordError:  # a contract may leave nothing allowed where the profile was measured
            continue
        if not row.fallback:
            found.append(Golden(record, _plain(model.score_one(_encoded(row, features)))))
    return tuple(found)


def tolerance_of(model: Model) -> float:
    """Say how far a score may be from the recorded one: `TOLERANCE`, or what the model says of itself.

    A network computes in single precision, a quantised one in whole numbers, where another processor's last digit may
    become the next step.
    """
    return max(TOLERANCE, float(getattr(model, "precision", 0.0)))


def golden_failures(
    contract: Contract, model: Model, golden: Sequence[Golden], features: Features | None = None
) -> tuple[str, ...]:
    """Send the golden records through contract, feature code and model; returns a sentence for each wrong answer."""
    decoder, tolerance = compile_request(contract), tolerance_of(model)
    failures = []
    for place, expected in enumerate(golden):
        try:
            (row,) = decoder.decode(msgspec.json.encode(expected.record))
            score = _plain(model.score_one(_encoded(row, features)))
        except RecordError as error:
            failures.append(f"Golden record {place} is refused: {error.message}")
            continue
        except InputError as error:
            failures.append(f"Golden record {place} can't be answered: {error.message}")
            continue
        if not _close(score, expected.score, tolerance):
            failures.append(f"Golden record {place} scores {score!r} and not {expected.score!r}.")
    return tuple(failures)


def misfit(golden: Sequence[Golden], task: Task) -> str:
    """Say how scores don't fit the task, as the end of a sentence; empty where they do.

    Examples
    --------
    >>> from mainstay.models.task import Task
    >>> grades = Task(kind="multiclass", target="grade", labels=("a", "b", "c"))
    >>> misfit([Golden({}, (0.5, 0.5))], grades)
    'gives 2 numbers for the 3 labels of grade'

    """
    wanted = len(task.labels) or 1
    for one in golden:
        said = one.score if isinstance(one.score, tuple) else (one.score,)
        if len(said) != wanted or (task.kind == "multiclass") != isinstance(one.score, tuple):
            labels = f"the {wanted} labels of {task.target}" if task.labels else f"one {task.target}"
            return f"gives {len(said)} numbers for {labels}"
        if not all(math.isfinite(each) for each in said):
            return "gives a score that is no finite number"
        if task.kind == "multiclass" and not math.isclose(sum(said), 1.0, abs_tol=OFF):
            return f"gives probabilities that sum to {sum(said):.4g}, not 1"
    return ""


def _plain(score: Score) -> float | tuple[float, ...]:
    return tuple(score.tolist()) if isinstance(score, np.ndarray) else score


def _close(one: float | tuple[float, ...], other: float | tuple[float, ...], tolerance: float) -> bool:
    ones, others = (each if isinstance(each, tuple) else (each,) for each in (one, other))
    near = partial(math.isclose, rel_tol=tolerance, abs_tol=tolerance)
    return len(ones) == len(others) and all(near(a, b) for a, b in zip(ones, others, strict=True))


def _encoded(row: Row, features: Features | None) -> NDArray[np.float64]:
    if features is None:
        return row.encoded
    encoded: NDArray[np.float64] = features.runner.records([row.features]).encoded[0]
    return encoded


def _draw(column: AnyColumn, spread: Mapping[str, ColumnProfile], dice: random.Random) -> Value:
    if column.missing in _MAY_MISS and dice.random() < 0.1:
        return None
    if isinstance(column, Boolean):
        return dice.choice((column.true, column.false))
    if isinstance(column, Category):
        return dice.choice(column.values)
    if isinstance(column, Text):
        fitting = [word for word in _WORDS if not column.beyond(word)]
        return dice.choice(fitting) if fitting else None
    if isinstance(column, Tensor):
        return _draw_tensor(column, dice)
    return _draw_number(column, [_between(spread.get(name), dice) for name in column.slot_names])


def _draw_number(column: AnyColumn, drawn: list[float]) -> Value:
    """Give drawn numbers as a value of the column, within its limits."""
    if isinstance(column, Integer):
        return int(column.clip(round(drawn[0])))
    if isinstance(column, Datetime):
        moment = column.clip(dt.datetime.fromtimestamp(round(drawn[0]), dt.UTC))
        return moment.strftime(column.format) if column.format else column.as_setting(moment)
    return float(column.clip(round(drawn[0], 6))) if isinstance(column, Number) else None


def _draw_tensor(column: Tensor, dice: random.Random) -> Value:
    """Draw each element from its range, or from 0 to 1: of a tensor the profile keeps norm and mean alone."""
    low = 0.0 if column.min is None else column.min
    high = low + 1.0 if column.max is None else column.max
    drawn = [dice.uniform(low, high) for _ in range(column.width)]
    elements = np.asarray([round(x) if column.is_whole else round(x, 6) for x in drawn])
    nested: list[Any] = column.clip(elements.reshape(column.shape).tolist())
    return nested


def _between(profile: ColumnProfile | None, dice: random.Random) -> float:
    edges = profile.edges if profile else ()
    if not edges:
        return 0.0
    low = dice.randrange(len(edges))
    return dice.uniform(edges[low], edges[min(low + 1, len(edges) - 1)])
