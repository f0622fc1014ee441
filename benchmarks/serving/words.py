"""How a record is put, and where the score stands, by each door of ours that is timed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput

from serving.work import KINDS, NUMBERS, Record

HEAD_BYTES = 3072
"""What the JSON before the binary tensors is filled up to with blanks, so that every request has the same headers."""


def native(record: Record) -> bytes:
    """Put it in mainstay's own words."""
    return json.dumps(record).encode()


def native_score(said: bytes) -> float:
    """Find the score."""
    found: dict[str, Any] = json.loads(said)
    return float(found["score"])


def oip(record: Record) -> bytes:
    """Put it in those of the Open Inference Protocol."""
    cells = [(name, "FP64", record[name]) for name in NUMBERS] + [(name, "BYTES", record[name]) for name in KINDS]
    inputs = [{"name": name, "datatype": kind, "shape": [1], "data": [cell]} for name, kind, cell in cells]
    return json.dumps({"inputs": inputs, "outputs": [{"name": "score"}]}).encode()


def oip_binary(record: Record) -> bytes:
    """Put it as Triton's client does by default: tensors as bytes behind the JSON."""
    inputs = [_tensor(name, "FP64", np.array([record[name]])) for name in NUMBERS]
    inputs += [_tensor(name, "BYTES", np.array([record[name]], dtype=np.object_)) for name in KINDS]
    outputs = [InferRequestedOutput("score", binary_data=False)]
    body, size = InferenceServerClient.generate_request_body(inputs, outputs=outputs)
    return body[:size].ljust(HEAD_BYTES) + body[size:]


def _tensor(name: str, datatype: str, values: np.ndarray[Any, Any]) -> InferInput:
    tensor = InferInput(name, list(values.shape), datatype)
    tensor.set_data_from_numpy(values, binary_data=True)
    return tensor


def oip_score(said: bytes) -> float:
    """Find the score."""
    (found,) = json.loads(said)["outputs"]
    return float(found["data"][0])
