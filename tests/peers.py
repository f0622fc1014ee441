"""Other people's programs, each in an environment of its own: what they need must not be in ours.

``peer("dvc")`` gives the folder of its commands and makes the environment first where it isn't there, once for all
processes; ``make peers`` makes all of them beforehand, so that no test waits for a download.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

# Lower bounds of what pip would choose anyway: without them it tries hundreds of old versions first.
PEERS = {
    # The server, and `mlflow models serve` with what mainstay's core needs: its source is put on PYTHONPATH.
    "mlflow": (
        "mlflow>=3.10 pandas>=2.2 psycopg[binary]>=3.1 polars>=1.20 msgspec>=0.19 uvicorn>=0.30 uvloop>=0.20 "
        "httptools>=0.6 starlette>=0.40 jinja2>=3.1 sqlalchemy>=2.0.30 rich>=13.7 tomlkit>=0.13"
    ),
    # Its client; pins and scikit-learn come along, since vetiver imports them whatever it is used for.
    "vetiver": "vetiver>=0.2.6 pandas>=2.2 pydantic>=2.9 fastapi>=0.115 pins>=0.8.6",
    "dvc": "dvc[s3]>=3.60 moto[server]>=5.1 boto3>=1.40 aiobotocore>=2.20 dvc-s3>=3.2 s3fs>=2025.1",
    # Vector's own language, compiled and run as Vector does; and Logstash's own grammar.
    "shippers": "pyVRL>=0.0.2 logstash-pipeline-parser>=0.0.3",
}
HOME = Path(__file__).resolve().parents[1] / ".peers"
_PATIENCE = 1200  # seconds


def peer(name: str, requirements: str = "") -> Path:
    """Give the folder of a peer's commands, made where it isn't there; a test that can't have it skips and says why.

    Parameters
    ----------
    name : str
        The environment: ``.peers/<name>`` of the repository.
    requirements : str
        What to install, apart by spaces; by default as `PEERS` says.

    """
    try:
        return make(name, requirements or PEERS[name])
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        pytest.skip(f"NOT TESTED with the real {name}: its environment can't be made ({said.strip()[-400:]})")


def make(name: str, requirements: str) -> Path:
    """Make the environment, or find it made of the same requirements; other processes wait meanwhile."""
    HOME.mkdir(exist_ok=True)
    folder = HOME / name
    stamp = folder / ".made"
    made = hashlib.sha256(f"{sys.version_info[:2]} {requirements}".encode()).hexdigest()
    with (HOME / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != made:
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
            subprocess.run([*pip, *requirements.split()], check=True, capture_output=True, text=True, timeout=_PATIENCE)
            stamp.write_text(made, encoding="utf-8")
    return folder / "bin"


if __name__ == "__main__":
    for each, needs in PEERS.items():
        make(each, needs)
