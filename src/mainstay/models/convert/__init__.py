"""Other forms of a model: anything becomes ONNX, floats become small integers; each held against real rows.

::

    torch, keras, an ONNX file  -> OnnxModel     when a network is adopted: it is served in this form
    a pipeline, trees, linear   -> OnnxModel     when it is exported, or too slow as it is
    OnnxModel                   -> OnnxModel     quantised

Nothing here is imported by a server: `mainstay.models.frameworks.onnx` loads what was made.
"""

from mainstay.models.convert.build import Asked, build_model
from mainstay.models.convert.parity import Tolerated, demand_parity, keep_decisions, parity

__all__ = ["Asked", "Tolerated", "build_model", "demand_parity", "keep_decisions", "parity"]
