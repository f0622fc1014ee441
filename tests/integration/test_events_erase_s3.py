"""A person leaves the tables in a bucket, and every object below them is looked at."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import obstore
import pytest
from obstore.store import from_url
from tests.integration.test_events_erase import OTHER, WHO, shipped, write
from tests.integration.test_serving_personal import CONTRACT

from mainstay import lifecycle
from mainstay.contract import dumps
from mainstay.errors import SetupError, StoreError
from mainstay.events import open_log, open_pseudonyms
from mainstay.events.erasing.objects import objects_below
from mainstay.events.erasing.rows import erase_rows
from mainstay.events.erasing.traces import Traces
from mainstay.events.read import read_predictions
from mainstay.project import open_project
from mainstay.serving.testing import tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project


@pytest.fixture
def project(bucket: str, tmp_path: Path) -> Project:
    made = tiny_project(tmp_path)
    (made.root / "contract.toml").write_text(dumps(CONTRACT), encoding="utf-8")
    with made.file.path.open("a", encoding="utf-8") as file:
        file.write(f'\n[events]\ntable = "{bucket}/log"\n')
    return open_project(made.root)


def names(project: Project) -> set[str]:
    return {name for name, _ in objects_below(open_log(project).settings.table)}


def test_a_person_leaves_every_object_and_nobody_else_does(project: Project) -> None:
    log = open_log(project)
    write(project, log)
    shipped(log)
    before = {name for name in names(project) if name.endswith(".parquet")}
    done = lifecycle.erase(project, WHO, by="anna").receipt
    assert (done.keys, done.answers, done.left) == (1, 6, ())
    assert {"table predictions", "table feedback", "table refusals"} <= {place.where for place in done.places}
    after = names(project)
    assert any("_delta_log" in name for name in after)
    assert done.files > len(after)
    assert not {name for name in before & after if name.startswith("predictions/")}  # each day had rows of the person
    hide = open_pseudonyms(project.books)
    assert not any(hide(WHO).encode() in content for _, content in objects_below(log.settings.table))
    assert set(read_predictions(log, CONTRACT)["entity"]) == {hide(OTHER)}


def test_files_that_an_interrupted_erasure_left_are_found_and_deleted(project: Project) -> None:
    log = open_log(project)
    write(project, log)
    shipped(log)
    hide = open_pseudonyms(project.books)
    before = {name for name in names(project) if name.startswith("predictions/date")}
    assert erase_rows(log, "predictions", Traces(frozenset({hide(WHO)}))) == 6
    assert before <= names(project)  # no version of the table names them, and they are there
    assert lifecycle.erase(project, WHO, by="anna").receipt.left == ()
    assert not before & names(project)


def test_an_object_that_no_table_names_is_told(project: Project) -> None:
    log = open_log(project)
    write(project, log, days=1)
    shipped(log)
    place = log.settings.table
    store: Any = from_url(place, client_options={"allow_http": True})
    obstore.put(store, "copy/of.json", open_pseudonyms(project.books)(WHO).encode())
    assert lifecycle.erase(project, WHO, by="anna").receipt.left == (f"{place}/copy/of.json",)
    obstore.delete(store, "copy/of.json")
    assert lifecycle.erase(project, WHO, by="anna").receipt.left == ()


def test_what_looks_at_objects_is_demanded_before_anything_is_erased(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(project)
    write(project, log, days=1)
    log.close()
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "obstore.store", None)
        with pytest.raises(SetupError, match="needs obstore"):
            lifecycle.erase(project, WHO, by="anna")
    assert open_log(project).persons.known([open_pseudonyms(project.books)(WHO)]) != {}
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreError, match="can't be"):
        lifecycle.erase(project, WHO, by="anna")
