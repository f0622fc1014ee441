from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import CorruptError, ReleaseError
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.registry import Registry
from mainstay.registry.store import FileStore
from mainstay.release import Route
from mainstay.serving import Served, load_lineup
from mainstay.serving.following.shelf import Shelf
from mainstay.serving.testing import TINY_MODEL, register_model, release_now
from mainstay.state import open_state

if TYPE_CHECKING:
    from mainstay.project import Project


def _shelf(project: Project) -> Shelf:
    registry = Registry(open_state(project.books), FileStore(project.books / "store"))
    return Shelf(registry, max_records=10)


def test_a_new_release_is_taken_up(served: Served, released: Project) -> None:
    before = served.lineup
    assert not served.look()
    release_now(released, register_model(released, ConstantModel(0.5)))
    assert served.look()
    assert before is not served.lineup
    assert served.lineup is not None
    assert served.lineup.champion.version == 2


def test_what_is_loaded_is_not_loaded_again(released: Project) -> None:
    shelf = _shelf(released)
    first = load_lineup(shelf, release_now(released, 1))
    second = load_lineup(shelf, release_now(released, 1))
    assert second.champion.bundle is first.champion.bundle


def test_a_damaged_version_leaves_the_old_one(served: Served, released: Project) -> None:
    number = register_model(released, ConstantModel(0.5))
    path = released.books / "store" / "churn" / str(number) / "model" / "model.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6"))
    release_now(released, number)
    assert served.look()
    assert served.lineup is not None
    assert served.lineup.champion.version == 1
    assert "model.json" in served.trouble
    assert not served.look()  # not at once again
    assert "model.json" in served.trouble
    release_now(released, 1)
    assert served.look()
    assert served.trouble == ""


def test_a_version_that_answers_differently_never_answers(released: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from mainstay.models.frameworks import linear as module  # noqa: PLC0415 - to stand for another processor

    monkeypatch.setattr(module, "logistic", lambda total: total * 0 + 0.123)
    with pytest.raises(CorruptError, match="doesn't answer as it did"):
        load_lineup(_shelf(released), release_now(released, 1))


def test_a_trial_is_served_on_this_machine_only(released: Project) -> None:
    row = release_now(released, 1, trial=True)
    assert load_lineup(_shelf(released), row, loopback=True).release.trial
    with pytest.raises(ReleaseError, match="this machine only"):
        load_lineup(_shelf(released), row, loopback=False)


def test_the_books_may_go_while_it_serves(served: Served, released: Project) -> None:
    shutil.move(released.books / "registry.sqlite", released.books / "elsewhere")
    assert not served.look()
    assert "can't be read" in served.trouble
    assert served.lineup is not None
    shutil.move(released.books / "elsewhere", released.books / "registry.sqlite")
    served.look()
    assert served.trouble == ""


def test_shadows_do_not_answer(released: Project) -> None:
    number = register_model(released, TINY_MODEL)
    lineup = load_lineup(_shelf(released), release_now(released, 1, Route(number, "shadow", 1.0)))
    assert [arm.version for arm in lineup.arms] == [1]
    assert [arm.version for arm in lineup.shadows] == [number]
    assert lineup.choose("anybody") is lineup.champion
