"""PyTorch modules and Keras models become ONNX when they are adopted, and answer as they did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mainstay.contract import Contract, Number
from mainstay.contract.columns import Tensor
from mainstay.errors import GateError, InputError
from mainstay.models import Task
from mainstay.models.adopting import adopt
from mainstay.models.columns import Columns
from mainstay.models.convert import Asked
from mainstay.models.convert.networks.keras import from_keras, open_keras
from mainstay.models.convert.networks.keras import package as keras_here
from mainstay.models.convert.networks.torch import from_torch, refuse_file

if TYPE_CHECKING:
    from pathlib import Path

# What the exporters and Keras do inside isn't ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")
torch = pytest.importorskip("torch", reason="NOT TESTED on PyTorch: torch isn't installed")

YES_NO = Task(kind="binary", target="churn", positive="Yes", negative="No")
COLUMNS = Columns.of(Contract((Tensor(name="image", shape=(4, 4)), Number(name="age"))))


def rows(n: int = 40) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(n, 17))


class Mixed(torch.nn.Module):  # type: ignore[name-defined, misc]
    """Looks at an image and a number."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.seen = torch.nn.Conv2d(1, 2, 3)
        self.last = torch.nn.Linear(9, 1)
        self.drop = torch.nn.Dropout(0.5)

    def forward(self, image: Any, age: Any) -> Any:
        seen = torch.relu(self.seen(image.unsqueeze(1))).flatten(1)
        return self.drop(self.last(torch.cat([seen, age], 1)))


class Sneaky(torch.nn.Module):  # type: ignore[name-defined, misc]
    """Draws at random, so that no trace of it is what it does."""

    def forward(self, row: Any) -> Any:
        return row.sum(1, keepdim=True) + torch.rand(row.shape[0], 1)


def eager(module: Any, X: np.ndarray) -> np.ndarray:
    image, age = (torch.from_numpy(part.astype(np.float32)) for part in (X[:, :16].reshape(-1, 4, 4), X[:, 16:]))
    with torch.no_grad():
        return np.asarray(torch.sigmoid(module(image, age))[:, 0].numpy())


def test_a_module_of_named_inputs_answers_as_it_did() -> None:
    module = Mixed()
    model = adopt(module, COLUMNS, YES_NO)
    assert not module.training
    assert model.framework == "onnx"
    assert np.abs(model.scores(rows()) - eager(module, rows())).max() < 1e-6
    assert np.allclose(model.scores(rows()), np.array([model.score_one(row) for row in rows()]), atol=1e-6)


def test_a_module_that_draws_at_random_is_refused() -> None:
    with pytest.raises(GateError, match="doesn't answer as the original does"):
        from_torch(Sneaky(), COLUMNS, rows(), Asked(task=YES_NO))


def test_a_module_that_wants_other_inputs_is_a_sentence() -> None:
    class Other(Mixed):
        def forward(self, picture: Any, age: Any) -> Any:
            return super().forward(picture, age)

    with pytest.raises(InputError, match="takes 'picture', 'age', and the records have 'image', 'age'"):
        adopt(Other(), COLUMNS, YES_NO)


def test_a_module_that_cannot_be_exported_is_a_sentence() -> None:
    class Branching(torch.nn.Module):  # type: ignore[name-defined, misc]
        def forward(self, row: Any) -> Any:
            return row[:, :1] if float(row.sum()) > 0 else row[:, 1:2]

    with pytest.raises(InputError, match="can't be written as ONNX"):
        adopt(Branching(), COLUMNS, YES_NO)


def test_files_of_pytorch_are_refused_with_what_to_do_instead(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"reading one can run code from it.*torch\.onnx\.export"):
        refuse_file(tmp_path / "module.pt")


def test_a_keras_model_answers_as_it_did(tmp_path: Path) -> None:
    keras = keras_here()
    keras.utils.set_random_seed(3)
    layers = keras.layers
    made = keras.Sequential(
        [keras.Input((17,)), layers.Dense(4, "relu"), layers.BatchNormalization(), layers.Dense(1, "sigmoid")]
    )
    made.save(tmp_path / "net.keras")
    again = open_keras(tmp_path / "net.keras")
    model = from_keras(again, COLUMNS, rows(), Asked(task=YES_NO, made_from="keras"))
    said = made.predict(rows().astype(np.float32), verbose=0)[:, 0]
    assert model.header.link == "none"
    assert np.abs(model.scores(rows()) - said).max() < 1e-6


def test_a_keras_file_that_brings_code_is_refused(tmp_path: Path) -> None:
    keras = keras_here()
    made = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2)])
    made.save(tmp_path / "net.keras")
    with pytest.raises(InputError, match="without running code from it"):
        open_keras(tmp_path / "net.keras")
    (tmp_path / "text.keras").write_text("not a model")
    with pytest.raises(InputError, match="can't be read as a Keras model"):
        open_keras(tmp_path / "text.keras")
