"""A real server, asked by the real clients of other servers, or as their documentation asks."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from tests.peers import peer

from mainstay.contract import Contract, Number
from mainstay.models.frameworks.linear import LinearModel, Slope
from mainstay.models.task import Task
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator

PARQUET = "application/vnd.apache.parquet"
RECORDS = [GOOD_RECORD, {"customer": "b", "tenure": 60, "charge": 700.5, "plan": "full"}]
FRAME = pd.DataFrame(RECORDS)
BAD = {**GOOD_RECORD, "tenure": -1}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    project = tiny_project(tmp_path_factory.mktemp("doors"))
    release_now(project, register_model(project, TINY_MODEL))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIP_PREDICT_ROUTE", "/v1/endpoints/7/deployedModels/8:predict")
        patch.setenv("AIP_HEALTH_ROUTE", "/v1/endpoints/7/deployedModels/8")
        started = TestServer.start(project)
    with started as running:
        running.wait("/readyz")
        yield running


@pytest.fixture(scope="module")
def http(server: TestServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def native(http: httpx.Client) -> list[dict[str, Any]]:
    """The answers everything is held to; an id is each answer's own."""
    answers: list[dict[str, Any]] = http.post("/predict", json=RECORDS).json()
    return [_plain(answer) for answer in answers]


def _plain(answer: dict[str, Any]) -> dict[str, Any]:
    told = answer["warnings"]
    return {**answer, "id": "", "warnings": told if isinstance(told, str) else "; ".join(told)}


def _flat(answer: dict[str, Any]) -> list[Any]:
    names = ("prediction", "score", "decision", "degraded", "warnings", "version")
    return [answer[name] for name in names]


def _same(answers: list[Any], native: list[dict[str, Any]]) -> bool:
    return [_plain(answer) for answer in answers] == native


def test_tensorflow_serving_is_asked_as_its_documentation_does(
    http: httpx.Client, native: list[dict[str, Any]]
) -> None:
    at = "/v1/models/churn"
    form = {"content-type": "application/x-www-form-urlencoded"}  # curl -d
    rows = http.post(f"{at}:predict", content=json.dumps({"instances": RECORDS}), headers=form)
    assert _same(rows.json()["predictions"], native)
    columns = FRAME.to_dict("list")
    outputs = http.post(
        f"{at}/versions/1:predict", json={"signature_name": "serving_default", "inputs": columns}
    ).json()
    assert outputs["outputs"]["score"] == [answer["score"] for answer in native]
    assert set(outputs["outputs"]) == set(native[0])
    labelled = http.post(f"{at}/labels/stable:predict", json={"instances": [list(each.values()) for each in RECORDS]})
    assert _same(labelled.json()["predictions"], native)
    classes = http.post(f"{at}:classify", json={"examples": RECORDS}).json()["results"]
    assert [dict(each)["Yes"] for each in classes] == [answer["score"] for answer in native]
    assert http.get(at).json()["model_version_status"][0]["state"] == "AVAILABLE"
    signature = http.get(f"{at}/metadata").json()["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert set(signature["inputs"]) == {"tenure", "charge", "plan"}
    assert set(signature["outputs"]) == set(native[0])


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/models/churn/versions/9:predict", 404, "Version 9 isn't served here"),
        ("/v1/models/churn/labels/newest:predict", 404, "labelled 'newest'"),
        ("/v1/models/half:predict", 404, "no model called 'half'"),
        ("/v1/models/churn:fit", 404, "nothing at this address"),
        ("/v1/models/churn:regress", 400, "can't regress"),
        ("/v1/models/churn:predict", 400, "Record 0, field 'tenure': '-1' is below 0"),
    ],
)
def test_tensorflow_serving_refuses_with_an_error(http: httpx.Client, path: str, status: int, said: str) -> None:
    got = http.post(path, json={"instances": [BAD], "examples": [BAD]})
    assert (got.status_code, list(got.json())) == (status, ["error"])
    assert said in got.json()["error"]


def test_mlflows_own_client_is_answered(server: TestServer, native: list[dict[str, Any]]) -> None:
    scoring = pytest.importorskip("mlflow.pyfunc.scoring_server.client", reason="NOT TESTED with MLflow's client")
    client = scoring.ScoringServerClient("127.0.0.1", server.port)
    client.wait_server_ready(timeout=10)
    assert client.get_version()
    told = client.invoke(FRAME).get_predictions()
    assert _same(told.to_dict("records"), native)
    assert _same(client.invoke(RECORDS, params={"temperature": 1})["predictions"], native)
    answered = client.invoke(FRAME.to_numpy()).get_predictions("ndarray")
    assert [each["score"] for each in answered] == [answer["score"] for answer in native]
    gap = FRAME.assign(charge=[np.nan, 1.0])
    with pytest.raises(
        Exception, match=r"error code 400.*INVALID_PARAMETER_VALUE.*Record 0, field 'charge': is missing"
    ):
        client.invoke(gap)


def test_mlflows_other_forms_are_answered(http: httpx.Client, native: list[dict[str, Any]]) -> None:
    split = FRAME.to_dict("split")
    for body in (
        {"dataframe_split": split},
        {"dataframe_records": RECORDS},
        {"instances": RECORDS},
        {"inputs": FRAME.to_dict("list")},
        RECORDS,
    ):
        assert _same(http.post("/invocations", json=body).json()["predictions"], native), body
    old = {"content-type": "application/json; format=pandas-split"}
    assert _same(http.post("/invocations", content=json.dumps(split), headers=old).json(), native)
    for index in (True, False):
        table = FRAME.to_csv(index=index)
        got = http.post("/models/churn/invocations", content=table, headers={"content-type": "text/csv"})
        assert _same(got.json()["predictions"], native), table


def test_parquet_is_read_beside_the_worker(
    server: TestServer, http: httpx.Client, native: list[dict[str, Any]]
) -> None:
    held = io.BytesIO()
    FRAME.to_parquet(held)
    head = {"content-type": PARQUET}
    assert _same(http.post("/invocations", content=held.getvalue(), headers=head).json()["predictions"], native)
    got = http.post("/invocations", content=b"PAR1 this is none PAR1", headers=head)
    assert (got.status_code, got.json()["error_code"]) == (400, "BAD_REQUEST")
    held = io.BytesIO()
    FRAME.assign(charge=np.inf).to_parquet(held)
    got = http.post("/invocations", content=held.getvalue(), headers=head)
    assert "field 'charge': 'Infinity' is not a finite number" in got.json()["message"]
    maps = Path(f"/proc/{server.process.pid}/maps")
    assert not maps.exists() or "polars" not in maps.read_text()


def test_a_file_made_to_exhaust_memory_ends_its_reader_alone(http: httpx.Client, native: list[dict[str, Any]]) -> None:
    plan = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), pa.array(["a" * 2_000_000]))
    held = io.BytesIO()
    pq.write_table(pa.table({"plan": plan}), held, compression="zstd")
    assert len(held.getvalue()) < 100_000  # two gigabytes of text
    got = http.post("/invocations", content=held.getvalue(), headers={"content-type": PARQUET})
    assert (got.status_code, got.json()["error_code"]) == (400, "BAD_REQUEST")
    assert _same(http.post("/invocations", json=RECORDS).json()["predictions"], native)


def test_more_parquet_than_can_be_read_is_refused_early(server: TestServer) -> None:
    held = io.BytesIO()
    FRAME.to_parquet(held)

    def ask(_: int) -> int:
        return server.post("/invocations", held.getvalue(), **{"Content-Type": PARQUET}).status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {200, 503}


def test_a_sagemaker_container_is_asked_without_a_header(http: httpx.Client, native: list[dict[str, Any]]) -> None:
    assert http.get("/ping").status_code == 200
    table = FRAME.to_csv(header=False, index=False)
    head = {"content-type": "text/csv", "accept": "text/csv", "x-amzn-sagemaker-custom-attributes": "trace=7"}
    got = http.post("/invocations", content=table, headers=head)
    assert got.headers["content-type"] == "text/csv; charset=utf-8"
    assert got.headers["x-amzn-sagemaker-custom-attributes"] == "trace=7"
    cells = list(csv.reader(io.StringIO(got.text, newline="")))
    assert [cell[:6] for cell in cells] == [[str(cell) for cell in _flat(each)] for each in native]
    lines = "".join(json.dumps(record) + "\n" for record in RECORDS)
    head = {"content-type": "application/jsonlines", "accept": "application/jsonlines"}
    got = http.post("/invocations", content=lines, headers=head)
    assert _same([json.loads(line) for line in got.text.splitlines()], native)


def test_vertex_asks_where_it_said(http: httpx.Client, native: list[dict[str, Any]]) -> None:
    at = "/v1/endpoints/7/deployedModels/8"
    assert http.get(at).status_code == 200
    got = http.post(f"{at}:predict", json={"instances": RECORDS, "parameters": {"a": 1}})
    assert _same(got.json()["predictions"], native)
    assert "field 'tenure'" in http.post(f"{at}:predict", json={"instances": [BAD]}).json()["error"]


VETIVER = """
import json, sys
import pandas as pd, vetiver
base, frame = sys.argv[1], pd.DataFrame(json.loads(sys.argv[2]))
own = vetiver.predict(vetiver.vetiver_endpoint(base + "/predict"), frame)
alike = vetiver.predict(vetiver.vetiver_endpoint(base + "/vetiver/predict/"), frame)
one = vetiver.predict(base + "/models/churn/vetiver/predict", frame.iloc[0].to_dict())
try:
    vetiver.predict(base + "/vetiver/predict", frame.assign(tenure=-1))
except TypeError as error:
    refused = str(error)
import requests
made = vetiver.vetiver_create_prototype(requests.get(base + "/prototype").json())
version = vetiver.VetiverMeta.from_dict(requests.get(base + "/metadata").json()).version
print(json.dumps([own["score"].tolist(), alike["predict"].tolist(), one["predict"].tolist(), refused,
                  sorted(made.model_fields), version]))
"""


def test_vetivers_own_client_is_answered(server: TestServer, native: list[dict[str, Any]]) -> None:
    command = [str(peer("vetiver") / "python"), "-W", "ignore", "-c", VETIVER, f"http://127.0.0.1:{server.port}"]
    said = subprocess.run([*command, json.dumps(RECORDS)], check=True, capture_output=True, text=True, timeout=120)
    scores, alike, one, refused, fields, version = json.loads(said.stdout)
    assert scores == pytest.approx([answer["score"] for answer in native], rel=1e-15)
    assert alike == [answer["prediction"] for answer in native]
    assert one == alike[:1]
    assert "Record 0, field 'tenure': '-1' is below 0" in refused
    assert (fields, version) == (["charge", "plan", "tenure"], "1")


def test_of_several_models_one_is_named(tmp_path: Path) -> None:
    churn, demand = tiny_project(tmp_path), tiny_project(tmp_path, "demand")
    release_now(churn, register_model(churn, TINY_MODEL))
    contract = Contract((Number(name="x"),))
    model, task = LinearModel(3.0, (Slope(0.0, 0.5),), logistic=False), Task(kind="regression", target="y")
    release_now(demand, register_model(demand, model, contract=contract, task=task))
    with TestServer.start(churn, demand) as server:
        server.wait("/readyz")
        got = server.post("/invocations", {"inputs": RECORDS})
        assert (got.status, got.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
        assert "/models/churn/invocations, /models/demand/invocations" in got.json["message"]
        # half_plus_three, the example of TensorFlow Serving's documentation
        told = server.post("/v1/models/demand:predict", {"instances": [1.0, 2.0, 5.0]}).json
        assert [each["prediction"] for each in told["predictions"]] == [3.5, 4.0, 5.5]
        examples = {"signature_name": "tensorflow/serving/regress", "examples": [{"x": 1.0}, {"x": 2.0}]}
        assert server.post("/v1/models/demand:regress", examples).json == {"results": [3.5, 4.0]}
        assert server.post("/v1/models/demand:classify", examples).status == 400
        assert server.get("/ping").status == 200


def test_nothing_is_well_before_a_release(tmp_path: Path) -> None:
    with TestServer.start(tiny_project(tmp_path)) as server:
        for path, code in (("/ping", "TEMPORARILY_UNAVAILABLE"), ("/health", "TEMPORARILY_UNAVAILABLE")):
            got = server.get(path)
            assert (got.status, got.json["error_code"]) == (503, code)
        assert server.get("/v1/models/churn").status == 404
        assert server.post("/v1/models/churn:predict", {"instances": [GOOD_RECORD]}).status == 503
        assert server.get("/prototype").status == 503
