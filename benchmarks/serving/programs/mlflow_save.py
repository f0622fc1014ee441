"""Save the pipeline as an MLflow model, for ``mlflow models serve``."""

import os
from pathlib import Path

import joblib
import mlflow.sklearn

FOLDER = Path(os.environ["WORK"])

if __name__ == "__main__":
    pipeline = joblib.load(FOLDER / "pipeline.joblib")
    mlflow.sklearn.save_model(
        pipeline,
        FOLDER / "mlflow",
        pyfunc_predict_fn="predict_proba",
        pip_requirements=[],
        serialization_format="cloudpickle",
    )
