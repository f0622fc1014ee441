"""The corpus: every bundle agrees with its own manifest and with its row, and is hostile all the same.

Each says which sentence refuses it. What a payload would do is touch a file, the canary, and nothing is ever to.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from mainstay.models.columns import Columns
from mainstay.serving.testing import TINY_CONTRACT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.hostile.builders import Bundle

UNREADABLE = r"can't be read by this mainstay|can't be read|is damaged|isn't what|nested too deep|can't be loaded"
WIDTH = TINY_CONTRACT.width


@dataclass(frozen=True)
class Case:
    """A hostile bundle: what it is called, how it is made of a sound one, and what refuses it.

    Parameters
    ----------
    name : str
        For people.
    build : callable
        Makes it of a sound bundle, and of the path that its payload would touch.
    said : str
        What the sentence says, as a regular expression.

    """

    name: str
    build: Callable[[Bundle, Path], Bundle]
    said: str


class Touch:
    """Touches a file as soon as it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.canary}",)


def columns() -> dict[str, Any]:
    """Describe the columns of the tiny contract, as a header does."""
    import msgspec  # noqa: PLC0415 - here alone

    found: dict[str, Any] = msgspec.to_builtins(Columns.of(TINY_CONTRACT))
    return found


def header(**more: Any) -> bytes:
    """Write a ``model.json``."""
    return json.dumps(more).encode()


def sklearn(form: str) -> bytes:
    """Write the ``model.json`` of an estimator."""
    return header(framework="sklearn", form=form, columns=columns(), take=list(range(WIDTH)), order=[0, 1])


def touching(canary: Path) -> bytes:
    """Give a pickle with a payload."""
    return pickle.dumps(Touch(canary))


def pickled(bundle: Bundle, canary: Path) -> Bundle:
    return bundle.with_model({"model.json": sklearn("pickle"), "estimator.pkl": touching(canary)})


def gzipped(bundle: Bundle, canary: Path) -> Bundle:
    return bundle.with_model({"model.json": sklearn("pickle"), "estimator.pkl": gzip.compress(touching(canary))})


def joblib_dumped(bundle: Bundle, canary: Path) -> Bundle:
    content = io.BytesIO()
    import joblib  # noqa: PLC0415 - here alone

    joblib.dump(Touch(canary), content, compress=3)
    return bundle.with_model({"model.json": sklearn("pickle"), "estimator.pkl": content.getvalue()})


def in_place_of(framework: str, file: str, **head: Any) -> Callable[[Bundle, Path], Bundle]:
    """Put a pickle where another format is expected."""

    def build(bundle: Bundle, canary: Path) -> Bundle:
        return bundle.with_model({"model.json": header(framework=framework, **head), file: touching(canary)})

    return build


def as_header(bundle: Bundle, canary: Path) -> Bundle:
    return bundle.with_model({"model.json": touching(canary)})


def skops_file(schema: dict[str, Any], **more: bytes) -> bytes:
    """Write a file as skops does."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", json.dumps({"protocol": 2, "_skops_version": "0.13", **schema}))
        for name, value in more.items():
            archive.writestr(name, value)
    return content.getvalue()


def skops_of(schema: dict[str, Any], **more: bytes) -> Callable[[Bundle, Path], Bundle]:
    def build(bundle: Bundle, canary: Path) -> Bundle:
        text = json.dumps(schema).replace("CANARY", str(canary))
        return bundle.with_model(
            {"model.json": sklearn("skops"), "estimator.skops": skops_file(json.loads(text), **more)}
        )

    return build


def _holding(kind: str, number: int, content: object) -> dict[str, Any]:
    loader = f"{kind.capitalize()}Node"
    found = {"__class__": kind, "__module__": "builtins", "__loader__": loader, "__id__": number, "content": content}
    return (
        found
        if kind == "tuple"
        else {**found, "key_types": _holding("list", number + 100, [])}
        if kind == "dict"
        else found
    )


SYSTEM = {
    "__class__": "system",
    "__module__": "posix",
    "__loader__": "FunctionNode",
    "__id__": 1,
    "content": {"module_path": "posix", "function": "system"},
}
EVAL = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "\"open('CANARY', 'w')\""}
PARTIAL = {
    "__class__": "partial",
    "__module__": "functools",
    "__loader__": "PartialNode",
    "__id__": 2,
    "content": {
        "func": SYSTEM,
        "args": _holding("tuple", 3, []),
        "kwds": _holding("dict", 4, {}),
        "namespace": _holding("dict", 9, {}),
    },
}
UNKNOWN_TYPE = {
    "__class__": "Popen\x1b[31m",
    "__module__": "subprocess",
    "__loader__": "ObjectNode",
    "__id__": 5,
    "content": _holding("dict", 6, {}),
}
OPERATOR = {
    "__class__": "methodcaller",
    "__module__": "operator",
    "__loader__": "OperatorFuncNode",
    "__id__": 7,
    "attrs": EVAL,
}
LYING_METHOD = {
    "__class__": "int",
    "__module__": "builtins",
    "__loader__": "MethodNode",
    "__id__": 8,
    "content": {"func": "system", "obj": SYSTEM},
}


def onnx_model(*nodes: Any, initializers: Any = (), **more: Any) -> bytes:
    """Write a network of the tiny contract's rows."""
    given = helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, WIDTH])
    taken = helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph(list(nodes), "g", [given], [taken], initializer=list(initializers))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(more.get("domain", "ai.onnx.ml"), 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return bytes(model.SerializeToString())


def with_onnx(content: bytes) -> Callable[[Bundle, Path], Bundle]:
    def build(bundle: Bundle, _: Path) -> Bundle:
        feeds = [{"name": "X", "start": 0, "width": WIDTH, "shape": [WIDTH]}]
        head = header(framework="onnx", width=WIDTH, feeds=feeds, output="Y")
        return bundle.with_model({"model.json": head, "model.onnx": content})

    return build


def outside(location: str) -> bytes:
    """Write a network whose weights lie in another file."""
    weights = numpy_helper.from_array(np.ones((WIDTH, 1), dtype=np.float32), "W")
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(WIDTH * 4))):
        pair = weights.external_data.add()
        pair.key, pair.value = key, value
    return onnx_model(helper.make_node("MatMul", ["X", "W"], ["Y"]), initializers=[weights])


def outside_in_attribute() -> bytes:
    """Write a network with such weights in a constant inside a branch."""
    weights = numpy_helper.from_array(np.ones((1,), dtype=np.float32), "C")
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    pair = weights.external_data.add()
    pair.key, pair.value = "location", "/etc/passwd"
    constant = helper.make_node("Constant", [], ["Y"], value=weights)
    inner = helper.make_graph([constant], "b", [], [helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)])
    return onnx_model(helper.make_node("If", ["X"], ["Y"], then_branch=inner, else_branch=inner))


def custom_operator() -> bytes:
    return onnx_model(helper.make_node("Exec", ["X"], ["Y"], domain="com.evil"), domain="com.evil")


def runtime_format() -> bytes:
    """Write ONNX Runtime's own format inside of what reads like a protocol buffer: other readers, other limits."""
    sound = onnx_model(helper.make_node("Identity", ["X"], ["Y"]))
    return b"\x0a\x10\x00\x00ORTM" + bytes(10) + sound


def deep_onnx() -> bytes:
    """Nest branches a thousand deep."""
    content = b""
    for _ in range(1000):
        node = _field(5, _field(6, content))  # attribute -> graph
        content = _field(1, node)
    return _field(7, content)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def code(name: str, framework: str = "") -> Callable[[Bundle, Path], Bundle]:
    """Bring code that touches the canary as it is loaded."""

    def build(bundle: Bundle, canary: Path) -> Bundle:
        function = (
            "features(frame):\n    return frame" if name == "features.py" else "predict(columns):\n    return 0.5"
        )
        text = f"open({str(canary)!r}, 'w').close()\n\ndef {function}\n".encode()
        if not framework:
            return bundle.with_file(name, text).with_file("inputs.json", bundle.files["contract.json"])
        head = header(framework=framework, columns=columns(), labels=2)
        return bundle.with_model({"model.json": head, name: text})

    return build


def json_file(name: str, content: bytes) -> Callable[[Bundle, Path], Bundle]:
    return lambda bundle, _: bundle.with_file(name, content)


def setting(name: str, **change: Any) -> Callable[[Bundle, Path], Bundle]:
    return lambda bundle, _: bundle.with_json(name, change)


def cut(name: str, share: float) -> Callable[[Bundle, Path], Bundle]:
    def build(bundle: Bundle, _: Path) -> Bundle:
        content = bundle.files[name]
        return bundle.with_file(name, content[: int(len(content) * share)])

    return build


def without(name: str) -> Callable[[Bundle, Path], Bundle]:
    def build(bundle: Bundle, _: Path) -> Bundle:
        from dataclasses import replace  # noqa: PLC0415 - here alone

        return replace(bundle, files={key: value for key, value in bundle.files.items() if key != name})

    return build


def listing(**more: Any) -> Callable[[Bundle, Path], Bundle]:
    return lambda bundle, _: bundle.listing({"path": "extra", "sha256": "0" * 64, "size": 0, **more})


def twice(bundle: Bundle, _: Path) -> Bundle:
    return bundle.listing(bundle.truth[0])


def twins(bundle: Bundle, _: Path) -> Bundle:
    return bundle.with_file("CARD.md", b"another card")


def lying_size(bundle: Bundle, _: Path) -> Bundle:
    from dataclasses import replace  # noqa: PLC0415 - here alone

    return replace(bundle, listed=tuple({**file, "size": file["size"] + 1} for file in bundle.truth))


def lying_hash(bundle: Bundle, _: Path) -> Bundle:
    from dataclasses import replace  # noqa: PLC0415 - here alone

    return replace(bundle, listed=tuple({**file, "sha256": "0" * 64} for file in bundle.truth))


def newer(bundle: Bundle, _: Path) -> Bundle:
    from dataclasses import replace  # noqa: PLC0415 - here alone

    return replace(bundle, head={**bundle.head, "format": 99})


def wide_contract(bundle: Bundle, _: Path) -> Bundle:
    """Give a contract of a million columns."""
    columns = ",".join(f'{{"name":"c{n}","type":"number"}}' for n in range(1_000_000))
    return bundle.with_file("contract.json", f'{{"columns":[{columns}]}}'.encode())


def matryoshka(bundle: Bundle, _: Path) -> Bundle:
    """Wrap a model in itself a hundred times."""
    files, place = {}, ""
    for _depth in range(100):
        files[f"{place}model.json"] = header(framework="calibrated", curves=[])
        place += "inner/"
    files[f"{place}model.json"] = header(framework="constant", value=0.5)
    return bundle.with_model(files)


def skops_bomb(bundle: Bundle, _: Path) -> Bundle:
    """Compress 256 MB of zeros to one."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("schema.json", bytes(1 << 28))
    return bundle.with_model({"model.json": sklearn("skops"), "estimator.skops": content.getvalue()})


def deep_ubj(bundle: Bundle, _: Path) -> Bundle:
    return bundle.with_model(
        {
            "model.json": header(framework="xgboost", features=WIDTH, classes=1, trees=0),
            "model.ubj": b"{i\x01a" + b"[" * 1_000_000 + b"}",
        }
    )


PICKLES = (
    Case("pickle", pickled, r"brings code of its own \(a pickle, sha256 [0-9a-f]{64}\), which isn't trusted here"),
    Case("gzip pickle", gzipped, r"brings code of its own \(a pickle"),
    Case("joblib", joblib_dumped, r"brings code of its own \(a pickle"),
    Case("pickle as header", as_header, "is damaged"),
    Case(
        "pickle as skops",
        lambda b, c: b.with_model({"model.json": sklearn("skops"), "estimator.skops": touching(c)}),
        "can't be read by skops",
    ),
    Case(
        "pickle as lightgbm", in_place_of("lightgbm", "model.txt", features=WIDTH), "isn't text|isn't a whole LightGBM"
    ),
    Case(
        "pickle as xgboost",
        in_place_of("xgboost", "model.ubj", features=WIDTH, classes=1, trees=0),
        "isn't a whole XGBoost model",
    ),
    Case(
        "pickle as catboost",
        in_place_of("catboost", "model.cbm", width=WIDTH, take=[0], labels={}, order=[], sha256="0" * 64),
        "isn't what was once written",
    ),
    Case("pickle as onnx", lambda b, c: with_onnx(touching(c))(b, c), "isn't an ONNX file"),
    Case(
        "pickle as function",
        in_place_of("function", "predict.py", columns=columns(), labels=2),
        r"brings code of its own \(predict",
    ),
    Case("features.py", code("features.py"), r"brings code of its own \(features\.py, sha256 "),
    Case("predict.py", code("predict.py", "function"), r"brings code of its own \(predict\.py, sha256 "),
)
SKOPS = (
    Case("skops system", skops_of(SYSTEM), r"built of the type posix\.system|can't be read by skops"),
    Case("skops partial", skops_of(PARTIAL), "built of the type"),
    Case("skops type with escapes", skops_of(UNKNOWN_TYPE), r"built of the type subprocess\.Popen"),
    Case("skops operator", skops_of(OPERATOR), "built of the type|skops can't build it|can't be read by skops"),
    Case("skops lying method", skops_of(LYING_METHOD), "built of the type|skops can't build it|can't be read by skops"),
    Case("skops bomb", skops_bomb, "unpack"),
)
NETWORKS = (
    Case("onnx absolute", with_onnx(outside("/etc/passwd")), "keeps weights in another file"),
    Case("onnx dots", with_onnx(outside("../../secrets")), "keeps weights in another file"),
    Case("onnx beside", with_onnx(outside("card.md")), "keeps weights in another file"),
    Case("onnx in a branch", with_onnx(outside_in_attribute()), "keeps weights in another file"),
    Case("onnx custom operator", with_onnx(custom_operator()), "operators of 'com.evil'"),
    Case("onnx runtime's format", with_onnx(runtime_format()), "isn't an ONNX file"),
    Case("onnx nested", with_onnx(deep_onnx()), "nested too deep|is damaged"),
    Case("onnx cut", with_onnx(onnx_model(helper.make_node("Identity", ["X"], ["Y"]))[:-9]), "is damaged"),
    Case("onnx empty", with_onnx(b""), "isn't an ONNX file"),
    Case("xgboost nested", deep_ubj, "is damaged|nested"),
    Case("wrapped", matryoshka, "no path inside it|nested"),
)
_DOCUMENTS = ("contract", "profile", "policy", "report", "money", "problem", "golden", "lineage")
DOCUMENTS = (
    tuple(
        Case(f"{name}.json {what}", json_file(f"{name}.json", content), UNREADABLE)
        for name in _DOCUMENTS
        for what, content in (
            ("nested", b"[" * 200_000),
            ("nested objects", b'{"a":' * 100_000),
            ("another type", b'"text"'),
            ("empty", b""),
            ("no text", b"\xff\xfe\x00"),
            ("a number", b"1" * 5000),
        )
    )
    + tuple(
        Case(f"{name}.json cut at {share}", cut(f"{name}.json", share), UNREADABLE)
        for name in _DOCUMENTS
        for share in (0.1, 0.5, 0.97)
    )
    + (
        Case("model.json nested", lambda b, _: b.with_model({"model.json": b"[" * 200_000}), "is damaged"),
        Case(
            "model.json unknown",
            lambda b, _: b.with_model({"model.json": header(framework="os")}),
            "framework 'os' can't be loaded",
        ),
        Case(
            "model.json path",
            lambda b, _: b.with_model({"model.json": header(framework="../../evil")}),
            "can't be loaded",
        ),
        Case("no model", lambda b, _: b.with_model({}), "no model"),
        Case("no contract", without("contract.json"), "lacks its file"),
        Case(
            "golden NaN",
            lambda b, _: b.with_file("golden.json", b'[{"record": {}, "score": "nan"}]'),
            "answer|score|record|can't be read",
        ),
        Case(
            "golden infinity",
            lambda b, _: b.with_file("golden.json", b'[{"record": {}, "score": 1e999}]'),
            "answer|score|record|can't be read",
        ),
    )
)
MANIFESTS = (
    Case("twice", twice, "names a file twice"),
    Case("dots", listing(path="../../../etc/passwd"), "no path inside it"),
    Case("absolute", listing(path="/etc/passwd"), "no path inside it"),
    Case("drive", listing(path="C:evil"), "no path inside it"),
    Case("backslash", listing(path="a\\b"), "no path inside it"),
    Case("other dots", listing(path="\u2025/\uff0e\uff0e/x"), "no path inside it"),
    Case("other slash", listing(path="..\uff0fx"), "no path inside it"),
    Case("NUL", listing(path="a\x00b"), "no path inside it"),
    Case("escape", listing(path="a\x1b[2Jb"), "no path inside it"),
    Case("reversed", listing(path="a\u202etxt.exe"), "no path inside it"),
    Case("twins", twins, "can't tell from another"),
    Case("missing", listing(), "lacks its file 'extra'"),
    Case("own manifest", listing(path="manifest.json"), "lists 'manifest.json'"),
    Case("own signature", listing(path="signature.json"), "lists 'signature.json'"),
    Case("negative", listing(size=-1), "can't be read"),
    Case("huge", listing(size=10**18), "lacks its file|would unpack|room"),
    Case("absurd", listing(size=10**400), "can't be read|lacks its file"),
    Case("size lies", lying_size, "isn't what"),
    Case("hash lies", lying_hash, "isn't what"),
    Case("newer", newer, "written by a newer mainstay"),
)
LARGE = (Case("a million columns", wide_contract, "columns|too large|can't be read|more than"),)
CASES = (*PICKLES, *SKOPS, *NETWORKS, *DOCUMENTS, *MANIFESTS)
