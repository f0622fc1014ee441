"""A person leaves a log that is being written: segments, tables, copies and keys; and nothing else does."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest
from deltalake import DeltaTable
from tests.integration.test_serving_personal import CONTRACT, RECORD

from mainstay import lifecycle
from mainstay.contract import dumps
from mainstay.contract.personal import personal_in
from mainstay.errors import InputError, NotFoundError, StoreError
from mainstay.events import (
    Access,
    EventLog,
    Feedback,
    IdMaker,
    Prediction,
    Refusal,
    decode_event,
    open_log,
    open_pseudonyms,
)
from mainstay.events.erasing.pending import FILE as PENDING
from mainstay.events.lines import damages_of, is_erased
from mainstay.events.persons import FILE as PERSONS
from mainstay.events.read import read_feedback, read_predictions
from mainstay.events.sealing import seal
from mainstay.events.segments import digest, read_seal, segments
from mainstay.events.table.shipping import ship
from mainstay.serving.testing import TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

WHO, OTHER = "7590-VHVEG", "5575-GNVDE"
NOW = dt.datetime(2026, 11, 22, 17, 3, tzinfo=dt.UTC)
PERSONAL = personal_in(CONTRACT)
new_id = IdMaker()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path)
    (project.root / "contract.toml").write_text(dumps(CONTRACT), encoding="utf-8")
    return project


def prediction(project: Project, who: str, day: int = 0, **more: object) -> Prediction:
    told = {
        "id": new_id(), "at": NOW - dt.timedelta(days=day), "model": "churn", "version": 1, "role": "champion",
        "score": 0.5, "prediction": "Yes", "decision": "offer", "entity": open_pseudonyms(project.books)(who),
        "features": {"tenure": 3, "charge": 29.85},
    }  # fmt: skip
    return Prediction(**{**told, **more})  # type: ignore[arg-type]


def told(answer: Prediction) -> Feedback:
    return Feedback(id=answer.id, event=new_id(), model="churn", received=answer.at, at=answer.at, label="Yes")


def write(project: Project, log: EventLog, *, days: int = 3) -> dict[str, list[Prediction]]:
    """Write answers about two persons, with a shadow, feedback, a refusal and somebody who looked."""
    answers: dict[str, list[Prediction]] = {WHO: [], OTHER: []}
    persons = log.persons
    for who in answers:
        for day in range(days):
            first = prediction(project, who, day)
            shadow = prediction(project, who, day, role="shadow", answer=first.id)
            log.append("predictions", seal([first, shadow], PERSONAL, persons))
            log.append("feedback", [told(first)])
            log.append("refusals", [Refusal(id=first.id, at=first.at, model="churn", status=503, cause="log")])
            log.append("audit", [Access(id=new_id(), at=NOW, model="churn", kind="show", by="me", subject=first.id)])
            answers[who] += [first, shadow]
    persons.close()
    return answers


def shipped(log: EventLog) -> None:
    log.close()
    ship(log, contract_of=lambda _: CONTRACT)


def bytes_below(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_person_leaves_segments_tables_and_copies_and_nobody_else_does(project: Project) -> None:
    log = open_log(project)
    answers = write(project, log)
    shipped(log)
    later = write(project, log, days=1)  # not shipped, and still written
    quarantine = project.books / "quarantine"
    quarantine.mkdir()
    (quarantine / "rows.csv").write_text(f"row,rules,customer\n1,broken,{WHO}\n2,broken,{OTHER}\n", encoding="utf-8")
    done = lifecycle.erase(project, WHO, by="anna", reason="Art. 17")
    receipt = done.receipt
    assert (receipt.keys, receipt.answers, receipt.left) == (1, 8, ())
    assert receipt.files > 10
    gone = {open_pseudonyms(project.books)(WHO), WHO} | {one.id for one in (*answers[WHO], *later[WHO])}
    content = bytes_below(project.books)
    assert [word for word in gone if word.encode() in content] == []
    frame = read_predictions(log, CONTRACT)
    kept = [*answers[OTHER], *later[OTHER]]
    assert set(frame["id"]) == {one.id for one in kept}
    assert frame["f:charge"].to_list() == [29.85] * len(kept)
    assert read_feedback(log).height == 4
    for stream in ("predictions", "feedback", "refusals"):
        table = DeltaTable(log.root / "table" / stream)
        physical = {path.name for path in (log.root / "table" / stream).rglob("*.parquet")}
        assert physical == {uri.rpartition("/")[2] for uri in table.file_uris()}
    log.close()


def test_lines_are_erased_in_place_and_the_file_stays_what_readers_and_seals_expect(project: Project) -> None:
    log = open_log(project)
    write(project, log)
    live = segments(log.root / "predictions")[0]
    size, inode = live.stat().st_size, live.stat().st_ino
    lifecycle.erase(project, WHO, by="anna")
    assert (live.stat().st_size, live.stat().st_ino) == (size, inode)
    lines = live.read_bytes().splitlines()
    assert [is_erased(line) for line in lines] == [True] * 6 + [False] * 6
    assert [json.loads(line) for line in lines[:6]] == [{}] * 6
    log.append("predictions", [prediction(project, OTHER)])
    log.close()
    assert damages_of(live) == ()
    assert read_seal(live) == digest(live)
    accesses = [
        decode_event(line)
        for path in segments(log.root / "audit")
        for line in path.read_bytes().splitlines()
        if b'"show"' in line
    ]
    assert [one.subject.strip("0") == "" for one in accesses if isinstance(one, Access)] == [True] * 3 + [False] * 3


def test_who_was_erased_is_in_no_receipt_and_that_somebody_was_is_on_record(project: Project) -> None:
    log = open_log(project)
    answers = write(project, log)
    done = lifecycle.erase(project, WHO, by="anna", reason="Art. 17")
    receipt = (project.books / "erasures").glob("*.json").__next__().read_bytes()
    words = [WHO, open_pseudonyms(project.books)(WHO), *(one.id for one in answers[WHO])]
    assert [word for word in words if word.encode() in receipt] == []
    assert msgspec.json.decode(receipt)["reason"] == "Art. 17"
    assert open_pseudonyms(project.books)(WHO) in done.elsewhere
    lines = [line for path in segments(log.root / "audit") for line in path.read_bytes().splitlines()]
    (access,) = [decode_event(line) for line in lines if b'"erase"' in line]
    assert isinstance(access, Access)
    assert (access.by, access.reason, access.subject) == ("anna", "Art. 17", f"receipt {done.receipt.id}")
    log.close()


def test_a_dry_run_counts_and_changes_nothing(project: Project) -> None:
    log = open_log(project)
    write(project, log)
    log.close()
    before = bytes_below(project.books / "events")
    dry = lifecycle.erase(project, WHO, by="anna", dry_run=True).receipt
    assert bytes_below(project.books / "events") == before
    real = lifecycle.erase(project, WHO, by="anna").receipt
    assert (dry.events, dry.answers, dry.keys) == (real.events, real.answers, real.keys)


def test_books_that_cannot_be_written_are_told_and_nothing_is_changed(project: Project) -> None:
    log = open_log(project)
    answers = write(project, log, days=1)
    log.close()
    (project.books / "erasing.lock").mkdir()
    with pytest.raises(StoreError, match=r"erasing.lock can't be written: Is a directory"):
        lifecycle.erase(project, WHO, by="owner")
    assert answers[WHO][0].id.encode() in bytes_below(project.books)


def test_somebody_unknown_is_told_and_so_is_a_second_time(project: Project) -> None:
    log = open_log(project)
    write(project, log, days=1)
    log.close()
    lifecycle.erase(project, WHO, by="anna")
    for key in (WHO, "nobody"):
        with pytest.raises(NotFoundError, match="know nobody by this key: never, or erased before"):
            lifecycle.erase(project, key, by="anna")
    with pytest.raises(InputError, match="can't be read as 'customer'"):
        lifecycle.erase(project, " ", by="anna")


_KILLED = """
import os, sys
from pathlib import Path
from mainstay import lifecycle
from mainstay.project import open_project
import mainstay.lifecycle.erasing.verb as verb
at = int(sys.argv[2])
calls = 0
def dying(function):
    def call(*args, **more):
        global calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), 9)
        return function(*args, **more)
    return call
for name in ("keep_pending", "erase_lines", "seal_anew", "erase_everywhere", "prove", "write_receipt", "end_pending"):
    setattr(verb, name, dying(getattr(verb, name)))
lifecycle.erase(open_project(Path(sys.argv[1])), sys.argv[3], by="anna")
"""


@pytest.mark.parametrize("at", [2, 8, *(pytest.param(at, marks=pytest.mark.full) for at in (3, 4, 5, 6, 7, 9, 10))])
def test_an_erasure_that_was_killed_is_finished_by_the_next(project: Project, at: int) -> None:
    log = open_log(project)
    answers = write(project, log, days=1)
    shipped(log)
    write(project, log, days=1)
    log.close()
    command = [sys.executable, "-c", _KILLED, str(project.root), str(at), WHO]
    script = subprocess.run(command, check=False, env=os.environ)
    assert script.returncode == -9
    assert lifecycle.erase(project, WHO, by="anna").receipt.left == ()
    content = bytes_below(project.books)
    gone = [open_pseudonyms(project.books)(WHO), *(one.id for one in answers[WHO])]
    assert [word for word in gone if word.encode() in content] == []
    assert not (log.root / PENDING).exists()
    assert read_predictions(open_log(project), CONTRACT).height == 4
    for path in segments(log.root / "predictions"):
        assert read_seal(path) == digest(path)


def test_a_server_goes_on_and_the_same_person_gets_a_new_key(project: Project) -> None:
    release_now(project, register_model(project, TINY_MODEL, contract=CONTRACT))
    record = {**RECORD, "customer": WHO}
    with TestServer.start(project) as server:
        first = server.post("/models/churn/predict", record).json["id"]
        server.post("/models/churn/predict", {**record, "customer": OTHER})
        before = open_log(project).persons.known([open_pseudonyms(project.books)(WHO)])
        command = [sys.executable, "-m", "mainstay", "events", "erase", "--key", WHO, "--project", str(project.root)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (done.returncode, "the person is erased" in done.stdout) == (0, True), done.stderr
        second = server.post("/models/churn/predict", record)
        assert second.status == 200
        assert open_log(project).persons.known([open_pseudonyms(project.books)(WHO)]) != before
        ids = set(read_predictions(open_log(project), CONTRACT)["id"])
        assert second.json["id"] in ids
        assert first not in ids
        assert len(ids) == 2
    assert (project.books / PERSONS).exists()
