"""Train the candidates, simplest first, and choose: the simplest within one standard error of the best."""

from __future__ import annotations

import time
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contract.table import as_served
from mainstay.data.volume import capacity_share
from mainstay.measures.amounts import UNSAID
from mainstay.measures.intervals import which_hang_together
from mainstay.models.candidate import Candidate, Training
from mainstay.models.pricing import expressions_of, learn_pricing
from mainstay.models.studies import Studies
from mainstay.models.yardstick import Answers, choose_yardstick, usual
from mainstay.training.bending import to_odds
from mainstay.training.choose import choose
from mainstay.training.folds import cut_folds
from mainstay.training.gap import read_gap
from mainstay.training.judge import Judge
from mainstay.training.learnable import refuse_unlearnable
from mainstay.training.lesson import Lesson
from mainstay.training.making import Made, covered_folds, learn_all, training_notes
from mainstay.training.meter import Meter
from mainstay.training.policy import derive_policy
from mainstay.training.recipes import line_up
from mainstay.training.studying import study

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mainstay.data.snapshot import Snapshot
    from mainstay.measures.measure import Measure
    from mainstay.measures.money import Money
    from mainstay.models.yardstick import Yardstick
    from mainstay.training.lesson import Recipe
    from mainstay.training.settings import TrainingSettings


def train(
    snapshot: Snapshot,
    settings: TrainingSettings,
    money: Money,
    *,
    action: str = "act",
    measures: Sequence[Measure] = (),
    progress: Callable[[str], None] | None = None,
    own: Mapping[str, Recipe] = MappingProxyType({}),
    take: str = "",
) -> Training:
    """Train every candidate on the snapshot's training rows and choose one.

    Nothing here sees the held-out rows. Each candidate is judged on its out-of-fold scores: every training row is
    scored by a model that never saw it.

    Parameters
    ----------
    snapshot : Snapshot
        Rows, split.
    settings : TrainingSettings
        The ``[training]`` section.
    money : Money
        The ``[money]`` section.
    action : str
        What the caller does on a positive decision (``[problem] action``).
    measures : sequence of Measure
        The project's own measures.
    progress : callable, optional
        Told what is going on, a line at a time.
    own : mapping of str to Recipe
        Candidates of the project's own, by name: its rules, its ``model.py``, a model that was fitted elsewhere.
    take : str
        Name of the candidate that is chosen whatever the others do: somebody brought it, and the gates judge it.

    Returns
    -------
    Training
        The same, bit for bit, for the same snapshot, settings and money.

    Raises
    ------
    DataError
        Where there are too few rows of a label or too few groups.
    ProjectError
        Where the declared measure can't be ranked on.
    SetupError
        Where the training extra isn't installed.

    """
    start = time.perf_counter()
    rows, task, prior = snapshot.train, snapshot.task, snapshot.prior
    mass = snapshot.stand_for(rows)
    served = as_served(snapshot.contract, rows.frame) if any(expressions_of(money)) else rows.frame
    pricing = learn_pricing(money, snapshot.contract, served, mass)
    base, shares = usual(rows.y, task, rows.stands)
    base = base if prior is None else prior.share
    yardstick = choose_yardstick(task, money, base, settings.measure, pricing, shares, measures)
    priced = None if pricing is None else pricing.of_table(served).amounts
    here = yardstick.on(priced, mass).on_rows(rows.frame)
    share = capacity_share(money.capacity, snapshot)
    refuse_unlearnable(rows, task, snapshot.inputs.encoded_names)
    folds = cut_folds(rows, task, settings.folds, settings.seed, read_gap(settings.gap))
    folds = folds.few(covered_folds(rows.X.size, settings.budget))
    lesson = Lesson.of(rows, snapshot.inputs, task.kind, folds, settings.seed, max(1, len(task.labels)))
    lesson = replace(lesson, say=progress or lesson.say, search=settings.search, meter=Meter(settings.budget))
    clusters = which_hang_together(len(rows), rows.groups, rows.times)
    made = tuple(learn_all(line_up(settings.candidates, own), lesson, settings, clusters))
    if prior is not None:
        made = tuple(replace(one, learned=to_odds(one.learned, prior.odds)) for one in made)
    candidates = tuple(_candidate(one, rank, lesson, here, action, share) for rank, one in enumerate(made))
    place, candidates = choose(candidates, lesson, here, clusters)
    place = next((k for k, one in enumerate(candidates) if one.name == take), place)
    chosen = candidates[place]
    judge = Judge(lesson, here, chosen.policy, clusters)
    studies = study(made[place].learned, judge, rows.times) if settings.studies else Studies()
    return Training(
        candidates=candidates,
        chosen=chosen,
        yardstick=yardstick,
        folds=folds.words,
        why=f"{take} was brought here to be this version. {chosen.why}" if take else chosen.why,
        seed=settings.seed,
        seconds=time.perf_counter() - start,
        studies=studies,
        notes=tuple(training_notes(made, chosen, lesson)),
        refit=made[place].learned.refit,
    )


def _candidate(  # noqa: PLR0917 - one candidate of several
    made: Made, rank: int, lesson: Lesson, yardstick: Yardstick, action: str, share: float | None
) -> Candidate:
    learned = made.learned
    scored = lesson.folds.scored
    truth, scores = lesson.y[scored], learned.fold_scores[scored]
    policy = derive_policy(truth, scores, yardstick.at(scored), action, idle=learned.constant, share=share)
    _, shares = usual(lesson.y, yardstick.task, lesson.stands)
    policy = msgspec.structs.replace(policy, fallback=shares or yardstick.base)  # what doing nothing says
    sign = 1.0 if yardstick.better == "lower" else -1.0
    losses = []
    for _, part in lesson.folds.parts:
        stick = yardstick.at(part)
        answers = Answers(learned.fold_scores[part], policy, stick.amounts or UNSAID)
        losses.append(sign * stick.estimate(lesson.y[part], answers, seed=lesson.seed).value)
    return Candidate(
        name=made.name,
        model=learned.model,
        policy=policy,
        fold_scores=learned.fold_scores,
        losses=np.asarray(losses),
        parameters=learned.parameters,
        seconds=made.seconds,
        rank=rank,
        trials=learned.trials,
    )
