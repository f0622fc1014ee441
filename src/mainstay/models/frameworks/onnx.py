"""Networks and converted models, answered by ONNX Runtime: one thread, no file beside the model, standard operators.

Whatever was built with PyTorch or Keras, and any pipeline that is too slow as it is, is served in this form: an ONNX
file is data, it needs none of the packages that made it, and one record costs microseconds.

ONNX Runtime computes in the types the file names, mostly float32. Its kernels for one row and for many rows add up in
different orders, so such scores agree to about seven digits and not to the bit; see `OnnxModel.precision`.
"""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from mainstay.errors import InputError
from mainstay.extras import need
from mainstay.models.columns import OTHER, Label
from mainstay.models.files import damaged, decode, write_file, write_header
from mainstay.models.onnx_file import demand_self_contained

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from numpy.typing import NDArray

    from mainstay.models.model import Score

    Floats = NDArray[np.float64]

GRAPH = "model.onnx"
Link = Literal["none", "sigmoid", "softmax"]
FLOAT, WHOLE = 1e-5, 1e-2
_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}
_BLOCK = 4096  # rows at once: bounds what a batch takes of memory


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """What one input of the network is given of an encoded row.

    Parameters
    ----------
    name : str
        The input.
    start, width : int
        Which places of the row.
    shape : tuple of int
        Of one record there; ``(width,)`` for a plain row of numbers, ``()`` for a single number.
    labels : tuple of str, int, float or bool
        Of an input that takes labels and not their codes: the label of each code.
    other, missing : str, int, float or bool
        What a code beyond them, and a missing value, are called there.

    """

    name: str
    start: int
    width: int
    shape: tuple[int, ...]
    labels: tuple[Label, ...] = ()
    other: Label = OTHER
    missing: Label = ""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """``model.json`` of a network; the network itself lies in ``model.onnx``.

    Parameters
    ----------
    width : int
        Numbers of an encoded row.
    feeds : tuple of Feed
        One per input.
    output : str
        The output that holds the scores.
    columns : tuple of int
        Which of its columns are the scores, in the order of the task's labels; empty where it is one number per record.
    link : {"none", "sigmoid", "softmax"}
        What turns the output into scores.
    alone : bool
        Whether every record is scored by itself, because the network looks at its whole batch: numbers that are
        quantised as they come are scaled by the largest of the batch.
    precision : float
        How far a score may be off on another processor, relative or absolute.
    made_from : str
        What it was before it was converted: ``"lightgbm"``, ``"torch"``, ...

    """

    width: int
    feeds: tuple[Feed, ...]
    output: str
    columns: tuple[int, ...] = ()
    link: Link = "none"
    alone: bool = False
    precision: float = FLOAT
    made_from: str = ""
    framework: str = "onnx"


class OnnxModel:
    """A network, or whatever was converted to ONNX.

    Safe to share between threads: a session of ONNX Runtime is, and it is asked to use the calling thread alone.

    Parameters
    ----------
    content : bytes
        The ONNX file.
    header : Header
        How a row becomes its inputs and its output becomes scores.
    origin : Path
        What to call the file in errors.

    Raises
    ------
    SetupError
        Where ONNX Runtime isn't installed.
    CorruptError
        Where the file isn't one, needs other files or operators nobody has, or lacks what the header names.

    """

    framework = "onnx"

    def __init__(self, content: bytes, header: Header, origin: Path = Path(GRAPH)) -> None:
        self.content = content
        self.header = header
        self._session = open_session(content, origin)
        types = {one.name: one.type for one in self._session.get_inputs()}
        if set(types) != {feed.name for feed in header.feeds}:
            raise damaged(origin, f"it takes {sorted(types)}, which isn't what its header gives it")
        if header.output not in {one.name for one in self._session.get_outputs()}:
            raise damaged(origin, f"it has no output '{header.output}'")
        self._feeds = tuple((feed, _reader(feed, types[feed.name], origin)) for feed in header.feeds)
        self._wanted = [header.output]

    @property
    def precision(self) -> float:
        """How far a score may be off on another processor, or beside other rows: relative or absolute."""
        return self.header.precision

    def scores(self, X: Floats) -> Floats:
        """Score encoded rows of shape (n, features); returns shape (n,), or (n, labels) for several labels."""
        if not len(X):
            several = len(self.header.columns)
            return np.empty((0, several) if several > 1 else 0)
        return self._linked(self.raw(X))

    def raw(self, X: Floats) -> Floats:
        """Give the network's output for encoded rows as it is; returns shape (n, columns)."""
        if X.ndim != 2 or X.shape[1] != self.header.width:
            raise InputError(
                f"The model takes {self.header.width} numbers a row, these rows have shape {X.shape}.",
                "Encode them with the model's own contract.",
            )
        size = 1 if self.header.alone else _BLOCK
        return np.concatenate([self._run(X[start : start + size]) for start in range(0, len(X), size)])

    def score_one(self, row: Floats) -> Score:
        """Score one encoded row of shape (features,); as `scores`, to `precision`."""
        scores = self._linked(self._run(row[None]))
        one: Score = float(scores[0]) if scores.ndim == 1 else scores[0]
        return one

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        write_file(folder, GRAPH, self.content)
        write_header(folder, self.header)

    def inputs(self, X: Floats) -> dict[str, NDArray[Any]]:
        """Give what the network's inputs are given for encoded rows."""
        return {feed.name: read(X[:, feed.start : feed.start + feed.width]) for feed, read in self._feeds}

    def _run(self, X: Floats) -> Floats:
        given = self.inputs(X)
        try:
            (found,) = self._session.run(self._wanted, given)
            return np.asarray(found, dtype=np.float64).reshape(len(X), -1)
        except Exception as error:  # noqa: BLE001 - a foreign library may fail in any way
            raise InputError(
                f"The network can't answer: {' '.join(str(error).split())[:300]}",
                "Its inputs, or its output, aren't what its header says; convert it again.",
            ) from None

    def _linked(self, raw: Floats) -> Floats:
        header = self.header
        if raw.shape[1] <= self._widest:
            raise InputError(
                f"The network's output '{header.output}' has {raw.shape[1]} numbers a record, and column "
                f"{self._widest} of it was wanted.",
                "Say which output holds the scores: output=.",
            )
        if header.link == "sigmoid":
            raw = _sigmoid(raw)
        elif header.link == "softmax":
            raw = _softmax(raw)
        if len(header.columns) > 1:
            return raw[:, list(header.columns)]
        return np.ascontiguousarray(raw[:, header.columns[0] if header.columns else 0])

    @cached_property
    def _widest(self) -> int:
        return max(self.header.columns, default=0)


def load(folder: Path, header: bytes) -> OnnxModel:
    """Read a network."""
    found = decode(folder, header, Header)
    path = folder / GRAPH
    for feed in found.feeds:
        if not 0 <= feed.start <= feed.start + feed.width <= found.width or math.prod(feed.shape) != feed.width:
            raise damaged(folder / "model.json", f"the input '{feed.name}' is given what no row has")
    if min(found.columns, default=0) < 0:
        raise damaged(folder / "model.json", "a column of the output is negative")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise damaged(path, str(error.strerror)) from None
    return OnnxModel(content, found, path)


def runtime() -> ModuleType:
    """Give ONNX Runtime.

    Raises
    ------
    SetupError
        Where it isn't installed.

    """
    onnxruntime = need("onnxruntime", "This model", "onnx")
    onnxruntime.set_default_logger_severity(3)  # its warnings are about its own optimisations
    return onnxruntime


def open_session(content: bytes, origin: Path = Path(GRAPH)) -> Any:
    """Hand an ONNX file to ONNX Runtime, with one thread.

    Raises
    ------
    CorruptError
        Where it needs something beside itself, or can't be run.

    """
    demand_self_contained(content, origin)
    ort = runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a server has a process per core already
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - a foreign library over a foreign file may fail in any way
        raise damaged(origin, f"ONNX Runtime says: {' '.join(str(error).split())[:300]}") from None


def _reader(feed: Feed, kind: str, origin: Path) -> Callable[[Floats], NDArray[Any]]:
    """Make what turns places of encoded rows into one input."""
    dtype = _TYPES.get(kind)
    if dtype is None:
        raise damaged(origin, f"its input '{feed.name}' is a {kind}, which no record can be turned into")
    shape = (-1, *feed.shape)
    if feed.labels:
        return _labels(feed, dtype)
    if dtype is np.object_:
        raise damaged(origin, f"its input '{feed.name}' takes texts, and its header says no labels")
    real = dtype in {np.float32, np.float64}

    def numbers(part: Floats) -> NDArray[Any]:
        if not real and np.isnan(part).any():
            raise InputError(
                f"The network's input '{feed.name}' takes whole numbers, and a value is missing.",
                'Let the contract fill it in (missing = "impute"), or refuse it.',
            )
        return np.ascontiguousarray(part, dtype=dtype).reshape(shape)

    return numbers


def _labels(feed: Feed, dtype: Any) -> Callable[[Floats], NDArray[Any]]:
    """Make what turns codes into the labels a pipeline was fitted on."""
    known = len(feed.labels)
    texts = [str(label) if dtype is np.object_ else label for label in (*feed.labels, feed.other, feed.missing)]
    values = np.empty(known + 2, dtype=dtype)
    values[:] = texts

    def labels(part: Floats) -> NDArray[Any]:
        codes = np.where((part >= 0) & (part < known), part, known)
        taken: NDArray[Any] = values[np.where(np.isnan(part), known + 1, codes).astype(np.int64)]
        return taken.reshape(-1, *feed.shape)

    return labels


def _sigmoid(raw: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(raw, -700.0, 700.0))))


def _softmax(raw: Floats) -> Floats:
    powers = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
