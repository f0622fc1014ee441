"""`release`, `approve`, `rollback`, `history`, `hold` and `resume` from the terminal."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest

from mainstay.cli.program import main
from mainstay.models.report import Verdict
from mainstay.release import open_books
from mainstay.serving.testing import TINY_MODEL, register_model, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project

    Run = Callable[..., tuple[int, str, str]]

DESCRIBED = 'decision = "Whom to call"\nowner = "a@b.example"\nlimitations = "None known"\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a project with versions 1, 2 and 3, all passed; nothing is released."""
    project = tiny_project(tmp_path, more=f"{DESCRIBED}[release]\nsteps = [0.05, 0.25]\n")
    now = dt.datetime.now(dt.UTC)
    for _ in range(3):
        number = register_model(project, TINY_MODEL)
        with open_books(project) as books:
            books.registry.add_verdict(project.name, number, Verdict(ok=True, findings=(), at=now, by="anna"))
    return project


@pytest.fixture
def run(project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("LOGNAME", "ben")

    def go(*words: str) -> tuple[int, str, str]:
        code = 0
        try:
            main([*words, "--project", str(project.root)])
        except SystemExit as leave:
            code = int(leave.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return go


def because(run: Run, *words: str) -> tuple[int, str, str]:
    return run(*words, "--reason", "because")


def test_a_canary_takes_a_share_or_the_first_step(run: Run) -> None:
    because(run, "release", "1")
    code, out, _ = because(run, "release", "2", "--json", "--canary")
    row = json.loads(out)
    assert (code, row["routes"][1], row["steps"]) == (0, {"version": 2, "role": "canary", "weight": 0.05}, [0.25, 1.0])
    _, out, _ = because(run, "release", "2", "--json", "--canary", "30")
    assert (json.loads(out)["routes"][1]["weight"], json.loads(out)["steps"]) == (0.3, [])
    for wrong in ("0", "100", "much"):
        assert because(run, "release", "2", "--canary", wrong)[0] == 2


def test_a_canary_with_steps_is_told_that_the_controller_is_held(run: Run) -> None:
    because(run, "release", "1")
    because(run, "hold")
    code, _, err = because(run, "release", "2", "--canary")
    assert (code, "no step is taken meanwhile. The controller is held since" in err) == (0, True)
    because(run, "resume")
    assert "meanwhile" not in because(run, "release", "3", "--canary")[2]


def test_an_arm_is_asked_for_alone(run: Run) -> None:
    because(run, "release", "1")
    assert because(run, "release", "2", "--ab", "10", "--shadow")[0] == 2
    code, _, err = because(run, "release", "2", "--ab", "12.5")
    assert (code, "version 2 (A/B arm) answers 12.5 %" in err) == (0, True)
    code, _, err = because(run, "release", "2", "--ab", "0")
    assert (code, "Version 1 answers 100 %" in err) == (0, True)


def test_dry_runs_change_nothing_and_tell_by_their_exit(run: Run) -> None:
    code, out, _ = run("release", "1", "--dry-run")
    assert (code, "would be done" in out) == (0, True)
    because(run, "release", "1")
    because(run, "release", "2")
    code, out, _ = run("rollback", "--dry-run", "--json")
    assert (code, json.loads(out)["version"], json.loads(out)["golden"]) == (0, 1, 20)
    code, out, err = run("release", "2", "--dry-run")
    assert (code, "would be refused" in out, "Nothing would change" in err) == (1, True, True)
    assert "never judged" not in out
    assert "isn't to be had" not in out
    assert len(json.loads(run("history", "--json")[1])) == 2


def test_history_at_a_moment_takes_offsets_and_reads_naive_times_as_utc(run: Run) -> None:
    because(run, "release", "1")
    now = dt.datetime.now(dt.UTC)
    for said in (now.astimezone(dt.timezone(dt.timedelta(hours=5))).isoformat(), f"{now:%Y-%m-%dT%H:%M:%S.%f}"):
        answered = json.loads(run("history", "--at", said, "--json")[1])
        assert (answered["release"]["id"], answered["parts"][0]["version"]) == (1, 1)
    code, out, _ = run("history", "--at", "2020-01-01")
    assert (code, "nothing answered" in out.lower()) == (0, True)
    code, _, err = run("history", "--at", "yesterday")
    assert (code, "2026-11-20T09:00" in err) == (2, True)


def test_a_rollback_holds_and_history_says_so_until_resumed(run: Run) -> None:
    because(run, "release", "1")
    because(run, "release", "2")
    assert because(run, "rollback")[0] == 0
    assert "mainstay resume" in run("history")[1]
    assert because(run, "hold")[0] == 0  # goes further than the rollback's own
    assert because(run, "hold")[0] == 1
    assert because(run, "resume")[0] == 0
    assert "mainstay resume" not in run("history")[1]
    assert run("hold")[0] == 1  # without a reason
    assert because(run, "hold")[0] == 0


def test_a_reason_is_needed_wherever_a_row_is_written(run: Run) -> None:
    for words in (("release", "1"), ("release", "1", "--trial"), ("approve", "1")):
        code, _, err = run(*words)
        assert (code, "--reason" in err) == (1, True)
