"""`feedback FILE` and `monitor --as-known-at` from the terminal."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest

from mainstay.cli.program import main
from mainstay.events import IdMaker, Prediction, open_log, open_pseudonyms
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project

    Run = Callable[..., tuple[int, str, str]]

HEAD = "customer,at,label,note\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that was asked about a and b forty days ago."""
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    hide, make = open_pseudonyms(project.books), IdMaker()
    at = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    open_log(project).append(
        "predictions",
        [
            Prediction(id=make(), at=at, model="churn", version=1, role="champion", score=0.5, prediction="No",
                       decision="none", features={"tenure": 3, "charge": 1.0, "plan": "basic"}, entity=hide(name))
            for name in "ab"
        ],
    )  # fmt: skip
    return project


@pytest.fixture
def run(project: Project, capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*words: str) -> tuple[int, str, str]:
        code = 0
        try:
            main([*words, "--project", str(project.root)])
        except SystemExit as leave:
            code = int(leave.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return go


def test_what_became_of_a_file_is_said(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "outcomes.csv"
    path.write_text(f"{HEAD}a,2026-10-20T00:00:00Z,Yes,x\nb,2026-11-20T00:00:00Z,No,x\nc,2026-11-20T00:00:00Z,No,x\n")
    code, _, err = run("feedback", str(path), "--within", "30d")
    assert code == 0
    assert "1 outcome taken" in err
    assert "2 rows not taken" in err
    assert "columns that say nothing here: note" in err
    code, out, _ = run("feedback", str(path), "--json")
    told = json.loads(out)
    assert (code, told["accepted"], told["repeated"], told["unmatched"]) == (0, 1, 1, 1)


@pytest.mark.parametrize(
    ("text", "words", "says"),
    [
        (f"{HEAD}a,2026-10-20T00:00:00Z,Yes,x\na,soon,Yes,x\n", (), "Record 1, field 'at'"),
        (f"{HEAD}a,2026-10-20T00:00:00Z,Yes,x\n", ("--within", "a while"), "is no length of time: 90d"),
        ("note,text\nx,y\n", (), "no column 'label'"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    run: Run, tmp_path: Path, text: str, words: tuple[str, ...], says: str
) -> None:
    path = tmp_path / "outcomes.csv"
    path.write_text(text)
    code, out, err = run("feedback", str(path), *words)
    assert (code, out) == (2, "")
    assert says in err


def test_a_look_as_known_then_needs_a_release_by_then(run: Run) -> None:
    assert run("monitor", "--as-known-at", "0s")[0] == 0
    code, _, err = run("monitor", "--as-known-at", "2026-01-01")
    assert (code, "Nothing was released yet then" in err) == (2, True)
