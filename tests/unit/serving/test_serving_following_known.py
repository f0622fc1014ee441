from __future__ import annotations

import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import CorruptError, StoreError
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.project import open_project
from mainstay.release import Route
from mainstay.serving import App, Served
from mainstay.serving.following.known import path_of, read_known
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.serving.testing import Got


def _lose(project: Project) -> None:
    shutil.move(project.books / "registry.sqlite", project.books / "elsewhere")
    for beside in project.books.glob("registry.sqlite-*"):
        beside.unlink()


def test_what_is_taken_up_is_kept_on_this_machine(served: Served, released: Project) -> None:
    number = register_model(released, ConstantModel(0.5))
    row = release_now(released, 1, Route(number, "canary", 0.25))
    assert served.look()
    known = read_known(released)
    assert known is not None
    assert known.release == row
    assert known.first is not None
    assert known.first.id == 1
    assert [version.number for version in known.versions] == [1, number]
    assert stat.S_IMODE(path_of(released).stat().st_mode) == 0o600
    assert [path.name for path in path_of(released).parent.iterdir() if path.is_file()] == ["churn.json"]


def test_a_server_starts_by_it_while_the_registry_is_away(
    served: Served, released: Project, capsys: pytest.CaptureFixture[str], ask: Callable[..., Got]
) -> None:
    del served
    _lose(released)
    restarted = Served(released, loopback=True)
    assert not restarted.look()
    assert restarted.fall_back()
    assert restarted.lineup is not None
    assert restarted.lineup.champion.version == 1
    said = capsys.readouterr().err
    assert "version 1 answers by what was served here since 20" in said
    assert "is gone" in said
    assert not (released.books / "registry.sqlite").exists()  # what was there is never made anew
    ready = ask(App([restarted], loopback=True), "/readyz").json["models"]["churn"]
    assert ready["ready"]
    assert ready["registry"]["by_file"]
    assert not ready["registry"]["reachable"]
    shutil.move(released.books / "elsewhere", released.books / "registry.sqlite")
    assert not restarted.look()
    assert (restarted.trouble, restarted.by_file) == ("", False)
    release_now(released, register_model(released, ConstantModel(0.5)))
    assert restarted.look()
    assert restarted.lineup.champion.version == 2


def test_without_it_a_server_does_not_start(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    (project.books).mkdir()
    (project.books / "registry.sqlite").write_bytes(b"garbage" * 1000)
    with pytest.raises(CorruptError, match="isn't one"):
        Served(project, loopback=True)


def test_it_helps_with_a_damaged_registry_too(served: Served, released: Project) -> None:
    del served
    _lose(released)
    (released.books / "registry.sqlite").write_bytes(b"garbage" * 1000)
    restarted = Served(released, loopback=True)
    restarted.look()
    assert restarted.fall_back()
    assert "damaged" in restarted.trouble


def test_its_bundles_are_checked_as_ever(served: Served, released: Project) -> None:
    del served
    _lose(released)
    path = released.books / "store" / "churn" / "1" / "model" / "model.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b" ")
    restarted = Served(released, loopback=True)
    restarted.look()
    assert not restarted.fall_back()
    assert restarted.lineup is None
    assert "model.json" in restarted.trouble


def test_signatures_are_asked_for_as_ever(served: Served, released: Project) -> None:
    del served
    _lose(released)
    with released.file.path.open("a", encoding="utf-8") as file:
        file.write(f'[serving]\nkeys = ["ed25519:{43 * "A"}="]\n')
    restarted = Served(open_project(released.root), loopback=True)
    restarted.look()
    assert not restarted.fall_back()
    assert "sign" in restarted.trouble


def test_a_process_that_cannot_load_the_newest_serves_what_its_machine_served(
    served: Served, released: Project
) -> None:
    number = register_model(released, ConstantModel(0.5))
    path = released.books / "store" / "churn" / str(number) / "model" / "model.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b" ")
    release_now(released, number)
    served.look()
    restarted = Served(released, loopback=True)
    assert restarted.look()
    assert restarted.lineup is None
    assert restarted.fall_back()
    assert restarted.lineup is not None
    assert restarted.lineup.champion.version == 1  # type: ignore[unreachable]  # mypy keeps what it knew
    assert "model.json" in restarted.trouble
    assert restarted.tried is not None
    assert restarted.tried.id == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"release": 1}', b"\xff"])
def test_a_damaged_file_is_as_good_as_none_and_said(
    served: Served, released: Project, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    del served
    path_of(released).write_bytes(content)
    with pytest.raises(CorruptError, match=r"churn\.json"):
        read_known(released)
    again = Served(released, loopback=True)
    assert "churn.json" in capsys.readouterr().err
    assert again.look()  # the registry says it, and writes it anew
    assert read_known(released) is not None


def test_a_file_that_cannot_be_written_is_told_and_stops_nothing(released: Project) -> None:
    (released.books / "serving").write_text("a file where the folder should be")
    served = Served(released, loopback=True)
    assert served.look()
    assert served.lineup is not None
    assert "serving" in served.trouble
    (released.books / "serving").unlink()
    release_now(released, register_model(released, TINY_MODEL))
    assert served.look()
    assert served.trouble == ""


def test_a_file_of_another_model_is_refused(served: Served, released: Project, tmp_path: Path) -> None:
    del served
    other = tiny_project(tmp_path, name="credit")
    path_of(other).parent.mkdir(parents=True)
    shutil.copy(path_of(released), path_of(other))
    with pytest.raises(StoreError, match="another model"):
        read_known(other)
