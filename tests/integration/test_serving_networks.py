"""A network born in PyTorch, with a tensor column, answers over HTTP; the worker holds nothing it was made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mainstay.contract import Contract, Number
from mainstay.contract.columns import Tensor
from mainstay.models.columns import Columns
from mainstay.models.convert import Asked
from mainstay.models.convert.networks.torch import from_torch
from mainstay.models.convert.quantize import quantize
from mainstay.serving.testing import TINY_TASK, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.models.model import Model

torch = pytest.importorskip("torch", reason="NOT TESTED on PyTorch: torch isn't installed")
CONTRACT = Contract((Tensor(name="image", shape=(4, 4), min=-5, max=5), Number(name="age", min=0, max=100)))


class Net(torch.nn.Module):  # type: ignore[name-defined, misc]
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.seen = torch.nn.Linear(16, 32)
        self.last = torch.nn.Linear(33, 1)

    def forward(self, image: Any, age: Any) -> Any:
        return self.last(torch.cat([torch.relu(self.seen(image.flatten(1))), age / 100], 1))


def rows(n: int = 60) -> np.ndarray:
    rng = np.random.default_rng(4)
    return np.column_stack([rng.normal(size=(n, 16)), rng.integers(0, 100, n)])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("small", [False, True], ids=["float", "int8"])
def test_a_network_answers_over_http_as_it_does_in_the_hand(small: bool, tmp_path: Path) -> None:
    model: Model = from_torch(Net(), Columns.of(CONTRACT), rows(), Asked(task=TINY_TASK, made_from="torch"))
    if small:
        model = quantize(model, "dynamic", rows())  # type: ignore[arg-type]  # it is an OnnxModel
    project = tiny_project(tmp_path)
    number = register_model(project, model, contract=CONTRACT)
    release_now(project, number)
    X = np.round(rows(5), 6)
    X[:, :16] = X[:, :16].astype(np.float32)
    records = [{"image": row[:16].reshape(4, 4).tolist(), "age": float(row[16])} for row in X]
    with TestServer.start(project) as server:
        server.wait("/readyz")
        alone = [server.post("/models/churn/predict", record).json["score"] for record in records]
        together = [answer["score"] for answer in server.post("/models/churn/predict", records).json]
        wrong = server.post("/models/churn/predict", {"image": [1, 2], "age": 3})
        held = server.post("/models/churn/predict", {"image": records[0]["image"]})
    assert np.allclose(alone, model.scores(X), atol=1e-6)
    assert np.allclose(together, alone, atol=1e-6)
    assert [wrong.status, held.status] == [422, 422]
