"""Roles in the contract stand in for what the project file leaves out, and may not contradict it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay.contract import Boolean, Category, Contract, Datetime, Integer, Number, Text
from mainstay.data import DataSettings, SplitBy, with_roles
from mainstay.errors import ProjectError
from mainstay.project import open_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.contract import AnyColumn

X = Number(name="x")
ROLES: tuple[AnyColumn, ...] = (
    Text(name="who", role="id"),
    Boolean(name="left", role="target"),
    Datetime(name="at", role="time"),
    Category(name="plan", values=("a",), role="segment"),
    X,
)


def resolved(folder: Path, data: str, *columns: AnyColumn) -> DataSettings:
    (folder / "mainstay.toml").write_text(f"[data]\n{data}\n", encoding="utf-8")
    project = open_project(folder)
    return with_roles(project.section("data", DataSettings), Contract(columns), project)


def test_what_the_project_leaves_out_is_taken_from_the_roles(tmp_path: Path) -> None:
    assert resolved(tmp_path, "seed = 3", *ROLES) == DataSettings(
        target="left", entity="who", split_by=SplitBy(time="at"), segments=("plan",), seed=3
    )


def test_what_the_project_says_stays(tmp_path: Path) -> None:
    said = 'target = "left"\nentity = "who"\nsplit_by = "random"\nsegments = ["plan", "x"]'
    assert resolved(tmp_path, said, *ROLES) == DataSettings(target="left", entity="who", segments=("plan", "x"))
    plain = resolved(tmp_path, 'target = "y"\nentity = "e"\nsplit_by = { group = "g" }', X)
    assert plain == DataSettings(target="y", entity="e", split_by=SplitBy(group="g"))


def test_a_group_decides_before_a_time_and_several_decide_nothing(tmp_path: Path) -> None:
    house, street = Integer(name="house", role="group"), Integer(name="street", role="group")
    assert resolved(tmp_path, "", *ROLES, house).split_by == SplitBy(group="house")
    assert resolved(tmp_path, "", *ROLES, house, street).split_by == "random"
    assert resolved(tmp_path, "", X, ROLES[2], Datetime(name="later", role="time")).split_by == "random"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            'target = "gone"',
            r"line 2: \[data\] target says 'gone', but in contract.toml the role 'target' is that of 'left'",
        ),
        ('entity = "x"', r"entity says 'x', but in contract.toml the role 'id' is that of 'who'"),
        ('segments = ["x"]', r"segments says 'x', but in contract.toml the role 'segment' is that of 'plan'"),
        ('split_by = { time = "x" }', r"split_by says 'x', but in contract.toml the role 'time' is that of 'at'"),
    ],
)
def test_files_that_disagree_are_named_both(tmp_path: Path, data: str, said: str) -> None:
    with pytest.raises(ProjectError, match=said):
        resolved(tmp_path, data, *ROLES)
