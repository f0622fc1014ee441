"""What answered at a moment."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from mainstay import lifecycle
from mainstay.release import open_books, propose_release
from mainstay.render.markdown import to_markdown

if TYPE_CHECKING:
    from mainstay.project import Project

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def history_of(project: Project) -> None:
    """Version 1 from noon, an arm beside it an hour later, and version 2 alone after another."""
    with open_books(project) as books:
        for place, (version, share) in enumerate(((1, None), (2, 0.25), (2, None))):
            rows = books.releases.history(project.name)
            at = NOON + place * HOUR
            row = propose_release(rows, project.name, version, at=at, by="anna", reason=f"no {place}", ab=share)
            books.releases.append(row)


def test_everything_about_who_answered_then(two: Project) -> None:
    history_of(two)
    answered = lifecycle.answered_at(two, NOON + 1.5 * HOUR)
    assert answered.release is not None
    assert (answered.release.id, answered.until, answered.first) == (2, NOON + 2 * HOUR, NOON)
    assert [(part.version, part.role, part.share) for part in answered.parts] == [
        (1, "champion", 0.75),
        (2, "challenger", 0.25),
    ]
    with open_books(two) as books:
        made = books.registry.version(two.name, 2)
    assert (answered.parts[1].bundle, answered.parts[1].created) == (made.digest, made.created)
    assert answered.parts[0].contract == answered.parts[1].contract != ""
    page = to_markdown(lifecycle.answered_document(answered))
    for words in ("A/B arm", "25 %", "2026-11-22 13:00:00 UTC", "2026-11-22 14:00:00 UTC", "no 1", made.digest[:12]):
        assert words in page
    assert msgspec.json.decode(msgspec.json.encode(answered))["release"]["id"] == 2


def test_a_zone_is_a_way_of_saying_a_moment_and_the_last_release_is_still_in_force(two: Project) -> None:
    history_of(two)
    elsewhere = (NOON + 1.5 * HOUR).astimezone(dt.timezone(5 * HOUR))
    assert lifecycle.answered_at(two, elsewhere) == lifecycle.answered_at(two, NOON + 1.5 * HOUR)
    now = lifecycle.answered_at(two, NOON + 900 * HOUR)
    assert (now.release.id if now.release else 0, now.until) == (3, None)
    assert "it still is" in to_markdown(lifecycle.answered_document(now))


def test_before_the_first_release_nothing_answered(two: Project) -> None:
    before = lifecycle.answered_at(two, NOON)
    assert (before.release, before.first, before.parts) == (None, None, ())
    assert "nothing answered" in to_markdown(lifecycle.answered_document(before)).lower()
    history_of(two)
    before = lifecycle.answered_at(two, NOON - HOUR)
    assert (before.release, before.until, before.first) == (None, None, NOON)
    assert "2026-11-22 12:00:00 UTC" in to_markdown(lifecycle.answered_document(before))


def test_a_bundle_that_was_removed_or_damaged_is_said_and_hides_nothing_else(two: Project) -> None:
    history_of(two)
    with open_books(two) as books, books.state.begin() as connection:
        connection.exec_driver_sql("UPDATE versions SET removed = '2026-11-23T12:00:00.000000Z' WHERE number = 1")
    path = two.books / "store" / two.name / "2" / "model" / "model.json"
    path.chmod(0o600)
    path.write_bytes(b"{}")
    first, second = lifecycle.answered_at(two, NOON + 1.5 * HOUR).parts
    assert first.note == "Its bundle was removed 2026-11-23 12:00:00 UTC."
    assert "model.json" in second.note
    assert first.bundle
    assert (first.contract, second.contract) == ("", "")
