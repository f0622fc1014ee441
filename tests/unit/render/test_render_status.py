"""`mainstay status`: the same facts on one screen."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from mainstay.render import print_overview, sample_overview
from mainstay.render.numbers import THIN
from mainstay.render.overview import ModelRow, Overview
from mainstay.render.overview_terminal import overview_terminal, spark_blocks

SAMPLE = sample_overview()


def shown(overview: Overview, width: int) -> str:
    screen = Console(file=io.StringIO(), width=width)
    with screen.capture() as seen:
        screen.print(overview_terminal(overview, width))
    return seen.get().replace(THIN, " ")


@pytest.mark.parametrize("width", [80, 120])
def test_three_models_fit_one_screen(width: int) -> None:
    lines = shown(SAMPLE, width).rstrip().splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= width


def test_it_says_who_answers_what_it_earns_and_what_helps() -> None:
    said = shown(SAMPLE, 200)
    for part in (
        "1 of 3 models needs you",
        "v7",
        "€ 7 540 ± 620 a day",
        "(trial)",
        "mainstay rollback --project churn",
    ):
        assert part in said


def test_an_empty_house_shows_the_one_command() -> None:
    assert "mainstay init" in shown(Overview(at=SAMPLE.at), 80)


def test_a_pipe_gets_no_colour() -> None:
    out = io.StringIO()
    print_overview(SAMPLE, out)
    assert "\x1b" not in out.getvalue()


def test_the_line_shows_the_fall_and_leaves_nothing_for_nothing() -> None:
    row = SAMPLE.model("churn")
    assert row is not None
    drawn = spark_blocks(row)
    assert len(drawn) == 24
    assert max(drawn[:12]) > max(drawn[-4:])
    assert spark_blocks(ModelRow(name="a", state="idle")) == ""
