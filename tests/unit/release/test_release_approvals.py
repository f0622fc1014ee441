"""Approvals: only added to, one for each person, with a reason."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.errors import ReleaseError
from mainstay.measures.finding import Finding
from mainstay.models.report import Verdict
from mainstay.release import (
    Approvals,
    Approved,
    ReleaseSettings,
    judged_since,
    open_books,
    unfilled,
    why_no_approval,
)
from mainstay.serving.testing import TINY_MODEL, register_model, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def approvals(tmp_path: Path) -> Iterator[Approvals]:
    project = tiny_project(tmp_path)
    register_model(project, TINY_MODEL)
    with open_books(project) as books:
        yield books.approvals


def said(by: str = "anna", reason: str = "looked at the card") -> Approved:
    return Approved(model="churn", number=1, at=NOW, by=by, reason=reason)


def test_they_are_kept_in_order(approvals: Approvals) -> None:
    approvals.add(said())
    approvals.add(said("ben", "  two\nlines "))
    assert approvals.of("churn", 1) == (said(), said("ben", "two lines"))
    assert approvals.of("churn", 2) == ()


def test_nobody_counts_twice_and_nobody_is_silent(approvals: Approvals) -> None:
    approvals.add(said())
    with pytest.raises(ReleaseError, match="approved version 1 already"):
        approvals.add(said(reason="again"))
    with pytest.raises(ReleaseError, match="needs a reason"):
        approvals.add(said("ben", "  "))
    assert len(approvals.of("churn", 1)) == 1


def test_one_person_may_say_yes_in_two_roles_and_again_after_a_new_judgement(approvals: Approvals) -> None:
    owner, risk = (msgspec.structs.replace(said(), role=role) for role in ("owner", "risk"))
    approvals.add(owner)
    approvals.add(risk)
    with pytest.raises(ReleaseError, match="as owner already"):
        approvals.add(owner)
    later = msgspec.structs.replace(owner, at=NOW + dt.timedelta(hours=1))
    approvals.add(later, since=NOW + dt.timedelta(minutes=1))
    assert approvals.of("churn", 1) == (owner, risk, later)
    assert approvals.of("churn", 1, since=NOW + dt.timedelta(minutes=1)) == (later,)


@pytest.mark.parametrize(
    ("roles", "given", "missing"),
    [
        ((), [], ()),
        (("owner",), [], ("owner",)),
        (("owner",), [("", "anna"), ("risk", "anna")], ("owner",)),
        (("owner", "risk"), [("owner", "anna"), ("risk", "ben")], ()),
        (("owner", "risk"), [("owner", "anna"), ("risk", "anna")], ("risk",)),
        (("a", "b", "c"), [("a", "x"), ("b", "x"), ("b", "y"), ("c", "y"), ("c", "z")], ()),
        (("a", "b", "c"), [("a", "x"), ("b", "x"), ("b", "y"), ("c", "y")], ("c",)),
    ],
)
def test_each_role_wants_another_person(
    roles: tuple[str, ...], given: list[tuple[str, str]], missing: tuple[str, ...]
) -> None:
    assert unfilled(roles, given) == missing


@given(
    st.lists(st.sampled_from("abcd"), unique=True),
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("uvwx")), max_size=8),
)
def test_as_many_roles_are_filled_as_any_seating_could(roles: list[str], given: list[tuple[str, str]]) -> None:
    def most(left: list[str], taken: frozenset[str]) -> int:
        if not left:
            return 0
        seats = [1 + most(left[1:], taken | {by}) for role, by in given if role == left[0] and by not in taken]
        return max([most(left[1:], taken), *seats])

    assert len(roles) - len(unfilled(roles, given)) == most(roles, frozenset())


def finding(measure: str, value: float) -> Finding:
    return Finding(measure=measure, where="all", value=value, ok=True)


def test_an_approval_belongs_to_what_the_gates_said_when_it_was_given() -> None:
    def verdict(hour: int, loss: float, people: float) -> Verdict:
        found = (finding("log_loss", loss), finding("approved", people))
        return Verdict(ok=True, findings=found, at=NOW + dt.timedelta(hours=hour), by="me")

    judged = [verdict(0, 0.4, 0), verdict(1, 0.4, 1), verdict(2, 0.4, 2)]
    assert judged_since(judged) == NOW
    assert judged_since([*judged, verdict(3, 0.5, 0), verdict(4, 0.5, 1)]) == NOW + dt.timedelta(hours=3)
    assert judged_since([]) is None


ASKED = ReleaseSettings(approvals=("owner", "risk"), people={"owner": ("anna", "ben")})


@pytest.mark.parametrize(
    ("settings", "by", "role", "wrong"),
    [
        (ReleaseSettings(), "ben", "", ""),
        (ReleaseSettings(), "ben", "owner", ""),
        (ReleaseSettings(), "carl", "", "carl made version 1, and who makes a version doesn't approve it"),
        (ASKED, "ben", "owner", ""),
        (ASKED, "dora", "risk", ""),
        (ASKED, "dora", "owner", "dora doesn't act as owner here"),
        (ASKED, "ben", "", "is given in a role"),
        (ASKED, "ben", "boss", "'boss' is none of the roles that [release] approvals asks for: owner, risk"),
    ],
)
def test_who_may_say_yes(settings: ReleaseSettings, by: str, role: str, wrong: str) -> None:
    refused = why_no_approval(settings, "carl", msgspec.structs.replace(said(by), role=role))
    assert (wrong in str(refused)) if wrong else (refused is None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": [0.25, 0.05]},
        {"steps": [0.05, 0.05]},
        {"steps": [0.5, 1.0]},
        {"step_windows": 0},
        {"step_windows": "0d"},
        {"step_windows": "soon"},
        {"approvals": ["owner", "owner"]},
        {"approvals": ["owner"], "people": {"boss": ["anna"]}},
        {"approvals": [""]},
        {"max_refused": 1.5},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, ReleaseSettings)
