"""The owner's page: it promises with intervals, says what it hangs on, and stays as it was written down."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from mainstay.errors import ProjectError
from mainstay.evaluation.owner import owner_document
from mainstay.lifecycle.documents.owner import owner_page
from mainstay.project import Problem, open_project
from mainstay.release import open_books
from mainstay.render.html import to_html
from mainstay.render.markdown import to_markdown

if TYPE_CHECKING:
    from mainstay.project import Project

GOLDEN = Path(__file__).parents[3] / "data" / "golden" / "owner_page.md"
SIGN = "[\N{MINUS SIGN}-]"
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
MORE = 'unintended = "Deciding whom to refuse"\nusers = "The retention desk"\nrecords_per_day = 400\n'


def told(project: Project) -> Project:
    """Fill in [problem] further."""
    file = project.root / "mainstay.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("\naction =", f"\n{MORE}action =", 1), encoding="utf-8")
    return open_project(project.root)


def plain(text: str) -> str:
    """Take the numbers out: they may round differently on another machine."""
    text = re.sub(r"Judged .* UTC", "Judged then", text)
    text = re.sub(r"(?m)^Passed: .*", "Passed: some gates.", text)  # a new gate is no new page
    text = re.sub(
        r"(?s)(## What a reader must know\n\n).*?(?=Everything)", r"\1- What training and data say.\n\n", text
    )
    text = re.sub(f"{SIGN}?(€\\s?)?{SIGN}?\\d[\\d\\s\u202f.]*\\d|\\d", "#", text)
    text = re.sub(r"#e[+-]#", "#", text)
    return re.sub(r"# ?\(# to #\)|# ± #", "#", text)


def test_the_page_is_as_it_was_written_down(trained: Project) -> None:
    """Run with MAINSTAY_WRITE_GOLDEN=1 to write it down anew, and look at what changed."""
    text = plain(to_markdown(owner_page(told(trained), 1, now=NOW)))
    if os.environ.get("MAINSTAY_WRITE_GOLDEN"):
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_it_promises_per_period_and_says_how_to_prove_it(trained: Project) -> None:
    text = to_markdown(owner_page(told(trained), 1, now=NOW))
    money = re.search(r"A week: \*\*€\s?([\d\s\u202f]+) ± ([\d\s\u202f]+)\*\*", text)
    assert money is not None
    assert "Records a day: **400, as \\[problem\\] says**" in text
    assert re.search(r"\| 50% \| [\d\s\u202f]+: [\d\s\u202f]+ days \|", text)
    assert "It stops paying where" in text
    assert "Deciding whom to refuse" in text
    assert "The retention desk" in text


def test_the_rows_own_times_say_how_many_come_in_where_nobody_else_does(trained: Project) -> None:
    text = to_markdown(owner_page(trained, 1, now=NOW))
    assert "as the time of the rows says" in text


def test_it_is_drawn_without_script_or_outside_host(trained: Project) -> None:
    page = to_html(owner_page(trained, 1, now=NOW))
    assert page.count("<svg") >= 3
    assert "<script" not in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert len(page.encode()) < 120_000
    full = to_html(owner_page(trained, 1, full=True, now=NOW))
    assert len(full) > len(page)
    assert full.count("<svg") >= 3


def test_without_money_nothing_is_promised(trained: Project) -> None:
    with open_books(trained) as books:
        bundle = books.registry.load_bundle("churn", 1)
    measures = tuple(one for one in bundle.report.measures if one.measure != "money_per_1000")
    poor = msgspec.structs.replace(bundle.report, in_money=False, primary="log_loss", measures=measures)
    text = to_markdown(owner_document("churn", 1, poor, None, Problem(), volume=None))
    assert "nothing is promised" in text
    assert "Nobody has said so yet" in text
    assert "mainstay gate 1" in text
    assert "An experiment" not in text


@pytest.mark.parametrize("wrong", ["records_per_day = 0", 'records_per_day = "many"', "users = 3"])
def test_what_cannot_be_meant_is_refused_with_its_line(trained: Project, wrong: str) -> None:
    file = trained.root / "mainstay.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("\naction =", f"\n{wrong}\naction =", 1), encoding="utf-8")
    with pytest.raises(ProjectError, match=r"mainstay.toml, line \d+: \[problem\]"):
        owner_page(open_project(trained.root), 1, now=NOW)


def test_a_report_from_before_there_were_studies_has_its_page_too(trained: Project) -> None:
    with open_books(trained) as books:
        bundle = books.registry.load_bundle("churn", 1)
    old = msgspec.structs.replace(
        bundle.report, reliability=(), learning_curve=(), staleness=(), sensitivity=(), attributions=(), difference=None
    )
    text = to_markdown(owner_document("churn", 1, old, None, Problem(), volume=None))
    assert "What it was chosen from" in text
