from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mainstay import lifecycle
from mainstay.errors import InputError, NotFoundError
from mainstay.release import open_books
from mainstay.render.markdown import to_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project


def test_the_page_is_written_as_html_by_default(trained: Project) -> None:
    lifecycle.release(trained, 1, reason="first & best", by="anna")
    path = lifecycle.write_report(trained, None, None)
    assert path == trained.root / "reports" / "churn.html"
    text = path.read_text(encoding="utf-8")
    assert text.lower().startswith("<!doctype html>")
    assert "first &amp; best" in text
    assert "http://" not in text.replace("http://www.w3.org", "")  # a page of its own


def test_the_page_is_written_as_markdown_where_asked(trained: Project, tmp_path: Path) -> None:
    path = lifecycle.write_report(trained, 1, tmp_path / "deep" / "page.md")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert "retention@example.com" in text


def test_another_suffix_is_refused(trained: Project, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'\.pdf'.*\.html or \.md"):
        lifecycle.write_report(trained, 1, tmp_path / "page.pdf")
    assert not (tmp_path / "page.pdf").exists()


def test_without_a_number_the_page_is_of_the_one_that_answers(trained: Project) -> None:
    with pytest.raises(NotFoundError, match="released yet"):
        lifecycle.write_report(trained, None, None)
    with pytest.raises(NotFoundError, match="no version 7"):
        lifecycle.write_report(trained, 7, None)


def test_versions_and_history_before_anything_say_what_to_do(untrained: Project) -> None:
    assert "mainstay train" in to_markdown(lifecycle.versions_document("churn", lifecycle.versions(untrained)))
    assert "mainstay release 1" in to_markdown(lifecycle.history_document("churn", lifecycle.history(untrained)))


def test_versions_and_history_are_laid_out_newest_first(two: Project) -> None:
    lifecycle.release(two, 1, reason="first", by="anna")
    lifecycle.release(two, 2, reason="better", by="ben")
    page = to_markdown(lifecycle.history_document(two.name, lifecycle.history(two)))
    assert page.index("better") < page.index("first")
    assert "Version 2 answers 100 %" in page.splitlines()[0]
    page = to_markdown(lifecycle.versions_document(two.name, lifecycle.versions(two)))
    assert "churn has 2 versions" in page
    assert lifecycle.describe_release(lifecycle.history(two)[0]) == "churn: Version 2 answers 100 %. (better)"


def test_a_verdict_counts_its_gates(trained: Project) -> None:
    with open_books(trained) as books:
        verdict = books.registry.latest_verdict(trained.name, 1)
    assert verdict is not None
    page = to_markdown(lifecycle.verdict_document("churn", 1, verdict))
    assert f"passes {sum(each.ok is True for each in verdict.findings)} gates" in page
    assert "by anna" in page


def test_the_card_is_markdown(trained: Project) -> None:
    assert lifecycle.card(trained, 1).startswith("---\n")


def test_a_look_is_laid_out(two: Project) -> None:
    lifecycle.release(two, 1, reason="first", by="anna")
    seen = lifecycle.monitor(two, now=dt.datetime.now(dt.UTC))
    assert "churn" in to_markdown(lifecycle.look_document(seen))
