"""A rehearsal starts a real worker beside the real books, and leaves no trace in them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import pytest

from mainstay import lifecycle
from mainstay.errors import NotFoundError
from mainstay.evaluation import EvaluationSettings
from mainstay.lifecycle.judging.evidence import collect
from mainstay.lifecycle.judging.rehearsal import rehearse
from mainstay.registry.store import FileStore
from mainstay.release import open_books

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project

    Configure = Callable[[Project, str], Project]


def test_a_fresh_worker_answers_as_recorded_and_the_books_know_nothing_of_it(two: Project) -> None:
    with open_books(two) as books:
        bundle = books.registry.load_bundle(two.name, 2)
        done = rehearse(books, bundle)
        assert books.releases.history(two.name) == ()
        assert not list(books.log.segments("predictions"))
    assert done.trouble == ""
    assert done.asked == done.right == len(bundle.golden) > 0
    assert len(done.rounds) == 3
    assert all(0 < one.p50 <= one.p99 for one in done.rounds)
    assert done.memory is None or 20 < done.memory < 2000


def test_answers_that_differ_and_a_worker_that_never_lives_are_told(two: Project, tmp_path: Path) -> None:
    with open_books(two) as books:
        bundle = books.registry.load_bundle(two.name, 1)
        wrong = msgspec.structs.replace(bundle.golden[0], score=0.123)
        object.__setattr__(bundle, "golden", (wrong, *bundle.golden[1:]))
        done = rehearse(books, bundle)
        assert (done.asked - done.right, done.trouble) == (1, "")
        object.__setattr__(books.registry, "store", FileStore(tmp_path / "nowhere"))
        done = rehearse(books, bundle)
    assert done.right == 0
    assert done.trouble.startswith("No fresh worker answered: Release 1 isn't served")


def test_gate_uses_what_was_seen_and_settings_can_turn_the_rehearsal_off(two: Project, configure: Configure) -> None:
    verdict = lifecycle.gate(two, 1, now=dt.datetime.now(dt.UTC), by="anna")
    told = {finding.measure: finding for finding in verdict.findings}
    assert told["can_be_served"].ok
    assert told["dependencies_there"].ok
    quiet = configure(two, "[evaluation]\nrehearse = false\napprove = 1")
    assert lifecycle.gate(quiet, 1, now=dt.datetime.now(dt.UTC), by="anna").ok is False
    verdict = lifecycle.approve(quiet, 1, reason="read the card", now=dt.datetime.now(dt.UTC), by="ben")
    told = {finding.measure: finding for finding in verdict.findings}
    assert told["can_be_served"].ok is None
    assert told["approved"].note == "ben: read the card."
    assert "approved" not in {finding.measure for finding in verdict.failed}


def test_what_changed_against_the_champion_is_collected(two: Project) -> None:
    with open_books(two) as books:
        bundle, champion = (books.registry.load_bundle(two.name, number) for number in (2, 1))
        settings = EvaluationSettings(rehearse=False)
        found = collect(books, bundle, champion, settings, now=dt.datetime.now(dt.UTC))
    assert found.differences == ()
    assert found.lock is not None
    assert found.lock.pinned > 5
    assert found.lock.missing == found.lock.since_champion == ()
    assert found.undescribed == ("tenure", "charge", "plan")
    assert found.rehearsal is None
    assert found.live_skew is None


def test_only_a_version_that_is_there_can_be_approved(two: Project) -> None:
    with pytest.raises(NotFoundError, match="no version 9"):
        lifecycle.approve(two, 9, reason="fine", now=dt.datetime.now(dt.UTC), by="ben")
