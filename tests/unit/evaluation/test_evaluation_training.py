"""What training found out reaches the report and its page: reliability, learning curve, ageing, trials, notes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from mainstay.evaluation import EvaluationSettings, evaluate
from mainstay.evaluation.reliability import reliability_curve
from mainstay.evaluation.training_document import training_blocks
from mainstay.measures.money import Money
from mainstay.models.report import Report
from mainstay.models.studies import Trial
from mainstay.render.document import Figure, Heading, Table, Text
from mainstay.render.svg import checked
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot
    from mainstay.measures.finding import Finding

    Make = Callable[..., Snapshot]

SETTINGS = EvaluationSettings(robustness=False)


@pytest.fixture(scope="module")
def report(make_snapshot: Make) -> Report:
    """Evaluate a linear model of time-ordered rows of two years."""
    snapshot = make_snapshot(split="time", rows=3000)
    days = 1.6e9 + 86_400 * 730 * np.arange(len(snapshot.train)) / len(snapshot.train)
    snapshot = replace(snapshot, train=replace(snapshot.train, times=days))
    training = train(snapshot, TrainingSettings(candidates=("linear",)), Money())
    return evaluate(snapshot, training, Money(), SETTINGS)


def test_calibrated_scores_are_reliable_in_every_bin_as_often_as_said() -> None:
    """Of 95 % intervals of 10 bins over 40 worlds, about 380 hold the mean score."""
    inside = 0
    for seed in range(40):
        dice = np.random.default_rng(seed)
        scores = dice.uniform(0.05, 0.95, 1000)
        bins = reliability_curve((dice.random(1000) < scores).astype(np.float64), scores, None)
        assert len(bins) == 10
        assert sum(one.happened.n for one in bins) == 1000
        for one in bins:
            assert one.happened.interval is not None
            inside += one.happened.interval.low <= one.said <= one.happened.interval.high
    assert 365 <= inside <= 395


def test_few_records_or_one_score_give_no_curve_or_one_bin() -> None:
    assert reliability_curve(np.zeros(30), np.linspace(0, 1, 30), None) == ()
    assert len(reliability_curve(np.tile([0.0, 1.0], 50), np.full(100, 0.5), None)) == 1


def test_the_page_shows_what_training_found_out(report: Report) -> None:
    blocks = tuple(training_blocks(report))
    heads = [block.text for block in blocks if isinstance(block, Heading)]
    assert heads == ["Do scores mean what they say?", "Would more rows help?", "How fast does it age?"]
    figure = next(block for block in blocks if isinstance(block, Figure))
    assert checked(figure.svg)
    assert "happened" in figure.alt
    said = [block.text for block in blocks if isinstance(block, Text)]
    assert any("More rows" in text for text in said)
    assert any("Training" in text for text in said)
    ages = [block for block in blocks if isinstance(block, Table)][-1]
    assert [row[0] for row in ages.rows] == ["1 month older", "2 months older", "3 months older"]


def test_trials_are_kept_and_the_best_are_shown(report: Report) -> None:
    trials = tuple(
        Trial(candidate="lightgbm", number=k, parameters={"num_leaves": 4 + k}, loss=None if k == 3 else 0.5 - k / 100)
        for k in range(5)
    )
    blocks = tuple(training_blocks(msgspec.structs.replace(report, trials=trials)))
    table = [block for block in blocks if isinstance(block, Table)][-1]
    assert [row[1] for row in table.rows] == [4, 2, 1, 0]


def test_a_report_from_before_there_were_studies_still_reads(report: Report) -> None:
    raw = msgspec.json.decode(msgspec.json.encode(report))
    new = ("reliability", "learning_curve", "learning", "staleness", "ageing", "trials")
    old = msgspec.convert({key: value for key, value in raw.items() if key not in new}, Report)
    assert not any((old.learning_curve, old.staleness, old.reliability, old.trials))
    assert tuple(training_blocks(old)) == ()
    again = msgspec.json.decode(msgspec.json.encode(report), type=Report)
    assert again == report


def test_the_notes_say_whether_scores_were_bent_and_that_nothing_beat_the_baseline(report: Report) -> None:
    assert any("not recalibrated" in note for note in report.notes)
    assert any("nothing beat linear" in note for note in report.notes)


def test_numbers_of_studies_are_findings_with_interval_and_n(report: Report) -> None:
    results: list[Finding] = [one.result for one in report.learning_curve] + [one.lost for one in report.staleness]
    assert len(results) == 6
    assert all(one.interval is not None and one.n > 0 and one.measure == "log_loss" for one in results)
