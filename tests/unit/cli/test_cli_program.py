"""The program itself: help, misspelt verbs, errors as one sentence, exit codes."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mainstay.cli.program import VERBS, main, program

ROOT = Path(__file__).resolve().parents[3]


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    try:
        main(words)
        code = 0
    except SystemExit as leave:
        code = int(leave.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_help_names_every_verb_by_chapter(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(["--help"], capsys)
    assert code == 0
    for chapter, verbs in VERBS.items():
        assert f"{chapter}:" in out
        for verb, (_, line) in verbs.items():
            assert verb in out
            assert line.split(":")[0] in out


def test_help_imports_none_of_the_rooms() -> None:
    code = (
        "import sys\nfrom mainstay.cli import main\n"
        "try:\n main(['--help'])\nexcept SystemExit: pass\nprint(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = done.stdout.splitlines()[-1]
    for heavy in ("mainstay.lifecycle", "mainstay.contract", "polars", "numpy", "sqlalchemy", "rich", "sklearn"):
        assert f"'{heavy}'" not in loaded


@pytest.mark.parametrize("verb", [verb for verbs in VERBS.values() for verb in verbs])
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run([verb, "--help"], capsys)
    assert code == 0
    assert out.startswith("Usage:")


def test_a_misspelt_verb_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(["relase", "1"], capsys)
    assert code == 2
    assert "Did you mean 'release'?" in err


def test_a_folder_without_project_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(["status"], capsys)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "mainstay init" in err


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("PORT", "abc", "for 'PORT' (environment): 'abc' is not a whole number."),
        ("AIP_HTTP_PORT", "0", "for 'AIP_HTTP_PORT' (environment): 0 is not in the range"),
        ("WEB_CONCURRENCY", "two", "for 'WEB_CONCURRENCY' (environment): 'two' is not a whole number."),
    ],
)
def test_a_wrong_variable_is_named_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable, value)
    code, _, err = run(["serve"], capsys)
    assert code == 2
    assert told in err
    assert "SAGEMAKER" not in err
    code, _, err = run(["serve", "--port", "x", "--workers", "y"], capsys)
    assert code == 2
    assert "'x' is not a whole number" in err


def test_an_error_is_json_where_json_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(["status", "--json"], capsys)
    assert code == 2
    assert json.loads(out)["error"] == "ProjectError"


def test_the_reference_page_is_the_programs_own_help() -> None:
    spec = importlib.util.spec_from_file_location("make_cli", ROOT / "docs" / "make_cli.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.page() == module.PAGE.read_text(encoding="utf-8"), "run: python docs/make_cli.py"


def test_every_verb_is_loaded_under_its_own_name() -> None:
    context = click.Context(program)
    for verbs in VERBS.values():
        for verb in verbs:
            command = program.get_command(context, verb)
            assert command is not None
            assert command.name == verb


@pytest.mark.parametrize("words", [["check", "--json"], ["check"], ["data", "list", "--json"], ["nonsense", "--json"]])
def test_a_closed_pipe_ends_quietly(small_project: Path, words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)  # nobody reads
    done = subprocess.run(
        [sys.executable, "-m", "mainstay", *words],
        cwd=small_project,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert b"Traceback" not in done.stderr
    assert b"Broken" not in done.stderr


def test_what_no_version_can_be_is_said_in_our_words(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(["version", "show", "abc"], capsys)
    assert code == 2
    assert "'abc' is no version, versions are numbers from 1" in err
    assert run(["init"], capsys)[2].startswith("mainstay: Name a table: mainstay init DATA --target COLUMN")


def test_what_the_system_refuses_is_said_in_a_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "mainstay.toml").mkdir()
    code, out, err = run(["check", "--project", str(tmp_path)], capsys)
    assert (code, out) == (2, "")
    assert err.startswith("mainstay: ")
    assert "directory" in err.lower()
