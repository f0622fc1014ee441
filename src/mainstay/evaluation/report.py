"""Everything measured about the chosen candidate on rows nobody learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.data.audit import data_findings
from mainstay.data.volume import capacity_share, records_per_day
from mainstay.evaluation.ablation import ablate
from mainstay.evaluation.attributions import measure_attributions
from mainstay.evaluation.behaviour.cases import Cases
from mainstay.evaluation.behaviour.measure import measure_behaviour, try_mishaps
from mainstay.evaluation.classes import with_classes
from mainstay.evaluation.comparisons import by_segment, compare
from mainstay.evaluation.difference import difference_of
from mainstay.evaluation.earning import earned, money_curve
from mainstay.evaluation.expectation import outcome_spread
from mainstay.evaluation.findings import found
from mainstay.evaluation.fresh_rows import held_against
from mainstay.evaluation.held_out import CHAMPION, answer_held_out
from mainstay.evaluation.in_sample import mark_in_sample
from mainstay.evaluation.inclusion.measure import measure_inclusion
from mainstay.evaluation.influences import measure_influences
from mainstay.evaluation.notes import reader_must_know
from mainstay.evaluation.recency import newest_row
from mainstay.evaluation.reliability import reliability_curve
from mainstay.evaluation.sensitivity import what_money_depends_on
from mainstay.evaluation.skew import skew_finding
from mainstay.evaluation.slices import find_weak_slices
from mainstay.measures.catalogue import measures_of
from mainstay.measures.classes import top_scores
from mainstay.measures.intervals import proportion_estimate
from mainstay.measures.thresholds import break_even_table, margin_table
from mainstay.measures.weighing import share_estimate
from mainstay.models.report import Contender, Report
from mainstay.models.yardstick import Answers, money_known

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mainstay.data.snapshot import Snapshot
    from mainstay.evaluation.held_out import HeldOut, Rival
    from mainstay.evaluation.settings import EvaluationSettings
    from mainstay.measures.finding import Finding
    from mainstay.measures.measure import Kind, Measure
    from mainstay.measures.money import Money
    from mainstay.models.candidate import Candidate, Training
    from mainstay.models.policy import Policy

_OTHERS: dict[Kind, tuple[str, str]] = {
    "binary": ("log_loss", "roc_auc"),
    "multiclass": ("log_loss", "accuracy"),
    "regression": ("rmse", "mae"),
}


def evaluate(
    snapshot: Snapshot,
    training: Training,
    money: Money,
    settings: EvaluationSettings,
    champion: Rival | None = None,
    *,
    own: Sequence[Measure] = (),
    cases: Cases = Cases(),  # noqa: B008 - frozen, and empty
) -> Report:
    """Measure the chosen candidate, and beside it the others, on the held-out rows.

    Parameters
    ----------
    snapshot : Snapshot
        Its test rows are read here, and nowhere before.
    training : Training
        The candidates.
    money : Money
        The ``[money]`` section.
    settings : EvaluationSettings
        The ``[evaluation]`` section.
    champion : Rival, optional
        The version that answers now (a registry's bundle is one): compared on the same rows, paired. If it learned
        from some of these rows, because the source or the split has changed, the comparison flatters it.
    own : sequence of Measure
        Measures beside those every report has: the project's own; see `mainstay.evaluation.declared`.
    cases : Cases
        What people wrote down that must be answered so; see `mainstay.evaluation.behaviour.cases.read_cases`.

    Returns
    -------
    Report
        Every number with its interval and sample size; the same for the same inputs.

    """
    held = answer_held_out(snapshot, training, champion)
    chosen, stick, task = training.chosen, training.yardstick, snapshot.task
    segments, ahead = by_segment(held, snapshot.test.segments, settings.min_segment_rows)
    known = money_known(task, money)
    scores = held.mine.scores
    share = capacity_share(money.capacity, snapshot)
    binary, amounts = task.kind == "binary", task.kind == "regression"
    names = snapshot.inputs.encoded_names
    influences = measure_influences(chosen.model, (held.X, held.truth), task.kind, names, training.seed)
    important = [one.feature for one in influences]
    measured = tuple(_measures(held, [one.on_rows(snapshot.test.frame) for one in own]))
    newer = held_against(snapshot, measured, settings, champion)
    until, until_of = newest_row(snapshot)
    report = Report(
        candidate=chosen.name,
        primary=stick.name,
        in_money=stick.in_money,
        better=stick.better,
        currency=money.currency,
        policy=chosen.policy,
        pricing=stick.pricing,
        contenders=tuple(_contender(held, one) for one in training.candidates),
        measures=measured,
        segments=segments,
        comparisons=(*compare(held), *ahead),
        compared_with=champion.report.fingerprint if champion is not None and CHAMPION in held.answers else "",
        influences=influences,
        attributions=measure_attributions(snapshot, chosen.model, held, training.seed),
        checks=(*data_findings(snapshot), skew_finding(snapshot), *newer),
        train_rows=len(snapshot.train),
        test_rows=len(snapshot.test),
        base_rate=stick.base,
        break_even=break_even_table(held.truth, scores, weights=held.yardstick.weights) if binary and not known else (),
        margins=margin_table(_residuals(snapshot, chosen)) if amounts and not known else (),
        sensitivity=what_money_depends_on(snapshot, training, held, share),
        curve=money_curve(held, share),
        records_per_day=records_per_day(snapshot),
        capacity_share=share,
        score_quantiles=_quantiles(snapshot, top_scores(scores)),
        slices=find_weak_slices(snapshot, training, held, settings, important),
        inclusion=measure_inclusion(snapshot, held, settings),
        behaviour=measure_behaviour(snapshot, training, held, settings, cases),
        robustness=try_mishaps(snapshot, training, held, important) if settings.robustness else (),
        ablation=ablate(snapshot, training, held, influences) if settings.ablation else (),
        spread=outcome_spread(held),
        difference=difference_of(held, snapshot, important, settings.min_segment_rows),
        data_until=until,
        data_until_of=until_of,
        reliability=reliability_curve(held.truth, scores, held.clusters) if binary else (),
        learning_curve=training.studies.learning_curve,
        learning=training.studies.learning,
        staleness=training.studies.staleness,
        ageing=training.studies.ageing,
        trials=tuple(trial for one in training.candidates for trial in one.trials),
        why=training.why,
        notes=reader_must_know(snapshot, training, money, known=known),
    )
    report = with_classes(report, held, snapshot.train.y)
    return mark_in_sample(report) if training.in_sample else report


def _measures(held: HeldOut, own: Sequence[Measure]) -> Iterator[Finding]:
    """Measure the chosen candidate: money first where it is known, then the field's measures and the project's own."""
    stick, mine = held.yardstick, held.mine
    acted = _acts_on(mine.policy)
    yield from earned(held)
    measures = (*measures_of(stick.task.kind), *own)
    for measure in sorted(measures, key=lambda one: one.name != stick.name):
        note = acted if measure.of_decisions else measure.remark(held.truth)
        estimate = stick.of(measure, held.truth, mine, held.clusters, held.seed)
        yield found(estimate, measure.name, group="performance", note=note)
    if stick.task.kind == "binary" or (stick.choices is not None and stick.choices.known):
        deeds = mine.acted.astype(np.float64)
        share = (
            proportion_estimate(deeds, np.ones(deeds.size), held.clusters)
            if stick.weights is None
            else share_estimate(deeds, held.clusters, stick.weights)
        )
        yield found(share, "share_acted_on", group="performance")


def _acts_on(policy: Policy) -> str:
    if policy.pricing is not None:
        return "Acting where the expected gain of the record says so."
    return f"Acting on scores of {max(policy.threshold, policy.pace or 0.0):.3g} and above."


def _contender(held: HeldOut, candidate: Candidate) -> Contender:
    stick = held.yardstick
    answers: Answers = held.answers[candidate.name]
    primary = stick.estimate(held.truth, answers, held.clusters, held.seed)
    others = [
        one for one in measures_of(stick.task.kind) if one.name in _OTHERS[stick.task.kind] and one.name != stick.name
    ]
    return Contender(
        name=candidate.name,
        chosen=candidate.name == held.chosen,
        primary=found(
            primary, stick.name, where=candidate.name, unit=stick.unit, group="contender", note=candidate.why
        ),
        others=tuple(
            found(
                stick.of(one, held.truth, answers, held.clusters, held.seed),
                one.name,
                where=candidate.name,
                group="contender",
            )
            for one in others
        ),
        seconds=candidate.seconds,
        parameters=dict(candidate.parameters),
    )


def _quantiles(snapshot: Snapshot, scores: NDArray[np.float64]) -> tuple[float, ...]:
    """Give the quantiles of scores as the world will have them."""
    places = snapshot.as_the_world(snapshot.test)
    return tuple(np.quantile(scores[places], np.linspace(0, 1, 101)).tolist())


def _residuals(snapshot: Snapshot, chosen: Candidate) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Give what was needed minus what was forecast, on training rows the forecast had not seen."""
    gaps = snapshot.train.y - chosen.fold_scores
    return np.asarray(gaps[np.isfinite(gaps)])
