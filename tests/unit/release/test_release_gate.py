from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from mainstay.measures.finding import Finding, Limit
from mainstay.models.report import Verdict
from mainstay.project import Problem
from mainstay.registry import Version
from mainstay.release import ReleaseSettings, why_not

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
VERSION = Version(
    model="churn",
    number=3,
    created=NOON,
    by="me",
    parent=None,
    digest="",
    data_fingerprint="",
    git_commit="",
    dirty=False,
    candidate="linear",
    primary=None,
)
FILLED = Problem(name="churn", decision="Offer a discount", action="offer", owner="a@b", limitations="Consumers only")
PASSED = Verdict(ok=True, findings=(), at=NOON)
FAILED = Verdict(
    ok=False,
    findings=(
        Finding(measure="brier", where="all", value=0.3, limit=Limit("at_most", 0.2), ok=False),
        Finding(measure="roc_auc", where="all", value=0.9, limit=Limit("at_least", 0.5), ok=True),
    ),
    at=NOON,
)


def test_a_version_that_passes_everything_may_be_released() -> None:
    assert why_not(VERSION, PASSED, FILLED) is None


@pytest.mark.parametrize(
    ("verdict", "problem", "differences", "said"),
    [
        (None, FILLED, (), ("churn version 3 was never judged", "mainstay gate 3")),
        (FAILED, FILLED, (), ("fails brier (all).", "--trial")),
        (PASSED, Problem(owner=" "), (), ("says nothing about decision, action, owner, limitations", "mainstay.toml")),
        (PASSED, msgspec.structs.replace(FILLED, owner=""), (), ("[problem] says nothing about owner.", "--trial")),
        (PASSED, FILLED, ("'x' is needed",), ("would refuse what the champion accepts: 'x' is needed.", "contract")),
    ],
)
def test_each_demand_is_told_with_its_cure_and_a_trial_is_free_of_it(
    verdict: Verdict | None, problem: Problem, differences: tuple[str, ...], said: tuple[str, str]
) -> None:
    refused = why_not(VERSION, verdict, problem, differences=differences)
    assert refused is not None
    assert said[0] in refused.message
    assert said[1] in refused.cure
    assert refused.exit_code == 1
    assert why_not(VERSION, verdict, problem, trial=True, differences=differences) is None


def test_the_section_refuses_what_nobody_knows() -> None:
    assert msgspec.convert({"canary": 0.25}, ReleaseSettings).canary == 0.25
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"canary": 25}, ReleaseSettings)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"approvals": 2}, ReleaseSettings)
