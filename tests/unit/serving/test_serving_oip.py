from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput

from mainstay.contract import Boolean, Category, Contract, Datetime, Integer, Number, Tensor, Text
from mainstay.contract.body import BodyError
from mainstay.errors import RecordError
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.task import Task
from mainstay.release import Route
from mainstay.serving import App, Served
from mainstay.serving.answers import Answer, ClassAnswer
from mainstay.serving.call import Call
from mainstay.serving.doors.oip import OipDoor
from mainstay.serving.doors.oip.datatypes import NUMERIC
from mainstay.serving.doors.oip.describing import tensor_of
from mainstay.serving.doors.oip.head import read_infer
from mainstay.serving.doors.oip.infer import Tensor as Sent
from mainstay.serving.doors.oip.inputs import Inputs, is_numeric
from mainstay.serving.doors.oip.metadata import metadata_of
from mainstay.serving.doors.oip.outputs import outputs_of
from mainstay.serving.doors.oip.records import records_of
from mainstay.serving.doors.oip.reply import sentence, write_reply
from mainstay.serving.refusals import fields_refused
from mainstay.serving.replies import Refused
from mainstay.serving.testing import TINY_CONTRACT, TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mainstay.serving.doors import Door
    from mainstay.serving.testing import Got

BINARY = Task(kind="binary", target="Churn", positive="Yes", negative="No")
WIDE = Contract(
    (
        Text(name="customer", role="id", missing="allow"),
        Integer(name="tenure", min=0, max=100),
        Number(name="charge", missing="allow"),
        Boolean(name="partner", missing="allow"),
        Category(name="plan", values=("basic", "full")),
        Datetime(name="signed", missing="allow"),
        Tensor(name="image", shape=(2, 2), dtype="uint8", missing="allow"),
        Category(name="Churn", values=("Yes", "No"), role="target"),
    )
)
NUMBERS = Contract((Integer(name="age"), Number(name="weight", missing="allow"), Boolean(name="smokes")))


def inputs_for(contract: Contract, task: Task = BINARY, max_records: int = 1000) -> Inputs:
    return Inputs(
        {column.name: column for column in (*contract.features, *contract.ids)},
        contract.features,
        frozenset(contract.names),
        is_numeric(contract),
        max_records,
        task,
    )


def given(name: str, values: Any, datatype: str, *, binary: bool = True) -> InferInput:
    kind = np.object_ if datatype == "BYTES" else NUMERIC[datatype]
    array = np.array(values, dtype=kind)
    tensor = InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array, binary_data=binary)
    return tensor


def body_of(*tensors: InferInput, **more: Any) -> tuple[bytes, bytes | None]:
    """Write what the real client sends."""
    body, length = InferenceServerClient.generate_request_body([*tensors], **more)
    return body if isinstance(body, bytes) else body.encode(), None if length is None else str(length).encode()


def records(contract: Contract, *tensors: InferInput, max_records: int = 1000) -> Any:
    body, length = body_of(*tensors)
    inputs = inputs_for(contract, max_records=max_records)
    return json.loads(records_of(read_infer(body, length, inputs.most).tensors, inputs))


def plain(contract: Contract, *tensors: dict[str, Any]) -> Any:
    body = json.dumps({"inputs": tensors}).encode()
    inputs = inputs_for(contract)
    return json.loads(records_of(read_infer(body, None, inputs.most).tensors, inputs))


def tensor(name: str, data: Any, datatype: str = "FP64", shape: Sequence[int] | None = None) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [len(data)] if shape is None else shape, "data": data}


def refusal(contract: Contract, *tensors: dict[str, Any]) -> str:
    try:
        plain(contract, *tensors)
    except RecordError as error:
        return sentence(fields_refused(error))
    except Refused as refused:
        return sentence(refused)
    return "nothing"


# ---- what comes in


def test_what_the_page_of_the_calls_shows_is_the_record_it_was_made_of() -> None:
    record = {"tenure": 3, "charge": 29.85, "partner": "true", "plan": "basic", "image": [[1, 2], [3, 4]]}
    columns = {column.name: column for column in WIDE.features}
    assert plain(WIDE, *(tensor_of(columns[name], value) for name, value in record.items())) == record


@pytest.mark.parametrize("binary", [True, False])
def test_each_column_comes_as_a_tensor_of_its_own(*, binary: bool) -> None:
    found = records(
        WIDE,
        given("customer", ["7590-VHVEG", "äöü"], "BYTES", binary=binary),
        given("tenure", [[3], [4]], "INT64", binary=binary),
        given("charge", [29.85, np.nan], "FP64", binary=binary),
        given("partner", [True, False], "BOOL", binary=binary),
        given("plan", [["basic"], ["full"]], "BYTES", binary=binary),
        given("signed", ["2024-02-29", ""], "BYTES", binary=binary),
        given("image", [[[1, 2], [3, 4]], [[5, 6], [7, 255]]], "UINT8", binary=binary),
    )
    assert found == [
        {
            "customer": "7590-VHVEG",
            "tenure": 3,
            "charge": 29.85,
            "partner": True,
            "plan": "basic",
            "signed": "2024-02-29",
            "image": [[1, 2], [3, 4]],
        },
        {
            "customer": "äöü",
            "tenure": 4,
            "charge": None,
            "partner": False,
            "plan": "full",
            "signed": "",
            "image": [[5, 6], [7, 255]],
        },
    ]


def test_numbers_keep_their_value_to_the_bit_in_every_datatype() -> None:
    for datatype in ("FP16", "FP32", "FP64"):
        for binary in (True, False):
            found = records(NUMBERS, given("weight", [[0.1]], datatype, binary=binary))
            assert found == {"weight": float(NUMERIC[datatype].type(0.1))}
    for datatype in ("UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64"):
        most = int(np.iinfo(datatype.lower()).max)
        assert records(NUMBERS, given("weight", [most], datatype)) == {"weight": most}
        assert records(NUMBERS, given("weight", [most], datatype, binary=False)) == {"weight": most}


def test_lists_may_be_nested_as_the_shape_says_or_flat() -> None:
    flat = plain(WIDE, tensor("image", [1, 2, 3, 4, 5, 6, 7, 8], "UINT8", [2, 2, 2]))
    nested = plain(WIDE, tensor("image", [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], "UINT8", [2, 2, 2]))
    assert flat == nested == [{"image": [[1, 2], [3, 4]]}, {"image": [[5, 6], [7, 8]]}]
    assert plain(WIDE, tensor("plan", [["a,[b"], ['"],[']], "BYTES", [2, 1])) == [{"plan": "a,[b"}, {"plan": '"],['}]


def test_numbers_alone_may_come_as_one_matrix_in_the_contracts_order() -> None:
    found = records(NUMBERS, given("x", [[30, 70.5, 1], [40, np.nan, 0]], "FP32"))
    assert found == [{"age": 30, "weight": 70.5, "smokes": True}, {"age": 40, "weight": None, "smokes": False}]
    told = refusal(NUMBERS, tensor("x", [1, 2, 3], "FP64", [1, 3]), tensor("age", [1], "INT64"))
    assert told == "Column 'age' is sent twice. Send each column in one tensor."
    assert "No tensor is called as a column of this model: 'x'." in refusal(
        WIDE, tensor("x", [1.0] * 6, "FP64", [1, 6])
    )


def test_what_is_no_column_is_ignored_but_its_name_kept_for_the_hint() -> None:
    sent = (tensor("age", [30], "INT64"), tensor("wieght", [[70.0]] * 9, "NOTHING", [9, 9]))
    assert plain(NUMBERS, *sent) == {"age": 30, "wieght": None}
    assert plain(WIDE, tensor("tenure", [1], "INT64"), tensor("Churn", ["Yes"], "BYTES")) == {"tenure": 1}


def test_nan_and_null_are_missing() -> None:
    body = b'{"inputs": [{"name": "weight", "shape": [2], "datatype": "FP64", "data": [NaN, null]}]}'
    inputs = inputs_for(NUMBERS)
    found = records_of(read_infer(body, None, inputs.most).tensors, inputs)
    assert json.loads(found) == [{"weight": None}, {"weight": None}]
    body = b'{"id": "NaN", "inputs": [{"name": "plan", "shape": [1], "datatype": "BYTES", "data": ["NaN \\"NaN"]}]}'
    infer = read_infer(body, None, 10)
    assert infer.id == "NaN"
    assert json.loads(records_of(infer.tensors, inputs_for(WIDE))) == {"plan": 'NaN "NaN'}


@pytest.mark.parametrize("binary", [True, False])
def test_an_infinity_is_refused_by_record_and_field(*, binary: bool) -> None:
    with pytest.raises(RecordError) as caught:
        records(WIDE, given("charge", [1.0, -np.inf], "FP32", binary=binary))
    (problem,) = caught.value.problems
    assert (problem.record, problem.field) == (1, "charge")
    assert "is no finite number; the datatype is FP32" in problem.message


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (tensor("tenure", ["x"], "INT64"), "Record 0, field 'tenure': 'x' is no INT64; the datatype is INT64."),
        (tensor("tenure", [1, 2.5], "INT64"), "Record 1, field 'tenure': '2.5' is no INT64"),
        (tensor("tenure", [300], "UINT8"), "Record 0, field 'tenure': '300' is no UINT8"),
        (tensor("tenure", [True], "INT8"), "Record 0, field 'tenure': 'True' is no INT8"),
        (tensor("charge", ["1.0"]), "Record 0, field 'charge': '1.0' is no finite number; the datatype is FP64."),
        (tensor("charge", [10**400]), "Record 0, field 'charge': '1000"),
        (tensor("charge", [1e39], "FP32"), "Record 0, field 'charge': 'inf' is no finite number"),
        (tensor("charge", [{"a": {}}]), "Record 0, field 'charge'"),
        (tensor("partner", [1], "BOOL"), "Record 0, field 'partner': '1' is neither true nor false"),
        (tensor("plan", [7], "BYTES"), "Record 0, field 'plan': '7' is no text"),
        (tensor("plan", [], "BYTES"), "There is no record in the request."),
        (tensor("tenure", [1, 2], "INT64", [3]), "Input 'tenure' holds another number of elements"),
        (tensor("tenure", [[1, 2], [3]], "INT64", [3, 1]), "The data of input 'tenure' isn't nested as its shape"),
        (tensor("tenure", [1], "INT64", [-1]), "Input 'tenure' has the shape [-1]"),
        (tensor("tenure", [1], "INT64", []), "Input 'tenure' has the shape []"),
        (tensor("tenure", [1], "INT64", [1] * 11), "Input 'tenure' has the shape [1, 1"),
        (tensor("tenure", [1], "INT64", [1, 2]), "a tensor of this column has the shape [n] or [n, 1]"),
        (tensor("image", [1], "UINT8", [1, 3]), "a tensor of this column has the shape [n, 2, 2]"),
        (
            tensor("tenure", [1], "INT64", [2**62]),
            "Record 1000 is one too many: at most 1000 records are taken at once.",
        ),
        (tensor("tenure", [1], "INT64", [2**62, 2**62, 0]), "has the shape"),
        (tensor("tenure", [1], "BF16"), "Input 'tenure' has the datatype 'BF16'"),
        (tensor("nothing", [1]), "No tensor is called as a column of this model: 'nothing'."),
    ],
)
def test_a_wrong_tensor_is_refused_in_one_sentence(sent: dict[str, Any], told: str) -> None:
    assert told in refusal(WIDE, sent)


def test_tensors_must_hold_as_many_records_as_each_other() -> None:
    told = refusal(WIDE, tensor("tenure", [1, 2], "INT64"), tensor("plan", ["full"], "BYTES"))
    assert told == "Input 'plan' holds 1 records, and 'tenure' holds 2. Send as many values in each tensor."
    assert "Column 'plan' is sent twice" in refusal(WIDE, *[tensor("plan", ["full"], "BYTES")] * 2)


# ---- the bytes of a request

EMPTY = b'{"name": "a", "shape": [1], "datatype": "FP64", "data": []},'


@pytest.mark.parametrize(
    ("body", "length", "told"),
    [
        (b"", None, "The request isn't JSON"),
        (b"[]", None, "The request isn't as the protocol says"),
        (b"{}", None, "The request isn't as the protocol says"),
        (b'{"inputs": 7}', None, "The request isn't as the protocol says"),
        (b'{"inputs": [7]}', None, "The request isn't as the protocol says"),
        (b'{"inputs": []}', b"x", "is no length"),
        (b'{"inputs": []}', b"0", "says 0 bytes of JSON, and the body has 14."),
        (b'{"inputs": []}', b"15", "says 15 bytes of JSON, and the body has 14."),
        (b'{"inputs": []}', b"9" * 13, "is no length"),
        (b'{"inputs": []}abc', b"14", "3 bytes follow the last tensor."),
        (b'{"inputs": [], "parameters": {"a": []}}', None, "The parameters of the request aren't texts, numbers"),
        (b'{"inputs": [], "parameters": 7}', None, "The parameters of the request aren't texts, numbers"),
        (b'{"inputs": [' + b"[" * 100_000, None, "nested too deeply"),
        (b'{"inputs": [], "id": "\xff"}', None, "The request isn't UTF-8 text"),
        (b'{"inputs": [], "id": "' + b"x" * 200 + b'"}', None, "longer than 128 characters"),
        (b'{"inputs": [%b{}]}' % (EMPTY * 99), None, "The request isn't as the protocol says"),
        (b'{"inputs": [%b]}' % (EMPTY * 100)[:-1], None, "The request holds 100 tensors; at most 50 are taken."),
        (b'{"inputs": [%b0]}' % (b"0," * 99_999), None, "The request holds 100000 tensors; at most 50 are taken."),
        (b'{"inputs": [], "outputs": [%b]}' % (b'{"name":""},' * 101)[:-1], None, "The request asks for 101 outputs."),
        (b'{"inputs": [{"name": "a", "shape": [1], "datatype": "FP64"}]}', None, "Input 'a' has no data."),
        (
            b'{"inputs": [{"name": "a", "shape": 1, "datatype": "FP64", "data": []}]}',
            None,
            "The shape of input 'a' is no list",
        ),
        (
            b'{"inputs": [{"name": "a", "shape": [' + b"1," * 200 + b'1], "datatype": "FP64", "data": []}]}',
            None,
            "The shape of input 'a' is no list",
        ),
        (
            b'{"inputs": [{"name": "a", "shape": [1], "datatype": "INT8", "parameters": {"shared_memory_region": 1}}]}',
            None,
            "'a' names shared memory",
        ),
        (
            b'{"inputs": [{"name": "a", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 8}}]}',
            None,
            "Input 'a' says 8 bytes of raw data, and 0 are left of the body.",
        ),
        (
            b'{"inputs": [{"name": "a", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": -8}}]}',
            None,
            "Input 'a' says a binary_data_size that is no length.",
        ),
        (
            b'{"inputs": [{"name":"a","shape":[1],"datatype":"INT8","data":[1],"parameters":{"binary_data_size":0}}]}',
            None,
            "Input 'a' has both data and binary_data_size.",
        ),
        (
            b'{"inputs": [], "outputs": [{"name": "score", "parameters": {"classification": 2}}]}',
            None,
            "Output 'score' is asked for as a classification",
        ),
    ],
)
def test_a_wrong_body_is_refused_in_one_sentence(body: bytes, length: bytes | None, told: str) -> None:
    with pytest.raises(Refused) as caught:
        read_infer(body, length, 50)
    assert caught.value.status == 400
    assert told in caught.value.detail
    assert caught.value.cure


@pytest.mark.parametrize("texts", [["a", "bc"], ["", "ü"]])
def test_raw_texts_that_lie_about_their_lengths_are_refused(texts: list[str]) -> None:
    whole = b"".join(len(text.encode()).to_bytes(4, "little") + text.encode() for text in texts)
    inputs = inputs_for(WIDE)

    def read(raw: bytes) -> bytes:
        return records_of([Sent("plan", "BYTES", (2,), memoryview(raw))], inputs)

    assert [each["plan"] for each in json.loads(read(whole))] == texts
    for wrong in (whole[:-1], whole + b"\0", b"", whole[:4], b"\xff" * len(whole), (2**31).to_bytes(4, "little") * 2):
        with pytest.raises(Refused, match="elements"):
            read(wrong)
    with pytest.raises(RecordError, match=r"Record 1, field 'plan'.*no text in UTF-8"):
        read(b"\1\0\0\0a\1\0\0\0\xff")


def test_millions_of_empty_elements_are_refused_before_they_are_made() -> None:
    for filler in (b"[],", b'"",', b"null,", b"{},", b'"\\\\",'):
        data = b"[" + filler * 1_000_000 + b"0]"
        sent = b'{"inputs": [{"name": "plan", "shape": [1000], "datatype": "BYTES", "data": %b}]}' % data
        inputs = inputs_for(WIDE)
        with pytest.raises(Refused, match="holds another number of elements"):
            records_of(read_infer(sent, None, inputs.most).tensors, inputs)


# ---- what goes out

ANSWERS = [
    Answer("01a", "Yes", 0.71, "offer", 1, degraded=False, warnings=()),
    Answer("01b", "No", 0.1, "none", 2, degraded=True, warnings=("charge: clipped from 900.0 to 500.0",)),
]


def told_to_the_client(
    answers: Sequence[Answer], task: Task, wanted: Sequence[InferRequestedOutput] | None
) -> tuple[Any, dict[str, Any]]:
    body, length = body_of(given("age", [1], "INT64"), outputs=wanted)
    infer = read_infer(body, length, 10)
    outputs = outputs_of(answers, task, infer.wanted, binary=infer.binary)
    reply = write_reply("churn", "1", "mine", "", outputs)
    head = dict(reply.headers).get(b"inference-header-content-length")
    result = InferenceServerClient.parse_response_body(reply.body, header_length=None if head is None else int(head))
    return result, {output.name: result.as_numpy(output.name) for output in outputs}


def test_the_client_reads_every_output_in_both_forms() -> None:
    names = ("prediction", "score", "decision", "id", "version", "degraded")
    for wanted in (None, [InferRequestedOutput(name, binary_data=False) for name in names]):
        result, found = told_to_the_client(ANSWERS, BINARY, wanted)
        assert result.get_response()["id"] == "mine"
        assert [each.decode() if isinstance(each, bytes) else each for each in found["prediction"]] == ["Yes", "No"]
        assert found["score"].tolist() == [0.71, 0.1]
        assert found["version"].tolist() == [1, 2]
        assert found["degraded"].tolist() == [False, True]
        assert tuple(found) == names


def test_the_outputs_asked_for_come_in_the_form_asked_for() -> None:
    wanted = [InferRequestedOutput("score", binary_data=True), InferRequestedOutput("id", binary_data=False)]
    result, found = told_to_the_client(ANSWERS, BINARY, wanted)
    assert [(each["name"], "data" in each) for each in result.get_response()["outputs"]] == [
        ("score", False),
        ("id", True),
    ]
    assert found["score"].tolist() == [0.71, 0.1]
    assert found["id"].tolist() == ["01a", "01b"]


def test_several_classes_have_one_tensor_of_their_shares() -> None:
    task = Task(kind="multiclass", target="t", labels=("a", "b"))
    answers = [ClassAnswer("1", "a", 0.6, "a", 1, degraded=False, warnings=(), scores={"a": 0.6, "b": 0.4})] * 3
    _, found = told_to_the_client(answers, task, None)
    assert found["scores"].tolist() == [[0.6, 0.4]] * 3
    assert {each.name: each.shape for each in metadata_of("m", ("1",), NUMBERS, task).outputs}["scores"] == (-1, 2)


def test_an_output_of_amounts_is_made_of_numbers() -> None:
    task = Task(kind="regression", target="price")
    _, found = told_to_the_client([Answer("1", 12.5, 12.5, 13.0, 1, degraded=False, warnings=())], task, None)
    assert (found["prediction"].dtype, found["decision"].tolist()) == (np.float64, [13.0])


def test_the_metadata_names_what_is_taken() -> None:
    told = metadata_of("churn", ("1",), WIDE, BINARY)
    assert [(each.name, each.datatype, each.shape) for each in told.inputs] == [
        ("tenure", "INT64", (-1,)),
        ("charge", "FP64", (-1,)),
        ("partner", "BOOL", (-1,)),
        ("plan", "BYTES", (-1,)),
        ("signed", "BYTES", (-1,)),
        ("image", "UINT8", (-1, 2, 2)),
        ("customer", "BYTES", (-1,)),
    ]
    assert told.parameters is None
    wide = metadata_of("m", ("1",), NUMBERS, BINARY).parameters
    assert wide == {"matrix": "all features in this order as one numeric tensor of shape [-1, 3]"}


# ---- the door


def call(path: str, body: bytes, length: bytes | None = None, **head: str) -> Call:
    headers = {name.replace("_", "-").encode(): value.encode() for name, value in head.items()}
    if length is not None:
        headers[b"inference-header-content-length"] = length
    return Call("POST", path, headers, body)


def test_the_door_asks_and_tells(served: Served) -> None:
    door: Door = OipDoor("churn")
    lineup = served.lineup
    assert lineup is not None
    tensors = (
        given("customer", ["7590-VHVEG"], "BYTES"),
        given("tenure", [3], "INT32"),
        given("charge", [29.85], "FP64"),
        given("plan", ["basic"], "BYTES"),
    )
    body, length = body_of(*tensors, request_id="r1")
    asked = door.ask(call("/v2/models/churn/infer", body, length), lineup)
    assert asked.version is None
    row = lineup.champion.decoder.decode(asked.body)[0]
    assert row.features == {"tenure": 3, "charge": 29.85, "plan": "basic"}
    assert row.entity == "7590-VHVEG"
    reply = door.tell(asked, ANSWERS[1:], lineup)
    told = reply.body[: int(dict(reply.headers)[b"inference-header-content-length"])]
    found = json.loads(told)
    assert (found["model_name"], found["model_version"], found["id"]) == ("churn", "2", "r1")
    assert found["parameters"] == {"warnings": "record 0: charge: clipped from 900.0 to 500.0"}
    pinned = door.ask(call("/v2/models/churn/versions/1/infer", body, length), lineup)
    assert pinned.version == 1


@pytest.mark.parametrize("version", ["2", "x", "", "01", "1" * 400, "-1"])
def test_a_version_that_does_not_answer_is_not_found(served: Served, version: str) -> None:
    assert served.lineup is not None
    with pytest.raises(Refused) as caught:
        OipDoor("churn").ask(call(f"/v2/models/churn/versions/{version}/infer", b"{}"), served.lineup)
    assert caught.value.status == 404


def test_an_unknown_output_and_another_type_of_body_are_refused(served: Served) -> None:
    assert served.lineup is not None
    door = OipDoor("churn")
    body = b'{"inputs": [], "outputs": [{"name": "nothing"}]}'
    with pytest.raises(Refused, match="There is no output 'nothing'"):
        door.ask(call("/v2/models/churn/infer", body), served.lineup)
    with pytest.raises(Refused, match="The body must be JSON"):
        door.ask(call("/v2/models/churn/infer", gzip.compress(body), content_type="text/csv"), served.lineup)


def test_a_refusal_is_one_text_that_names_every_problem(served: Served) -> None:
    assert served.lineup is not None
    door = OipDoor("churn")
    try:
        served.lineup.champion.decoder.decode(b'[{"tenure": -1, "charge": 1, "plan": 7}]')
    except RecordError as error:
        reply = door.refuse(fields_refused(error), "some-id")
    assert (reply.status, list(json.loads(reply.body))) == (422, ["error"])
    told = json.loads(reply.body)["error"]
    assert "Record 0, field 'tenure'" in told
    assert "Record 0, field 'plan'" in told
    broken = Refused(400, "syntax", BodyError("No.").message, "Mend it.")
    assert json.loads(door.refuse(broken, "").body) == {"error": "No. Mend it."}


def test_versions_with_other_columns_each_get_their_own(tmp_path: Path, ask: Callable[..., Got]) -> None:
    project = tiny_project(tmp_path)
    more = Contract((*TINY_CONTRACT.columns, Number(name="visits")))
    champion = register_model(project, TINY_MODEL)
    canary = register_model(project, ConstantModel(0.5), contract=more)
    release_now(project, champion, Route(canary, "canary", 0.5))
    model = Served(project, loopback=True)
    model.look()
    app = App([model], loopback=True)
    sent = [
        tensor("tenure", [3] * 40, "INT64"),
        tensor("charge", [29.85] * 40),
        tensor("plan", ["basic"] * 40, "BYTES"),
        tensor("visits", [7.0] * 40),
    ]
    found = ask(app, "/v2/models/churn/infer", {"inputs": sent}).json
    told = {output["name"]: output["data"] for output in found["outputs"]}
    assert set(told["version"]) == {champion, canary}
    assert "model_version" not in found
    assert {score for score, version in zip(told["score"], told["version"], strict=True) if version == canary} == {0.5}
    pinned = ask(app, f"/v2/models/churn/versions/{canary}/infer", {"inputs": sent}).json
    assert pinned["model_version"] == str(canary)
    names = [each["name"] for each in ask(app, f"/v2/models/churn/versions/{canary}").json["inputs"]]
    assert "visits" in names
