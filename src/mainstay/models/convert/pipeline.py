"""Pipelines of scikit-learn as ONNX, by skl2onnx, mended where it is known to lie.

scikit-learn scales in float64 and grows its trees on float32. skl2onnx, asked for float32, scales in float32 too, so a
whole number that lies exactly on a threshold, halfway between two others, falls to the other side: on 276 of 2 043 rows
of a churn table a forest was off by up to 0.26. Asked for float64 it compares float64 values with thresholds that were
meant for float32, with the same result. Here numbers go in as float64, are scaled so, and are rounded to float32 in
front of every tree: then the answers agree to seven digits.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.errors import InputError
from mainstay.extras import need
from mainstay.models.convert.assemble import Sheet
from mainstay.models.convert.build import Asked, build_model
from mainstay.models.convert.graph import package, quiet
from mainstay.models.frameworks.onnx import Feed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

    from numpy.typing import NDArray

    from mainstay.models.columns import Columns, EncodedColumn
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.task import Task

    Floats = NDArray[np.float64]

_FLOAT, _DOUBLE = 1, 11  # TensorProto.FLOAT and DOUBLE
_OPSETS = {"": 18, "ai.onnx.ml": 3}
_READS_FLOAT64 = "HistGradientBoosting"  # the trees of scikit-learn that aren't grown on float32


def convert_pipeline(
    estimator: Any,
    columns: Columns,
    X: Floats,
    task: Task,
    *,
    names: Sequence[str] = (),
    take: Sequence[int] = (),
) -> OnnxModel:
    """Turn a fitted estimator or pipeline into ONNX.

    Parameters
    ----------
    estimator : object
        Of scikit-learn, with its predictor last; boosted trees of XGBoost and LightGBM may be that.
    columns : Columns
        What each number of an encoded row is, as the frame had it on which the estimator was fitted.
    X : array, shape (n, width)
        Real encoded rows.
    task : Task
        What is predicted.
    names : sequence of str
        Columns of the frame it takes, each an input of its own; none: it takes a matrix.
    take : sequence of int
        Places of that matrix's columns in the row; none: all of them.

    Raises
    ------
    InputError
        Where a step of it has no form in ONNX.
    SetupError
        Where skl2onnx isn't installed.

    """
    skl2onnx = _package()
    labels = tuple(getattr(label, "item", lambda label=label: label)() for label in getattr(estimator, "classes_", ()))
    output = "amount" if task.kind == "regression" else "probability"
    asked = Asked(task=task, output=output, labels=labels, made_from="scikit-learn")
    feeds = tuple(_feeds(columns, names)) if names else (_matrix(take or range(columns.width)),)
    told = ""
    for number in ("DoubleTensorType", "FloatTensorType"):
        types = [(feed.name, _type(skl2onnx, feed, number)) for feed in feeds]
        try:
            with quiet():
                proto = skl2onnx.convert_sklearn(
                    estimator, initial_types=types, options=_options(estimator), target_opset=_OPSETS
                )
            _mend(proto, estimator, doubles=number == "DoubleTensorType")
            return build_model(proto, columns, X, asked, feeds)
        except Exception as error:  # noqa: BLE001 - a converter fails in its own ways; the next type may do
            told = told or f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    raise InputError(
        f"The pipeline can't be written as ONNX: {told}", "It goes on being served as it is; or replace the step named."
    )


def _package() -> ModuleType:
    for part in ("data_types", "shape_calculator"):
        need(f"skl2onnx.common.{part}", "Converting a pipeline", "train,onnx")
    skl2onnx = need("skl2onnx", "Converting a pipeline", "train,onnx")
    with quiet():
        _know_boosters(skl2onnx)
    return skl2onnx


def _know_boosters(skl2onnx: Any) -> None:
    """Teach skl2onnx the boosters of onnxmltools that are installed here."""
    shapes = skl2onnx.common.shape_calculator
    classes, amounts = shapes.calculate_linear_classifier_output_shapes, shapes.calculate_linear_regressor_output_shapes
    options = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    for kind, alias, converter in _boosters():
        if kind.__name__.endswith("Classifier"):
            skl2onnx.update_registered_converter(kind, alias, classes, converter, options=options)
        else:
            skl2onnx.update_registered_converter(kind, alias, amounts, converter)


def _boosters() -> Iterator[tuple[type, str, Callable[..., None]]]:
    with contextlib.suppress(ImportError):
        from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost  # noqa: PLC0415 - optional
        from xgboost import XGBClassifier, XGBRegressor  # noqa: PLC0415 - optional

        yield XGBClassifier, "XGBoostXGBClassifier", convert_xgboost
        yield XGBRegressor, "XGBoostXGBRegressor", convert_xgboost
    with contextlib.suppress(ImportError):
        from lightgbm import LGBMClassifier, LGBMRegressor  # noqa: PLC0415 - optional
        from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm  # noqa: PLC0415 - optional

        yield LGBMClassifier, "LightGbmLGBMClassifier", convert_lightgbm
        yield LGBMRegressor, "LightGbmLGBMRegressor", convert_lightgbm


def _options(estimator: Any) -> dict[Any, Any]:
    """Ask for plain arrays, and for a scaler that divides as scikit-learn does."""
    steps = [step for _, step in getattr(estimator, "steps", [("", estimator)])]
    plain = {id(steps[-1]): {"zipmap": False}} if hasattr(steps[-1], "predict_proba") else {}
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - skl2onnx brought it

    return plain | {StandardScaler: {"div": "div"}}


def _mend(proto: Any, estimator: Any, *, doubles: bool) -> None:
    """Let the graph compute in the types in which scikit-learn does; changes `proto`."""
    rounded = doubles and _READS_FLOAT64 not in type(_last(estimator)).__name__
    nodes, trees, helper = list(proto.graph.node), False, package().helper
    del proto.graph.node[:]
    for place, node in enumerate(nodes):
        sheet = Sheet(f"mended.{place}")
        if node.op_type.startswith("TreeEnsemble"):
            trees = True
            if rounded:
                node.input[0] = sheet.add("Cast", sheet.add("Cast", node.input[0], to=_FLOAT), to=_DOUBLE)
        elif node.op_type == "FeatureVectorizer" and doubles:  # it gives float32, whatever it is given
            node.CopyFrom(helper.make_node("Concat", list(node.input), list(node.output), axis=1))
        elif node.op_type == "Imputer" and doubles:
            node = _imputed(sheet, node, estimator)  # noqa: PLW2901 - it stands in its place
        proto.graph.initializer.extend(sheet.constants)
        proto.graph.node.extend([*sheet.nodes, *([] if node is None else [node])])
    for output in proto.graph.output:
        kind = output.type.tensor_type
        if trees and kind.elem_type == _DOUBLE:  # skl2onnx says so, and ONNX's trees give float32
            kind.elem_type = _FLOAT


def _imputed(sheet: Sheet, node: Any, estimator: Any) -> Any:
    """Fill missing values in without ONNX's own operator, which takes no float64; None where that was done.

    With the very mean of the training rows, and not its nearest float32: it is what many a tree was split at.
    """
    given = {attribute.name: attribute for attribute in node.attribute}
    if "imputed_value_floats" not in given or not math.isnan(given["replaced_value_float"].f):
        return node
    rough = np.asarray(given["imputed_value_floats"].floats, dtype=np.float32)
    learned = [np.asarray(one.statistics_) for one in _parts(estimator) if hasattr(one, "statistics_")]
    exact = next((one for one in learned if np.array_equal(_single(one), rough)), rough)
    values = sheet.constant([exact.astype(np.float64)])
    sheet.add("Where", sheet.add("IsNaN", node.input[0]), values, node.input[0], output=node.output[0])
    return None


def _single(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.float32) if values.dtype.kind == "f" else values


def _parts(estimator: Any) -> Iterator[Any]:
    """Give an estimator and everything fitted inside it."""
    yield estimator
    inside = (*getattr(estimator, "steps", ()), *getattr(estimator, "transformers_", ()))
    for part in inside:
        yield from _parts(part[1])


def _last(estimator: Any) -> Any:
    return estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator


def _matrix(take: Sequence[int]) -> Feed:
    if [*take] != [*range(take[0], take[0] + len(take))]:
        raise InputError(
            "The estimator takes columns in another order than the contract's, which a converted one can't.",
            "It goes on being served as it is; or fit it on a frame, whose columns have names.",
        )
    return Feed(name="features", start=take[0], width=len(take), shape=(len(take),))


def _feeds(columns: Columns, names: Sequence[str]) -> Iterator[Feed]:
    owners = [column for column in columns.all for _ in range(column.width)]
    slots = {name: (at, column) for at, (name, column) in enumerate(zip(columns.slot_names, owners, strict=True))}
    for name in names:
        at, column = slots[name]
        if column.kind == "time":
            raise InputError(
                f"'{name}' is a time, which no input of a converted pipeline takes.",
                "The pipeline goes on being served as it is.",
            )
        yield _labelled(at, name, column)


def _labelled(at: int, name: str, column: EncodedColumn) -> Feed:
    labels = () if column.labels == (False, True) else column.labels
    if any(not isinstance(label, str) for label in labels):
        numbers = [float(label) for label in labels]  # a number that no label is stands for any other
        other = float(max(numbers) + 1)
        return Feed(name=name, start=at, width=1, shape=(1,), labels=tuple(numbers), other=other, missing=float("nan"))
    return Feed(name=name, start=at, width=1, shape=(1,), labels=labels)


def _type(skl2onnx: Any, feed: Feed, number: str) -> Any:
    texts = feed.labels and isinstance(feed.labels[0], str)
    kind = getattr(skl2onnx.common.data_types, "StringTensorType" if texts else number)
    return kind([None, feed.width])
