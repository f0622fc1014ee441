"""Everything that reads what a stranger sent, as functions from bytes: they return, or refuse in words."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from tests.hostile.wire import configured, open_app, talk

from mainstay.contract import BodyError
from mainstay.errors import RecordError
from mainstay.serving.call import Call
from mainstay.serving.cases import take_cases
from mainstay.serving.doors.invocations import Invocations
from mainstay.serving.doors.native import Native
from mainstay.serving.doors.oip.door import OipDoor
from mainstay.serving.doors.tfs import Tfs
from mainstay.serving.doors.vertex import Vertex
from mainstay.serving.doors.vetiver import Vetiver
from mainstay.serving.guard.certificate import not_after
from mainstay.serving.guard.keys import id_of, matches
from mainstay.serving.measuring.trace import read_trace
from mainstay.serving.refusals import problem_of
from mainstay.serving.replies import ProblemDetails, Refused
from mainstay.serving.testing import GOOD_RECORD
from mainstay.serving.wire.direct import DirectProtocol
from mainstay.serving.wire.intake import demand_json, demand_own_origin, inflate, request_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.serving.app import App
    from mainstay.serving.doors import Door

    Target = Callable[[bytes], object]

_JSON = b"application/json"
_decode_problem = msgspec.json.Decoder(ProblemDetails).decode
GOOD = msgspec.json.encode(GOOD_RECORD)
OIP = (
    b'{"inputs": [{"name": "tenure", "shape": [1], "datatype": "INT64", "data": [3]},'
    b' {"name": "charge", "shape": [1, 1], "datatype": "FP64", "data": [[29.85]]},'
    b' {"name": "plan", "shape": [1], "datatype": "BYTES", "data": ["basic"]}]}'
)
SPLIT = b'{"dataframe_split": {"columns": ["tenure", "charge", "plan"], "data": [[3, 29.85, "basic"]]}}'
SEEDS: dict[str, tuple[bytes, ...]] = {
    "native": (GOOD, b"[%s, %s]" % (GOOD, GOOD), b'{"tenure": 1e400}', b'[{"tenure": NaN}]', b"[[[[]]]]"),
    "feedback": (b'{"id": "1", "label": "Yes"}', b'[{"id": "x", "kpis": {"a": 1.5}, "at": "2026-11-28T06:00:00Z"}]'),
    "oip": (OIP, OIP.replace(b'"data": [3]', b'"parameters": {"binary_data_size": 8}')),
    "oip binary": (OIP.replace(b'"data": [3]', b'"parameters": {"binary_data_size": 8}') + b"\x03" + b"\0" * 7,),
    "tfs": (b'{"instances": [%s]}' % GOOD, b'{"inputs": {"tenure": [3], "charge": [1.0], "plan": ["basic"]}}',
            b'{"signature_name": "x", "examples": [%s]}' % GOOD, b'{"instances": [{"b64": "aGk="}]}'),
    "mlflow": (SPLIT, b'{"dataframe_records": [%s]}' % GOOD, b'{"instances": [%s]}' % GOOD,
               b'{"inputs": {"plan": ["a"]}}'),
    "csv": (b"tenure,charge,plan\n3,29.85,basic\n", b'3,"29.85",basic\r\n', b'tenure;plan\n"a""b";c\n'),
    "json lines": (GOOD + b"\n" + GOOD + b"\n", b"\n\n"),
    "vertex": (b'{"instances": [%s], "parameters": {}}' % GOOD,),
    "vetiver": (b"[%s]" % GOOD, b'{"tenure": {"0": 3}}'),
    "head": (b"content-type: application/json; charset=utf-8\norigin: http://localhost\ntraceparent: 00-" + b"a" * 32,),
    "inflate": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00", b"x\x9c"),
    "key": (b"ms_00000000_" + b"0" * 40, b"Bearer ms_"),
    "certificate": (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",),
    "protocol": (
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(GOOD), GOOD),
        b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /models/churn HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"POST /v2/models/churn/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\n{}",
        b"CONNECT a:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /predict?explain=true HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    ),
}  # fmt: skip
"""By target: inputs that lead far into it."""


def targets(folder: Path | None = None) -> dict[str, Target]:
    """Make every target, over one served model."""
    app = open_app(folder or Path(tempfile.mkdtemp()))
    config = configured(app)
    doors: dict[str, tuple[Door, bytes, dict[bytes, bytes]]] = {
        "native": (Native("predict"), b"/predict", {b"content-type": _JSON}),
        "oip": (OipDoor("churn"), b"/v2/models/churn/infer", {}),
        "oip binary": (OipDoor("churn"), b"/v2/models/churn/infer",
                       {b"inference-header-content-length": b"%d" % (len(SEEDS["oip binary"][0]) - 8)}),
        "tfs": (Tfs(), b"/v1/models/churn:predict", {}),
        "mlflow": (Invocations(), b"/invocations", {b"content-type": _JSON}),
        "csv": (Invocations(), b"/invocations", {b"content-type": b"text/csv"}),
        "json lines": (Invocations(), b"/invocations", {b"content-type": b"application/jsonlines"}),
        "vertex": (Vertex(), b"/vertex", {b"content-type": _JSON}),
        "vetiver": (Vetiver(), b"/vetiver/predict", {b"content-type": _JSON}),
    }  # fmt: skip
    made: dict[str, Target] = {name: _through(app, *door) for name, door in doors.items()}
    made["feedback"] = _feedback(app)
    made["head"] = _head
    made["inflate"] = _inflate
    made["key"] = lambda data: matches(None, data) or id_of(data)
    made["certificate"] = _certificate
    made["protocol"] = lambda data: _protocol(config, data)
    return made


def _through(app: App, door: Door, path: bytes, head: dict[bytes, bytes]) -> Target:
    served = app.models[0]
    lineup = served.lineup
    assert lineup is not None

    def read(data: bytes) -> object:
        call = Call("POST", path.decode(), dict(head), data)
        try:
            asked = door.ask(call, lineup)
            return take_cases(lineup, asked.body, served.new_id)
        except (Refused, RecordError, BodyError) as error:
            refused = problem_of(error)
            assert 400 <= refused.status < 500
            assert refused.detail
            reply = door.refuse(refused, "x")
            assert reply.body
            if any(b"json" in value for _, value in reply.headers):
                msgspec.json.decode(reply.body)
            return refused

    return read


def _feedback(app: App) -> Target:
    import datetime as dt  # noqa: PLC0415 - one target's

    reader = app.models[0].feedback_reader
    assert reader is not None

    def read(data: bytes) -> object:
        try:
            return reader.decode(data, dt.datetime.now(dt.UTC))
        except (RecordError, BodyError) as error:
            return _decode_problem(problem_of(error).reply("x").body)

    return read


def _head(data: bytes) -> object:
    head = dict(line.partition(b": ")[::2] for line in data.split(b"\n"))
    found: list[Any] = [request_id(head), read_trace(head)]
    for look in (demand_json, lambda each: demand_own_origin(each, loopback=True)):
        try:
            look(head)
        except Refused as refused:
            found.append(refused.status)
    return found


def _inflate(data: bytes) -> object:
    try:
        plain = inflate(data, b"gzip", 10_000)
    except Refused as refused:
        return refused.status
    assert len(plain) <= 10_000
    return plain


def _certificate(data: bytes) -> object:
    try:
        return not_after(data.decode("latin1"))
    except ValueError:
        return None


def _protocol(config: Any, data: bytes) -> object:
    said = talk(DirectProtocol, config, [data])
    assert all(status < 500 or status == 503 for status, _, _ in said), said
    return said
