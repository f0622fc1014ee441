from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from mainstay.client import Outcome, RefusedError
from mainstay.client.outcomes import encode_outcomes, outcomes

COLUMNS: dict[str, list[Any]] = {"id": ["a", "b"], "label": [3, 4]}
ROWS: list[dict[str, Any]] = [{"id": "a", "label": 3}, {"id": "b", "label": 4}]


@pytest.mark.parametrize(
    "given",
    [
        ROWS,
        (Outcome(id=each["id"], label=each["label"]) for each in ROWS),
        pd.DataFrame(COLUMNS),
        pl.DataFrame(COLUMNS),
        pa.table(COLUMNS),
        [{"id": "a", "label": np.int64(3)}, Outcome(id="b", label=np.int32(4))],  # type: ignore[arg-type]
    ],
)
def test_outcomes_however_they_are_held_are_the_same_lines(given: Any) -> None:
    assert json.loads(encode_outcomes(outcomes(given))) == ROWS


@pytest.mark.parametrize("given", [3, None, "text", ["text"], [3], pd.Series([1, 2])])
def test_what_is_no_outcome_is_told(given: Any) -> None:
    with pytest.raises(RefusedError, match=r"is no outcome.*Outcome\("):
        outcomes(given)


def test_what_json_cannot_carry_is_told() -> None:
    with pytest.raises(RefusedError, match="can't be written"):
        encode_outcomes([{"id": "a", "label": 1j}])
