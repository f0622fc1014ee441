"""`Explanation`: why one record got its score, as parts that add up to it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from mainstay import render
from mainstay.models.explain.document import explanation_document

Scale = Literal["log-odds", "amount", "probability"]
Way = Literal["exact", "sampling", "kernel", "lime", "fallback"]
Method = Literal["auto", "exact", "sampling", "kernel", "lime"]
METHODS: tuple[Method, ...] = ("auto", "exact", "sampling", "kernel", "lime")

TOLERANCE = 1e-9
"""How far base and parts may be from the score, relative to the largest of them."""


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one feature has to do with a score.

    Parameters
    ----------
    feature : str
        Its name.
    value : number, str, bool, list or None
        Its value as the model saw it; None where it is missing.
    part : float
        What it adds, on the scale of the explanation.
    effect : float
        What it adds to the score as it is answered: a probability (0 to 1), or an amount.
    error : float, optional
        Standard error of `part`, where it was sampled.

    """

    feature: str
    value: Any
    part: float
    effect: float
    error: float | None = None


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part in words.

    Parameters
    ----------
    text : str
        A sentence: ``"Month-to-month contract raises the chance of churn by 21 points."``. Plain text, not escaped.
    feature : str
        The feature it is about.
    points : float, optional
        What it adds to a probability, in percentage points.
    amount : float, optional
        What it adds to an amount, in the unit of the target.

    """

    text: str
    feature: str
    points: float | None = None
    amount: float | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why one record got its score: ``base``, the parts and ``rest`` add up to ``score`` on the explanation's scale.

    Parameters
    ----------
    target, label : str
        What is predicted, and the label whose probability is explained; no label for amounts.
    base : float
        The score of a typical record, on the scale.
    score : float
        The record's score, on the scale.
    scale : {"log-odds", "amount", "probability"}
        What base, parts and score are. Log-odds where the model is a sum of them.
    typical, answer : float
        Base and score as they are answered: probabilities or amounts. `Part.effect` leads from one to the other.
    parts : tuple of Part
        One per feature, in the order of the contract.
    method : {"exact", "sampling", "kernel", "lime", "fallback"}
        How it was found; "fallback" where the model wasn't asked at all.
    exact : bool
        Whether the parts are the Shapley values themselves, and no estimates.
    seconds : float
        How long it took.
    rest : float
        What the parts leave unexplained: 0 but for LIME, whose local model isn't the model.
    samples : int
        How many draws an estimate stands on.
    complete : bool
        Whether there was time for all the draws that were planned.
    note : str
        What a reader must know.
    unit : str
        Of amounts.
    reasons : tuple of Reason
        The largest parts in words, both directions.

    """

    target: str
    label: str = ""
    base: float
    score: float
    scale: Scale
    typical: float
    answer: float
    parts: tuple[Part, ...]
    method: Way
    exact: bool
    seconds: float = 0.0
    rest: float = 0.0
    samples: int = 0
    complete: bool = True
    note: str = ""
    unit: str = ""
    reasons: tuple[Reason, ...] = ()

    @property
    def gap(self) -> float:
        """By how much base, parts and rest miss the score, relative to the largest of them; at most `TOLERANCE`."""
        terms = [self.base, self.rest, *(each.part for each in self.parts)]
        largest = max(1.0, abs(self.score), *map(abs, terms))
        return abs(sum(terms) - self.score) / largest

    def part(self, feature: str) -> Part | None:
        """Find the part of a feature."""
        return next((each for each in self.parts if each.feature == feature), None)

    def _repr_html_(self) -> str:
        """Draw itself in a notebook."""
        return render.to_html(explanation_document(self))
