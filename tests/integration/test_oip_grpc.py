"""The Open Inference Protocol over gRPC, asked by Triton's own client, unmodified, against a real server."""

from __future__ import annotations

import datetime as dt
import itertools
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from tests.certificates import write_pair
from tritonclient.grpc import (
    InferenceServerClient,
    InferInput,
    InferRequestedOutput,
    InferResult,
    service_pb2,
    service_pb2_grpc,
)
from tritonclient.utils import InferenceServerException

from mainstay.contract import Boolean, Contract, Integer, Number
from mainstay.events import EventLog, Refusal, tail
from mainstay.models.frameworks.linear import LinearModel, Slope
from mainstay.models.task import Task
from mainstay.serving.doors.oip.rpc.messages import PROTO, messages
from mainstay.serving.guard import key_file
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_MODEL,
    TestServer,
    free_port,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.project import Project

PRICES = Contract((Integer(name="rooms"), Number(name="area", missing="allow"), Boolean(name="garden")))
PRICE_MODEL = LinearModel(10.0, (Slope(3.0, 2.5), Slope(70.0, 0.1), Slope(0.5, 7.0)), logistic=False)
RECORDS = [
    GOOD_RECORD,
    {"customer": "äö", "tenure": 71, "charge": 118.75, "plan": "full"},
    {"customer": "x", "tenure": 0, "charge": 0.1, "plan": "other"},
]
KINDS: dict[str, tuple[str, Any]] = {
    "customer": ("BYTES", np.object_),
    "tenure": ("INT64", np.int64),
    "charge": ("FP64", np.float64),
    "plan": ("BYTES", np.object_),
}


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> list[Project]:
    folder = tmp_path_factory.mktemp("oip")
    churn, prices = (tiny_project(folder, name) for name in ("churn", "prices"))
    release_now(churn, register_model(churn, TINY_MODEL))
    amount = Task(kind="regression", target="price")
    release_now(prices, register_model(prices, PRICE_MODEL, contract=PRICES, task=amount))
    return [churn, prices]


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(projects: list[Project], port: int) -> Iterator[TestServer]:
    with TestServer.start(*projects, words=["--grpc-port", str(port)]) as started:
        yield started


@pytest.fixture(scope="module")
def client(server: TestServer, port: int) -> Iterator[InferenceServerClient]:
    del server
    with InferenceServerClient(f"127.0.0.1:{port}") as opened:
        yield opened


@pytest.fixture(scope="module")
def stub(server: TestServer, port: int) -> Iterator[Any]:
    del server
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def tensor(name: str, values: Any, datatype: str, kind: Any) -> InferInput:
    array = np.array(values, dtype=kind)
    made = InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array)
    return made


def tensors(records: Sequence[dict[str, Any]]) -> list[InferInput]:
    return [tensor(name, [record[name] for record in records], *KINDS[name]) for name in records[0]]


def typed(records: Sequence[dict[str, Any]], model: str = "churn") -> Any:
    """Write a request whose tensors are typed lists, which Triton's client reads but doesn't write."""
    request = service_pb2.ModelInferRequest(model_name=model, id="typed")
    fields = {"BYTES": "bytes_contents", "INT64": "int64_contents", "FP64": "fp64_contents"}
    for name in records[0]:
        datatype, _ = KINDS[name]
        sent = request.inputs.add(name=name, datatype=datatype, shape=[len(records)])
        values = [record[name] for record in records]
        filled = [value.encode() if isinstance(value, str) else value for value in values]
        getattr(sent.contents, fields[datatype]).extend(filled)
    return request


def texts(array: NDArray[Any]) -> list[str]:
    return [each.decode() for each in array.tolist()]


def refused(client: InferenceServerClient, model: str, inputs: list[InferInput], **more: Any) -> tuple[str, str]:
    with pytest.raises(InferenceServerException) as caught:
        client.infer(model, inputs, **more)
    return caught.value.status().removeprefix("StatusCode."), caught.value.message()


def test_the_messages_are_those_of_the_protocol() -> None:
    for name in PROTO:
        ours = messages()[name].DESCRIPTOR
        theirs: Any = service_pb2
        for part in name.split("."):
            theirs = getattr(theirs, part)
        wanted = {each.name: each for each in theirs.DESCRIPTOR.fields}
        assert ours.full_name == theirs.DESCRIPTOR.full_name
        assert [each.name for each in ours.fields] == [*wanted], name
        for field in ours.fields:
            same = wanted[field.name]
            assert (field.number, field.type, field.is_repeated) == (same.number, same.type, same.is_repeated)
            assert (field.containing_oneof is None) == (same.containing_oneof is None)
            if field.message_type is not None:
                assert field.message_type.full_name == same.message_type.full_name


def test_the_server_and_its_models_say_what_they_are(client: InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("churn")
    assert client.is_model_ready("churn", "1")
    assert client.get_server_metadata().name == "mainstay"
    told = client.get_model_metadata("churn")
    assert (told.name, [*told.versions], told.platform) == ("churn", ["1"], "mainstay")
    assert {each.name: (each.datatype, [*each.shape]) for each in told.inputs} == {
        name: (datatype, [-1]) for name, (datatype, _) in KINDS.items()
    }
    assert [each.name for each in told.outputs][:3] == ["prediction", "score", "decision"]
    found = client.get_model_repository_index().models
    assert [(each.name, each.version, each.state) for each in found] == [
        ("churn", "1", "READY"),
        ("prices", "1", "READY"),
    ]
    for ask, status in ((client.is_model_ready, "NOT_FOUND"), (client.get_model_metadata, "NOT_FOUND")):
        with pytest.raises(InferenceServerException, match="There is no model 'nothing' here") as caught:
            ask("nothing")
        assert caught.value.status() == f"StatusCode.{status}"


def test_answers_are_those_of_the_native_door_to_the_bit(
    client: InferenceServerClient, stub: Any, server: TestServer
) -> None:
    native = server.post("/models/churn/predict", RECORDS).json
    raw = client.infer("churn", tensors(RECORDS), request_id="mine")
    assert (raw.get_response().model_version, raw.get_response().id) == ("1", "mine")
    assert raw.get_response().parameters["warnings"].string_param.startswith("record 2: plan: ")
    for found in (raw, InferResult(stub.ModelInfer(typed(RECORDS)))):
        assert texts(found.as_numpy("prediction")) == [each["prediction"] for each in native]
        assert texts(found.as_numpy("decision")) == [each["decision"] for each in native]
        assert found.as_numpy("score").tolist() == [each["score"] for each in native]
        assert found.as_numpy("version").tolist() == [1, 1, 1]
        assert found.as_numpy("degraded").tolist() == [False, False, True]
    one = client.infer("churn", tensors(RECORDS[:1]), outputs=[InferRequestedOutput("score")], model_version="1")
    assert [each.name for each in one.get_response().outputs] == ["score"]
    assert one.as_numpy("score").tolist() == [native[0]["score"]]


def test_every_datatype_and_compression_is_taken(client: InferenceServerClient, server: TestServer) -> None:
    record = {"rooms": 3, "area": 70.5, "garden": True}
    score = server.post("/models/prices/predict", record).json["score"]
    for kind, datatype in ((np.float32, "FP32"), (np.float16, "FP16"), (np.float64, "FP64")):
        sent = [
            tensor("rooms", [3], "INT32", np.int32),
            tensor("area", [70.5], datatype, kind),
            tensor("garden", [True], "BOOL", np.bool_),
        ]
        for coding in (None, "gzip", "deflate"):
            assert client.infer("prices", sent, compression_algorithm=coding).as_numpy("score").tolist() == [score]
    matrix = tensor("x", [[3, 70.5, 1], [3, np.nan, 1]], "FP32", np.float32)
    missing = server.post("/models/prices/predict", record | {"area": None}).json["score"]
    assert client.infer("prices", [matrix]).as_numpy("score").tolist() == [score, missing]


def test_what_is_wrong_is_a_status_with_our_sentence(client: InferenceServerClient, stub: Any) -> None:
    status, told = refused(client, "churn", tensors([*RECORDS, RECORDS[0] | {"tenure": 400}]))
    assert status == "INVALID_ARGUMENT"
    assert told.startswith("Record 3, field 'tenure': '400' is above 100")
    assert refused(client, "nothing", tensors(RECORDS))[0] == "NOT_FOUND"
    assert refused(client, "churn", tensors(RECORDS), model_version="7")[0] == "NOT_FOUND"
    assert refused(client, "churn", tensors(RECORDS), model_version="x")[0] == "NOT_FOUND"
    assert refused(client, "churn", tensors(RECORDS), outputs=[InferRequestedOutput("no")])[0] == "INVALID_ARGUMENT"
    status, told = refused(client, "churn", tensors(RECORDS), outputs=[InferRequestedOutput("score", class_count=2)])
    assert "asked for as a classification" in told
    request = typed(RECORDS)
    request.raw_input_contents.append(b"x")
    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelInfer(request)
    assert caught.value.details() == (
        "The request has 4 inputs and 1 raw_input_contents. Send all tensors raw, or none."
    )
    request = typed(RECORDS)
    request.inputs[0].shape[0] = 2**62
    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelInfer(request)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_what_other_servers_have_is_refused_with_where_it_is_here(client: InferenceServerClient) -> None:
    for ask, told in (
        (lambda: client.load_model("churn"), "mainstay release"),
        (lambda: client.unload_model("churn"), "mainstay release"),
        (lambda: client.get_model_config("churn"), "ModelMetadata"),
        (client.get_inference_statistics, "GET /metrics"),
        (client.get_trace_settings, "traceparent"),
        (client.get_log_settings, "setting of the project"),
        (client.get_system_shared_memory_status, "Send tensors in the request"),
        (client.unregister_cuda_shared_memory, "Send tensors in the request"),
    ):
        with pytest.raises(InferenceServerException, match=told) as caught:
            ask()
        assert caught.value.status() == "StatusCode.UNIMPLEMENTED"


def test_a_stream_answers_in_order_and_goes_on_after_a_refusal(
    client: InferenceServerClient, server: TestServer
) -> None:
    native = [each["score"] for each in server.post("/models/churn/predict", RECORDS).json]
    came: queue.Queue[Any] = queue.Queue()
    client.start_stream(lambda result, error: came.put(error or result))
    for record in (RECORDS[0], RECORDS[0] | {"tenure": -1}, RECORDS[1]):
        client.async_stream_infer("churn", tensors([record]))
    first, second, third = (came.get(timeout=20) for _ in range(3))
    client.stop_stream()
    assert [each.as_numpy("score").tolist() for each in (first, third)] == [[score] for score in native[:2]]
    assert "Record 0, field 'tenure'" in second.message()


def test_hostile_messages_are_refused_cheaply(stub: Any, port: int, projects: list[Project]) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_send_message_length", -1)]) as channel:
        send = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        for body, status in (
            (b"\x0a\x05churn" + b"\x2a\x00" * 1_000_000, "RESOURCE_EXHAUSTED"),  # a million empty inputs
            (b"\x0a\x05churn" + b"\x3a\x00" * 1_000_000, "RESOURCE_EXHAUSTED"),  # a million empty raw tensors
            (b"\x0a\x05churn" + b"\x2a\x00" * 1000, "INVALID_ARGUMENT"),
            (b"\x0a\x05churn\xff", "INVALID_ARGUMENT"),
            (b"", "NOT_FOUND"),
            (bytes(17 * 1024 * 1024), "RESOURCE_EXHAUSTED"),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                send(body)
            assert caught.value.code().name == status, body[:20]
        with pytest.raises(grpc.RpcError) as caught:  # what inflates beyond the limit
            send(b"\x0a\x05churn" + bytes(200 * 1024 * 1024), compression=grpc.Compression.Gzip)
        assert caught.value.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL)
    assert stub.ServerLive(service_pb2.ServerLiveRequest()).live
    with pytest.raises(grpc.RpcError):
        stub.ModelInfer(typed([RECORDS[0] | {"tenure": -1}]))
    refusals = [each for each in tail(EventLog(projects[0].books / "events")) if isinstance(each, Refusal)]
    assert {"tensor", "fields"} <= {each.cause for each in refusals}


def test_the_request_id_comes_back_and_requests_are_counted(stub: Any, server: TestServer) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelInfer(typed([RECORDS[0] | {"tenure": -1}]), metadata=[("x-request-id", "abc")])
    assert ("x-request-id", "abc") in [tuple(each) for each in caught.value.trailing_metadata()]
    page = server.get("/metrics").body.decode()
    assert 'route="oip-grpc"' in page


def test_two_workers_share_the_port_and_leave_without_an_error(projects: list[Project]) -> None:
    port = free_port()
    with TestServer.start(projects[0], words=["--workers", "2", "--grpc-port", str(port)]) as server:
        errors: list[str] = []
        done = threading.Event()
        answered = 0

        def ask() -> None:
            nonlocal answered
            with InferenceServerClient(f"127.0.0.1:{port}") as client:
                while not done.is_set():
                    try:
                        client.infer("churn", tensors(RECORDS[:1]))
                        answered += 1
                    except InferenceServerException as error:
                        if not leaving.is_set():
                            errors.append(str(error))
                        return

        leaving = threading.Event()
        server.wait("/readyz")
        time.sleep(1)
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        leaving.set()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        done.set()
        for thread in threads:
            thread.join(20)
        assert not errors
        assert answered > 10


def test_a_port_that_is_taken_is_told_before_anything_is_loaded(projects: list[Project]) -> None:
    with socket.create_server(("127.0.0.1", port := free_port())):
        words = ["--project", str(projects[0].root), "--port", str(free_port()), "--grpc-port", str(port)]
        command = [sys.executable, "-m", "mainstay.serving", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (
        2, f"mainstay: Port {port} on 127.0.0.1 is in use by another program. Choose another: --grpc-port N.\n",
    )  # fmt: skip


def test_keys_are_asked_for_and_connections_encrypted(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    _, token = key_file(project).add("billing", ("predict",), now=dt.datetime.now(dt.UTC))
    certificate, key, _ = write_pair(tmp_path)
    port, http = free_port(), free_port()
    words = ["--project", str(project.root), "--port", str(http), "--grpc-port", str(port)]
    words += ["--tls-cert", str(certificate), "--tls-key", str(key)]
    process = subprocess.Popen([sys.executable, "-m", "mainstay.serving", *words], stderr=subprocess.PIPE)
    encrypted = {"ssl": True, "root_certificates": str(certificate)}
    named = [("grpc.ssl_target_name_override", "localhost")]
    ours = {"authorization": f"Bearer {token}"}
    with (
        TestServer(project, process, http),
        InferenceServerClient(f"127.0.0.1:{port}", **encrypted, channel_args=named) as client,
    ):
        for attempt in itertools.count():
            try:
                assert client.is_server_live()
                break
            except InferenceServerException:
                assert attempt < 200
                time.sleep(0.1)
        assert client.infer("churn", tensors(RECORDS[:1]), headers=ours).as_numpy("score").shape == (1,)
        assert refused(client, "churn", tensors(RECORDS[:1]))[0] == "UNAUTHENTICATED"
        assert refused(client, "churn", tensors(RECORDS[:1]), headers={"x-api-key": "no"})[0] == "UNAUTHENTICATED"
        for ask in (client.get_server_metadata, lambda **more: client.get_model_metadata("churn", **more)):
            with pytest.raises(InferenceServerException) as caught:
                ask(headers=ours)
            assert caught.value.status() == "StatusCode.PERMISSION_DENIED"
        with (
            InferenceServerClient(f"127.0.0.1:{port}") as plain,
            pytest.raises(InferenceServerException),
        ):
            plain.infer("churn", tensors(RECORDS[:1]), headers=ours)


def test_a_program_that_a_worker_starts_makes_grpc_say_nothing(projects: list[Project]) -> None:
    words = ["--grpc-port", str(port := free_port())]
    with TestServer.start(*projects, words=words) as started:
        with InferenceServerClient(f"127.0.0.1:{port}") as opened:
            assert opened.is_server_live()
        head = {"Content-Type": "application/vnd.apache.parquet"}
        got = started.post(f"/models/{projects[0].name}/invocations", b"no table", **head)
        assert (got.status, b"Parquet" in got.body) == (400, True)
        started.terminate()
        assert "fork" not in started.said()
