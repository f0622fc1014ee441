from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import CorruptError, InputError, StoreError
from mainstay.state.archive import LIST, pack, read_contents, unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    (tmp_path / "a").write_bytes(b"one" * 5000)
    (tmp_path / "b").write_bytes(b"")
    pack(tmp_path / "all.zip", "{}", [("a", tmp_path / "a"), ("in/b", tmp_path / "b")])
    return tmp_path / "all.zip"


def test_what_was_packed_comes_back_for_this_user_alone(packed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    contents = unpack(packed, out)
    assert [entry.path for entry in contents.files] == ["a", "in/b"]
    assert (out / "a").read_bytes() == b"one" * 5000
    assert (out / "in" / "b").read_bytes() == b""
    assert {stat.S_IMODE(path.stat().st_mode) for path in (packed, out / "a", out / "in" / "b")} == {0o600}
    assert not list(tmp_path.glob(".*"))


def test_nothing_is_written_over(packed: Path, tmp_path: Path) -> None:
    before = packed.read_bytes()
    with pytest.raises(InputError, match="is there already"):
        pack(packed, "{}", [])
    assert packed.read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_a_file_that_is_gone_leaves_no_half_archive(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't be written"):
        pack(tmp_path / "x.zip", "{}", [("a", tmp_path / "gone")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.999])
def test_one_that_was_cut_off_is_refused(packed: Path, tmp_path: Path, keep: float) -> None:
    content = packed.read_bytes()
    packed.write_bytes(content[: int(len(content) * keep)])
    refused(packed, tmp_path, "isn't a backup, or was cut off")


def test_a_file_or_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        read_contents(tmp_path / "nothing.zip")
    with pytest.raises(InputError, match="is a folder"):
        read_contents(tmp_path)


def test_every_changed_byte_is_noticed(packed: Path, tmp_path: Path) -> None:
    content = packed.read_bytes()
    with zipfile.ZipFile(packed) as archive:
        start = archive.getinfo("a").header_offset
    for at in range(start, start + 60, 7):
        changed = bytearray(content)
        changed[at] ^= 0xFF
        file = tmp_path / f"{at}.zip"
        file.write_bytes(changed)
        out = tmp_path / f"out-{at}"
        out.mkdir()
        try:
            unpack(file, out)
        except CorruptError:
            continue
        assert (out / "a").read_bytes() == b"one" * 5000  # a byte that says nothing: a time, a version


def made(tmp_path: Path, *files: tuple[zipfile.ZipInfo | str, bytes], listed: object = None) -> Path:
    """Make an archive that lists its files rightly, unless told otherwise."""
    names = [one if isinstance(one, str) else one.filename for one, _ in files]
    entries = [
        {"path": name, "size": len(content), "sha256": sha256(content).hexdigest()}
        for name, (_, content) in zip(names, files, strict=True)
    ]
    contents = {"about": "{}", "files": entries if listed is None else listed}
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for one, content in files:
            archive.writestr(one, content)
        archive.writestr(LIST, json.dumps(contents))
    file = tmp_path / "hostile.zip"
    file.write_bytes(raw.getvalue())
    return file


def kind(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a/../../up", "a//b", "a/./b", "C:/x", "a\\..\\b", "folder/"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    refused(made(tmp_path, (name, b"x")), tmp_path, "names a place outside|leads outside, or is a folder")


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = kind("link", stat.S_IFLNK | 0o777)
    refused(made(tmp_path, (link, b"/etc/passwd")), tmp_path, "is a link or no plain file")
    refused(made(tmp_path, (kind("pipe", stat.S_IFIFO), b"")), tmp_path, "is a link or no plain file")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    refused(made(tmp_path, ("a", b"x"), ("a", b"y")), tmp_path, "names a file twice")


def rehashed(content: bytes) -> list[dict[str, object]]:
    return [{"path": "a", "size": len(content), "sha256": sha256(content).hexdigest()}]


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda path: made(path, ("a", b"x"), listed=[]), "holds 'a', which it doesn't list"),
        (lambda path: made(path, listed=rehashed(b"x")), "lacks 'a'"),
        (lambda path: made(path, ("a", b"xyz"), listed=rehashed(b"x")), "in another size than it lists"),
        (lambda path: made(path, ("a", b"x"), listed=rehashed(b"y")), "isn't what was once written"),
        (lambda path: made(path, ("a", b"x"), listed=rehashed(b"x") * 2), "lists a file twice"),
        (lambda path: made(path, listed="nonsense"), "has a contents.json that can't be read"),
    ],
)
def test_what_contradicts_its_list_is_refused(tmp_path: Path, build: Callable[[Path], Path], said: str) -> None:
    refused(build(tmp_path), tmp_path, said)


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a", "x")
    refused(tmp_path / "x.zip", tmp_path, "lacks contents.json: it isn't a backup")


def test_one_that_lists_more_than_any_disk_takes_writes_nothing(tmp_path: Path) -> None:
    listed = rehashed(b"x")
    listed[0]["size"] = 2**60
    refused(made(tmp_path, ("a", b"x"), listed=listed), tmp_path, "in another size than it lists")


def test_one_whose_own_list_would_fill_the_memory_is_refused_unread(tmp_path: Path) -> None:
    file = made(tmp_path, ("a", b"x"))
    content = bytearray(file.read_bytes())
    end = content.rindex(b"PK\x05\x06")
    content[end + 12 : end + 16] = (2**31).to_bytes(4, "little")
    file.write_bytes(content)
    refused(file, tmp_path, "lists too much")


def test_one_that_is_locked_is_refused(tmp_path: Path) -> None:
    file = made(tmp_path, ("a", b"x"))
    content = bytearray(file.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(content)
    refused(file, tmp_path, "is locked by a password")


def refused(file: Path, tmp_path: Path, said: str) -> None:
    out = tmp_path / "refused"
    out.mkdir()
    with pytest.raises(CorruptError, match=said) as told:
        unpack(file, out)
    assert told.value.cure == "Take another backup; nothing was changed."
    assert all(path.name == "a" for path in out.rglob("*"))
    assert not os.path.lexists(tmp_path / "up")
    for path in out.iterdir():
        path.unlink()
    out.rmdir()
