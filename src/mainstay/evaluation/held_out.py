"""`HeldOut`: the held-out rows and what each candidate answers on them, scored once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl

from mainstay.contract.table import as_served, check_table
from mainstay.errors import DataError
from mainstay.measures.amounts import UNSAID
from mainstay.measures.choices import always, cheapest
from mainstay.measures.intervals import which_hang_together
from mainstay.measures.money import amounts_of
from mainstay.measures.thresholds import planning_shift
from mainstay.models.features.run import encode_rows
from mainstay.models.policy import Policy
from mainstay.models.yardstick import Answers, money_known, usual

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contract import Contract, Profile
    from mainstay.data.snapshot import Snapshot
    from mainstay.measures.intervals import Clusters
    from mainstay.models.candidate import Training
    from mainstay.models.features import Features
    from mainstay.models.model import Model
    from mainstay.models.report import Report
    from mainstay.models.yardstick import Yardstick

    Floats = NDArray[np.float64]

IDLE, EVERYBODY, LINEAR, CHAMPION = "do-nothing", "the same answer for all", "linear", "champion"


class Rival(Protocol):
    """A model that answers already, to be compared with on the same rows: a registry's bundle is one."""

    @property
    def model(self) -> Model:
        """The model."""

    @property
    def policy(self) -> Policy:
        """From its scores to decisions."""

    @property
    def contract(self) -> Contract:
        """How it reads a record."""

    @property
    def features(self) -> Features | None:
        """Its feature code."""

    @property
    def report(self) -> Report:
        """Its own report."""

    @property
    def profile(self) -> Profile:
        """How its training rows were spread."""

    @property
    def inputs(self) -> Contract:
        """What its model sees."""


@dataclass(frozen=True)
class HeldOut:
    """Held-out rows, answered.

    Parameters
    ----------
    X, truth : array, shape (n, width) and (n,)
        The rows.
    clusters : array of int, shape (n,), or None
        Which rows hang together.
    chosen : str
        Name of the chosen candidate.
    answers : mapping of str to Answers
        What each candidate answers, and the champion, and who gives the same answer for every record.
    yardstick : Yardstick
        What the report leads with.
    seed : int
        For intervals that are drawn.

    """

    X: Floats
    truth: Floats
    clusters: Clusters | None
    chosen: str
    answers: Mapping[str, Answers]
    yardstick: Yardstick
    seed: int

    @property
    def mine(self) -> Answers:
        """What the chosen candidate answers."""
        return self.answers[self.chosen]

    def take(self, places: NDArray[np.intp]) -> HeldOut:
        """Give the rows at `places`."""
        return replace(
            self,
            X=self.X[places],
            truth=self.truth[places],
            clusters=None if self.clusters is None else self.clusters[places],
            answers={name: one.take(places) for name, one in self.answers.items()},
            yardstick=self.yardstick.at(places),
        )


def answer_held_out(snapshot: Snapshot, training: Training, champion: Rival | None) -> HeldOut:
    """Score the held-out rows by every candidate, by the champion, and by one answer for all."""
    rows, stick = snapshot.test, training.yardstick

    def served() -> pl.DataFrame:
        return as_served(snapshot.contract, rows.frame)

    priced = None if stick.pricing is None else stick.pricing.of_table(served()).amounts
    stick = stick.on(priced, snapshot.stand_for(rows))
    stick = stick.on_rows(rows.frame)
    amounts = stick.amounts or UNSAID
    answers = {one.name: Answers(one.model.scores(rows.X), one.policy, amounts) for one in training.candidates}
    if money_known(stick.task, stick.money):
        answers[EVERYBODY] = Answers(_same_scores(snapshot, stick), _same_for_all(snapshot, stick), amounts)
    theirs = None if champion is None else _champion_scores(snapshot, champion)
    if champion is not None and theirs is not None and _comparable(champion.policy, stick):
        answers[CHAMPION] = Answers.of(theirs, champion.policy, lambda: _as_seen_by(champion, rows.frame))
    clusters = which_hang_together(len(rows), rows.groups, rows.times)
    return HeldOut(rows.X, rows.y, clusters, training.chosen.name, answers, stick, training.seed)


def _comparable(theirs: Policy, stick: Yardstick) -> bool:
    """Say whether the champion answers the same question, by actions of which it is known what they cost."""
    if theirs.task != stick.task:
        return False
    choices = stick.choices
    return choices is None or not choices.known or set(theirs.classes.taken) <= set(choices.actions)


def _same_scores(snapshot: Snapshot, stick: Yardstick) -> Floats:
    n = len(snapshot.test)
    return np.full(n, stick.base) if stick.choices is None else np.tile(_shares(snapshot, stick), (n, 1))


def _shares(snapshot: Snapshot, stick: Yardstick) -> Floats:
    return np.asarray(usual(snapshot.train.y, stick.task, snapshot.train.stands)[1])


def _same_for_all(snapshot: Snapshot, stick: Yardstick) -> Policy:
    """Make the better policy that looks at nothing: one action for every record, or the best constant amount."""
    if stick.choices is not None:
        shares = _shares(snapshot, stick)
        action = stick.choices.actions[int(cheapest(shares[None, :], stick.choices.costs)[0])]
        return Policy(task=stick.task, basis=f"Always '{action}'.", choices=always(stick.choices, action))
    if stick.task.kind == "binary":
        return Policy(task=stick.task, threshold=0.0, basis="Acts on every record.")
    train = snapshot.train
    pricing = stick.pricing
    served = as_served(snapshot.contract, train.frame)
    amounts = amounts_of(stick.money) if pricing is None else pricing.of_table(served).amounts
    shift = planning_shift(train.y - stick.base, *amounts.per_unit)
    return Policy(task=stick.task, shift=shift, basis="Plans the same amount every time.")


def _as_seen_by(champion: Rival, frame: pl.DataFrame) -> pl.DataFrame:
    """Give the features as the champion serves them; it was seen before that it refuses none of these rows."""
    return as_served(champion.contract, check_table(champion.contract, frame).good)


def _champion_scores(snapshot: Snapshot, champion: Rival) -> Floats | None:
    """Score the rows as the champion answers them; None where it would refuse one, or fail at one."""
    if _sees_the_same(snapshot, champion):
        return champion.model.scores(snapshot.test.X)
    checked = check_table(champion.contract, snapshot.test.frame)
    fallen = checked.fallback.to_numpy()
    if checked.failing.height or (fallen.any() and champion.policy.fallback is None):
        return None
    scores = champion.policy.left_to_fallback(checked.good.height)
    try:
        asked = encode_rows(champion.contract, champion.features, checked.good.filter(pl.Series(~fallen)))
    except DataError:
        return None
    scores[~fallen] = champion.model.scores(asked)
    return scores


def _sees_the_same(snapshot: Snapshot, champion: Rival) -> bool:
    ours, theirs = snapshot.features, champion.features
    if champion.contract.features != snapshot.contract.features or champion.contract.rules != snapshot.contract.rules:
        return False
    if ours is None or theirs is None:
        return ours is theirs
    return ours.code == theirs.code and ours.inputs == theirs.inputs
