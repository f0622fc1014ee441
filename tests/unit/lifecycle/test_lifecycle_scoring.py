"""The score of a real version, from both books; and a card that says how it is built, deployed and watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay import lifecycle
from mainstay.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project


def points(project: Project, number: int = 1) -> dict[str, float]:
    return {test.id: test.points for test in lifecycle.testscore(project, number).tests}


def test_what_was_done_is_found_in_the_books(trained: Project) -> None:
    before = points(trained)
    assert before["Infra 4"] == before["Monitor 1"] == before["Data 2"] == 1
    assert before["Data 6"] == before["Infra 7"] == before["Infra 6"] == 0
    lifecycle.release(trained, 1, reason="first", by="anna")
    (trained.root / ".gitlab-ci.yml").write_text("test: {script: [mainstay train, mainstay gate 1]}", encoding="utf-8")
    after = points(trained)
    assert after["Data 6"] == 0.5
    assert after["Infra 3"] == 1
    assert after["Monitor 2"] == 0.5


def test_it_is_written_as_a_page(trained: Project, tmp_path: Path) -> None:
    found = lifecycle.testscore(trained, 1)
    page = lifecycle.write_score(found, tmp_path / "score.html").read_text(encoding="utf-8")
    assert "ML Test Score" in page
    assert "<script" not in page
    assert "| Data |" not in lifecycle.write_score(found, tmp_path / "score.md").read_text(encoding="utf-8")
    with pytest.raises(InputError, match=r"'\.pdf'"):
        lifecycle.write_score(found, tmp_path / "score.pdf")
    with pytest.raises(NotFoundError, match="no version 9"):
        lifecycle.testscore(trained, 9)


def test_the_card_says_how_it_is_built_deployed_and_watched(trained: Project) -> None:
    card = lifecycle.card(trained, 1)
    heads = [line.removeprefix("## ") for line in card.splitlines() if line.startswith("## ")]
    for head in (
        "Purpose",
        "Architecture and rationale",
        "Data and preprocessing",
        "Hyper-parameters",
        "How well it does",
        "Known limits",
        "What errors cost",
        "Deployment and monitoring",
        "Where it comes from",
    ):
        assert head in heads
    assert "Assumptions: **not said**" in card
    assert "Watched in windows of: **1d**" in card
    assert "| tenure\\_months | feature | integer" in card
