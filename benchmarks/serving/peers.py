"""Who is compared with: what each needs, how it is started, how it is asked and where its score stands."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.work import KINDS, NUMBERS, Record

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAMS = Path(__file__).resolve().parent / "programs"
_PATIENCE = 900  # seconds an installation may take
_PIPELINE = (*(f"{name}=={importlib.metadata.version(name)}" for name in ("scikit-learn", "lightgbm")), "pandas")
_WEB = ("uvicorn", "uvloop", "httptools")


def _as_it_is(record: Record) -> Any:
    return record


def _score(said: Any) -> float:
    return float(said["score"])


@dataclass(frozen=True)
class Peer:
    """One server to compare with.

    Parameters
    ----------
    name : str
        What the command line calls it.
    title : str
        What the table calls it.
    room : str
        Its environment, below ``.peers/bench``; some share one.
    needs : tuple of str
        What is installed there.
    words : callable
        Gives its command, of the port and the folder of the work; the first word is a program of its environment.
    before : callable
        Gives a command that is run once beforehand; empty where there is none.
    path : str
        Where it is asked.
    ask : callable
        Puts a record as it wants it.
    score : callable
        Finds the score in its answer.

    """

    name: str
    title: str
    room: str
    needs: tuple[str, ...]
    words: Callable[[int, Path], list[str]]
    before: Callable[[int], list[str]] = lambda _: []
    path: str = "/predict"
    ask: Callable[[Record], Any] = _as_it_is
    score: Callable[[Any], float] = _score

    def body(self, record: Record) -> bytes:
        """Write the body of a request."""
        return json.dumps(self.ask(record)).encode()

    def read(self, said: bytes) -> float:
        """Find the score in the body of an answer."""
        return self.score(json.loads(said))

    def commands(self, home: Path) -> Path:
        """Give the folder of its environment's programs, made where it isn't there or was made of other things.

        Raises
        ------
        OSError, subprocess.SubprocessError
            Where it can't be made.

        """
        folder = home / self.room
        stamp = folder / ".made"
        made = hashlib.sha256(f"{sys.version_info[:2]} {self.needs}".encode()).hexdigest()
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != made:
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
            subprocess.run([*pip, *self.needs], check=True, capture_output=True, text=True, timeout=_PATIENCE)
            stamp.write_text(made, encoding="utf-8")
        return folder / "bin"

    def versions(self, home: Path) -> dict[str, str]:
        """Say which versions it was measured with."""
        asked = [need.partition("=")[0].partition("<")[0].partition(">")[0] for need in self.needs]
        words = "import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
        command = [str(home / self.room / "bin" / "python"), "-c", words, *asked]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found: dict[str, str] = json.loads(said)
        return found


def _uvicorn(app: str) -> Callable[[int, Path], list[str]]:
    quiet = ["--app-dir", str(PROGRAMS), "--no-access-log", "--log-level", "error"]
    return lambda port, _: ["python", "-m", "uvicorn", app, "--host", "127.0.0.1", "--port", str(port), *quiet]


def _program(name: str) -> Callable[[int, Path], list[str]]:
    return lambda port, _: ["python", str(PROGRAMS / name), str(port)]


def _named(record: Record) -> dict[str, Any]:
    cells = [(name, "FP64", record[name]) for name in NUMBERS] + [(name, "BYTES", record[name]) for name in KINDS]
    inputs = [{"name": name, "datatype": kind, "shape": [1], "data": [cell]} for name, kind, cell in cells]
    return {
        "parameters": {"content_type": "pd"},
        "inputs": inputs,
        "outputs": [{"name": "predict_proba"}],
    }


_RAW = ("uvloop", "httptools", "msgspec", "numpy", _PIPELINE[1], "uvicorn", "granian")
PEERS = (
    Peer(
        "fastapi", "FastAPI, DataFrame, scikit-learn pipeline (default)", "fastapi", ("fastapi", *_WEB, *_PIPELINE),
        _uvicorn("fastapi_default:app"),
    ),
    Peer(
        "tuned", "FastAPI, pydantic, ONNX Runtime (hand-tuned)", "tuned",
        ("fastapi", *_WEB, "pydantic", "onnxruntime", "numpy"), _uvicorn("fastapi_tuned:app"),
    ),
    Peer(
        "mlflow", "mlflow models serve", "mlflow", ("mlflow>=3", *_PIPELINE),
        lambda port, work: [
            "mlflow", "models", "serve", "-m", str(work / "mlflow"), "--env-manager", "local",
            "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        ],
        before=lambda _: ["python", str(PROGRAMS / "mlflow_save.py")],
        path="/invocations",
        ask=lambda record: {"dataframe_records": [record]},
        score=lambda said: float(said["predictions"][0][1]),
    ),
    Peer(
        "bentoml", "BentoML", "bentoml", ("bentoml", *_PIPELINE),
        lambda port, _: [
            "bentoml", "serve", "bentoml_service:Churn", "--working-dir", str(PROGRAMS),
            "--host", "127.0.0.1", "--port", str(port),
        ],
        ask=lambda record: {"record": record},
        score=float,
    ),
    Peer(
        "mlserver", "MLServer, its scikit-learn runtime", "mlserver",
        ("mlserver", "mlserver-sklearn", "uvloop<0.22", *_PIPELINE),
        lambda _, work: ["mlserver", "start", str(work / "mlserver")],
        before=lambda port: ["python", str(PROGRAMS / "mlserver_settings.py"), str(port)],
        path="/v2/models/churn/infer",
        ask=_named,
        score=lambda said: float(said["outputs"][0]["data"][1]),
    ),
    Peer(
        "litserve", "LitServe", "litserve", ("litserve", *_PIPELINE), _program("litserve_api.py"),
    ),
    Peer(
        "limit", "the limit: raw asyncio.Protocol, uvloop + httptools, no log", "raw", _RAW,
        _program("raw_protocol.py"),
    ),
    Peer(
        "uvicorn", "the same work as raw ASGI on uvicorn", "raw", _RAW, _uvicorn("raw_asgi:app"),
    ),
    Peer(
        "granian", "the same work as raw RSGI on granian", "raw", _RAW,
        lambda port, _: [
            "granian", "--interface", "rsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
            "--no-log", "--working-dir", str(PROGRAMS), "raw_rsgi:app",
        ],
    ),
)  # fmt: skip
