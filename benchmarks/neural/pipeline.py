"""A stock scikit-learn pipeline on a churn table: scaling, one-hot, 100 trees; as it is and as it is served."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mainstay.contract import Category, Contract, Number
from mainstay.data.simulator import TARGET, write_sample
from mainstay.models.columns import Columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
TELCO = Path(os.environ.get("MAINSTAY_TEST_DATA", BESIDE)) / "telco-churn" / "Telco-Customer-Churn.csv"


def table(folder: Path) -> tuple[pd.DataFrame, pd.Series, str]:
    """Read the public churn table, or simulate one where it isn't there; features, truth, and what it is called."""
    if TELCO.is_file():
        frame = pd.read_csv(TELCO, na_values=[" "]).drop(columns="customerID")
        frame["TotalCharges"] = frame["TotalCharges"].fillna(0.0)
        return frame.drop(columns="Churn"), frame["Churn"], f"Telco churn, {len(frame)} rows"
    path = folder / "subscriptions.csv"
    write_sample(path, rows=7000, seed=1)
    frame = pd.read_csv(path).dropna()
    frame = frame.drop(columns=[name for name in ("customer_id", "observed_at") if name in frame])
    return frame.drop(columns=TARGET), frame[TARGET], f"simulated subscriptions, {len(frame)} rows"


def stock(frame: pd.DataFrame, truth: pd.Series) -> Any:
    """Fit the pipeline of the textbooks."""
    numbers = list(frame.select_dtypes("number").columns)
    texts = [name for name in frame.columns if name not in numbers]
    before = ColumnTransformer(
        [("numbers", StandardScaler(), numbers), ("labels", OneHotEncoder(handle_unknown="ignore"), texts)]
    )
    return Pipeline([("before", before), ("trees", RandomForestClassifier(100, random_state=0, n_jobs=1))]).fit(
        frame, truth
    )


def encode(frame: pd.DataFrame) -> tuple[Columns, NDArray[np.float64]]:
    """Encode the rows as a contract does: numbers as they are, labels as codes."""
    columns, cells = [], []
    for name in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[name]):
            columns.append(Number(name=name))
            cells.append(frame[name].to_numpy(dtype=np.float64))
        else:
            values = tuple(sorted(frame[name].unique()))
            columns.append(Category(name=name, values=values))
            cells.append(frame[name].map({value: code for code, value in enumerate(values)}).to_numpy(np.float64))
    return Columns.of(Contract(tuple(columns))), np.column_stack(cells)
