"""LightGBM's texts: what it writes is sound, and what would make its library read elsewhere is told before it reads."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mainstay.errors import CorruptError
from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.models.lightgbm_text import fault_of

if TYPE_CHECKING:
    from pathlib import Path

lightgbm = pytest.importorskip("lightgbm")
KINDS: dict[str, dict[str, Any]] = {
    "binary": {"objective": "binary"},
    "multiclass": {"objective": "multiclass", "num_class": 3},
    "regression": {"objective": "regression"},
    "linear": {"objective": "regression", "linear_tree": True},
    "forest": {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
    "stump": {"objective": "binary", "min_data_in_leaf": 5000},
}


def trained(kind: str, trees: int = 4) -> str:
    dice = np.random.default_rng(3)
    X = dice.normal(size=(600, 4))
    X[:, 3] = dice.integers(0, 40, 600)
    y = {"multiclass": X[:, 3] % 3, "regression": X[:, 0], "linear": X[:, 0]}.get(kind, X[:, 0] + X[:, 3] % 2 > 0.5)
    named = "auto" if kind == "linear" else [3]
    options = {"num_leaves": 7, "verbose": -1, "num_threads": 1, "min_data_per_group": 5, **KINDS[kind]}
    rows = lightgbm.Dataset(X, np.asarray(y, dtype=float), categorical_feature=named, params=options)
    text: str = lightgbm.train(options, rows, trees).model_to_string()
    return text


@pytest.fixture(scope="module")
def text() -> str:
    found = trained("binary")
    assert "num_cat=0" not in found.split("Tree=1")[0] or "cat_threshold" in found
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_lightgbm_writes_is_sound(kind: str) -> None:
    assert fault_of(trained(kind)) == ""


def resized(text: str) -> str:
    """Write tree_sizes anew, as whoever makes such a file would."""
    head, _, rest = text.partition("Tree=0\n")
    trees = re.split(r"(?m)^(?=Tree=\d+$)", "Tree=0\n" + rest.partition("end of trees\n")[0])
    sizes = " ".join(str(len(tree.encode())) for tree in trees if tree)
    return re.sub("tree_sizes=.*", f"tree_sizes={sizes}", head) + "Tree=0\n" + rest


@pytest.mark.parametrize(
    ("pattern", "to", "said"),
    [
        (r"left_child=\S+", "left_child=99", "tree 0 isn't one: its children make no tree"),
        (r"left_child=\S+", "left_child=0", "tree 0 isn't one: its children make no tree"),
        (r"right_child=\S+ ", "right_child=", "tree 0 isn't one: its children aren't 6 on each side"),
        (r"split_feature=\S+", "split_feature=77", "tree 0 isn't one: it asks for a feature that isn't there"),
        (r"num_leaves=7", "num_leaves=8", "tree 0 isn't one: split_feature has not 7 numbers"),
        (r"num_leaves=7", "num_leaves=99999999999", "tree 0 isn't one: 99999999999 leaves"),
        (r"leaf_value=\S+ ", "leaf_value=", "tree 0 isn't one: leaf_value has not 7 numbers"),
        (r"internal_count=\S+", "internal_count=many", "it holds words where numbers belong"),
        (r"left_child=", "left_child=1\nleft_child=", "or one twice"),
        (r"leaf_weight=.*", "", "an empty line"),
        (r"num_class=1", "num_class=9", "it has 4 trees, which its 1 per round don't divide"),
        (r"max_feature_idx=3", "max_feature_idx=2000", "it doesn't name each of its features once"),
        (r"num_cat=\d+", "num_cat=5000", "splits by category"),
    ],
)
def test_what_its_library_would_believe_is_told(text: str, pattern: str, to: str, said: str) -> None:
    changed = resized(re.sub(pattern, to, text, count=1))
    assert said in fault_of(changed)
    with pytest.raises(CorruptError, match=r"model\.txt"):
        LightGBMModel(changed)


def test_sizes_that_lie_are_told(text: str) -> None:
    assert fault_of(re.sub(r"tree_sizes=\d+", "tree_sizes=7", text)) == "tree 1 isn't where tree_sizes says"
    assert "tree_sizes tells of" in fault_of(re.sub(r"(tree_sizes=.*) \d+\n", r"\1\n", text))


@pytest.mark.parametrize("ending", ["\nend of trees\n", "\nend of trees\n\nTree=9\n", ""])
def test_a_tree_begins_where_a_line_says_its_number_and_nothing_else(ending: str) -> None:
    named = "num_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=0\nfeature_names=a\nfeature_infos=none\n"
    leaf = "num_leaves=1\nleaf_value=0.5"
    assert (
        fault_of(f"tree\n{named}Tree=0\n{leaf}\nTree=x\nnoTree=1\nTree=1\n{leaf}{ending}")
        == "it holds words where \
numbers belong, or an empty line, or one twice"
    )
    assert fault_of(f"tree\n{named}Tree=0\n{leaf}\nnoTree=1\nTree=1\n{leaf}{ending}") == ""
    assert fault_of(f"tree\n{named}tree_sizes=1 1 1\nTree=0\n{leaf}\nTree=1\n{leaf}{ending}").startswith("tree 1 isn't")


FUZZ = """
import os, resource, signal, sys
import numpy as np
from mainstay.errors import CorruptError
from mainstay.models.frameworks.lightgbm import LightGBMModel

rows = np.random.default_rng(1).normal(size=(20, 4)) * 30
died = []
for place, text in enumerate(open(sys.argv[1], encoding="utf-8").read().split("\\0")):
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            model = LightGBMModel(text)
            model.scores(rows)
            model.score_one(rows[0])
        except CorruptError:
            pass
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if status:
        died.append((place, status))
print(died)
"""


@pytest.mark.parametrize("many", [60, pytest.param(2000, marks=pytest.mark.full)])
def test_no_made_up_text_ends_the_process(many: int, tmp_path: Path) -> None:
    dice = random.Random(many)  # noqa: S311 - no secret
    texts = [trained(kind) for kind in KINDS]
    (tmp_path / "texts").write_text("\0".join(spoilt(dice.choice(texts), dice) for _ in range(many)), encoding="utf-8")
    command = [sys.executable, "-c", FUZZ, str(tmp_path / "texts")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    assert done.stdout.strip() == "[]"


def spoilt(text: str, dice: random.Random) -> str:
    """Change a number, a list or a line of a model, and its sizes with it."""
    lines = text.split("\n")
    places = [place for place, line in enumerate(lines) if re.match(r"[a-z_]+=-?\d", line)]
    for _ in range(dice.choice([1, 1, 2, 4])):
        place = dice.choice(places)
        name, _, value = lines[place].partition("=")
        numbers = value.split(" ")
        at = dice.randrange(len(numbers))
        how = dice.randrange(5)
        if how < 2:
            numbers[at] = dice.choice(["-1", "3", "100", "-100", "2147483647", "nan", "1e308", "--4", ""])
        elif how == 2:
            numbers.pop(at)
        elif how == 3:
            numbers.insert(at, numbers[at])
        else:
            numbers = []
        lines[place] = f"{name}={' '.join(numbers)}" if numbers or dice.random() < 0.5 else ""
    return resized("\n".join(lines))
