"""`Way`: the whole way of a record to its answer, as in production: contract, feature code, model, policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.contract.table import as_served, check_table, encode_table
from mainstay.measures.amounts import UNSAID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.measures.amounts import Amounts
    from mainstay.models.features import Features
    from mainstay.models.model import Model
    from mainstay.models.policy import Policy

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answered:
    """What became of some records.

    Parameters
    ----------
    scores : array, shape (n,) or (n, k)
        Their scores; NaN where there was no answer.
    decisions, predictions : array of object, shape (n,)
        The decision and the prediction of each; None where there was no answer.
    answered : array of bool, shape (n,)
        False where the contract refused the record, or feature code failed at it.
    why_not : dict of int to str
        Of those, by place, the rules they broke.
    amounts : Amounts
        What the policy works out for them, where amounts differ between records.

    """

    scores: Floats
    decisions: NDArray[np.object_]
    predictions: NDArray[np.object_]
    answered: NDArray[np.bool_]
    why_not: dict[int, str]
    amounts: Amounts = UNSAID

    def take(self, places: NDArray[np.integer] | slice) -> Answered:
        """Give those at `places`; why not is left out."""
        parts = (self.scores[places], self.decisions[places], self.predictions[places], self.answered[places])
        return Answered(*parts, {}, self.amounts.take(places))


@dataclass(frozen=True)
class Way:
    """How one version turns records into answers.

    Parameters
    ----------
    contract : Contract
        How it reads a record.
    features : Features or None
        Its feature code.
    model : Model
    policy : Policy

    """

    contract: Contract
    features: Features | None
    model: Model
    policy: Policy

    def answer(self, records: pl.DataFrame) -> Answered:
        """Answer records, each by itself.

        Parameters
        ----------
        records : DataFrame, n rows
            As they come, or typed by the contract; what isn't there is missing.

        """
        checked = check_table(self.contract, records)
        rows, fallen = checked.rows.to_numpy(), checked.fallback.to_numpy()
        broken, rules = (checked.failing.to_series(place) for place in (-2, -1))
        why_not = dict(zip(broken.to_list(), rules.to_list(), strict=True))
        scores, failed = self._score(checked.good.filter(pl.Series(~fallen)))
        asked = rows[~fallen]
        why_not |= {int(asked[place]): words for place, words in failed.items()}
        asked = np.delete(asked, list(failed))
        found = np.full((records.height, *scores.shape[1:]), np.nan)
        found[asked] = scores
        answered = np.zeros(records.height, dtype=bool)
        answered[asked] = True
        if self.policy.fallback is not None:
            found[rows[fallen]] = self.policy.fallback
            answered[rows[fallen]] = True
        return self._decided(found, answered, why_not, self._price(checked.good, rows, records.height))

    def _score(self, good: pl.DataFrame) -> tuple[Floats, dict[int, str]]:
        """Score accepted rows; gives the scores of those feature code didn't fail at, and the others' places."""
        if self.features is None:
            return self.model.scores(encode_table(self.contract, good)), {}
        derived, failures = self.features.runner.attempt(as_served(self.contract, good))
        scores = self.model.scores(self.features.runner.encode(derived))
        return scores, {place: error.message for place, error in failures.items()}

    def _price(self, good: pl.DataFrame, rows: NDArray[np.integer], n: int) -> Amounts:
        pricing = self.policy.pricing
        if pricing is None:
            return UNSAID
        return pricing.of_table(as_served(self.contract, good)).amounts.spread(rows, n)

    def _decided(
        self, scores: Floats, answered: NDArray[np.bool_], why_not: dict[int, str], amounts: Amounts
    ) -> Answered:
        decisions, predictions = np.full(len(scores), None), np.full(len(scores), None)
        priced = self.policy.decisions(scores, amounts) if self.policy.pricing is not None else []
        for place in np.flatnonzero(answered):
            decisions[place] = priced[place] if priced else self.policy.decide(scores[place])
            predictions[place] = self.policy.predict(scores[place])
        return Answered(scores, decisions, predictions, answered, why_not, amounts)
