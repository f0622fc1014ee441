"""A project whose labels were sampled unevenly: trained, compared with its own rows, described."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mainstay import lifecycle
from mainstay.project import open_project
from mainstay.registry import Version
from mainstay.release import open_books

if TYPE_CHECKING:
    from mainstay.project import Project

NOW = dt.datetime.now(dt.UTC)


def test_a_version_of_thinned_labels_measures_its_rows_as_the_world(untrained: Project) -> None:
    file = untrained.root / "mainstay.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("[data]", "[data]\nprior = 0.05", 1), "utf-8")
    project = open_project(untrained.root)
    made = lifecycle.train(project, now=NOW, by="anna")
    assert isinstance(made.version, Version)
    assert made.report.base_rate == 0.05
    found = lifecycle.gap(project, now=NOW)
    held = next(stage for stage in found.measures[0].stages if stage.where == "held out")
    money = made.report.measure(made.report.primary)
    assert money is not None
    assert held.value == pytest.approx(money.value)
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, made.version.number)
    share = bundle.profile.rows / made.report.train_rows
    assert 0.5 < share < 1  # the reference for drift leaves out the positives that there were too many of
    assert any("Labels were sampled unevenly" in note for note in bundle.report.notes)
