from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay.errors import CorruptError
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import open_books
from mainstay.serving.following import shelf as module
from mainstay.serving.following.shelf import MOST, Shelf, roots_of
from mainstay.serving.testing import register_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.project import Project


@pytest.fixture
def shelf(project: Project) -> Iterator[Shelf]:
    for value in (0.1, 0.2, 0.3, 0.4, 0.5):
        register_model(project, ConstantModel(value))
    with open_books(project) as books:
        yield Shelf(books.registry, 10, roots_of(project))


def _held(shelf: Shelf) -> list[int]:
    return sorted(number for _, number in shelf._held)


def test_the_last_few_are_kept_and_no_more(shelf: Shelf) -> None:
    first = shelf.take("churn", 1)
    for number in (1, 2, 3, 4, 5):
        shelf.take("churn", number)
        shelf.keep([("churn", number)])
    assert _held(shelf) == [5 - MOST, 4, 5]
    assert shelf.take("churn", 1) is not first
    kept = shelf.take("churn", 4)
    assert shelf.take("churn", 4) is kept


def test_large_ones_are_not_kept(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 10)
    for number in (1, 2):
        shelf.take("churn", number)
        shelf.keep([("churn", number)])
    assert _held(shelf) == [2]


def test_all_that_answer_are_kept_however_many(shelf: Shelf) -> None:
    for number in (1, 2, 3, 4, 5):
        shelf.take("churn", number)
    shelf.keep([("churn", number) for number in (1, 2, 3, 4, 5)])
    assert _held(shelf) == [1, 2, 3, 4, 5]


def test_what_is_held_is_not_read_again_until_trust_changes(shelf: Shelf, project: Project) -> None:
    held = shelf.take("churn", 1)
    path = held.bundle.folder / "model" / "model.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b" ")
    assert shelf.take("churn", 1) is held
    with project.file.path.open("a", encoding="utf-8") as file:
        file.write(f'[serving]\ntrust = ["{64 * "0"}"]\n')
    with pytest.raises(CorruptError, match=r"model\.json"):
        shelf.take("churn", 1)
