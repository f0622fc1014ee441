from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from mainstay.contract import Category, Contract, Integer, Number, profile_rows
from mainstay.errors import InputError
from mainstay.models import Task
from mainstay.models.frameworks.calibrated import CalibratedModel
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.registry import TOLERANCE, Entry, Golden, golden_failures, make_golden, tolerance_of
from mainstay.registry.golden import misfit
from mainstay.release import open_books
from mainstay.serving.testing import register_model, tiny_project

if TYPE_CHECKING:
    from pathlib import Path


def test_golden_records_are_drawn_again_from_the_same_seed_and_cover_what_is_allowed(entry: Entry) -> None:
    again = make_golden(entry.contract, entry.profile, entry.candidate.model, seed=7)
    assert again == entry.golden
    assert len(again) == 20
    assert make_golden(entry.contract, entry.profile, entry.candidate.model, seed=8) != again
    assert len(make_golden(entry.contract, entry.profile, entry.candidate.model, seed=7, n=99)) == 20
    assert {one.record["plan"] for one in again} == {"basic", "full"}
    assert {one.record["partner"] for one in again} == {"Yes", "No"}
    assert None in {one.record["charges"] for one in again}
    assert msgspec.json.decode(msgspec.json.encode(again), type=tuple[Golden, ...]) == again


def test_a_score_within_the_tolerance_passes_and_beyond_it_fails(entry: Entry) -> None:
    model, record = ConstantModel(0.5), entry.golden[0].record
    near = [Golden(record, 0.5 + 0.9 * TOLERANCE), Golden(record, 0.5)]
    assert golden_failures(entry.contract, model, near) == ()
    far = [*near, Golden(record, 0.5 + 2 * TOLERANCE), Golden(record, float("nan"))]
    failures = golden_failures(entry.contract, model, far)
    assert [failure.split(" scores")[0] for failure in failures] == ["Golden record 2", "Golden record 3"]


def test_a_model_of_single_precision_says_how_far_its_scores_may_be_off(entry: Entry) -> None:
    class Single(ConstantModel):
        precision = 1e-5

    record = entry.golden[0].record
    assert tolerance_of(ConstantModel(0.5)) == TOLERANCE
    assert tolerance_of(Single(0.5)) == tolerance_of(CalibratedModel(Single(0.5), ())) == 1e-5
    assert golden_failures(entry.contract, Single(0.5), [Golden(record, 0.500009)]) == ()
    assert len(golden_failures(entry.contract, Single(0.5), [Golden(record, 0.50002)])) == 1


def test_large_amounts_have_a_relative_tolerance(entry: Entry) -> None:
    assert golden_failures(entry.contract, ConstantModel(3e6), [Golden(entry.golden[0].record, 3e6 + 1e-4)]) == ()


def test_a_record_that_the_contract_refuses_is_a_failure(entry: Entry) -> None:
    broken = Golden({**entry.golden[0].record, "tenure": "many"}, 0.5)
    (failure,) = golden_failures(entry.contract, ConstantModel(0.5), [broken])
    assert failure.startswith("Golden record 0 is refused")


def test_columns_that_were_never_seen_still_give_records() -> None:
    import numpy as np  # noqa: PLC0415 - one test needs it

    contract = Contract((Integer(name="a", min=5), Number(name="b"), Category(name="c", values=("x",))))
    profile = profile_rows(contract, np.empty((0, 3)))
    golden = make_golden(contract, profile, ConstantModel(0.5), seed=1)
    assert len(golden) == 20
    assert {one.record["a"] for one in golden} == {5}


CLASSES = Task(kind="multiclass", target="grade", labels=("a", "b", "c"))


@pytest.mark.parametrize(
    ("score", "task", "told"),
    [
        ((0.2, 0.3, 0.5), CLASSES, ""),
        (0.4, CLASSES, "gives 1 numbers for the 3 labels of grade"),
        ((0.4, 0.6), CLASSES, "gives 2 numbers for the 3 labels of grade"),
        ((0.4, 0.6, 0.6), CLASSES, "gives probabilities that sum to 1.6, not 1"),
        ((0.4, float("nan"), 0.6), CLASSES, "gives a score that is no finite number"),
        ((0.4, 0.6), Task(kind="binary", target="y", positive="1", negative="0"), "gives 2 numbers for one y"),
        (float("inf"), Task(kind="regression", target="y"), "gives a score that is no finite number"),
    ],
)
def test_scores_that_do_not_fit_the_task_are_told(score: float | tuple[float, ...], task: Task, told: str) -> None:
    assert misfit([Golden({}, score)], task) == told


def test_a_model_for_other_labels_is_not_registered(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    with pytest.raises(InputError, match=r"gives 2 numbers for the 3 labels of grade\.") as raised:
        register_model(project, ConstantModel((0.5, 0.5)), task=CLASSES)
    assert "nothing was registered" in raised.value.cure
    with open_books(project) as books:
        assert books.registry.versions(project.name) == ()
