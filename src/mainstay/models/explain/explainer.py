"""`Explainer`: explains the answers of one model, by the best way there is for it."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.errors import InputError
from mainstay.models.explain import ways
from mainstay.models.explain.additive import Exact
from mainstay.models.explain.background import draw_background
from mainstay.models.explain.explanation import METHODS, Explanation, Part
from mainstay.models.explain.players import players_of
from mainstay.models.explain.reasons import Outcome, reasons_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.contract import Contract, Profile
    from mainstay.models.explain.additive import Additive
    from mainstay.models.explain.explanation import Method, Scale
    from mainstay.models.explain.players import Player
    from mainstay.models.explain.subject import Subject
    from mainstay.models.explain.ways import Found
    from mainstay.models.model import Model
    from mainstay.models.task import Task

    Floats = NDArray[np.float64]

_CLOSE = 1e-5  # how far an adapter's sums may be from its scores, in single precision, before they aren't believed


class Explainer:
    """Explains the answers of one model. Keeps nothing of a record; safe in any number of threads.

    Parameters
    ----------
    model : Model
        Whose answers.
    contract, inputs : Contract
        Of a record, and what the model sees of it.
    profile : Profile
        How that was spread in training: where means and the background come from.
    task : Task
        What is predicted.
    seed : int
        For what is drawn: the same record gets the same explanation.

    """

    def __init__(
        self, model: Model, contract: Contract, inputs: Contract, profile: Profile, task: Task, *, seed: int = 0
    ) -> None:  # fmt: skip
        self.model = model
        self._able = model if isinstance(model, Exact) else None
        self.contract = contract
        self.inputs = inputs
        self.profile = profile
        self.task = task
        self.seed = seed
        self.players = players_of(inputs)
        target = contract.called("target")
        self.unit = contract.column(target[0]).unit if target else ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels whose probabilities can be explained; none for amounts."""
        task = self.task
        return (task.negative, task.positive) if task.kind == "binary" else task.labels

    @property
    def scale(self) -> Scale:
        """What answers are."""
        return "probability" if self.labels else "amount"

    @cached_property
    def background(self) -> Floats:
        """Rows that are nobody's, to compare with; shape (rows, width)."""
        return draw_background(self.inputs, self.profile, seed=self.seed)

    @cached_property
    def exact(self) -> bool:
        """Whether the model can be explained exactly."""
        return self._sums(self.background[:2]) is not None

    def explain(
        self,
        subjects: Sequence[Subject],
        *,
        method: Method = "auto",
        label: str | None = None,
        seconds: float = np.inf,
        rounds: int = 1,
    ) -> tuple[Explanation, ...]:
        """Explain records.

        Parameters
        ----------
        subjects : sequence of Subject
            The records.
        method : {"auto", "exact", "sampling", "kernel", "lime"}
            "auto" is exact where the model can be, else sampling.
        label : str, optional
            The label whose probability to explain; without it the positive one (binary), or the likeliest.
        seconds : float
            What all of them may take where they are sampled; each gets its share, and one draw in any case.
        rounds : int
            How often each background row is started from, where they are sampled.

        Raises
        ------
        InputError
            Where there is no such label or method, or the model can't be explained that way.
        SetupError
            Where a way needs a package that isn't here.

        """
        self.demand(method, label)
        began = time.perf_counter()
        asked = [subject for subject in subjects if subject.fallback is None]
        X = np.stack([subject.encoded for subject in asked]) if asked else np.empty((0, self.inputs.width))
        found = iter(self.find(X, method=method, label=label, seconds=seconds, rounds=rounds))
        told = [
            self._told(subject, *(next(found) if subject.fallback is None else self._fallen(subject.fallback, label)))
            for subject in subjects
        ]
        each = (time.perf_counter() - began) / max(1, len(told))
        return tuple(msgspec.structs.replace(one, seconds=each) for one in told)

    def demand(self, method: str, label: str | None) -> None:
        """Refuse a method or a label there isn't; raises InputError."""
        if method not in METHODS:
            raise InputError(f"There is no way of explaining called '{method[:40]}'.", f"Use {', '.join(METHODS)}.")
        if label is None or label in self.labels:
            return
        if not self.labels:
            raise InputError(
                f"{self.task.target} is an amount, so there is no label '{label[:40]}' to explain.", "Leave it out."
            )
        raise InputError(
            f"{self.task.target} has no label '{label[:40]}'.", f"Ask for one of {', '.join(self.labels[:20])}."
        )

    def find(
        self, X: Floats, *, method: Method = "auto", label: str | None = None, seconds: float = np.inf, rounds: int = 1
    ) -> list[tuple[str, Found]]:
        """Explain encoded rows of shape (n, width) as numbers: the label and what was found, one for each row."""
        if not len(X):
            return []
        scores = self._scores(X)
        chosen = self._chosen(scores, label)
        if method in ("auto", "exact"):
            sums = self._sums(X, scores)
            if sums is not None:
                outputs = [output for _, output in chosen]
                answers = scores[np.arange(len(X)), outputs]
                return self._named(chosen, ways.exactly(sums, self.players, answers, outputs, self.scale))
            if method == "exact":
                raise InputError(
                    f"A model of the framework '{self.model.framework}' can't be explained exactly.",
                    "Use --method sampling, or auto.",
                )
        share = seconds / len(X)
        found = [self._ask(row, output, method, share, rounds) for row, (_, output) in zip(X, chosen, strict=True)]
        return self._named(chosen, found)

    def _ask(self, row: Floats, output: int, method: Method, seconds: float, rounds: int) -> Found:
        around = ways.Surroundings(
            self.background, self.players, self.scale, self.seed
        )  # fmt: skip
        score = self._score_of(output)
        if method == "kernel":
            return ways.by_kernel(score, row, around)
        if method == "lime":
            return ways.by_lime(score, row, around)
        return ways.sampled(score, row, around, rounds=rounds, seconds=seconds)

    def _score_of(self, output: int) -> Callable[[Floats], Floats]:
        return lambda X: self._scores(X)[:, output]

    def _scores(self, X: Floats) -> Floats:
        """Score rows; shape (n, k), the columns being the outputs."""
        if len(X) == 1:
            return np.asarray(self.model.score_one(X[0]), dtype=np.float64).reshape(1, -1)
        return self.model.scores(X).reshape(len(X), -1)

    def _sums(self, X: Floats, scores: Floats | None = None) -> Additive | None:
        """Ask the model for its sums; None where it is none, or where they don't lead to its scores."""
        sums = None if self._able is None else self._able.attributions(X, self.profile)
        if sums is None:
            return None
        scores = self._scores(X) if scores is None else scores
        near = np.abs(sums.link(sums.totals) - scores) <= _CLOSE * np.maximum(1.0, np.abs(scores))
        return sums if near.all() else None

    def _chosen(self, scores: Floats, label: str | None) -> list[tuple[str, int]]:
        """Choose the label and the output to explain, for each row."""
        if not self.labels:
            return [("", 0)] * len(scores)
        if scores.shape[1] == 1:  # of two labels the positive one is scored
            return [(label or self.task.positive, 0)] * len(scores)
        places = scores.argmax(axis=1).tolist() if label is None else [self.labels.index(label)] * len(scores)
        return [(self.labels[place], place) for place in places]

    def _named(self, chosen: list[tuple[str, int]], found: list[Found]) -> list[tuple[str, Found]]:
        turn = self.task.kind == "binary" and bool(chosen) and chosen[0][0] == self.task.negative
        return [(label, one.turned() if turn else one) for (label, _), one in zip(chosen, found, strict=True)]

    def _fallen(self, said: float | tuple[float, ...], label: str | None) -> tuple[str, Found]:
        scores = np.atleast_2d(np.asarray(said, dtype=np.float64))
        (chosen,) = self._chosen(scores, label)
        score = float(scores[0, chosen[1]])
        return self._named([chosen], [ways.fallen_back(score, self.scale, len(self.players))])[0]

    def _told(self, subject: Subject, label: str, found: Found) -> Explanation:
        errors = [None] * len(self.players) if found.errors is None else found.errors.tolist()
        rows = zip(self.players, found.parts.tolist(), found.effects.tolist(), errors, strict=True)
        parts = tuple(
            Part(player.name, _value(player, subject), part, effect, _error(error))
            for player, part, effect, error in rows
        )
        outcome = Outcome(self.task, label, self.unit)
        return Explanation(
            target=self.task.target,
            label=label,
            base=found.base,
            score=found.score,
            scale=found.scale,
            typical=found.typical,
            answer=found.answer,
            parts=parts,
            method=found.method,
            exact=found.method in ("exact", "fallback"),
            rest=found.rest,
            samples=found.samples,
            complete=found.complete,
            note=found.note,
            unit=self.unit,
            reasons=reasons_of(parts, self.players, self.contract, outcome, filled=subject.filled),
        )


def _value(player: Player, subject: Subject) -> Any:
    column = player.column
    if column.width == 1:
        return subject.values.get(column.name)
    cells = subject.encoded[player.first : player.end]
    if np.isnan(cells).all():
        return None
    return float(cells[0]) if cells.size == 1 else f"{cells.size} numbers, {cells.mean():.3g} on average"


def _error(error: float | None) -> float | None:
    return None if error is None or error != error else error  # noqa: PLR0124 - only NaN differs from itself
