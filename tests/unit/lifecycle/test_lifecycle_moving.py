"""A version moves between registries as it is: the same digest, its own signature, and no verdict."""

from __future__ import annotations

import datetime as dt
import json
import time
import zipfile
from typing import TYPE_CHECKING

import pytest

from mainstay import lifecycle
from mainstay.cli.program import main
from mainstay.errors import CorruptError, InputError, NotFoundError, SignatureError, TrustError
from mainstay.models.columns import Columns
from mainstay.models.features import FeatureCode
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.frameworks.function import adopt_code
from mainstay.registry import trust_model
from mainstay.release import open_books
from mainstay.serving.testing import (
    TINY_CONTRACT,
    TINY_MODEL,
    TINY_TASK,
    register_model,
    tiny_project,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.registry import Version

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def maker(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path / "maker")
    lifecycle.new_key(project, name="maker", now=NOON)
    register_model(project, TINY_MODEL)
    return project


@pytest.fixture
def taker(tmp_path: Path) -> Project:
    return tiny_project(tmp_path / "taker")


@pytest.fixture
def archive(maker: Project, tmp_path: Path) -> Path:
    out = tmp_path / "churn-1.zip"
    lifecycle.export_version(maker, 1, out)
    return out


def take(project: Project, archive: Path, parent: int | None = None) -> Version:
    return lifecycle.import_version(project, archive, parent=parent, now=NOON, by="Zoë")


def files(project: Project, number: int) -> dict[str, bytes]:
    with open_books(project) as books:
        folder = books.registry.folder(project.name, number)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_version_moves_as_it_is(maker: Project, taker: Project, archive: Path) -> None:
    for value in (0.25, 0.5):
        register_model(taker, ConstantModel(value))
    theirs = lifecycle.versions(maker)[0]
    version = take(taker, archive, parent=2)
    assert (version.number, version.parent, version.made, version.ok) == (3, 2, "imported", None)
    assert (version.by, version.created) == ("Zoë", NOON)
    assert (version.digest, version.candidate, version.primary) == (theirs.digest, theirs.candidate, theirs.primary)
    assert files(taker, 3) == files(maker, 1)
    assert lifecycle.versions(taker)[0] == version
    lifecycle.gate(taker, 3, now=NOON, by="a test")
    assert [one for one in lifecycle.examine(taker).broken if one.check == "versions"] == []


def test_the_archive_is_the_same_bytes_each_time(maker: Project, archive: Path, tmp_path: Path) -> None:
    time.sleep(0.01)
    again = lifecycle.export_version(maker, 1, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()
    assert again.signer
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        assert names[:2] == ["manifest.json", "signature.json"]
        assert names[2:] == sorted(names[2:])
        assert opened.testzip() is None


def test_and_so_it_is_after_it_moved(taker: Project, archive: Path, tmp_path: Path) -> None:
    take(taker, archive)
    lifecycle.export_version(taker, 1, tmp_path / "there.zip")
    assert (tmp_path / "there.zip").read_bytes() == archive.read_bytes()


def test_keys_decide_who_may_send(maker: Project, taker: Project, archive: Path) -> None:
    lifecycle.new_key(taker, name="ours", now=NOON)
    with pytest.raises(SignatureError, match=r"churn-1\.zip is signed by the key .*, which isn't trusted here"):
        take(taker, archive)
    assert lifecycle.versions(taker) == ()
    key = lifecycle.list_keys(maker)[0]
    lifecycle.trust_key(taker, key.public, name="maker", now=NOON)
    assert take(taker, archive).signer == key.id
    with open_books(taker) as books:
        books.registry.load_bundle("churn", 1)


def test_the_same_version_isnt_registered_twice(taker: Project, archive: Path) -> None:
    take(taker, archive)
    with pytest.raises(InputError, match="is version 1 of churn, which is here already"):
        take(taker, archive)
    assert len(lifecycle.versions(taker)) == 1


def test_another_models_version_is_refused(archive: Path, tmp_path: Path) -> None:
    other = tiny_project(tmp_path / "other", name="credit")
    with pytest.raises(InputError, match="is a version of 'churn', and this project's model is called 'credit'"):
        take(other, archive)


def test_code_isnt_run_where_it_isnt_trusted(maker: Project, taker: Project, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    text = f"open({str(canary)!r}, 'w').close()\ndef predict(columns):\n    return [0.5] * len(columns['tenure'])\n"
    model = adopt_code(FeatureCode(text.encode(), "predict.py"), Columns.of(TINY_CONTRACT), TINY_TASK)
    trust_model(maker, model, by="a test", now=NOON)
    number = register_model(maker, model)
    out = tmp_path / "code.zip"
    lifecycle.export_version(maker, number, out)
    canary.unlink()
    with pytest.raises(TrustError, match=r"brings code of its own \(predict\.py, sha256 .*which isn't trusted here"):
        take(taker, out)
    assert not canary.exists()
    assert lifecycle.versions(taker) == ()
    trust_model(taker, model, by="a test", now=NOON)
    assert take(taker, out).number == 1
    canary.unlink()  # now it ran


def test_what_is_no_archive_is_told(taker: Project, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        take(taker, tmp_path / "nowhere.zip")
    for content in (b"", b"PK", b"no zip at all" * 100):
        (tmp_path / "some.zip").write_bytes(content)
        with pytest.raises(InputError, match=r"some\.zip is no zip file"):
            take(taker, tmp_path / "some.zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("readme.md", "hello")
    with pytest.raises(InputError, match=r"holds no manifest\.json"):
        take(taker, tmp_path / "other.zip")


def test_a_model_that_answers_otherwise_is_refused(maker: Project, taker: Project, tmp_path: Path) -> None:
    from tests.hostile.builders import Bundle, packed  # noqa: PLC0415

    bundle = Bundle.of(files(maker, 1))
    golden = json.loads(bundle.files["golden.json"])
    golden[0]["score"] = 0.9999
    packed(bundle.with_file("golden.json", json.dumps(golden).encode()), tmp_path / "lies.zip")
    with pytest.raises(CorruptError, match="doesn't answer as it did when it was made"):
        take(taker, tmp_path / "lies.zip")


def test_exporting_overwrites_nothing_and_checks_every_byte(maker: Project, archive: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is there already"):
        lifecycle.export_version(maker, 1, archive)
    with pytest.raises(InputError, match=r"Name it \.zip"):
        lifecycle.export_version(maker, 1, tmp_path / "a.tar")
    with pytest.raises(NotFoundError):
        lifecycle.export_version(maker, 7, tmp_path / "b.zip")
    with open_books(maker) as books:
        card = books.registry.folder("churn", 1) / "card.md"
    card.chmod(0o600)
    card.write_text("better")
    with pytest.raises(CorruptError, match=r"card\.md"):
        lifecycle.export_version(maker, 1, tmp_path / "c.zip")
    assert sorted(path.name for path in tmp_path.glob("*.zip*")) == [archive.name]


def test_the_command_line_moves_one(
    maker: Project, taker: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "moved.zip")
    main(["version", "export", "1", "--out", out, "--project", str(maker.root)])
    assert "mainstay version import moved.zip" in capsys.readouterr().out
    main(["version", "import", out, "--project", str(taker.root)])
    said = capsys.readouterr().out
    assert "churn version 1 was imported" in said
    assert "mainstay gate 1" in said
