from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
import sqlalchemy as sa

from mainstay.errors import CorruptError
from mainstay.registry import tables
from mainstay.registry.changes import Changes
from mainstay.registry.code import CodeFile
from mainstay.registry.environment import Package
from mainstay.registry.ingredients import Ingredient, ingredients_of
from mainstay.registry.lineage import Lineage

if TYPE_CHECKING:
    from mainstay.registry import Entry, Registry
    from mainstay.state import State

WHOLE = Lineage(
    data_fingerprint="f00d",
    source="churn.csv",
    rows=450,
    data_md5="beef",
    git_commit="c0ffee",
    changes=Changes(sha256="ab", size=2, kept=True),
    code=(CodeFile("features.py", "cd", 3),),
    parameters={"learning_rate": 0.1, "balanced": True, "depth": None},
    seed=7,
    python="3.13.1",
    environment=(Package("numpy", "2.1.0", "ef"),),
    packages={"numpy": "2.1.0", "pytest": "9"},
    mainstay_sha256="12",
    parent=3,
)


def test_a_version_is_made_of_what_its_lineage_says() -> None:
    found = {(one.kind, one.name): one.value for one in ingredients_of(WHOLE)}
    assert found["commit", ""] == "c0ffee"
    assert found["data", "md5"] == "beef"
    assert found["code", "features.py"] == "cd"
    assert found["package", "numpy"] == "2.1.0"
    assert ("package", "pytest") not in found  # it was installed, and no part of it
    assert (found["parameter", "learning_rate"], found["parameter", "balanced"]) == ("0.1", "true")
    assert found["parent", ""] == "3"


def test_a_lineage_from_before_this_was_recorded_says_what_it_can() -> None:
    old = msgspec.json.decode(
        b'{"data_fingerprint":"f","source":"s","rows":1,"packages":{"numpy":"1.0"}}', type=Lineage
    )
    found = ingredients_of(old, parent=2)
    assert Ingredient("package", "numpy", "1.0") in found
    assert Ingredient("parent", "", "2") in found
    assert not any(one.kind in {"commit", "changes", "environment", "mainstay"} for one in found)


def test_they_are_written_with_the_version_and_can_be_written_again(
    registry: Registry, entry: Entry, state: State
) -> None:
    version = registry.register(replace(entry, lineage=WHOLE))
    found = registry.ingredients("churn", version.number)
    assert found == ingredients_of(WHOLE)
    with state.begin() as connection:
        connection.execute(sa.delete(tables.INGREDIENTS))
    assert registry.ingredients("churn", version.number) == ()
    assert registry.derive_ingredients("churn", version.number) == found
    assert registry.ingredients("churn", version.number) == found
    assert registry.derive_ingredients("churn", version.number) == found  # as often as one likes


def test_nothing_is_derived_of_a_bundle_that_was_changed(registry: Registry, entry: Entry) -> None:
    version = registry.register(entry)
    file = registry.folder("churn", version.number) / "lineage.json"
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b"f00d", b"f00e"))
    with pytest.raises(CorruptError, match=r"lineage\.json"):
        registry.derive_ingredients("churn", version.number)


def test_the_bundle_keeps_the_files_that_shaped_it(registry: Registry, entry: Entry) -> None:
    code = (("project/mainstay.toml", b"[problem]\n"), ("changes.patch", b"diff"))
    version = registry.register(replace(entry, code=code))
    folder = registry.folder("churn", version.number)
    assert (folder / "project" / "mainstay.toml").read_bytes() == b"[problem]\n"
    assert (folder / "changes.patch").read_bytes() == b"diff"
    registry.load_bundle("churn", version.number)
