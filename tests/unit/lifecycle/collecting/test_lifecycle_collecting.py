"""admin gc: what goes, what stays, and a kill at any step of it."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mainstay import lifecycle
from mainstay.cli.program import program
from mainstay.errors import NotFoundError, ProjectError, ReleaseError
from mainstay.lifecycle.collecting.document import size_words
from mainstay.registry.store import S3Store
from mainstay.release import Route, open_books
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

LATER = dt.datetime.now(dt.UTC) + dt.timedelta(days=100)


@pytest.fixture
def five(tmp_path: Path) -> Project:
    """Five versions; the second is champion, the fourth beside it."""
    project = tiny_project(tmp_path / "project", more="[registry]\nkeep_versions = 1\n")
    for _ in range(5):
        register_model(project, TINY_MODEL)
    release_now(project, 2, Route(4, "canary", 0.5))
    return project


def kinds(collected: lifecycle.Collected) -> list[tuple[str, str]]:
    return [(one.kind, one.what) for one in collected.gone]


def test_what_nobody_needs_goes_and_its_row_says_so(five: Project) -> None:
    dry = lifecycle.collect(five, now=LATER, dry=True)
    assert (kinds(dry), dry.kept) == ([("version", "1"), ("version", "3")], 3)
    assert all(one.size > 5000 for one in dry.gone)
    with open_books(five) as books:
        assert books.registry.store.numbers("churn") == (1, 2, 3, 4, 5)
        assert all(one.removed is None for one in books.registry.versions("churn"))
    done = lifecycle.collect(five, now=LATER)
    assert done.gone == dry.gone
    with open_books(five) as books:
        assert books.registry.store.numbers("churn") == (2, 4, 5)
        assert [one.number for one in books.registry.versions("churn") if one.removed == LATER] == [1, 3]
        assert books.registry.version("churn", 3).candidate == "linear"
        for load in (books.registry.load_bundle, books.registry.load_contract, books.registry.folder):
            with pytest.raises(NotFoundError, match=r"churn version 3 was removed by mainstay admin gc on \d{4}-"):
                load("churn", 3)
        books.registry.load_bundle("churn", 4)
    again = lifecycle.collect(five, now=LATER)
    assert (again.gone, again.kept) == ((), 3)
    assert register_model(five, TINY_MODEL) == 6


def test_a_version_that_is_gone_can_not_be_released(five: Project) -> None:
    lifecycle.collect(five, now=LATER)
    with pytest.raises(ReleaseError, match="The bundle of churn version 3 was removed"):
        release_now(five, 3)
    with pytest.raises(NotFoundError, match="was removed"):
        lifecycle.release(five, 3, by="me", reason="why not")


def test_days_and_versions_can_be_said_for_once(five: Project) -> None:
    assert lifecycle.collect(five, now=LATER, days=101).gone == ()
    assert kinds(lifecycle.collect(five, now=LATER, newest=3, dry=True)) == [("version", "1")]
    assert kinds(lifecycle.collect(five, now=LATER, newest=0, days=0, dry=True)) == [
        ("version", "1"),
        ("version", "3"),
        ("version", "5"),
    ]


def test_what_killed_writers_and_an_earlier_gc_left_goes(five: Project) -> None:
    home = five.books / "store" / "churn"
    (home / ".tmp-0123").mkdir()
    (home / ".tmp-0123" / "half").write_bytes(b"x" * 100)
    with open_books(five) as books:
        books.registry.mark_removed("churn", lambda _: (1,), LATER)
    done = lifecycle.collect(five, now=LATER)
    assert kinds(done) == [("version", "3"), ("unfinished", "1"), ("half-written", ".tmp-0123")]
    assert sorted(path.name for path in home.iterdir()) == ["2", "4", "5"]


def test_a_bundle_without_a_row_goes_only_where_that_is_asked_for(five: Project) -> None:
    home = five.books / "store" / "churn"
    (home / "7").mkdir()
    (home / "7" / "manifest.json").write_text("{}")
    assert (lifecycle.collect(five, now=LATER).orphans, (home / "7").is_dir()) == ((7,), True)
    young = lifecycle.collect(five, now=dt.datetime.now(dt.UTC), orphans=True)
    assert (young.gone, young.orphans) == ((), (7,))
    done = lifecycle.collect(five, now=LATER, orphans=True)
    assert (kinds(done), done.orphans) == ([("orphan", "7")], ())
    assert not (home / "7").exists()


def test_old_copies_of_the_books_from_before_migrations_go_but_the_newest(five: Project) -> None:
    folder = five.books / "backups"
    folder.mkdir(exist_ok=True)
    names = ["registry-before-0004-a.sqlite", "registry-before-0005-b.sqlite", "registry-asked-c.sqlite"]
    for place, name in enumerate(names):
        (folder / name).write_bytes(b"x" * 10)
        os.utime(folder / name, (1000 + place, 1000 + place))
    done = lifecycle.collect(five, now=LATER, days=1000)
    assert kinds(done) == [("backup", names[0])]
    assert set(names[1:]) <= {path.name for path in folder.iterdir()}


def test_copies_of_what_answers_no_more_are_dropped_and_come_back(
    tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("obstore")
    monkeypatch.setenv("MAINSTAY_STORE", f"{bucket}/models")
    project = tiny_project(tmp_path / "project", more="[registry]\nkeep_versions = 2\n")
    for _ in range(3):
        register_model(project, TINY_MODEL)
    release_now(project, 1)
    with open_books(project) as books:
        for number in (1, 2, 3):
            books.registry.load_bundle("churn", number)
        store = books.registry.store
        assert isinstance(store, S3Store)
        store.objects.create("churn/9/half", b"x" * 10)
    done = lifecycle.collect(project, now=LATER)
    assert kinds(done) == [("half-written", "9"), ("copy", "2"), ("copy", "3")]
    with open_books(project) as books:
        assert [copy.number for copy in books.registry.store.copies("churn")] == [1]
        assert books.registry.store.numbers("churn") == (1, 2, 3)
        books.registry.load_bundle("churn", 2)
    done = lifecycle.collect(project, now=LATER, newest=1)
    assert [one for one in kinds(done) if one[0] == "version"] == [("version", "2")]
    with open_books(project) as books:
        assert books.registry.store.numbers("churn") == (1, 3)
        assert [copy.number for copy in books.registry.store.copies("churn")] == [1]


def test_the_command_says_what_would_go_and_what_went(five: Project) -> None:
    said = CliRunner().invoke(program, ["admin", "gc", "--dry-run", "--keep-days", "0", "--project", str(five.root)])
    assert said.exit_code == 0, said.output
    assert "would be freed" in said.output
    assert "bundles of versions that nobody needs" in said.output
    words = ["admin", "gc", "--keep-days", "0", "--json", "--project", str(five.root)]
    done = json.loads(CliRunner().invoke(program, words).stdout)
    assert [one["what"] for one in done["gone"]] == ["1", "3"]
    again = CliRunner().invoke(program, ["admin", "gc", "--project", str(five.root)])
    assert "There is nothing to remove." in again.output
    assert (size_words(999), size_words(1000), size_words(10**15)) == ("999 bytes", "1.0 kB", "1000000.0 GB")


def test_a_setting_that_can_not_be_meant_is_told(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "project", more="[registry]\nkeep_days = 0\n")
    with pytest.raises(ProjectError, match="keep_days"):
        lifecycle.collect(project, now=LATER)


# Each file operation of the interpreter is announced to an audit hook: that is where the child dies.
KILL = """
import datetime as dt, os, shutil, signal, sys
from pathlib import Path
from mainstay import lifecycle
from mainstay.project import open_project
from mainstay.release import open_books

pristine, stride = Path(sys.argv[1]), int(sys.argv[2])
later = dt.datetime.now(dt.UTC) + dt.timedelta(days=100)
TOUCHING = ("open", "os.", "shutil.", "sqlite3.", "fcntl.")

def child(project, last):
    seen = 0
    def step(event, args):
        nonlocal seen
        if event.startswith(TOUCHING):
            seen += 1
            if seen == last:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(step)
    lifecycle.collect(project, now=later)
    os._exit(0)

last = 1
while True:
    shutil.rmtree(pristine.with_name("played"), ignore_errors=True)
    project = open_project(shutil.copytree(pristine, pristine.with_name("played")))
    pid = os.fork()
    if pid == 0:
        child(project, last)
    _, status = os.waitpid(pid, 0)
    with open_books(project) as books:
        lying = set(books.registry.store.numbers("churn"))
        for version in books.registry.versions("churn"):
            if version.removed is None:
                books.registry.load_bundle("churn", version.number)
            else:
                assert version.number in {1, 3}
        assert lying >= {2, 4, 5}
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0
        break
    lifecycle.collect(project, now=later)
    assert sorted(path.name for path in (project.books / "store" / "churn").iterdir()) == ["2", "4", "5"], last
    last += stride
assert lying == {2, 4, 5}
print(last)
"""


@pytest.mark.parametrize("stride", [pytest.param(1, marks=pytest.mark.full), 23])
def test_a_kill_at_any_step_leaves_what_the_next_one_finishes(five: Project, stride: int) -> None:
    command = [sys.executable, "-c", KILL, str(five.root), str(stride)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert int(done.stdout) > 50
