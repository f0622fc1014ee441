"""What is taken before a training is what the training used."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

import pytest

from mainstay import lifecycle
from mainstay.contract import load_contract
from mainstay.data import take_snapshot
from mainstay.errors import ProjectError
from mainstay.lifecycle.registering.grounds import take_grounds

if TYPE_CHECKING:
    from mainstay.project import Project

CODE = "def features(frame):\n    return frame\n"


def test_what_is_edited_during_a_training_is_not_taken_for_what_was_trained(untrained: Project) -> None:
    file = untrained.root / "features.py"
    file.write_text(CODE, encoding="utf-8")

    def edit(line: str) -> None:
        if "linear" in line or "do-nothing" in line:
            file.write_text(CODE + "# edited\n", encoding="utf-8")

    made = lifecycle.train(untrained, now=dt.datetime.now(dt.UTC), by="anna", progress=edit)
    assert file.read_text(encoding="utf-8").endswith("# edited\n")  # the training did tell us in between
    lineage = lifecycle.made(untrained, made.version.number).lineage
    taken = {one.path: one.sha256 for one in lineage.code}
    assert taken["features.py"] == hashlib.sha256(CODE.encode()).hexdigest()
    assert {"mainstay.toml", "contract.toml"} <= set(taken)
    assert (lineage.made, made.version.made) == ("trained", "trained")
    assert {"numpy", "polars", "mainstay"} <= {one.name for one in lineage.environment}


def test_feature_code_that_changed_while_the_rows_were_read_stops_a_training(untrained: Project) -> None:
    file = untrained.root / "features.py"
    file.write_text(CODE, encoding="utf-8")
    snapshot = take_snapshot(untrained, load_contract(untrained.root / "contract.toml"))
    file.write_text(CODE + "# edited\n", encoding="utf-8")
    with pytest.raises(ProjectError, match=r"features\.py changed while the rows were read"):
        take_grounds(untrained, snapshot, "trained", "anna")
