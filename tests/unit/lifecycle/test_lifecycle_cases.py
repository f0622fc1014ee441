"""An incident becomes a scenario, and the version that answers now is held against it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mainstay import lifecycle
from mainstay.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.models.report import Verdict
    from mainstay.project import Project

    Configure = Callable[[Project, str], Project]

RECORD = """
[case.record]
plan = "basic"
contract = "two year"
tenure_months = 90
monthly_price = 10.0
support_calls = 0
channel = "web"
autopay = "Yes"
usage_hours = 30.0
"""


def judged(project: Project) -> Verdict:
    return lifecycle.gate(project, 1, now=dt.datetime.now(dt.UTC), by="anna")


def written(root: Path, text: str) -> None:
    (root / "scenarios").mkdir(exist_ok=True)
    (root / "scenarios" / "loyal.toml").write_text(text, encoding="utf-8")


def test_a_scenario_that_was_written_today_judges_a_version_of_yesterday(
    trained: Project, configure: Configure
) -> None:
    quiet = configure(trained, "[evaluation]\nrehearse = false")
    before = {one.measure: one for one in judged(quiet).findings}
    assert before["scenarios"].ok is None
    written(quiet.root, f'[[case]]\ndecision = "none"\nscore = {{ at_most = 0.16 }}\n{RECORD}')
    after = {one.measure: one for one in judged(quiet).findings}
    assert after["scenarios"].ok
    written(quiet.root, f'[scenario]\nname = "loyal"\n[[case]]\nprediction = "Yes"\n{RECORD}')
    failed = judged(quiet)
    told = {one.measure: one for one in failed.findings}
    assert not failed.ok
    assert told["scenarios"].ok is False
    assert "must be predicted 'Yes'" in told["scenarios"].note
    written(quiet.root, f'[[case]]\nprediction = "Maybe"\n{RECORD}')
    with pytest.raises(ProjectError, match="no label of 'churned'"):
        judged(quiet)


def test_what_cannot_be_meant_is_told_by_check_and_before_training(untrained: Project, configure: Configure) -> None:
    odd = configure(untrained, '[evaluation]\ninclusion = ["plam"]')
    for verb in (lambda: lifecycle.check(odd), lambda: lifecycle.train(odd, now=dt.datetime.now(dt.UTC), by="anna")):
        with pytest.raises(ProjectError, match=r"'plam'.*Did you mean 'plan'"):
            verb()
    assert lifecycle.versions(odd) == ()
