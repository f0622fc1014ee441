from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from mainstay import lifecycle
from mainstay.cli.program import main
from mainstay.data.versions.digest import digest_of
from mainstay.errors import InputError
from mainstay.registry import Lineage, tables
from mainstay.registry.changes import Changes
from mainstay.registry.code import CodeFile
from mainstay.registry.environment import Package
from mainstay.release import open_books
from mainstay.render.terminal import print_document
from mainstay.serving.testing import TINY_MODEL, tiny_entry, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

FEATURES = b"def features(frame): ...\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make three versions of different things; the third is made from the second."""
    project = tiny_project(tmp_path)
    (project.root / "features.py").write_bytes(FEATURES)
    (project.root / "rows.csv").write_text("a,b\n1,2\n")
    code = (CodeFile("features.py", hashlib.sha256(FEATURES).hexdigest(), len(FEATURES)),)
    md5 = digest_of(project.root / "rows.csv").md5
    register(project, git_commit="ab" * 20, parameters={"learning_rate": 0.1}, numpy="2.0.0", data_md5="0" * 32)
    register(project, git_commit="cd" * 20, parameters={"learning_rate": 0.05}, numpy="2.1.0", data_md5=md5)
    register(project, git_commit="cd" * 20, code=code, numpy="2.1.0", parent=2, changes=Changes(sha256="ef" * 32))
    return project


def register(project: Project, *, numpy: str, **more: Any) -> None:
    lineage = Lineage(
        data_fingerprint="f00d" * 16,
        source="rows.csv",
        rows=1,
        environment=(Package("numpy", numpy, "99"),),
        seed=7,
        python="3.13.1",
        **more,
    )
    with open_books(project) as books:
        books.registry.register(replace(tiny_entry(project, TINY_MODEL), lineage=lineage, parent=more.get("parent")))


@pytest.mark.parametrize(
    ("whats", "versions"),
    [
        (["ababab"], [1]),
        (["CDCDCDCD"], [3, 2]),
        (["f00df00d"], [3, 2, 1]),
        (["efefefefef"], [3]),
        (["numpy"], [3, 2, 1]),
        (["NumPy == 2.1.0"], [3, 2]),
        (["numpy==2.1"], []),
        (["python==3.13.1"], [3, 2, 1]),
        (["version 2"], [3]),
        (["Version:1"], []),
        (["learning_rate=0.10"], [1]),
        (["learning_rate=5e-2"], [2]),
        (["learning_rate"], [2, 1]),
        (["seed=7"], [3, 2, 1]),
        (["features.py"], [3]),
        (["rows.csv"], [3, 2, 1]),  # the same rows, by their fingerprint
        (["numpy==2.1.0", "cdcdcd", "learning_rate=0.05"], [2]),
        (["numpy==2.1.0", "ababab"], []),
        (["lightgbm"], []),
    ],
)
def test_versions_are_found_by_what_they_are_made_of(project: Project, whats: list[str], versions: list[int]) -> None:
    found = lifecycle.made_of(project, whats)
    assert [one.number for one in found.versions] == versions
    assert [one.what for one in found.asked] == whats


def test_a_data_file_has_the_answer_it_has_elsewhere(project: Project) -> None:
    asked = lifecycle.ask_data(project, project.root / "rows.csv")
    found = lifecycle.made_of(project, [str(project.root / "rows.csv")])
    assert [each.version for each in asked.matches] == [one.number for one in found.versions]


def test_a_changed_file_is_in_no_version(project: Project) -> None:
    (project.root / "features.py").write_bytes(FEATURES + b"#")
    assert lifecycle.made_of(project, ["features.py"]).versions == ()


def test_a_revision_of_git_is_a_commit(project: Project) -> None:
    for words in (
        ("init", "-q"),
        ("-c", "user.name=a", "-c", "user.email=b@c", "commit", "-q", "--allow-empty", "-m."),
    ):
        subprocess.run(["git", "-C", str(project.root), *words], check=True)
    head = subprocess.run(
        ["git", "-C", str(project.root), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    register(project, git_commit=head, numpy="3")
    assert [one.number for one in lifecycle.made_of(project, ["HEAD"]).versions] == [4]


def test_versions_from_before_this_was_recorded_are_found_too(project: Project) -> None:
    with open_books(project) as books, books.registry._state.begin() as connection:
        connection.execute(sa.delete(tables.INGREDIENTS))
    assert [one.number for one in lifecycle.made_of(project, ["numpy==2.1.0"]).versions] == [3, 2]


def test_a_bundle_that_cannot_be_read_is_told_and_the_others_are_found(project: Project) -> None:
    with open_books(project) as books:
        with books.registry._state.begin() as connection:
            connection.execute(sa.delete(tables.INGREDIENTS))
        file = books.registry.folder(project.name, 2) / "lineage.json"
        file.chmod(0o600)
        file.write_text("{}")
    found = lifecycle.made_of(project, ["numpy==2.1.0"])
    assert [one.number for one in found.versions] == [3]
    assert found.unread[0].startswith("Version 2 couldn't be looked at: ")


@pytest.mark.parametrize("what", ["", "--exec=touch", "a b", "\0", "x " * 5000, "../../etc\n"])
def test_what_means_nothing_is_refused(project: Project, what: str) -> None:
    if "=" in what:
        assert lifecycle.made_of(project, [what]).versions == ()
        return
    with pytest.raises(InputError, match="can't be told what"):
        lifecycle.made_of(project, [what])


def test_nothing_found_says_what_was_looked_for(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    print_document(lifecycle.made_of_document(lifecycle.made_of(project, ["numpy==9", "learning_rate=0.1"])))
    out = " ".join(capsys.readouterr().out.split())
    assert "No version of churn is made of numpy==9 and learning_rate=0.1" in out
    assert "the package numpy 9: no version" in out
    assert "the parameter learning_rate = 0.1: version 1" in out


def test_the_command_line_lists_and_shows_it(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["--project", str(project.root)]
    main(["version", "list", "--made-of", "numpy==2.1.0", "--made-of", "version 2", "--json", *here])
    assert [one["number"] for one in json.loads(capsys.readouterr().out)["versions"]] == [3]
    main(["version", "show", "3", "--json", *here])
    told = json.loads(capsys.readouterr().out)["made"]
    assert told["lineage"]["environment"] == [{"name": "numpy", "version": "2.1.0", "sha256": "99"}]
    main(["version", "show", "3", *here])
    assert "features.py" in capsys.readouterr().out


def test_a_range_of_versions_is_no_parameter(project: Project) -> None:
    with pytest.raises(InputError, match="can't be told what 'numpy>=2'"):
        lifecycle.made_of(project, ["numpy>=2"])
