"""Strings can't forge a line of the log, nor command the terminal that shows it or the spreadsheet that opens it."""

from __future__ import annotations

import csv
import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from mainstay.contract import Category, Contract, Integer, Number, Text, dumps
from mainstay.events import STREAMS, Prediction, decode_event, open_log
from mainstay.serving.testing import TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from mainstay.events import Event
    from mainstay.project import Project

FORGED = '{"event.dataset":"mainstay.predictions","event.id":"forged"}'
STRINGS = {
    "line break": f"x\n{FORGED}",
    "carriage return": f"x\r\n{FORGED}\r\n",
    "line separator": f"x\u2028{FORGED}\u2029",
    "next line": f"x\x85{FORGED}",
    "nul": "x\x00y",
    "escape": "\x1b]0;owned\x07\x1b[2J\x1b[31mred",
    "c1": "\x9b2J\x90q\x9c",
    "bidi": "\u202egnp.exe\u2066",
    "quote": f'"}}\n{FORGED}',
    "backslash": '\\"\\n\\u000a\\',
    "formula": '=cmd|"/c calc"!A1',
    "plus": "+1+1",
    "minus": "-1+1",
    "at": "@SUM(1)",
    "tab": "\t=1+1",
    "erased": "{}" + " " * 40,
    "hash": ',"event.hash":"00000000"}\n',
    "bom": "\ufeffx",
    "long": "y" * 1000,
}
SURROGATE = b"\\ud800"
CONTRACT = Contract(
    (
        Text(name="customer", role="id", missing="allow"),
        Integer(name="tenure", min=0, max=100),
        Number(name="charge", missing="allow", malformed="flag"),
        Category(name="plan", values=("basic", "full"), unknown="other"),
    )
)
BAD = {*range(0x20), 0x7F, *range(0x80, 0xA0), 0x2028, 0x2029, 0x202E, 0x2066} - {0x0A, 0x0D}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = tiny_project(tmp_path_factory.mktemp("hostile-log"))
    (project.root / "contract.toml").write_text(dumps(CONTRACT), encoding="utf-8")
    release_now(project, register_model(project, TINY_MODEL, contract=CONTRACT))
    return project


@pytest.fixture(scope="module")
def written(project: Project) -> tuple[Project, dict[str, str]]:
    """Send every string in every place that takes one; gives the ids of those that were answered, by string."""
    answered = {}
    with TestServer.start(project) as server:
        for word, text in STRINGS.items():
            record = {"customer": text, "tenure": 3, "charge": text, "plan": text, text: text}
            told = server.post("/models/churn/predict", record)
            if told.status == 200:
                answered[word] = told.json["id"]
            for wrong in ({"tenure": text}, {text: 1}, {**record, "tenure": text}):
                assert server.post("/models/churn/predict", wrong).status < 500
            about = answered.get(word, text)
            for outcome in (
                {"id": text, "label": "Yes"},
                {"id": about, "label": text},
                {"id": about, "kpis": {text: 1}},
            ):
                assert server.post("/models/churn/feedback", outcome).status < 500
            if told.status == 200:
                server.post("/models/churn/feedback", {"id": about, "label": "Yes"})
        for body in (b'{"customer": "%b", "tenure": 3}', b'{"%b": 1}', b'{"customer": "a", "tenure": "%b"}'):
            assert server.post("/models/churn/predict", body % SURROGATE).status < 500
    return project, answered


def lines(project: Project) -> list[bytes]:
    log = open_log(project)
    data = b"".join(path.read_bytes() for stream in STREAMS for path in log.segments(stream))
    assert data.endswith(b"\n")
    return data.split(b"\n")[:-1]


def events(project: Project) -> list[Event]:
    return [decode_event(line) for line in lines(project)]


def test_each_line_is_one_event_that_was_asked_for(written: tuple[Project, dict[str, str]]) -> None:
    project, answered = written
    found = events(project)
    ids = {event.id for event in found if isinstance(event, Prediction)}
    assert len(answered) >= len(STRINGS) - 3
    assert ids == set(answered.values())
    assert all(json.loads(line) for line in lines(project))


def test_what_was_sent_is_in_the_line_as_it_was(written: tuple[Project, dict[str, str]]) -> None:
    project, answered = written
    by_id = {event.id: event for event in events(project) if isinstance(event, Prediction)}
    for word, name in answered.items():
        assert (by_id[name].raw or {}).get("charge") == shortened(STRINGS[word])


def shortened(text: str) -> str:
    """Give what a line keeps of a text that isn't used: its beginning."""
    return text if len(text) <= 80 else f"{text[:79]}…"


def on_a_terminal(*words: str) -> bytes:
    """Run mainstay with a terminal for its output, as a person has it."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mainstay", *words]
    with subprocess.Popen(
        command, stdout=theirs, stderr=theirs, env={**os.environ, "NO_COLOR": "1", "TERM": "dumb"}
    ) as running:
        os.close(theirs)
        said = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:
                break
            if not chunk:
                break
            said += chunk
        running.wait()
    os.close(ours)
    assert running.returncode == 0, said
    return said


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_events_tail_sends_no_command_to_a_terminal(
    written: tuple[Project, dict[str, str]], more: tuple[str, ...]
) -> None:
    project, answered = written
    said = on_a_terminal("events", "tail", "-n", "1000", *more, "--project", str(project.root)).decode()
    assert [character for character in said if ord(character) in BAD] == []
    assert len(said.replace("\r\n", "\n").strip("\n").split("\n")) == len(lines(project))
    assert all(name in said for name in answered.values())


def test_events_show_sends_no_command_to_a_terminal(written: tuple[Project, dict[str, str]]) -> None:
    project, answered = written
    said = on_a_terminal("events", "show", answered["escape"], "--project", str(project.root)).decode()
    assert [character for character in said if ord(character) in BAD] == []


def test_a_csv_has_a_row_per_answer_and_no_formula(written: tuple[Project, dict[str, str]]) -> None:
    project, answered = written
    out = project.root / "out.csv"
    command = ["events", "export", "--out", str(out), "--force", "--project", str(project.root)]
    subprocess.run([sys.executable, "-m", "mainstay", *command], check=True, capture_output=True)
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    assert {row["id"] for row in rows} == set(answered.values())
    texts = [cell for row in rows for cell in row.values() if cell and not _is_number(cell)]
    assert [cell for cell in texts if cell[0] in "=+-@\t\r"] == []


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_lines_of_an_export_are_as_many_as_answers(written: tuple[Project, dict[str, str]]) -> None:
    project, answered = written
    out = project.root / "out.jsonl"
    command = ["events", "export", "--out", str(out), "--force", "--project", str(project.root)]
    subprocess.run([sys.executable, "-m", "mainstay", *command], check=True, capture_output=True)
    found = [msgspec.json.decode(line) for line in out.read_bytes().split(b"\n") if line]
    assert {row["id"] for row in found} == set(answered.values())
    raw = {row["id"]: msgspec.json.decode(row["raw"]) for row in found}
    assert {word: raw[name]["charge"] for word, name in answered.items()} == {
        word: shortened(STRINGS[word]) for word in answered
    }
