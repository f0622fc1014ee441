"""What is optional is imported on demand, and where it is missing, what installs it is said."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mainstay.errors import SetupError
from mainstay.extras import need


def test_what_is_here_is_given_itself() -> None:
    assert need("json.decoder", "Reading", "yaml") is sys.modules["json.decoder"]


@pytest.mark.parametrize(
    ("module", "extra", "said"),
    [
        ("yaml", "yaml", "Reading needs PyYAML, which isn't here. pip install 'mainstay[yaml]'"),
        ("sklearn.tree", "train", "Reading needs scikit-learn, which isn't here. pip install 'mainstay[train]'"),
        ("onnx", "train,onnx", "Reading needs onnx, which isn't here. pip install 'mainstay[train,onnx]'"),
        ("pandas", "", "Reading needs pandas, which isn't here. pip install pandas"),
    ],
)
def test_what_is_missing_is_told_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, module: str, extra: str, said: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # as Python itself marks what can't be imported
    with pytest.raises(SetupError) as caught:
        need(module, "Reading", extra)
    assert str(caught.value) == said


def test_the_recipes_import_none_of_their_packages_before_they_train() -> None:
    code = (
        "import sys, pkgutil, importlib, mainstay.training.recipes as rooms\n"
        "for one in pkgutil.iter_modules(rooms.__path__): importlib.import_module(f'{rooms.__name__}.{one.name}')\n"
        "slow = {'sklearn', 'lightgbm', 'xgboost', 'catboost', 'optuna', 'torch', 'onnx', 'pandas'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert out.stdout.strip() == "[]"
