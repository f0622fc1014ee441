"""Approvals: only added to, one for each person, with a reason."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import ReleaseError
from mainstay.release import Approvals, Approved, open_books
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
