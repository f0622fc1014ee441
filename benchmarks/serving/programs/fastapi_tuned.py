"""FastAPI by somebody who measures: no thread pool, no frame, codes by hand, ONNX Runtime, own bytes."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import onnxruntime
from fastapi import FastAPI, Response
from pydantic import Field, create_model

FOLDER = Path(os.environ["WORK"])
VALUES = ("first", "second", "third", "fourth")
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = onnxruntime.InferenceSession(FOLDER / "trees.onnx", options, providers=["CPUExecutionProvider"])
entry, wanted = session.get_inputs()[0].name, [session.get_outputs()[1].name]
codes = {value: float(place) for place, value in enumerate(VALUES)}
number, kind = Annotated[float, Field(ge=-10, le=10)], Literal[VALUES]  # type: ignore[valid-type]
fields: dict[str, Any] = {f"number_{i}": (number, ...) for i in range(14)} | {
    f"kind_{i}": (kind, ...) for i in range(6)
}
Record: Any = create_model("Record", **fields)
app = FastAPI()


@app.post("/predict")
async def predict(record: Record) -> Response:
    cells = list(record.__dict__.values())
    cells[14:] = [codes[cell] for cell in cells[14:]]
    (scores,) = session.run(wanted, {entry: np.array([cells], dtype=np.float32)})
    return Response(b'{"score":%.9g}' % scores[0, 1], media_type="application/json")
