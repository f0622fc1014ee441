"""The ways a record is explained, each to the same `Found`: exact, sampling, kernel, LIME, and the fallback's."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.explain.additive import carried, identity, logistic, settled
from mainstay.models.explain.kernel import kernel_parts
from mainstay.models.explain.lime import lime_parts
from mainstay.models.explain.players import gathered
from mainstay.models.explain.sampling import sample_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.models.explain.additive import Additive
    from mainstay.models.explain.explanation import Scale, Way
    from mainstay.models.explain.players import Player

    Floats = NDArray[np.float64]

CUT = "The time for it ran out after {draws} of {wanted} draws: the parts are rough."
NOT_ASKED = "The fallback answered, not the model: no feature was looked at."


@dataclass(frozen=True)
class Found:
    """What a way found of one record, as numbers.

    Parameters
    ----------
    base, parts, score : float, array of shape (players,), float
        On `scale`; see `Explanation`.
    scale : {"log-odds", "amount", "probability"}
        What they are.
    typical, effects, answer : float, array of shape (players,), float
        The same on the scale of the answer.
    method : str
        The way.
    errors : array, shape (players,), optional
        Standard errors of the parts.
    rest : float
        What the parts leave unexplained.
    samples, complete, note
        See `Explanation`.

    """

    base: float
    parts: Floats
    score: float
    scale: Scale
    typical: float
    effects: Floats
    answer: float
    method: Way
    errors: Floats | None = None
    rest: float = 0.0
    samples: int = 0
    complete: bool = True
    note: str = ""

    def turned(self) -> Found:
        """Give the same about the other of two labels."""
        whole = 0.0 if self.scale == "log-odds" else 1.0
        return replace(
            self,
            base=whole - self.base,
            parts=-self.parts,
            score=whole - self.score,
            typical=1.0 - self.typical,
            effects=-self.effects,
            answer=1.0 - self.answer,
            rest=0.0 - self.rest,
        )


def exactly(
    sums: Additive, players: Sequence[Player], answers: Floats, outputs: Sequence[int], scale: Scale
) -> list[Found]:
    """Explain rows by the model's own sums.

    Parameters
    ----------
    sums : Additive
        Of n rows.
    players : sequence of Player
        What the parts are gathered into.
    answers : array, shape (n,)
        The score of each row's output.
    outputs : sequence of int
        The output of each row that is explained.
    scale : {"amount", "probability"}
        Of the answers.

    """
    parts = gathered(sums.parts, players)
    return [
        _exactly(sums, mine, answer, output, scale)
        for mine, answer, output in zip(parts, answers.tolist(), outputs, strict=True)
    ]


def _exactly(sums: Additive, parts: Floats, answer: float, output: int, scale: Scale) -> Found:
    if sums.link is identity:
        base = float(sums.base[output])
        mine = settled(parts[:, output], answer - base)
        return Found(base, mine, answer, scale, base, mine, answer, "exact")
    typical, effects = carried(sums.base, parts, sums.link, output)
    effects = settled(effects, answer - typical)  # where a model scores in single precision
    if sums.link is logistic and sums.base.size == 1:
        base, mine = float(sums.base[0]), parts[:, 0]
        return Found(base, mine, base + float(mine.sum()), "log-odds", typical, effects, answer, "exact")
    return Found(typical, effects, answer, scale, typical, effects, answer, "exact")


@dataclass(frozen=True)
class Surroundings:
    """What the ways that only ask the model compare a record with.

    Parameters
    ----------
    background : array, shape (m, width)
        Rows that are nobody's.
    players : sequence of Player
        What is told apart.
    scale : {"amount", "probability"}
        Of the scores.
    seed : int
        Of what is drawn.

    """

    background: Floats
    players: Sequence[Player]
    scale: Scale
    seed: int


def sampled(
    score: Callable[[Floats], Floats], row: Floats, around: Surroundings, *, rounds: int, seconds: float
) -> Found:
    """Explain a row by sampling orders, within a time."""
    until = time.perf_counter() + seconds
    base = float(score(around.background).mean())
    rng = np.random.default_rng(around.seed)
    got = sample_parts(score, row, around.background, around.players, base=base, rng=rng, rounds=rounds, until=until)
    wanted = rounds * len(around.background)
    note = "" if got.complete else CUT.format(draws=got.draws, wanted=wanted)
    found = _asked(base, got.parts, float(score(row[None])[0]), around, "sampling")
    return replace(found, errors=got.errors, samples=got.draws, complete=got.complete, note=note)


def by_kernel(score: Callable[[Floats], Floats], row: Floats, around: Surroundings) -> Found:
    """Explain a row by Kernel SHAP."""
    base, parts = kernel_parts(score, row, around.background, around.players, seed=around.seed)
    return _asked(base, parts, float(score(row[None])[0]), around, "kernel")


def by_lime(score: Callable[[Floats], Floats], row: Floats, around: Surroundings) -> Found:
    """Explain a row by LIME; what the local model misses is the rest."""
    base, parts, fit = lime_parts(score, row, around.background, around.players, seed=around.seed)
    found = _asked(base, parts, float(score(row[None])[0]), around, "lime")
    rest = found.score - base - float(parts.sum())
    note = f"LIME's local model has an R² of {fit:.2f} around this record; its parts don't add up to the score."
    return replace(found, rest=rest, note=note)


def fallen_back(score: float, scale: Scale, players: int) -> Found:
    """Explain what the fallback answered: it looks at nothing."""
    nothing = np.zeros(players)
    return Found(score, nothing, score, scale, score, nothing, score, "fallback", note=NOT_ASKED)


def _asked(base: float, parts: Floats, score: float, around: Surroundings, method: Way) -> Found:
    return Found(base, parts, score, around.scale, base, parts, score, method)
