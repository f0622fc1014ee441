"""A LitServe server of the pipeline, with one worker."""

import os
import sys
from pathlib import Path
from typing import Any

import joblib
import litserve
import pandas as pd

FOLDER = Path(os.environ["WORK"])


class Api(litserve.LitAPI):
    def setup(self, device: str) -> None:
        del device
        self.pipeline = joblib.load(FOLDER / "pipeline.joblib")

    def decode_request(self, request: dict[str, Any], **_: Any) -> pd.DataFrame:
        return pd.DataFrame([request])

    def predict(self, frame: pd.DataFrame, **_: Any) -> float:
        return float(self.pipeline.predict_proba(frame)[0, 1])

    def encode_response(self, output: float, **_: Any) -> dict[str, float]:
        return {"score": output}


if __name__ == "__main__":
    server = litserve.LitServer(Api(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="error")
