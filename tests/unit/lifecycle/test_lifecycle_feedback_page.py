"""The files that the page on feedback shows are taken as it says, and so are its settings."""

from __future__ import annotations

import datetime as dt
import io
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.events import IdMaker, Prediction, open_log, open_pseudonyms
from mainstay.monitoring import MonitoringSettings
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from mainstay.project import Project

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "feedback.md").read_text("utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def asked(tmp_path: Path) -> Project:
    """A project that was asked about everybody the page names, on the day before."""
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    hide, make = open_pseudonyms(project.books), IdMaker()
    whom = [name for block in blocks("csv") for name in pl.read_csv(io.StringIO(block)).to_dict().get("customer", [])]
    open_log(project).append(
        "predictions",
        [
            Prediction(id=make(), at=dt.datetime(2026, 11, 19, tzinfo=dt.UTC), model="churn", version=1,
                       role="champion", score=0.5, prediction="No", decision="none", features={}, entity=hide(name))
            for name in whom
        ],
    )  # fmt: skip
    return project


@pytest.mark.parametrize("text", blocks("csv"))
def test_every_file_shown_is_taken(asked: Project, text: str) -> None:
    path = asked.root.parent / "outcomes.csv"
    path.write_text(text, encoding="utf-8")
    taken = lifecycle.take_feedback(asked, path)
    assert (taken.accepted, taken.unmatched, taken.ambiguous, taken.ignored) == (2, 0, 0, ())
    assert taken.unknown == (2 if text.startswith("id,") else 0)


def test_there_is_a_file_of_each_kind_and_the_settings_are_ones() -> None:
    assert [block.partition(",")[0] for block in blocks("csv")] == ["id", "customer"]
    (settings,) = (tomllib.loads(block) for block in blocks("toml"))
    assert sorted(msgspec.convert(settings["monitoring"], MonitoringSettings).kpis) == ["complaints", "revenue"]
