"""mainstay's own rows: projects that are made for the run, each served by a real ``python -m mainstay.serving``."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contract import Category, Contract, Number
from mainstay.models.adopting import adopt
from mainstay.models.columns import Columns
from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.models.task import Task
from mainstay.registry.trust import trust_model
from mainstay.release import Route
from mainstay.serving.guard import key_file
from mainstay.serving.testing import register_model, release_now, tiny_project
from serving import words
from serving.work import KINDS, LIMIT, NUMBERS, VALUES, Record, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mainstay.models.model import Model
    from mainstay.project import Project

MODEL = "churn"
TASK = Task(kind="binary", target="Churn", positive="1", negative="0")
CONTRACT = Contract(
    (
        *(Number(name=name, min=-LIMIT, max=LIMIT) for name in NUMBERS),
        *(Category(name=name, values=VALUES) for name in KINDS),
    )
)


def trees(work: Work) -> Model:
    """The booster behind our encoder: what is called the compiled path."""
    return LightGBMModel(work.trees)


def linear(work: Work) -> Model:
    """A linear model of the same columns."""
    del work
    slopes = [Slope(0.0, 0.1 + place / 50) for place in range(len(NUMBERS))]
    return LinearModel(-1.0, (*slopes, *[Labels((0.1, 0.2, 0.3, 0.4, 0.0))] * len(KINDS)), logistic=True)


def pipeline(work: Work) -> Model:
    """The very pipeline that the peers serve, answered by scikit-learn."""
    return adopt(work.pipeline, Columns.of(CONTRACT), TASK)


def function(work: Work) -> Model:
    """A function of columns, as somebody writes it."""
    del work
    return adopt(_predict, Columns.of(CONTRACT), TASK)


def _predict(columns):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    import numpy  # noqa: ICN001, PLC0415 - a function that is saved brings its imports along

    total = sum(columns[f"number_{place}"] for place in range(14)) + (columns["kind_0"] == "second")
    return 1 / (1 + numpy.exp(-total))


@dataclass(frozen=True)
class Own:
    """One way mainstay serves.

    Parameters
    ----------
    name, title : str
        What the command line and the table call it.
    model : callable
        Makes the model.
    beside : {"", "shadow", "canary"}
        What a second version of the same model does.
    settings : str
        Further lines of the project's file.
    path, headers : str and mapping
        Where it is asked, and what comes with each request.
    ask, score : callable
        Put a record, and find its score in an answer.
    guarded : bool
        Whether an API key is asked for, and sent.
    workers : int
        Processes.

    """

    name: str
    title: str
    model: Callable[[Work], Model] = trees
    beside: str = ""
    settings: str = ""
    path: str = f"/models/{MODEL}/predict"
    headers: Mapping[str, str] = field(default_factory=dict)
    ask: Callable[[Record], bytes] = words.native
    score: Callable[[bytes], float] = words.native_score
    guarded: bool = False
    workers: int = 1

    def prepare(self, folder: Path, work: Work) -> tuple[list[float], dict[str, str]]:
        """Make and release it in a folder; gives the score of each record, and what comes with each request."""
        project, model, now = tiny_project(folder, MODEL, self.settings), self.model(work), dt.datetime.now(dt.UTC)
        trust_model(project, model, by="a benchmark", now=now)
        first = register_model(project, model, contract=CONTRACT, task=TASK)
        _release(project, first, model, self.beside)
        headers = dict(self.headers)
        if self.guarded:
            _, token = key_file(project).add("bench", ("predict",), now=now)
            headers["Authorization"] = f"Bearer {token}"
        return [float(score) for score in model.scores(_encoded(work.records))], headers

    def words(self, folder: Path, port: int) -> list[str]:
        """Give its command."""
        start = [sys.executable, "-m", "mainstay.serving", "--project", str(folder / MODEL)]
        return [*start, "--port", str(port), "--workers", str(self.workers)]

    def body(self, record: Record) -> bytes:
        """Write the body of a request."""
        return self.ask(record)

    def read(self, said: bytes) -> float:
        """Find the score in the body of an answer."""
        return self.score(said)


def _release(project: Project, first: int, model: Model, beside: str) -> None:
    if not beside:
        release_now(project, first)
        return
    second = register_model(project, model, contract=CONTRACT, task=TASK)
    if beside == "shadow":
        release_now(project, first, Route(second, "shadow", 1.0))
    else:
        release_now(project, first, Route(second, "canary", 0.1))


def _encoded(records: list[Record]) -> np.ndarray[Any, np.dtype[np.float64]]:
    cells = [[*(each[name] for name in NUMBERS), *(VALUES.index(each[name]) for name in KINDS)] for each in records]
    return np.array(cells, dtype=np.float64)


_UNCACHED = "[serving]\ncache = 0\n"  # the client's rows recur, as they hardly would
_OIP = f"/v2/models/{MODEL}/infer"
OWN = (
    Own("trees", "mainstay, LightGBM, everything on"),
    Own("linear", "mainstay, linear model, everything on", linear),
    Own("pipeline", "mainstay, the peers' scikit-learn pipeline as it is", pipeline, settings=_UNCACHED),
    Own("function", "mainstay, a Python function", function),
    Own("recurring", "mainstay, the same pipeline, whose records recur (cache)", pipeline),
    Own("remembered", "mainstay, LightGBM, cache forced on", settings="[serving]\ncache = 10000\n"),
    Own("keys", "mainstay, LightGBM, with API keys", guarded=True),
    Own(
        "oip",
        "mainstay, LightGBM, by the Open Inference Protocol, JSON",
        path=_OIP,
        ask=words.oip,
        score=words.oip_score,
    ),
    Own(
        "binary",
        "mainstay, LightGBM, by the Open Inference Protocol, binary tensors (Triton's client)",
        path=_OIP,
        headers={"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(words.HEAD_BYTES)},
        ask=words.oip_binary,
        score=words.oip_score,
    ),
    Own("shadow", "mainstay, LightGBM, with a shadow on every request", beside="shadow"),
    Own("canary", "mainstay, LightGBM, with a canary of 10 %", beside="canary"),
    Own("explain", "mainstay, LightGBM, with reasons (?explain=true)", path=f"/models/{MODEL}/predict?explain=true"),
)
TWO = Own("two", "mainstay, LightGBM, two workers", workers=2)
