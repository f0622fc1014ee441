"""Good bodies changed by mistakes and malice, through every door's decoder; the corpus of bad inputs by two doors."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mainstay.contract import AnyColumn, BodyError, Category, Contract, Integer, Number, Text
from mainstay.errors import RecordError
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.serving import Served
from mainstay.serving.call import Call
from mainstay.serving.doors.invocations import Invocations
from mainstay.serving.doors.tfs import Tfs
from mainstay.serving.doors.vertex import Vertex
from mainstay.serving.doors.vetiver import Vetiver
from mainstay.serving.refusals import fields_refused
from mainstay.serving.replies import Refused
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_MODEL,
    TestServer,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from mainstay.serving.doors.door import Door
    from mainstay.serving.lineup import Lineup

CORPUS = Path(os.environ.get("MAINSTAY_TEST_CORPUS", str(Path(__file__).resolve().parents[3] / "shared" / "corpus")))
ROW, JSON = list(GOOD_RECORD.values()), "application/json"
SPLIT = {"columns": list(GOOD_RECORD), "data": [ROW], "index": [0]}
TOKENS = [
    *(each.encode() for each in ("{", "}", "[", "]", ",", ":", '"', "\\", "null", "true", "NaN", "-Infinity", "[[")),
    *(b"1e999", b"1e99999", b"9" * 400, b"-", b"0", b'""', b"{}", b"[]", b'"features"', b'{"b64":"', b"\\ud800"),
    *(b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x00", b"\n", b"\r", b" "),
]


def _seeds() -> list[tuple[Door, str, str, bytes]]:
    tfs, invocations, columns = Tfs(), Invocations(), {name: [value] for name, value in GOOD_RECORD.items()}
    predict: list[object] = [{"instances": [GOOD_RECORD]}, {"instances": [ROW]}, {"inputs": columns}]
    predict += [{"instances": [{**GOOD_RECORD, "plan": {"b64": "YmFzaWM="}}], "signature_name": "serving_default"}]
    scored: list[object] = [{"dataframe_split": SPLIT, "params": {"a": 1}}, {"dataframe_records": [GOOD_RECORD]}]
    scored += [{"inputs": GOOD_RECORD}, [GOOD_RECORD], {"inputs": [[float("nan"), float("inf"), "x"]]}]
    line = json.dumps(GOOD_RECORD).encode()
    return [
        *((tfs, "/v1/models/churn:predict", JSON, json.dumps(body).encode()) for body in predict),
        (tfs, "/v1/models/churn:classify", JSON, b'{"examples":[%s],"context":{"a":1}}' % line),
        *((invocations, "/invocations", JSON, json.dumps(body).encode()) for body in scored),
        (invocations, "/invocations", "application/json; format=pandas-split", json.dumps(SPLIT).encode()),
        (invocations, "/invocations", "text/csv", b'tenure,charge,plan\n3,1.5,basic\n4,,"fu""ll"\n'),
        (invocations, "/invocations", "text/csv", b"3,1.5,basic\n"),
        (invocations, "/invocations", "application/jsonlines", line + b"\n" + json.dumps(ROW).encode() + b"\n"),
        (Vertex(), "/score", JSON, b'{"instances":[%s],"parameters":{}}' % line),
        (Vetiver(), "/vetiver/predict", JSON, b"[%s]" % line),
    ]


def _mutated(dice: random.Random, body: bytes) -> bytes:
    made = bytearray(body)
    for _ in range(dice.choice((1, 1, 2, 3, 6))):
        at = dice.randrange(len(made) + 1)
        to = min(len(made), at + dice.randrange(1, 12))
        other = dice.randrange(len(made) + 1)
        made[at : dice.choice((at, to))] = dice.choice(
            [dice.choice(TOKENS), b"", bytes([dice.randrange(256)]), made[at:to] * 3, made[other : other + 30]]
        )
    return bytes(made)


def _outcome(lineup: Lineup, door: Door, call: Call) -> str:
    """Only these three may come of a body; anything else would be a fault of the server."""
    try:
        lineup.champion.decoder.decode(door.ask(call, lineup).body)
    except Refused as refused:
        return _told(door, refused)
    except RecordError as error:
        return _told(door, fields_refused(error))
    except BodyError as error:
        return _told(door, Refused(400, "syntax", error.message, error.cure))
    return "read"


def _told(door: Door, refused: Refused) -> str:
    reply = door.refuse(refused, "")
    reply.body.decode()
    return "refused" if 400 <= reply.status < 500 else f"{reply.status}"


@pytest.mark.parametrize("count", [5_000, pytest.param(1_000_000, marks=pytest.mark.full)])
def test_no_mutation_of_a_body_is_a_fault(tmp_path: Path, count: int) -> None:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    served = Served(project, loopback=True)
    served.look()
    assert served.lineup is not None
    dice, seeds = random.Random(count), _seeds()  # noqa: S311 - nothing is secret here
    seen = {"read": 0, "refused": 0}
    for _ in range(count):
        door, path, kind, body = dice.choice(seeds)
        sent = _mutated(dice, body)
        outcome = _outcome(served.lineup, door, Call("POST", path, {b"content-type": kind.encode()}, sent))
        assert outcome in seen, (path, kind, sent)
        seen[outcome] += 1
    assert min(seen.values()) > count / 50


@pytest.mark.full
@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"NOT TESTED: the corpus isn't at {CORPUS} (set MAINSTAY_TEST_CORPUS)")
@pytest.mark.parametrize(
    ("protocol", "path"), [("tfs", "/v1/models/{model}:predict"), ("mlflow", "/models/{model}/invocations")]
)
def test_the_corpus_finds_no_hard_offence_by_other_doors(tmp_path: Path, protocol: str, path: str) -> None:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, ConstantModel(0.5), contract=_wide()))
    with TestServer.start(project) as server:
        server.wait("/readyz")
        command = [sys.executable, str(CORPUS / "attack.py"), "--base", f"http://127.0.0.1:{server.port}"]
        command += ["--protocol", protocol, "--path", path, "--tfs-path", path, "--pid", str(server.process.pid)]
        command += ["--outcomes-path", "/models/{model}/feedback", "--out", str(tmp_path / "result.json")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        summary = json.loads((tmp_path / "result.json").read_text())["summary"]
        assert done.returncode == 0, done.stdout
        assert server.terminate() == 0
        assert "Traceback" not in server.said()
    assert summary["hard_offences"] == 0
    # Lists of one are a protocol's own way of sending a value there.
    assert summary["verdict lenient"] == (2 if protocol == "tfs" else 0)
    assert summary["leaks traceback or path"] == 0
    assert summary["4xx naming the field"] == summary["4xx where a field should be named"] > 30


def _wide() -> Contract:
    """A contract that the corpus' good record keeps to."""
    with (CORPUS / "bad_inputs.jsonl").open(encoding="utf-8") as lines:
        good = json.loads(next(lines))["good_record"]
    most = {"tenure": 100.0, "MonthlyCharges": 1000.0, "TotalCharges": 100_000.0}
    columns: list[AnyColumn] = [Text(name="customerID", role="id", missing="allow")]
    for name, value in good.items():
        if name in ("tenure", "SeniorCitizen"):
            columns.append(Integer(name=name, min=0, max=int(most.get(name, 1))))
        elif name in most:
            columns.append(Number(name=name, min=0, max=most[name]))
        elif name != "customerID":
            columns.append(Category(name=name, values=tuple(dict.fromkeys((value, "No", "Yes")))))
    return Contract(tuple(columns))
