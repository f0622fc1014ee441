"""``measures.py``: read, tried before training, and refused in a sentence where it can't be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.errors import ProjectError
from mainstay.models.own_measures import read_own_measures, try_measures

if TYPE_CHECKING:
    from pathlib import Path

TRUTH = np.random.default_rng(1).gamma(2, 50, 200)
FRAME = pl.DataFrame({"weekend": np.arange(200) % 7 > 4})
GOOD = '''
import numpy as np

def _far(truth, scores):
    return np.abs(truth - scores)

def helper(truth, scores):
    return 3

def late_share(truth, scores, better="lower"):
    """How often."""
    print("this is no JSON")
    return truth - scores > 10

def weekend_error(truth, scores, rows, better="lower"):
    return float(_far(truth, scores)[rows["weekend"].to_numpy()].mean())
'''


def read(folder: Path, text: str) -> None:
    (folder / "measures.py").write_text(text, encoding="utf-8")
    try_measures(read_own_measures(folder, "regression"), TRUTH, FRAME)


def test_functions_that_say_which_way_is_good_are_measures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert read_own_measures(tmp_path, "regression") == ()
    read(tmp_path, GOOD)
    late, weekend = read_own_measures(tmp_path, "regression")
    assert (late.name, late.better, late.kind, late.wants_frame) == ("late_share", "lower", "regression", False)
    assert (weekend.name, weekend.wants_frame) == ("weekend_error", True)
    scores = TRUTH - 20
    assert late.estimate(TRUTH, scores).value == 1.0
    assert weekend.on_rows(FRAME).estimate(TRUTH, scores).value == pytest.approx(20)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "this is no JSON" in captured.err


REFUSED = {
    "def late(truth, scores): return 1\n": ["holds no measure", 'better="lower"'],
    "def late(truth, scores, better): return 1\n": ["late doesn't say which way is good"],
    'def late(truth, scores, better="less"): return 1\n': ["late doesn't say which way is good"],
    'def late(truth, better="lower"): return 1\n': ["late takes 1 arguments"],
    'def mae(truth, scores, better="lower"): return 1\n': ["mae is the name of a measure"],
    'def late(truth, scores, better="lower"): return 1 / 0\n': ["measures.py, line 1: ZeroDivisionError"],
    'def late(truth, scores, better="lower"): return truth[:3]\n': ["an array of shape (3,) for 200 rows"],
    'def late(truth, scores, better="lower"): return "much"\n': ["measures.py", "could not convert"],
    'def late(truth, scores, rows, better="lower"): return rows["nobody"].sum()\n': ["measures.py, line 1", "nobody"],
    "def late(:\n": ["measures.py, line 1: "],
    "import nothing_of_that_name\n": ["measures.py, line 1: ModuleNotFoundError", "single file"],
    "1 / 0\n": ["measures.py, line 1: ZeroDivisionError", "Mend that line"],
}


@pytest.mark.parametrize("text", list(REFUSED), ids=range(len(REFUSED)))
def test_what_cannot_be_meant_is_refused_before_anything_is_trained(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProjectError) as caught:
        read(tmp_path, text)
    for words in REFUSED[text]:
        assert words in str(caught.value)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "measures.py").write_bytes(b"\xff\xfe")
    with pytest.raises(ProjectError, match="UTF-8"):
        read_own_measures(tmp_path, "binary")


def test_several_classes_have_a_row_of_scores_each(tmp_path: Path) -> None:
    text = 'def sure(truth, scores, better="higher"): return scores.max(axis=1)\n'
    (tmp_path / "measures.py").write_text(text, encoding="utf-8")
    (sure,) = read_own_measures(tmp_path, "multiclass")
    try_measures((sure,), np.zeros(30), FRAME, labels=3)
    assert sure.estimate(np.zeros(30), np.full((30, 3), 1 / 3)).value == pytest.approx(1 / 3)
