"""Golden records: what a client could send, with the score that must come back; checked before a version answers."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import Boolean, Category, Integer, Number, compile_request
from mainstay.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract import AnyColumn, ColumnProfile, Contract, Profile
    from mainstay.models.model import Model

TOLERANCE = 1e-9
"""How far a score may be from the recorded one, relative or absolute: other processors round a little differently."""
MOST = 20

Value = str | int | float | bool | None


class Golden(msgspec.Struct, frozen=True):
    """A record as a client would send it, and the score that must come back."""

    record: dict[str, Value]
    score: float


def make_golden(contract: Contract, profile: Profile, model: Model, *, seed: int, n: int = MOST) -> tuple[Golden, ...]:
    """Draw records from contract and profile and note what the model says of them.

    Each field is drawn by itself, so no record is anybody's: a bundle holds no personal rows.

    Parameters
    ----------
    contract, profile, model
        Of the version.
    seed : int
        Of the draw.
    n : int
        How many, 20 at most.

    """
    dice = random.Random(seed)  # noqa: S311 - a sample, not a secret
    decoder = compile_request(contract)
    found = []
    for _ in range(min(n, MOST)):
        record = {column.name: _draw(column, profile.column(column.name), dice) for column in contract.features}
        try:
            row = decoder.read_record(dict(record))
        except RecordError:  # a contract may leave nothing allowed where the profile was measured
            continue
        found.append(Golden(record, model.score_one(row.encoded)))
    return tuple(found)


def golden_failures(contract: Contract, model: Model, golden: Sequence[Golden]) -> tuple[str, ...]:
    """Send the golden records through contract and model; returns a sentence for each wrong answer."""
    decoder = compile_request(contract)
    failures = []
    for place, expected in enumerate(golden):
        try:
            (row,) = decoder.decode(msgspec.json.encode(expected.record))
        except RecordError as error:
            failures.append(f"Golden record {place} is refused: {error.message}")
            continue
        score = model.score_one(row.encoded)
        if not math.isclose(score, expected.score, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            failures.append(f"Golden record {place} scores {score!r} and not {expected.score!r}.")
    return tuple(failures)


def _draw(column: AnyColumn, profile: ColumnProfile, dice: random.Random) -> Value:
    if column.missing != "reject" and dice.random() < 0.1:
        return None
    if isinstance(column, Boolean):
        return dice.choice((column.true, column.false))
    if isinstance(column, Category):
        return dice.choice(column.values)
    value = _between(profile.edges, dice)
    if isinstance(column, Integer):
        return column.clip(round(value))
    if isinstance(column, Number):
        return column.clip(round(value, 6))
    return None


def _between(edges: Sequence[float], dice: random.Random) -> float:
    if not edges:
        return 0.0
    low = dice.randrange(len(edges))
    return dice.uniform(edges[low], edges[min(low + 1, len(edges) - 1)])
