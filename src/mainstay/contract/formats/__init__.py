"""Contracts from and for other tools, one file per format.

In: JSON Schema, pandera, Great Expectations. Out: the MLflow signature and the metadata of the Open Inference
Protocol (JSON Schema itself is `mainstay.contract.schema`).
"""

from mainstay.contract.formats.inference import inference_metadata
from mainstay.contract.formats.mlflow import mlflow_signature
from mainstay.contract.formats.read import Imported, read_foreign

__all__ = ["Imported", "inference_metadata", "mlflow_signature", "read_foreign"]
