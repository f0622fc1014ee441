"""Disks that are full, or can only be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.faults.actions import ACTIONS
from tests.faults.apart import run_apart

if TYPE_CHECKING:
    from pathlib import Path


def test_a_full_disk_refuses_in_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    found = run_apart("tests.faults.full_disk", str(tmp_path))
    assert set(found) == set(ACTIONS)
    for name, tried in found.items():
        assert tried["wrong"] == [], name
        assert tried["done"] > 0, name
    assert found["register"]["refused"] > 3


def test_books_that_can_only_be_read_are_told_in_one_line(tmp_path: Path) -> None:
    found = run_apart("tests.faults.read_only", str(tmp_path))
    for words, said in found.items():
        assert "Traceback" not in said["err"] + said["out"], words
        if said["code"]:
            assert said["code"] == 2, (words, said)
            lines = [line for line in said["err"].splitlines() if line.startswith("mainstay: ")]
            assert len(lines) == 1, (words, said)
            assert "written" in lines[0] or "read-only" in lines[0], (words, said)
    for words in ("release 3", "rollback --reason", "approve 3"):
        assert found[words]["code"] == 2, found[words]


@pytest.mark.parametrize(
    ("durability", "policy"),
    [
        ("process", "refuse"),
        ("process", "answer"),
        pytest.param("disk", "refuse", marks=pytest.mark.full),
        ("async", "answer"),
    ],
)
def test_a_log_whose_disk_is_full_does_as_the_project_says(tmp_path: Path, durability: str, policy: str) -> None:
    found = run_apart("tests.faults.full_log", str(tmp_path), durability, policy)
    assert set(found["before"]) == set(found["again"]) == {200}, found["server"]
    assert set(found["full"]) == ({503} if policy == "refuse" else {200})
    assert found["ready"] == (503 if policy == "refuse" else 200)
    assert "No space left on device" in found["said"]
    assert found["missing"] == found["lost"]
    assert (found["lost"] >= 60) == ((durability, policy) == ("process", "answer"))
    assert (found["after"], found["twice"], found["code"]) == (200, 0, 0)
    assert found["seconds"] < 5
