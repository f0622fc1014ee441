from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from mainstay import lifecycle
from mainstay.contract import Contract, Number, profile_rows
from mainstay.errors import InputError
from mainstay.lifecycle.contrast import contrast, headline
from mainstay.lifecycle.contrast.data import shifts
from mainstay.lifecycle.contrast.values import Changed
from mainstay.registry import Lineage
from mainstay.registry.code import CodeFile
from mainstay.registry.environment import Package
from mainstay.release import open_books
from mainstay.render import to_html, to_markdown
from mainstay.serving.testing import TINY_MODEL, tiny_entry, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.lifecycle.contrast import Contrast
    from mainstay.project import Project

FEATURES = "def features(frame):\n    return frame\n"
WHOLE = {
    "data_fingerprint": "f00d",
    "source": "rows.csv",
    "rows": 50,
    "parameters": {"learning_rate": 0.1, "depth": 3},
    "environment": (Package("numpy", "2.0", "aa"), Package("polars", "1.0", "bb")),
    "packages": {"numpy": "2.0"},
    "python": "3.13.1",
    "made": "trained",
    "by": "me",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return tiny_project(tmp_path)


def register(project: Project, files: dict[str, str] | None = None, **more: Any) -> int:
    kept = {"features.py": FEATURES} if files is None else files
    code = tuple(CodeFile(name, hashlib.sha256(text.encode()).hexdigest(), len(text)) for name, text in kept.items())
    lineage = Lineage(**{**WHOLE, "code": code, **more})
    contents = tuple((f"project/{name}", text.encode()) for name, text in kept.items())
    entry = replace(tiny_entry(project, TINY_MODEL), lineage=lineage, code=contents)
    with open_books(project) as books:
        return books.registry.register(entry).number


def between(project: Project, was: int, now: int) -> Contrast:
    with open_books(project) as books:
        old, new = (books.registry.load_bundle(project.name, number, run=False) for number in (was, now))
        return contrast(old, new)


def test_two_versions_of_the_same_things_do_not_differ(project: Project) -> None:
    register(project)
    register(project)
    found = between(project, 1, 2)
    assert headline(found) == "same data, same code"
    assert (found.parameters, found.packages, found.environment, found.policy, found.history) == ((),) * 5
    assert found.same_rows
    assert [(one.was, one.now) for one in found.measures if one.was != one.now] == []


def test_what_differs_is_the_headline(project: Project) -> None:
    register(project)
    register(project, parameters={"learning_rate": 0.05, "leaves": 31})
    found = between(project, 1, 2)
    assert headline(found) == "same data, same code; 3 parameters differ"
    assert found.parameters == (
        Changed("learning_rate", "0.1", "0.05"),
        Changed("depth", "3", "—"),
        Changed("leaves", "—", "31"),
    )
    register(project, data_fingerprint="beef", parameters={"learning_rate": 0.1, "depth": 4})
    assert headline(between(project, 1, 3)) == "same code; the data and 1 parameter differ"
    assert not between(project, 1, 3).same_rows
    register(project, python="3.14.0")
    assert headline(between(project, 1, 4)) == "same data, same code; the machine or its software differs"


def test_packages_differ_by_version_and_by_content(project: Project) -> None:
    register(project)
    register(project, environment=(Package("numpy", "2.0", "zz"), Package("lightgbm", "4", "cc")))
    found = between(project, 1, 2)
    assert found.packages == (
        Changed("lightgbm", "—", "4"),
        Changed("numpy", "2.0, content aa", "content zz"),
        Changed("polars", "1.0", "—"),
    )
    register(project, environment=())
    assert between(project, 1, 3).packages == ()  # then what was installed is all there is


def test_code_is_a_bounded_diff(project: Project) -> None:
    register(project)
    register(project, {"features.py": FEATURES.replace("frame\n", "frame + 1\n"), "model.py": "x = 1\n" * 500})
    found = between(project, 1, 2).code
    assert [(file.path, file.state) for file in found.files] == [("features.py", "changed"), ("model.py", "added")]
    assert "-    return frame" in found.files[0].lines
    assert "+    return frame + 1" in found.files[0].lines
    assert len(found.files[1].lines) == 200
    assert found.files[1].note == "301 more lines of it differ"
    assert between(project, 2, 1).code.files[1].state == "removed"
    assert found.same is False


def test_versions_too_old_to_say_are_not_called_the_same(project: Project) -> None:
    register(project, {})
    register(project, {})
    assert between(project, 1, 2).code.same is None
    assert headline(between(project, 1, 2)) == "same data"


def test_values_that_moved_are_told_and_other_bins_alone_are_not() -> None:
    contract = Contract((Number(name="a"), Number(name="b")))
    dice = np.random.default_rng(7)
    first, second = dice.normal(size=(4000, 2)), dice.normal(size=(4000, 2))
    assert list(shifts(profile_rows(contract, first), profile_rows(contract, second))) == []
    second[:, 1] += 1.0
    found = list(shifts(profile_rows(contract, first), profile_rows(contract, second)))
    assert [one.feature for one in found] == ["b"]
    assert type(found[0].share) is float
    assert 0.34 < found[0].share < 0.42  # 0.383 between two normal distributions a deviation apart
    second[:2000, 0] = np.nan
    assert {one.feature for one in shifts(profile_rows(contract, first), profile_rows(contract, second))} == {"a", "b"}


def test_where_the_rows_cannot_be_had_the_rest_is_told(project: Project, tmp_path: Path) -> None:
    register(project)
    register(project, parameters={})
    apart = lifecycle.diff(project, 2, 1)
    assert apart.difference is None
    assert apart.untold
    text = to_markdown(lifecycle.diff_document(apart))
    assert text.startswith("# churn: version 2 against version 1: same data, same code; 2 parameters differ")
    assert "What they answer couldn't be compared." in text
    assert json.loads(msgspec.json.encode(apart))["contrast"]["parameters"][0]["what"] == "learning_rate"
    for name in ("a.md", "a.html"):
        assert lifecycle.write_diff(apart, tmp_path / name).read_text()
    with pytest.raises(InputError, match="can't be written as"):
        lifecycle.write_diff(apart, tmp_path / "a.pdf")


def test_hostile_texts_stay_texts(project: Project) -> None:
    register(project)
    evil = "<script>alert(1)</script>\x1b[2J\u202e|`x`\n"
    register(project, {"features.py": evil}, parameters={evil: evil}, source=evil)
    document = lifecycle.diff_document(lifecycle.diff(project, 2, 1))
    page, text = to_html(document), to_markdown(document)
    assert "<script>alert" not in page
    assert not any(bad in page + text for bad in ("\x1b", "\u202e"))
    assert "<script>alert" not in text
