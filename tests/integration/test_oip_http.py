"""The Open Inference Protocol over HTTP, asked by Triton's own client, unmodified, against a real server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from mainstay.contract import Boolean, Contract, Integer, Number
from mainstay.events import EventLog, Prediction, tail
from mainstay.models.frameworks.linear import LinearModel, Slope
from mainstay.models.frameworks.softmax import SoftmaxModel
from mainstay.models.task import Task
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_MODEL,
    TestServer,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mainstay.project import Project

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "open-inference.md"
PRICES = Contract((Integer(name="rooms"), Number(name="area", missing="allow"), Boolean(name="garden")))
PRICE_MODEL = LinearModel(10.0, (Slope(3.0, 2.5), Slope(70.0, 0.1), Slope(0.5, 7.0)), logistic=False)
GRADES = Task(kind="multiclass", target="grade", labels=("low", "very high", "2"))
GRADE_MODEL = SoftmaxModel(
    tuple(LinearModel(base, (Slope(3.0, slope), Slope(70.0, 0.01), Slope(0.5, 0.1)), logistic=False)
          for base, slope in ((0.2, 0.1), (0.0, -0.3), (-0.3, 0.5)))
)  # fmt: skip
RECORDS = [
    GOOD_RECORD,
    {"customer": "äö", "tenure": 71, "charge": 118.75, "plan": "full"},
    {"customer": "x", "tenure": 0, "charge": 0.1, "plan": "other"},
]
DTYPES = {"customer": np.object_, "tenure": np.int64, "charge": np.float64, "plan": np.object_}
DATATYPES = {"customer": "BYTES", "tenure": "INT64", "charge": "FP64", "plan": "BYTES"}


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> list[Project]:
    folder = tmp_path_factory.mktemp("oip")
    churn, prices, grades = (tiny_project(folder, name) for name in ("churn", "prices", "grades"))
    release_now(churn, register_model(churn, TINY_MODEL))
    amount = Task(kind="regression", target="price")
    release_now(prices, register_model(prices, PRICE_MODEL, contract=PRICES, task=amount))
    release_now(grades, register_model(grades, GRADE_MODEL, contract=PRICES, task=GRADES))
    return [churn, prices, grades]


@pytest.fixture(scope="module")
def server(projects: list[Project]) -> Iterator[TestServer]:
    with TestServer.start(*projects) as started:
        yield started


@pytest.fixture(scope="module")
def client(server: TestServer) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(f"127.0.0.1:{server.port}") as opened:
        yield opened


def tensor(name: str, values: Any, datatype: str, kind: Any, *, binary: bool = True) -> InferInput:
    array = np.array(values, dtype=kind)
    made = InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def tensors(records: Sequence[dict[str, Any]], *, binary: bool = True) -> list[InferInput]:
    return [
        tensor(name, [record[name] for record in records], DATATYPES[name], DTYPES[name], binary=binary)
        for name in records[0]
    ]


def texts(array: NDArray[Any]) -> list[str]:
    return [each.decode() if isinstance(each, bytes) else each for each in array.tolist()]


def test_the_server_says_what_it_is(client: InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    told = client.get_server_metadata()
    assert told["name"] == "mainstay"
    assert "binary_tensor_data" in told["extensions"]


def test_models_say_what_they_take(client: InferenceServerClient) -> None:
    assert client.is_model_ready("churn")
    assert client.is_model_ready("churn", "1")
    assert not client.is_model_ready("churn", "2")
    assert not client.is_model_ready("nothing")
    told = client.get_model_metadata("churn", "1")
    assert (told["name"], told["versions"], told["platform"]) == ("churn", ["1"], "mainstay")
    assert {each["name"]: each["datatype"] for each in told["inputs"]} == DATATYPES
    assert [each["name"] for each in told["outputs"]] == [
        "prediction", "score", "decision", "id", "version", "degraded",
    ]  # fmt: skip
    config = client.get_model_config("grades")
    assert {each["name"]: each["dims"] for each in config["output"]}["scores"] == [-1, 3]
    assert config["max_batch_size"] == 0


def test_the_index_lists_what_answers_and_loading_is_left_to_releases(client: InferenceServerClient) -> None:
    assert [(each["name"], each["version"], each["state"]) for each in client.get_model_repository_index()] == [
        ("churn", "1", "READY"),
        ("prices", "1", "READY"),
        ("grades", "1", "READY"),
    ]
    for ask in (client.load_model, client.unload_model):
        with pytest.raises(InferenceServerException, match="Run `mainstay release VERSION`") as caught:
            ask("churn")
        assert caught.value.status() == "403"


@pytest.mark.parametrize("binary", [True, False])
def test_answers_are_those_of_the_native_door_to_the_bit(
    client: InferenceServerClient, server: TestServer, *, binary: bool
) -> None:
    native = server.post("/models/churn/predict", RECORDS).json
    names = ("prediction", "score", "decision", "id", "version", "degraded")
    wanted = None if binary else [InferRequestedOutput(name, binary_data=False) for name in names]
    found = client.infer("churn", tensors(RECORDS, binary=binary), request_id="mine", outputs=wanted)
    head = found.get_response()
    assert (head["model_name"], head["model_version"], head["id"]) == ("churn", "1", "mine")
    assert head["parameters"]["warnings"].startswith("record 2: plan: ")
    assert texts(found.as_numpy("prediction")) == [each["prediction"] for each in native]
    assert texts(found.as_numpy("decision")) == [each["decision"] for each in native]
    assert found.as_numpy("score").tolist() == [each["score"] for each in native]
    assert found.as_numpy("version").tolist() == [1, 1, 1]
    assert found.as_numpy("degraded").tolist() == [each["degraded"] for each in native] == [False, False, True]


def test_an_answer_can_be_told_how_it_turned_out(
    client: InferenceServerClient, server: TestServer, projects: list[Project]
) -> None:
    found = client.infer("churn", tensors(RECORDS[:1]), outputs=[InferRequestedOutput("id")])
    (name,) = texts(found.as_numpy("id"))
    assert server.post("/models/churn/feedback", {"id": name, "label": "Yes"}).json == {"accepted": 1}
    events = [event for event in tail(EventLog(projects[0].books / "events")) if isinstance(event, Prediction)]
    assert [event.features for event in events if event.id == name] == [{"tenure": 3, "charge": 29.85, "plan": "basic"}]


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_requests_are_read(client: InferenceServerClient, coding: str) -> None:
    found = client.infer("churn", tensors(RECORDS), request_compression_algorithm=coding)
    assert len(found.as_numpy("score")) == 3


def test_every_datatype_a_number_can_have_is_taken(client: InferenceServerClient, server: TestServer) -> None:
    for kind, datatype in ((np.float32, "FP32"), (np.float16, "FP16"), (np.float64, "FP64"), (np.int32, "INT32")):
        area = np.array([70.1, 12.0], dtype=kind)
        sent = [
            tensor("rooms", [[3], [1]], "UINT8", np.uint8),
            tensor("area", area, datatype, kind),
            tensor("garden", [True, False], "BOOL", np.bool_),
        ]
        native = server.post(
            "/models/prices/predict",
            [{"rooms": 3, "area": area.tolist()[0], "garden": True}, {"rooms": 1, "area": 12.0, "garden": False}],
        ).json
        found = client.infer("prices", sent)
        for name in ("prediction", "score", "decision"):
            assert found.as_numpy(name).tolist() == [each[name] for each in native]


@pytest.mark.parametrize("binary", [True, False])
def test_numbers_come_as_one_matrix_and_nan_is_missing(
    client: InferenceServerClient, server: TestServer, *, binary: bool
) -> None:
    sent = tensor("anything", [[3, 70.5, 1], [2, np.nan, 0]], "FP64", np.float64, binary=binary)
    found = client.infer("grades", [sent])
    records = [{"rooms": 3, "area": 70.5, "garden": True}, {"rooms": 2, "area": None, "garden": False}]
    native = server.post("/models/grades/predict", records).json
    assert found.as_numpy("scores").tolist() == [[*each["scores"].values()] for each in native]
    assert texts(found.as_numpy("prediction")) == [each["prediction"] for each in native]


def test_the_version_can_be_named(client: InferenceServerClient) -> None:
    assert client.infer("churn", tensors(RECORDS), model_version="1").get_response()["model_version"] == "1"
    with pytest.raises(
        InferenceServerException, match=r"Version 7 isn't served here\. Served now: version 1"
    ) as caught:
        client.infer("churn", tensors(RECORDS), model_version="7")
    assert caught.value.status() == "404"


def test_what_is_wrong_is_told_in_the_protocols_form(client: InferenceServerClient) -> None:
    def refused(inputs: list[InferInput], model: str = "churn", **more: Any) -> tuple[str, str]:
        with pytest.raises(InferenceServerException) as caught:
            client.infer(model, inputs, **more)
        return caught.value.status(), caught.value.message()

    status, told = refused(tensors([*RECORDS, RECORDS[0] | {"tenure": 400}]))
    assert status == "422"
    assert told.startswith("Record 3, field 'tenure': '400' is above 100")
    assert refused(tensors(RECORDS), "nothing") == (
        "404", "There is no model 'nothing' here. Served here: churn, prices, grades.",
    )  # fmt: skip
    status, told = refused([tensor("tenure", ["3"], "BYTES", np.object_), *tensors(RECORDS)[2:]])
    assert (status, told) == (
        "400", "Input 'charge' holds 3 records, and 'tenure' holds 1. Send as many values in each tensor.",
    )  # fmt: skip
    assert refused(tensors(RECORDS), outputs=[InferRequestedOutput("score", class_count=2)])[0] == "400"
    status, told = refused([tensor("charge", [np.inf], "FP32", np.float32)])
    assert (status, told.split(";")[0]) == ("422", "Record 0, field 'charge': 'inf' is no finite number")
    shared = InferInput("tenure", [1], "INT64")
    shared.set_shared_memory("region", 8)
    assert refused([shared])[0] == "400"


def test_what_other_servers_have_is_refused_with_where_it_is_here(client: InferenceServerClient) -> None:
    for ask, told in (
        (client.get_inference_statistics, "GET /metrics"),
        (lambda: client.get_inference_statistics("churn", "1"), "GET /metrics"),
        (client.get_trace_settings, "traceparent"),
        (lambda: client.update_trace_settings("churn", settings={}), "traceparent"),
        (client.get_log_settings, "setting of the project"),
        (client.get_system_shared_memory_status, "Send tensors in the request"),
        (client.unregister_cuda_shared_memory, "Send tensors in the request"),
    ):
        with pytest.raises(InferenceServerException, match=told) as caught:
            ask()
        assert caught.value.status() == "404"


def test_addresses_refuse_in_json_whatever_the_method(server: TestServer) -> None:
    for method, path, status in (
        ("GET", "/v2/models/churn/infer", 405),
        ("POST", "/v2/models/churn", 405),
        ("POST", "/v2", 405),
        ("GET", "/v2/repository/index", 405),
        ("GET", "/v2/nothing", 404),
        ("POST", "/v2/models/churn/nothing", 404),
        ("POST", "/v2/models/nothing/infer", 404),
        ("POST", "/v2/models/churn/versions/x/infer", 404),
        ("GET", "/v2/models/churn/versions/x/ready", 404),
    ):
        got = server.ask(method, path, b"{}" if method == "POST" else None, {"Content-Type": "application/json"})
        assert (path, got.status, list(got.json)) == (path, status, ["error"])
    assert server.post("/v2/repository/index", {"ready": True}).json[0]["state"] == "READY"
    assert server.post("/v2/repository/index", b"[").status == 400


@pytest.mark.parametrize("language", ["sh", "python"])
def test_the_pages_lines_work(server: TestServer, language: str) -> None:
    code = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    assert "127.0.0.1:8000" in code
    command = ["bash", "-c"] if language == "sh" else [sys.executable, "-c"]
    code = code.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    done = subprocess.run([*command, code], capture_output=True, text=True, timeout=60, check=True)
    records = [GOOD_RECORD, {"tenure": 40, "charge": 56.1, "plan": "full"}]
    scores = [each["score"] for each in server.post("/models/churn/predict", records).json]
    if language == "sh":
        assert json.loads(done.stdout)["outputs"][1]["data"] == scores
    else:
        assert all(f"{score:.8g}"[:9] in done.stdout for score in scores)
