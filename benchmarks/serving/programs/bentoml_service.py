"""A BentoML service of the pipeline, with one worker."""

import os
from pathlib import Path
from typing import Any

import bentoml
import joblib
import pandas as pd

FOLDER = Path(os.environ["WORK"])


@bentoml.service(workers=1)
class Churn:
    def __init__(self) -> None:
        self.pipeline = joblib.load(FOLDER / "pipeline.joblib")

    @bentoml.api
    def predict(self, record: dict[str, Any]) -> float:
        return float(self.pipeline.predict_proba(pd.DataFrame([record]))[0, 1])
