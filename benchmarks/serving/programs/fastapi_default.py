"""What the tutorial writes: FastAPI, a pydantic model, a DataFrame of one row, the pipeline."""

import os
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import create_model

FOLDER = Path(os.environ["WORK"])
pipeline = joblib.load(FOLDER / "pipeline.joblib")
fields: dict[str, Any] = {f"number_{i}": (float, ...) for i in range(14)} | {f"kind_{i}": (str, ...) for i in range(6)}
Record: Any = create_model("Record", **fields)
app = FastAPI()


@app.post("/predict")
def predict(record: Record) -> dict[str, float]:
    frame = pd.DataFrame([record.model_dump()])
    return {"score": float(pipeline.predict_proba(frame)[0, 1])}
