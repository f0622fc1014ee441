"""Bad input on the road: one clear sentence with the cure, exit 2, nothing half-written."""

from __future__ import annotations

import random
import socket
import sqlite3
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.acceptance.conftest import Terminal


def churn_table(rows: int, *, labels: tuple[str, ...] = ("Yes", "No")) -> str:
    dice = random.Random(5)  # noqa: S311 - a sample, not a secret
    lines = [f"{dice.randrange(60)},{dice.choice(['a', 'b'])},{dice.choice(labels)}" for _ in range(rows)]
    return "\n".join(["tenure,plan,Churn", *lines]) + "\n"


CASES: dict[str, tuple[str | bytes | None, str]] = {
    "a missing file": (None, "is no file|There is no"),
    "an empty file": ("", "empty"),
    "a header alone": ("tenure,plan,Churn\n", "not one row"),
    "a target that isn't there": (churn_table(80).replace("Churn", "Chrun"), "Chrun"),
    "one class only": (churn_table(80, labels=("No",)), "'No'"),
    "fewer than 50 rows": (churn_table(30), "30"),
    "duplicate column names": (churn_table(80).replace("plan", "tenure", 1), "tenure"),
    "a file that isn't a table": (bytes(range(256)) * 40, "table|text"),
    "more labels than a model can tell apart": (churn_table(400, labels=tuple(f"label {k}" for k in range(60))), "60"),
}


@pytest.mark.parametrize("name", list(CASES))
def test_a_bad_source_is_one_sentence(name: str, terminal: Terminal) -> None:
    content, says = CASES[name]
    path = terminal.folder / "data.csv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    said = terminal.run("init", "data.csv", "--target", "Churn", "--dir", "model", expect=2)
    assert said.out == ""
    assert said.err.startswith("mainstay: ")
    assert said.err.count("\n") == 1, said.err
    assert any(word in said.err for word in says.split("|")), said.err
    assert not (terminal.folder / "model").exists()


@pytest.fixture
def project(terminal: Terminal) -> Terminal:
    (terminal.folder / "data.csv").write_text(churn_table(200))
    terminal.run("init", "data.csv", "--target", "Churn", "--dir", "model")
    return type(terminal)(terminal.folder / "model")


def spoilt(cell: Callable[[int], str], *, tenure: Callable[[int], str] = str) -> str:
    """Write 200 rows whose target and first feature are as said."""
    lines = [f"{tenure(k % 60)},{'ab'[k % 2]},{cell(k)}" for k in range(200)]
    return "\n".join(["tenure,plan,Churn", *lines]) + "\n"


UNLEARNABLE: dict[str, tuple[str, str]] = {
    "one class": (spoilt(lambda _: "No"), "Every row has the same 'Churn'"),
    "a target that is mostly infinite": (spoilt(lambda k: str(k) if k % 3 else "inf"), "infinite in 67 of 200 rows"),
    "a label written in several ways": (spoilt(lambda k: ("Yes", "no", "No", "yes")[k % 4]), "in several ways"),
    "too few rows of a label": (spoilt(lambda k: "Yes" if k < 3 else "No"), "Only 3 of 200 rows"),
    "a feature that is always missing": (
        spoilt(lambda k: ("Yes", "No")[k * 7 % 3 == 0], tenure=lambda _: ""),
        "'tenure' is missing in all",
    ),
}


@pytest.mark.parametrize("name", list(UNLEARNABLE))
def test_rows_that_cannot_be_learned_from_are_one_sentence_and_nothing_is_registered(
    name: str, project: Terminal
) -> None:
    """The project was made from good rows; what comes for the retraining isn't."""
    content, says = UNLEARNABLE[name]
    contract = project.folder / "contract.toml"
    contract.write_text(contract.read_text().replace("[tenure]", '[tenure]\nmissing = "allow"', 1))
    (project.folder.parent / "data.csv").write_text(content)
    said = project.run("train", expect=2)
    assert says in said.err
    assert said.out == ""
    assert project.run("version", "list", "--json").json == []


def test_labels_with_blanks_around_them_are_the_labels_without(project: Terminal) -> None:
    (project.folder.parent / "data.csv").write_text(spoilt(lambda k: ("Yes", "No ", " Yes", "No", "")[k % 5]))
    found = project.run("train", "--json").json
    assert "Churn" in str(found)


def test_a_corrupt_registry_is_named_with_its_cure(project: Terminal) -> None:
    books = project.folder / ".mainstay"
    books.mkdir(exist_ok=True)
    (books / "registry.sqlite").write_bytes(b"this is no database" * 500)
    for words in (("history",), ("train",), ("status",)):
        said = project.run(*words, expect=2)
        assert "registry.sqlite" in said.err
        assert "backup" in said.err


def test_a_locked_registry_is_named(project: Terminal) -> None:
    project.run("train")
    with sqlite3.connect(project.folder / ".mainstay" / "registry.sqlite") as held:
        held.execute("BEGIN EXCLUSIVE")
        said = project.run("release", "1", "--trial", "--reason", "a look", expect=2)
        held.rollback()
    held.close()
    assert "Another process holds" in said.err
    assert project.run("history", "--json").json == []


def test_a_port_in_use_is_named(project: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for words in (("serve", "--port", str(port)), ("up", "--port", str(port))):
            said = project.run(*words, expect=2)
            assert str(port) in said.err
            assert "--port" in said.err


def test_a_release_refuses_what_is_empty_by_name(project: Terminal) -> None:
    project.run("train")
    said = project.run("release", "1", "--reason", "because", expect=1)
    for field in ("decision", "action", "owner", "limitations"):
        assert field in said.err
    assert "--trial" in said.err
    assert "--reason" in project.run("release", "1", "--trial", expect=1).err
    assert project.run("release", "1", "--trial", "--reason", "a look", "--json").json["trial"] is True


def test_money_that_cannot_be_meant_is_refused_before_anything_is_written(terminal: Terminal) -> None:
    (terminal.folder / "data.csv").write_text(churn_table(80))
    words = ("init", "data.csv", "--target", "Churn", "--dir", "model", "--value")
    for amount in ("-300", "nan"):
        said = terminal.run(*words, amount, expect=2)
        assert "value is" in said.err
        assert not (terminal.folder / "model").exists()


def test_up_does_not_answer_another_question_than_it_was_asked(project: Terminal, terminal: Terminal) -> None:
    (terminal.folder / "model.csv").write_text(churn_table(200))
    said = terminal.run("up", "--data", "model.csv", "--target", "plan", expect=2)
    assert "Churn" in said.err
    assert project.folder.name in said.err


def test_what_is_not_there_is_named(project: Terminal) -> None:
    assert "mainstay train" in project.run("gate", "1", expect=2).err
    assert "mainstay" in project.run("monitor", expect=2).err
    assert "Nothing is released" in project.run("rollback", "--reason", "x", expect=1).err
