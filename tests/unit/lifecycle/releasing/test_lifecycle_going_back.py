"""Rollback: where it goes, what the destination is asked first, and the hold that comes with it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from tests.unit.lifecycle.releasing.asked import asked

from mainstay import lifecycle
from mainstay.contract import Contract, Integer
from mainstay.errors import CorruptError, ReleaseError
from mainstay.lifecycle import foreseen_document
from mainstay.release import open_books
from mainstay.render.markdown import to_markdown
from mainstay.serving.testing import TINY_CONTRACT, TINY_MODEL, register_model, release_now

if TYPE_CHECKING:
    from mainstay.project import Project

NOW = dt.datetime.now(dt.UTC)
NARROW = Contract((Integer(name="tenure", min=0, max=50), *TINY_CONTRACT.columns[2:]))


def spoil(project: Project, number: int) -> None:
    path = project.books / "store" / project.name / str(number) / "model" / "model.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))


@pytest.fixture
def three(two: Project) -> Project:
    """Versions 1, 2 and 3 were champions one after the other; the first takes less than the others."""
    narrow = register_model(two, TINY_MODEL, contract=NARROW)
    release_now(two, narrow)
    release_now(two, 1)
    release_now(two, 2)
    return two


def test_a_dry_run_shows_the_destination_and_what_it_was_asked(three: Project) -> None:
    asked(three, [10, 90], version=2)
    seen = lifecycle.foresee_rollback(three)
    assert (seen.version, seen.golden, seen.tried.asked, seen.tried.refused) == (1, 20, 2, 0)
    assert (seen.further, seen.warnings, seen.error) == ((3,), (), None)
    page = to_markdown(foreseen_document(seen))
    for words in ("Version 1 answers 100 %", "20 golden records", "further back", "Nothing was changed"):
        assert words in page
    assert lifecycle.history(three)[0].champion == 2
    assert lifecycle.held(three) is None


def test_what_some_callers_would_notice_is_a_warning_in_an_emergency(three: Project) -> None:
    asked(three, [10, 90], version=2)
    seen = lifecycle.foresee_rollback(three, to=3)
    assert seen.warnings == (
        "Version 3 would not answer everybody: its contract refuses 1 of the last 2 requests (50 %): 'tenure' in 1.",
    )
    assert lifecycle.rollback(three, reason="worse", by="ben", to=3).champion == 3


def test_a_destination_that_would_refuse_everybody_is_not_gone_to(three: Project) -> None:
    asked(three, [80, 90], version=2)
    with pytest.raises(ReleaseError, match=r"Version 3 would answer nobody: .*refuses 2 of the last 2"):
        lifecycle.rollback(three, reason="worse", by="ben", to=3)
    assert lifecycle.history(three)[0].champion == 2


def test_a_damaged_destination_is_named_with_the_way_past_it(three: Project) -> None:
    spoil(three, 1)
    seen = lifecycle.foresee_rollback(three)
    assert isinstance(seen.error, CorruptError)
    assert "Version 3" not in to_markdown(foreseen_document(seen)).split("Then")[0]
    with pytest.raises(CorruptError, match=r"model\.json.*mainstay rollback --to 3") as told:
        lifecycle.rollback(three, reason="worse", by="ben")
    assert "Further back lies version 3" in told.value.cure
    assert lifecycle.history(three)[0].champion == 2
    assert lifecycle.rollback(three, reason="worse", by="ben", to=3).champion == 3


def test_a_removed_version_is_passed_over(three: Project) -> None:
    with open_books(three) as books, books.state.begin() as connection:
        connection.exec_driver_sql("UPDATE versions SET removed = '2026-11-22T12:00:00.000000Z' WHERE number = 1")
    assert lifecycle.rollback_destination(three) == 3
    with pytest.raises(ReleaseError, match="can't go to version 1"):
        lifecycle.rollback(three, reason="worse", by="ben", to=1)
    assert lifecycle.rollback(three, reason="worse", by="ben").champion == 3


def test_a_rollback_holds_until_somebody_resumes(three: Project) -> None:
    lifecycle.rollback(three, reason="orders fell", by="ben")
    held = lifecycle.held(three)
    assert held is not None
    assert (held.by, held.reason) == ("ben", "rolled back to version 1: orders fell")
    rows = lifecycle.history(three)
    assert "mainstay resume" in to_markdown(lifecycle.history_document("churn", rows, held))
    lifecycle.resume(three, reason="it was the data", now=NOW, by="anna")
    assert lifecycle.held(three) is None
    with pytest.raises(ReleaseError, match="isn't held"):
        lifecycle.resume(three, reason="again", now=NOW, by="anna")
    assert lifecycle.hold(three, reason="a holiday", now=NOW, by="anna") == lifecycle.held(three)
