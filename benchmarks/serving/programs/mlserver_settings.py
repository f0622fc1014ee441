"""Write what MLServer reads: the pipeline with its own scikit-learn runtime, in one process."""

import json
import os
import sys
from pathlib import Path

FOLDER = Path(os.environ["WORK"])

if __name__ == "__main__":
    home, port = FOLDER / "mlserver", int(sys.argv[1])
    home.mkdir(exist_ok=True)
    quiet = {"parallel_workers": 0, "debug": False, "host": "127.0.0.1"}
    ports = {"http_port": port, "grpc_port": port + 1, "metrics_port": port + 2}
    (home / "settings.json").write_text(json.dumps(quiet | ports), encoding="utf-8")
    model = {
        "name": "churn",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(FOLDER / "pipeline.joblib")},
    }
    (home / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
