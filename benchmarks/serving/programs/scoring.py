"""The least that a right answer needs: decode, ranges, codes, trees, histogram, reply. No log, no policy, no routing.

What stands on this in `raw_protocol`, `raw_uvicorn` and `raw_granian` differs in its HTTP engine alone.
"""

import ctypes
import importlib.util
import os
import time
from bisect import bisect_left
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

FOLDER = Path(os.environ["WORK"])
VALUES = ("first", "second", "third", "fourth")
Cell = Annotated[float, msgspec.Meta(ge=-10, le=10)]
Kind = Literal["first", "second", "third", "fourth"]
Record = msgspec.defstruct(
    "Record", [(f"number_{i}", Cell) for i in range(14)] + [(f"kind_{i}", Kind) for i in range(6)]
)
_decode = msgspec.json.Decoder(Record).decode
_cells = msgspec.structs.astuple
_CODES = {value: float(place) for place, value in enumerate(VALUES)}
_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5)
_counts = [0] * (len(_BOUNDS) + 1)


def _scorer():  # noqa: ANN202
    package = Path(str(importlib.util.find_spec("lightgbm").origin)).parent  # type: ignore[union-attr]
    library = ctypes.PyDLL(str(next(package.rglob("lib_lightgbm.*"))))
    booster, single, trees = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_int()
    library.LGBM_BoosterCreateFromModelfile(
        str(FOLDER / "model.txt").encode(), ctypes.byref(trees), ctypes.byref(booster)
    )
    how = (0, 0, -1, 1, 20, b"num_threads=1 verbosity=-1", ctypes.byref(single))
    library.LGBM_BoosterPredictForMatSingleRowFastInit(booster, *how)
    row, length, answer = np.empty(20), ctypes.c_int64(), ctypes.c_double()
    where = (single, ctypes.c_void_p(row.ctypes.data), ctypes.pointer(length), ctypes.pointer(answer))
    call = library.LGBM_BoosterPredictForMatSingleRowFast

    def score(cells: list[float]) -> float:
        row[:] = cells
        call(*where)
        return answer.value

    return score


_score = _scorer()


def answer(body: bytes) -> tuple[int, bytes]:
    """Give the status and the reply."""
    began = time.perf_counter()
    try:
        cells = list(_cells(_decode(body)))
    except msgspec.DecodeError as error:
        return 422, msgspec.json.encode({"error": str(error)})
    cells[14:] = [_CODES[cell] for cell in cells[14:]]
    said = b'{"score":%r}' % _score(cells)
    _counts[bisect_left(_BOUNDS, time.perf_counter() - began)] += 1
    return 200, said
