"""ONNX files as models: what is refused, how inputs and outputs are matched, what may not be claimed of an output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mainstay.contract import Category, Contract, Integer, Number
from mainstay.contract.columns import Tensor
from mainstay.errors import CorruptError, InputError
from mainstay.models import Task, load_model, save_model
from mainstay.models.adopting import adopt
from mainstay.models.columns import Columns
from mainstay.models.convert import Asked, build_model
from mainstay.models.convert.networks.network import Network
from mainstay.models.convert.networks.onnx import open_onnx
from mainstay.models.frameworks.onnx import Feed, Header, OnnxModel
from mainstay.models.onnx_file import demand_self_contained

if TYPE_CHECKING:
    from pathlib import Path

YES_NO = Task(kind="binary", target="churn", positive="Yes", negative="No")
AMOUNT = Task(kind="regression", target="demand")
COLUMNS = Columns.of(Contract((Number(name="a"), Number(name="b"), Category(name="plan", values=("x", "y", "z")))))
WEIGHTS = np.array([[0.5], [-1.0], [0.3]])


def rows(n: int = 60) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.column_stack([rng.normal(size=(n, 2)) * 3, rng.integers(0, 3, n)])


def network(weights: np.ndarray = WEIGHTS, *ends: str, batch: int | str = "n", kind: int = TensorProto.FLOAT) -> Any:
    """Make ``input @ weights``, then the operators named."""
    weights = weights.astype(np.float32 if kind == TensorProto.FLOAT else np.float64)
    nodes = [helper.make_node("MatMul", ["input", "weights"], ["raw"])]
    last = "raw"
    for place, end in enumerate(ends):
        nodes.append(helper.make_node(end, [last], [f"out{place}"]))
        last = f"out{place}"
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("input", kind, [batch, len(weights)])],
        [helper.make_tensor_value_info(last, kind, [batch, weights.shape[1]])],
        [numpy_helper.from_array(weights, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def logistic(raw: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-raw)))


def test_a_logit_is_found_out_and_becomes_a_probability() -> None:
    model = build_model(network(), COLUMNS, rows(), Asked(task=YES_NO))
    assert model.header.link == "sigmoid"
    assert np.allclose(model.scores(rows()), logistic(rows() @ WEIGHTS)[:, 0], atol=1e-6)


def test_a_probability_is_found_out_by_its_last_operator() -> None:
    model = build_model(network(WEIGHTS, "Sigmoid", "Identity"), COLUMNS, rows(), Asked(task=YES_NO))
    assert model.header.link == "none"
    assert np.allclose(model.scores(rows()), logistic(rows() @ WEIGHTS)[:, 0], atol=1e-6)


def test_of_two_columns_the_second_is_the_positive_label_unless_labels_say_otherwise() -> None:
    both = network(np.hstack([WEIGHTS, -WEIGHTS]), "Softmax")
    second = build_model(both, COLUMNS, rows(), Asked(task=YES_NO)).scores(rows())
    first = build_model(both, COLUMNS, rows(), Asked(task=YES_NO, labels=("Yes", "No"))).scores(rows())
    assert np.allclose(second, 1 - first, atol=1e-6)
    assert np.allclose(first, logistic(2 * rows() @ WEIGHTS)[:, 0], atol=1e-6)


def test_two_logits_go_through_a_softmax() -> None:
    model = build_model(network(np.hstack([-WEIGHTS, WEIGHTS])), COLUMNS, rows(), Asked(task=YES_NO))
    assert model.header.link == "softmax"
    assert np.allclose(model.scores(rows()), logistic(2 * rows() @ WEIGHTS)[:, 0], atol=1e-6)


def test_an_amount_is_the_output_itself() -> None:
    model = build_model(network(), COLUMNS, rows(), Asked(task=AMOUNT))
    assert np.allclose(model.scores(rows()), (rows() @ WEIGHTS)[:, 0], atol=1e-5)
    assert isinstance(model.score_one(rows()[0]), float)
    assert model.scores(rows()[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("proto", "asked", "sentence"),
    [
        (network(), Asked(task=YES_NO, output="probability"), "can't be probabilities: it lies between"),
        (network(WEIGHTS, "Sigmoid"), Asked(task=YES_NO, output="logit"), "taken for logits, yet all of 60 rows"),
        (network(WEIGHTS, "Sigmoid"), Asked(task=AMOUNT, output="probability"), "is an amount, and the output"),
        (network(), Asked(task=YES_NO, output="amount"), "is a label, and the output"),
        (network(), Asked(task=YES_NO, output="odds"), "can't be 'odds'"),
        (network(np.ones((3, 4))), Asked(task=YES_NO), "has 4 numbers a record; for 'churn' it must have 1 or 2"),
        (network(np.ones((3, 2))), Asked(task=AMOUNT), "has 2 numbers a record; for 'demand' it must have 1"),
        (network(), Asked(task=YES_NO, output_name="nowhere"), "has no output 'nowhere'"),
        (network(np.hstack([WEIGHTS] * 2), "Softmax"), Asked(task=YES_NO, labels=("J", "N")), "knows the labels"),
        (network(np.ones((4, 1))), Asked(task=YES_NO), "input 'input' takes 4 a record, and the records have 3"),
        (network(batch=7), Asked(task=YES_NO), "takes 7 records at a time"),
        (network(WEIGHTS, "Log"), Asked(task=AMOUNT), "gives no finite number for"),
    ],
)
def test_what_cannot_be_true_of_a_network_is_a_sentence(proto: Any, asked: Asked, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        build_model(proto, COLUMNS, rows(), asked)


def test_a_network_that_takes_one_record_at_a_time_gets_one_at_a_time() -> None:
    model = build_model(network(batch=1), COLUMNS, rows(), Asked(task=AMOUNT))
    assert model.header.alone
    assert np.allclose(model.scores(rows()), (rows() @ WEIGHTS)[:, 0], atol=1e-5)


def test_named_inputs_take_a_column_each_and_tensors_their_shape() -> None:
    columns = Columns.of(Contract((Integer(name="age"), Tensor(name="image", shape=(2, 3)))))
    nodes = [
        helper.make_node("ReduceSum", ["image", "axes"], ["total"], keepdims=0),
        helper.make_node("Cast", ["age"], ["years"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["total", "years"], ["demand"]),
    ]
    inputs = [
        helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 2, 3]),
        helper.make_tensor_value_info("age", TensorProto.INT64, ["n"]),
    ]
    outputs = [helper.make_tensor_value_info("demand", TensorProto.FLOAT, ["n"])]
    axes = numpy_helper.from_array(np.array([1, 2]), "axes")
    graph = helper.make_graph(nodes, "net", inputs, outputs, [axes])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    X = np.column_stack([np.arange(5.0), np.random.default_rng(0).normal(size=(5, 6))])
    model = build_model(proto, columns, X, Asked(task=AMOUNT))
    assert np.allclose(model.scores(X), X[:, 0] * X[:, 1:].sum(axis=1), atol=1e-5)
    assert [(feed.name, feed.start, feed.shape) for feed in model.header.feeds] == [
        ("image", 1, (2, 3)),
        ("age", 0, ()),
    ]
    X[2, 0] = np.nan
    with pytest.raises(InputError, match="'age' takes whole numbers, and a value is missing"):
        model.scores(X)
    other = Columns.of(Contract((Integer(name="years"), Tensor(name="image", shape=(2, 3)))))
    with pytest.raises(InputError, match="several inputs take a column each, by its name"):
        build_model(proto, other, X[:2], Asked(task=AMOUNT))


def test_a_zipmap_is_taken_away_and_its_labels_kept() -> None:
    proto = network(np.hstack([WEIGHTS, -WEIGHTS]), "Softmax")
    zipped = helper.make_node("ZipMap", ["out0"], ["dicts"], domain="ai.onnx.ml", classlabels_strings=["Yes", "No"])
    proto.graph.node.append(zipped)
    kind = helper.make_sequence_type_proto(
        helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    )
    proto.graph.output.pop()
    proto.graph.output.append(helper.make_value_info("dicts", kind))
    proto.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    model = build_model(proto, COLUMNS, rows(), Asked(task=YES_NO))
    assert np.allclose(model.scores(rows()), logistic(2 * rows() @ WEIGHTS)[:, 0], atol=1e-6)


def test_a_model_in_the_hand_is_adopted_by_its_type() -> None:
    model = adopt(network(), COLUMNS, YES_NO)
    assert model.framework == "onnx"
    assert np.allclose(model.scores(rows()), logistic(rows() @ WEIGHTS)[:, 0], atol=1e-6)


def test_labels_go_in_as_the_texts_they_stand_for() -> None:
    header = Header(
        width=1,
        feeds=(Feed(name="plan", start=0, width=1, shape=(1,), labels=("basic", "full"), missing="none"),),
        output="price",
    )
    node = helper.make_node(
        "LabelEncoder",
        ["plan"],
        ["price"],
        domain="ai.onnx.ml",
        keys_strings=["basic", "full", "(other)", "none"],
        values_floats=[10.0, 20.0, -1.0, -2.0],
    )
    graph = helper.make_graph(
        [node],
        "net",
        [helper.make_tensor_value_info("plan", TensorProto.STRING, ["n", 1])],
        [helper.make_tensor_value_info("price", TensorProto.FLOAT, ["n", 1])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    proto = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    X = np.array([[0.0], [1.0], [2.0], [np.nan], [-3.0]])
    assert OnnxModel(proto.SerializeToString(), header).scores(X).tolist() == [10, 20, -1, -2, -1]


def test_a_file_made_elsewhere_is_read_and_saved_again(tmp_path: Path) -> None:
    onnx.save(network(), tmp_path / "made.onnx")
    model = open_onnx(tmp_path / "made.onnx", COLUMNS, rows(), Asked(task=YES_NO))
    (tmp_path / "bundle").mkdir()
    save_model(model, tmp_path / "bundle")
    again = load_model(tmp_path / "bundle")
    assert again.scores(rows()).tolist() == model.scores(rows()).tolist()
    with pytest.raises(InputError, match="can't be read"):
        open_onnx(tmp_path / "nothing.onnx", COLUMNS, rows(), Asked(task=YES_NO))


def test_weights_in_another_file_are_refused_before_any_runtime_looks(tmp_path: Path) -> None:
    big = network(np.random.default_rng(0).normal(size=(3, 900)))
    onnx.save(big, tmp_path / "model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    with pytest.raises(CorruptError, match="keeps weights in another file"):
        demand_self_contained((tmp_path / "model.onnx").read_bytes())
    with pytest.raises(CorruptError, match="keeps weights in another file"):
        open_onnx(tmp_path / "model.onnx", COLUMNS, rows(), Asked(task=YES_NO))


def test_weights_in_another_file_are_found_inside_a_branch_too() -> None:
    inner = network().graph
    inner.initializer[0].data_location = TensorProto.EXTERNAL
    proto = network()
    proto.graph.node.append(helper.make_node("If", ["raw"], ["later"], then_branch=inner, else_branch=network().graph))
    with pytest.raises(CorruptError, match="keeps weights in another file"):
        demand_self_contained(proto.SerializeToString())


def test_operators_of_somebodys_own_library_are_refused() -> None:
    proto = network()
    proto.graph.node[0].domain = "my.company"
    proto.opset_import.append(helper.make_opsetid("my.company", 1))
    with pytest.raises(CorruptError, match=r"operators of 'my\.company'"):
        demand_self_contained(proto.SerializeToString())


@pytest.mark.parametrize("content", [b"", b"\x00", b"\xff" * 40, b"\x3a\x7f", b"\x08" + b"\xff" * 12, b"pickle" * 50])
def test_what_is_no_onnx_file_is_a_sentence(content: bytes) -> None:
    with pytest.raises(CorruptError, match="isn't an ONNX file"):
        demand_self_contained(content)


def test_a_file_cut_anywhere_or_with_a_byte_changed_is_never_more_than_a_sentence() -> None:
    content = network(WEIGHTS, "Sigmoid").SerializeToString()
    header = build_model(network(WEIGHTS, "Sigmoid"), COLUMNS, rows(), Asked(task=YES_NO)).header
    rng = np.random.default_rng(0)
    for _ in range(150):
        place = int(rng.integers(len(content)))
        hurt = bytearray(content)
        hurt[place] = int(rng.integers(256))
        for tried in (bytes(hurt), content[:place]):
            try:
                OnnxModel(tried, header).scores(rows(3))
            except (CorruptError, InputError):
                continue


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"output": "elsewhere"}, "has no output 'elsewhere'"),
        ({"feeds": ()}, "isn't what its header gives it"),
        ({"width": 2}, "is given what no row has"),
        ({"columns": (-1,)}, "is negative"),
    ],
)
def test_a_header_that_does_not_fit_the_file_is_a_sentence(
    change: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    model = build_model(network(), COLUMNS, rows(), Asked(task=YES_NO))
    save_model(model, tmp_path)
    (tmp_path / "model.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(model.header, **change)))
    with pytest.raises(CorruptError, match=sentence):
        load_model(tmp_path)


def test_rows_of_another_width_are_refused() -> None:
    model = build_model(network(), COLUMNS, rows(), Asked(task=YES_NO))
    with pytest.raises(InputError, match="takes 3 numbers a row"):
        model.scores(np.zeros((2, 4)))


def test_a_network_comes_with_what_it_does_not_say_of_itself(tmp_path: Path) -> None:
    onnx.save(network(WEIGHTS / 100), tmp_path / "made.onnx")
    model = adopt(Network(tmp_path / "made.onnx", output="logit", rows=rows()), COLUMNS, YES_NO)
    assert np.allclose(model.scores(rows()), logistic(rows() @ WEIGHTS / 100)[:, 0], atol=1e-6)
    proto = network(np.hstack([WEIGHTS, -WEIGHTS]), "Softmax")
    model = adopt(Network(proto, labels=("Yes", "No")), COLUMNS, YES_NO)
    assert np.allclose(model.scores(rows()), logistic(2 * rows() @ WEIGHTS)[:, 0], atol=1e-6)
    with pytest.raises(InputError, match="can't be probabilities"):
        adopt(Network(network(), output="probability"), COLUMNS, YES_NO)
    with pytest.raises(InputError, match="reading one can run code from it"):
        adopt(Network(str(tmp_path / "made.pt")), COLUMNS, YES_NO)
    with pytest.raises(InputError, match="is no network that can be converted"):
        adopt(Network(object()), COLUMNS, YES_NO)
