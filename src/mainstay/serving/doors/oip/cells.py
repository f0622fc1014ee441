"""The elements of one tensor as plain values: None, bool, int, float, str."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import numpy as np

from mainstay.contract.texts import count_outside, unescaped
from mainstay.errors import Problem, RecordError
from mainstay.serving.doors.oip.datatypes import BYTES, NUMERIC
from mainstay.serving.doors.oip.head import refuse
from mainstay.serving.replies import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from mainstay.serving.doors.oip.infer import Tensor

Cell = bool | int | float | str | None
_ENDS = {
    name: (int(np.iinfo(kind.name).min), int(np.iinfo(kind.name).max))
    for name, kind in NUMERIC.items()
    if kind.kind in "iu"
}
_FLAT: dict[str, Callable[[bytes], list[Any]]] = {
    **dict.fromkeys(_ENDS, msgspec.json.Decoder(list[int | None]).decode),
    "FP64": msgspec.json.Decoder(list[float | None]).decode,
    "BOOL": msgspec.json.Decoder(list[bool | None]).decode,
    BYTES: msgspec.json.Decoder(list[str | None]).decode,
}
"""FP32 and FP16 aren't among them: their numbers are rounded first."""
_LENGTH = 4  # bytes before each element of a raw BYTES tensor


def cells_of(tensor: Tensor, count: int) -> list[Cell]:
    """Read a tensor's elements.

    Parameters
    ----------
    tensor : Tensor
        Of a known datatype.
    count : int
        How many elements its shape has: what it holds is held against that before it is read.

    Raises
    ------
    Refused
        Where it doesn't hold as many elements as its shape says.
    RecordError
        Where an element isn't what its datatype says, or isn't finite; NaN is None.

    """
    content = tensor.content
    if isinstance(content, memoryview):
        return _raw_texts(tensor, content, count) if tensor.datatype == BYTES else _raw_numbers(tensor, content, count)
    if isinstance(content, msgspec.Raw):
        raw = bytes(content)
        quick = _quick(tensor.datatype, raw, count)
        if quick is not None:
            return quick
        found = _listed(tensor, raw, count)
    else:
        if len(content) != count:
            _miscounted(tensor, len(content), count)
        found = [*content]
    return _plain(tensor, found)


def _raw_numbers(tensor: Tensor, content: memoryview, count: int) -> list[Cell]:
    kind = NUMERIC[tensor.datatype]
    if len(content) != count * kind.itemsize:
        refuse(
            f"Input '{tensor.name[:80]}' has {len(content)} bytes of raw data; its shape and datatype make "
            f"{count * kind.itemsize}.",
            "Send as many elements as the shape says.",
        )
    return _finite(tensor, np.frombuffer(content, dtype=kind))


def _raw_texts(tensor: Tensor, content: memoryview, count: int) -> list[Cell]:
    """Read BYTES: each element is its length, four bytes little-endian, and its bytes."""
    texts: list[bytes] = []
    at, end = 0, len(content)
    if _LENGTH * count > end:
        _miscounted(tensor, None, count)
    for _ in range(count):
        start = at + _LENGTH
        size = int.from_bytes(content[at:start], "little")
        at = start + size
        if start > end or at > end:
            _miscounted(tensor, len(texts), count)
        texts.append(bytes(content[start:at]))
    if at != end:
        _miscounted(tensor, None, count)
    return _decoded(tensor, texts)


def _quick(datatype: str, raw: bytes, count: int) -> list[Cell] | None:
    """Read JSON in its plainest form, a flat list of just the right type; None where it needs a closer look."""
    decode = _FLAT.get(datatype)
    if decode is None or b"\\" in raw or raw.count(b",") != count - 1 or raw.count(b'"') > 2 * count:
        return None
    try:
        found = decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if len(found) != count:
        return None
    ends = _ENDS.get(datatype)
    return found if ends is None or all(it is None or ends[0] <= it <= ends[1] for it in found) else None


def _listed(tensor: Tensor, raw: bytes, count: int) -> list[Any]:
    """Read a list, or lists in lists, that hold `count` elements; how many they hold is seen before they are made."""
    if not _holds(raw, count):
        _miscounted(tensor, None, count)
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        refuse(f"The data of input '{tensor.name[:80]}' can't be read.", "Send a list of plain values in UTF-8.")
    if not isinstance(found, list):
        refuse(f"The data of input '{tensor.name[:80]}' is no list.", "Send a list, or lists in lists.")
    return _flat(tensor, found, count)


def _holds(raw: bytes, count: int) -> bool:
    """Say whether JSON holds as many values as `count`, if none of its lists is empty: one more than commas."""
    if b'"' not in raw:
        return raw.count(b",") == count - 1
    return unescaped(raw).count(b'"') <= 2 * count and count_outside(raw, ",") == (count - 1,)


def _flat(tensor: Tensor, found: list[Any], count: int) -> list[Any]:
    for size in tensor.shape[1:]:
        if not any(isinstance(each, list) for each in found):
            break
        if not all(isinstance(each, list) and len(each) == size for each in found):
            _misshapen(tensor)
        found = [each for row in found for each in row]
    if len(found) != count:
        _misshapen(tensor)
    return found


def _plain(tensor: Tensor, found: Sequence[Any]) -> list[Cell]:
    """Hold the elements of JSON, or of a typed list, against the datatype."""
    datatype = tensor.datatype
    if datatype == BYTES:
        return _texts(tensor, found)
    if datatype == "BOOL":
        _demand(tensor, found, lambda it: it is None or it is True or it is False, "neither true nor false")
        return [*found]
    kind = NUMERIC[datatype]
    if datatype in _ENDS:
        low, high = _ENDS[datatype]
        _demand(tensor, found, lambda it: it is None or (type(it) is int and low <= it <= high), f"no {datatype}")
        return [*found]
    _demand(tensor, found, lambda it: it is None or type(it) is float or type(it) is int, "no finite number")
    try:
        numbers = np.array([math.nan if each is None else each for each in found], dtype=np.float64)
    except OverflowError:  # a whole number beyond 1.8e308
        _demand(tensor, found, lambda it: it is None or abs(it) < 2**1023, "no finite number")
        raise
    with np.errstate(over="ignore"):
        return _finite(tensor, numbers.astype(kind))


def _finite(tensor: Tensor, numbers: NDArray[Any]) -> list[Cell]:
    plain: list[Cell] = numbers.tolist()
    if numbers.dtype.kind == "f" and (math.inf in plain or -math.inf in plain):
        places = np.flatnonzero(np.isinf(numbers))
        raise _wrong(tensor, ((int(at), float(numbers[at])) for at in places), len(places), "no finite number")
    return plain


def _texts(tensor: Tensor, found: Sequence[Any]) -> list[Cell]:
    _demand(tensor, found, lambda it: it is None or isinstance(it, str | bytes), "no text")
    if any(isinstance(each, bytes) for each in found):
        return _decoded(tensor, found)
    return [*found]


def _decoded(tensor: Tensor, texts: Sequence[bytes]) -> list[Cell]:
    cells: list[Cell] = []
    wrong = []
    for at, text in enumerate(texts):
        try:
            cells.append(text.decode())
        except UnicodeDecodeError:
            wrong.append((at, text[:40]))
    if wrong:
        raise _wrong(tensor, wrong, len(wrong), "no text in UTF-8")
    return cells


def _demand(tensor: Tensor, found: Sequence[Any], fits: Callable[[Any], bool], what: str) -> None:
    wrong = [(at, each) for at, each in enumerate(found) if not fits(each)]
    if wrong:
        raise _wrong(tensor, wrong, len(wrong), what)


def _wrong(tensor: Tensor, wrong: Iterable[tuple[int, object]], total: int, what: str) -> RecordError:
    """Name the records whose element isn't what the datatype says."""
    each = math.prod(tensor.shape[1:])
    problems = []
    for at, value in wrong:
        shown = clean(str(value))[:80]
        told = f"'{shown}' is {what}; the datatype is {tensor.datatype}."
        problems.append(Problem(record=at // each, field=tensor.name, found=shown, message=told))
        if len(problems) == 100:
            break
    return RecordError(problems, total)


def _miscounted(tensor: Tensor, found: int | None, count: int) -> NoReturn:
    held = "another number of" if found is None else str(found)
    refuse(
        f"Input '{tensor.name[:80]}' holds {held} elements; its shape {list(tensor.shape)} makes {count}.",
        "Send as many elements as the shape says.",
    )


def _misshapen(tensor: Tensor) -> NoReturn:
    refuse(
        f"The data of input '{tensor.name[:80]}' isn't nested as its shape {list(tensor.shape)} says.",
        "Nest the lists as the shape says, or send one flat list.",
    )
