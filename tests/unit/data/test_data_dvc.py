"""Versions of data without dvc: files in the cache, pointers, and every way they can be wrong."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from mainstay.data.dvc import Stage, params_yaml, pipeline_yaml, write_pipeline
from mainstay.data.fingerprint import fingerprint
from mainstay.data.source import read_source
from mainstay.data.versions import (
    add,
    ask,
    find_repository,
    keep_source,
    known_data,
    make_repository,
    restore,
    version_findings,
)
from mainstay.data.versions.blocks import read_blocks, scalar
from mainstay.data.versions.digest import digest_of
from mainstay.data.versions.pointer import write_pointer
from mainstay.errors import CorruptError, DataError, NotFoundError
from mainstay.registry import Version

if TYPE_CHECKING:
    from pathlib import Path

ROWS = b"a,b\n1,2\n"
MD5 = hashlib.md5(ROWS, usedforsecurity=False).hexdigest()


@pytest.fixture(autouse=True)
def _nobodys_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = str(tmp_path_factory.mktemp("settings"))
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", empty)
    monkeypatch.setenv("DVC_SYSTEM_CONFIG_DIR", empty)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a project's folder with one file of data; no git, no dvc."""
    folder = tmp_path / "churn"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "rows.csv").write_bytes(ROWS)
    return folder


@pytest.fixture
def rows(root: Path) -> Path:
    return root / "data" / "rows.csv"


def entry(root: Path, md5: str = MD5) -> Path:
    return root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]


def git(folder: Path, *words: str) -> None:
    names = ["-c", "user.name=Anna", "-c", "user.email=anna@example.com"]
    subprocess.run(["git", *names, *words], cwd=folder, check=True, capture_output=True)


def test_a_source_is_stored_once_and_read_only(root: Path, rows: Path) -> None:
    kept = keep_source(rows, root)
    assert (kept.source, kept.md5, kept.size, kept.pointer) == ("data/rows.csv", MD5, len(ROWS), "data/rows.csv.dvc")
    assert entry(root).read_bytes() == ROWS
    assert stat.S_IMODE(entry(root).stat().st_mode) == 0o444
    pointer = f"outs:\n- md5: {MD5}\n  size: {len(ROWS)}\n  hash: md5\n  path: rows.csv\n"
    assert (root / "data" / "rows.csv.dvc").read_text(encoding="utf-8") == pointer
    assert (root / ".dvc" / "config").read_text(encoding="utf-8") == "[core]\n    no_scm = True\n"
    assert rows.stat().st_nlink == 1  # an edit of the file must not be one of the version
    before = entry(root).stat().st_ino
    assert keep_source(rows, root).note == ""
    assert entry(root).stat().st_ino == before


def test_what_git_needs_is_written_as_dvc_does(root: Path, rows: Path) -> None:
    git(root, "init")
    (root / "data" / ".gitignore").write_text("/other", encoding="utf-8")
    keep_source(rows, root)
    assert (root / ".dvc" / "config").read_bytes() == b""
    assert (root / ".dvc" / ".gitignore").read_text(encoding="utf-8") == "/config.local\n/tmp\n/cache\n"
    assert (root / "data" / ".gitignore").read_text(encoding="utf-8") == "/other\n/rows.csv\n"


def test_a_folder_is_its_list(root: Path) -> None:
    folder = root / "data" / "more"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "y.csv").write_bytes(b"2")
    (folder / "ä.csv").write_bytes(b"1")
    added = add(folder, root)
    assert (added.files, added.size, added.state) == (2, 2, "added")
    listed = json.loads(entry(root, added.md5).read_bytes())
    assert [each["relpath"] for each in listed] == ["sub/y.csv", "ä.csv"]
    assert "  nfiles: 2\n" in (root / "data" / "more.dvc").read_text(encoding="utf-8")
    (folder / "ä.csv").unlink()
    assert add(folder, root).state == "updated"
    assert add(folder, root).state == "unchanged"
    shutil.rmtree(folder)
    assert restore(folder / "sub" / "y.csv")  # a part of it
    assert [path.name for path in folder.rglob("*.csv")] == ["y.csv"]
    shutil.rmtree(folder)
    assert restore(folder)
    assert (folder / "sub" / "y.csv").read_bytes() == b"2"


def test_a_file_from_elsewhere_is_copied_in_and_never_over_another(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_bytes(b"x")
    added = add(other, root)
    assert (added.path, added.copied, other.read_bytes()) == ("data/other.csv", True, b"x")
    other.write_bytes(b"y")
    with pytest.raises(DataError, match=r"other\.csv is there already and holds something else"):
        add(other, root)
    with pytest.raises(DataError, match="There is no file"):
        add(tmp_path / "nothing.csv", root)


def test_another_content_becomes_another_version_and_what_people_wrote_stays(root: Path, rows: Path) -> None:
    keep_source(rows, root)
    pointer = root / "data" / "rows.csv.dvc"
    pointer.write_text(
        pointer.read_text(encoding="utf-8") + "  desc: ours  # kept\nmeta:\n  by: Anna\n", encoding="utf-8"
    )
    rows.write_bytes(b"a,b\n3,4\n5,6\n")
    found = version_findings(rows)[0]
    assert found.failed
    assert "data/rows.csv isn't what data/rows.csv.dvc says" in found.note
    assert "mainstay data add, or dvc add" in found.note
    kept = keep_source(rows, root)
    assert "a new version" in kept.note
    text = pointer.read_text(encoding="utf-8")
    assert f"- md5: {kept.md5}\n  size: 12\n" in text
    assert text.endswith("  desc: ours  # kept\nmeta:\n  by: Anna\n")
    assert version_findings(rows)[0].ok
    assert entry(root).read_bytes() == ROWS  # the old version stays


def test_a_missing_source_comes_back_from_the_cache(root: Path, rows: Path) -> None:
    keep_source(rows, root)
    rows.unlink()
    assert restore(rows)
    assert rows.read_bytes() == ROWS
    assert os.access(rows, os.W_OK)
    assert not restore(rows)


def test_wrong_bytes_in_the_cache_are_named_and_never_used(root: Path, rows: Path) -> None:
    keep_source(rows, root)
    rows.unlink()
    entry(root).chmod(0o644)
    entry(root).write_bytes(b"a,b\n1,3\n")
    entry(root).chmod(0o444)
    with pytest.raises(CorruptError, match=f"{MD5[2:]} isn't what its name says; it isn't used"):
        restore(rows)
    assert list((root / "data").iterdir()) == [root / "data" / "rows.csv.dvc"]
    rows.write_bytes(ROWS)
    keep_source(rows, root)  # the right bytes at hand mend it
    assert entry(root).read_bytes() == ROWS


def test_without_the_entry_the_error_says_what_to_fetch(root: Path, rows: Path) -> None:
    keep_source(rows, root)
    rows.unlink()
    shutil.rmtree(root / ".dvc" / "cache")
    with pytest.raises(DataError, match=r"data/rows\.csv isn't there.* dvc pull data/rows\.csv\.dvc"):
        restore(rows)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("outs:\n- md5: ../../../etc/passwd\n  path: rows.csv\n", "is no md5"),
        ("outs:\n- md5: 0123\n  path: rows.csv\n", "is no md5"),
        ("outs:\n- path:\n", "an out has no path"),
        ("outs: []\n", "it has no list of outs"),
        ("- a\n", "it is no mapping"),
        ("<<<<<<< HEAD\nouts:\n", "line 1 has no 'key: value'"),
        ("outs:\n- md5: &x 1\n", "YAML that DVC doesn't write"),
        ("outs: 'a\n", "a quote that is never closed"),
        ("\x80", "line 1"),
        (f"outs:\n- md5: {MD5}\n  hash: md5\n  path: ../../outside.csv\n", "lies outside the repository"),
    ],
)
def test_a_pointer_that_cant_be_used_is_told(root: Path, rows: Path, text: str, said: str) -> None:
    make_repository(root)
    (root / "data" / "rows.csv.dvc").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        version_findings(rows)


@pytest.mark.parametrize("path", ["../outside.csv", "/etc/passwd", "a/../../b", "", "a\\b"])
def test_a_list_that_leads_out_of_its_folder_is_not_used(root: Path, path: str) -> None:
    make_repository(root)
    listing = json.dumps([{"md5": MD5, "relpath": path}]).encode()
    md5 = hashlib.md5(listing, usedforsecurity=False).hexdigest() + ".dir"
    for name, content in ((md5, listing), (MD5, ROWS)):
        entry(root, name).parent.mkdir(parents=True, exist_ok=True)
        entry(root, name).write_bytes(content)
    (root / "data" / "more.dvc").write_text(f"outs:\n- md5: {md5}\n  hash: md5\n  path: more\n", encoding="utf-8")
    with pytest.raises(CorruptError, match="leads out of the folder"):
        restore(root / "data" / "more")
    assert not (root / "data" / "more").exists()


def test_nothing_is_restored_through_a_link_that_leads_out(root: Path, rows: Path, tmp_path: Path) -> None:
    keep_source(rows, root)
    outside = tmp_path / "outside"
    (root / "data").rename(outside)
    (outside / "rows.csv").unlink()
    (root / "data").symlink_to(outside)
    with pytest.raises(DataError, match="leads out of the repository"):
        restore(rows)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cant_be_written_is_told(root: Path, rows: Path) -> None:
    root.chmod(0o500)
    try:
        with pytest.raises(DataError, match=r"can't be written.*permissions"):
            keep_source(rows, root)
    finally:
        root.chmod(0o700)


def test_a_cache_that_is_a_file_is_told(root: Path, rows: Path) -> None:
    make_repository(root)
    (root / ".dvc" / "cache").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=r"cache can't be written.*keep = false"):
        keep_source(rows, root)


def test_what_isnt_kept_says_why(root: Path, rows: Path, tmp_path: Path) -> None:
    assert "[data] keep = false" in keep_source(rows, root, keep=False).note
    assert "mainstay data add rows.csv keeps it" in keep_source(rows, root, most=3).note
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_bytes(ROWS)
    kept = keep_source(elsewhere, root)
    assert (kept.md5, kept.pointer, kept.source) == (MD5, "", str(elsewhere))
    assert "outside the project" in kept.note
    assert not (root / ".dvc").exists()
    git(root, "init")
    git(root, "add", ".")
    assert "git keeps it itself" in keep_source(rows, root).note
    with pytest.raises(DataError, match=r"git rm -r --cached rows\.csv"):
        add(rows, root)
    git(root, "rm", "-r", "--cached", "data")
    (root / ".gitignore").write_text("data/\n", encoding="utf-8")
    assert r"git ignores rows.csv.dvc" in keep_source(rows, root).note
    assert not (root / ".dvc").exists()


def test_what_dvc_has_itself_is_left_to_dvc(root: Path, rows: Path) -> None:
    make_repository(root)
    out = f"    outs:\n    - path: data/rows.csv\n      hash: md5\n      md5: {MD5}\n"
    lock = f"schema: '2.0'\nstages:\n  clean:\n    cmd: cp a\n      b\n{out}"
    (root / "dvc.lock").write_text(lock, encoding="utf-8")
    assert keep_source(rows, root).pointer == "dvc.lock"
    rows.write_bytes(b"other")
    kept = keep_source(rows, root)
    assert kept.pointer == ""
    assert "dvc repro, or dvc commit" in kept.note
    assert "dvc.lock names another version" in kept.note
    (root / "dvc.lock").unlink()
    (root / "dvc.yaml").write_text(
        "stages:\n  clean:\n    cmd: x\n    outs:\n    - data/rows.csv:\n        cache: false\n"
    )
    assert "dvc repro" in keep_source(rows, root).note
    (root / "dvc.yaml").unlink()
    imported = f"md5: {MD5}\nfrozen: true\ndeps:\n- path: x\nouts:\n- md5: {MD5}\n  hash: md5\n  path: rows.csv\n"
    (root / "data" / "rows.csv.dvc").write_text(imported, encoding="utf-8")
    assert "dvc update" in keep_source(rows, root).note
    assert (root / "data" / "rows.csv.dvc").read_text(encoding="utf-8") == imported
    (root / "data" / "rows.csv.dvc").unlink()
    (root / ".dvcignore").write_text("*.tmp\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"\.dvcignore has patterns"):
        add(root / "data", root)


def test_a_repository_above_with_its_cache_elsewhere(tmp_path: Path, root: Path, rows: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    config = tmp_path / ".dvc" / "config"
    config.write_text(
        "[core]\n    no_scm = true\n['remote \"s3\"']\n    url = s3://x\n[cache]\n    dir = ../kept\n", encoding="utf-8"
    )
    assert keep_source(rows, root).pointer == "data/rows.csv.dvc"
    assert (tmp_path / "kept" / "files" / "md5" / MD5[:2] / MD5[2:]).read_bytes() == ROWS
    (tmp_path / ".dvc" / "config.local").write_text(f"[cache]\ndir = '{tmp_path / 'mine'}'  # here\n", encoding="utf-8")
    found = find_repository(root)
    assert found is not None
    assert (found.root, found.cache) == (tmp_path, tmp_path / "mine")
    config.with_name("config.local").write_text("[cache]\ndir = s3://bucket/cache\n", encoding="utf-8")
    with pytest.raises(DataError, match="mainstay can't reach"):
        find_repository(root)


def test_a_version_of_dvc_2_is_known_by_its_own_md5(root: Path, rows: Path) -> None:
    make_repository(root)
    old = entry(root).parents[3] / MD5[:2] / MD5[2:]
    old.parent.mkdir(parents=True)
    old.write_bytes(ROWS.replace(b"\n", b"\r\n"))
    (root / "data" / "rows.csv.dvc").write_text(
        f"outs:\n- md5: {MD5}\n  size: 10\n  path: rows.csv\n", encoding="utf-8"
    )
    rows.unlink()
    assert restore(rows)
    assert rows.read_bytes() == b"a,b\r\n1,2\r\n"
    assert version_findings(rows)[0].ok


def test_links_have_no_version(root: Path, rows: Path) -> None:
    folder = root / "data" / "more"
    folder.mkdir()
    (folder / "x.csv").symlink_to(rows)
    with pytest.raises(DataError, match="is a link"):
        digest_of(folder)


@pytest.mark.parametrize(
    "name",
    [
        "rows.csv",
        "a: b",
        "yes",
        "12",
        "1e5",
        "- x",
        "# x",
        "it's",
        'say "so"',
        "ä\t",
        "null",
        " x ",
        "a #b",
        "~",
        "0x1",
    ],
)
def test_any_name_survives_a_pointer(tmp_path: Path, name: str) -> None:
    (tmp_path / "x").write_bytes(ROWS)
    write_pointer(tmp_path / "p.dvc", digest_of(tmp_path / "x"), name)
    read = read_blocks((tmp_path / "p.dvc").read_text(encoding="utf-8"))
    assert read == {"outs": [{"md5": MD5, "size": str(len(ROWS)), "hash": "md5", "path": name}]}


def test_yaml_of_a_lock_file() -> None:
    text = """\
schema: '2.0'
stages:
  go:
    cmd: python -c "print(1)" && a long line
      folded by its writer
    params:
      p.toml:
        a.b:
        - 1
        - 2
    outs:
    - path: '# x'
      isexec: true

    - path: "t\\u00e4b\\t"
  script:
    cmd: |
      one
      two
    outs: []
"""
    assert read_blocks(text) == {
        "schema": "2.0",
        "stages": {
            "go": {
                "cmd": 'python -c "print(1)" && a long line folded by its writer',
                "params": {"p.toml": {"a.b": ["1", "2"]}},
                "outs": [{"path": "# x", "isexec": "true"}, {"path": "täb\t"}],
            },
            "script": {"cmd": "one\ntwo", "outs": []},
        },
    }


@pytest.mark.parametrize(
    "text",
    ["a: 1\na: 2\n", "a: 1\n   b: 2\n  c\n", "x", "a: [1, 2]\n", "? a\n", "".join(f"{' ' * n}k:\n" for n in range(60))],
    ids=["twice", "indented", "no key", "flow", "complex", "deep"],
)
def test_yaml_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"line \d+"):
        read_blocks(text)


def test_a_pipeline_that_isnt_ours_is_never_overwritten(tmp_path: Path) -> None:
    text = pipeline_yaml([Stage(name="go", cmd="a: b", deps=("x y.csv",), outs=("o",))])
    assert read_blocks(text) == {
        "stages": {"go": {"cmd": "a: b", "deps": ["x y.csv"], "outs": [{"o": {"cache": "false", "persist": "true"}}]}}
    }
    params = params_yaml({"a": {"b": None, "c": ["x"]}, "d": {}})
    assert params == 'a:\n  b: null\n  c: ["x"]\nd: {}\n'
    write_pipeline(tmp_path, text, params)
    write_pipeline(tmp_path, text, params)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"dvc\.yaml is there already.*--show"):
        write_pipeline(tmp_path, text, params)
    assert scalar("a: b") == '"a: b"'


def version(number: int, fingerprint: str, md5: str, source: str) -> Version:
    return Version(
        model="churn",
        number=number,
        created=dt.datetime(2027, 1, number, tzinfo=dt.UTC),
        by="anna",
        parent=None,
        digest="",
        data_fingerprint=fingerprint,
        git_commit="",
        dirty=False,
        candidate="linear",
        primary=None,
        source=source,
        data_md5=md5,
    )


def test_which_versions_were_trained_on_a_file_whatever_it_is_called(root: Path, rows: Path, tmp_path: Path) -> None:
    printed = fingerprint(read_source(rows))
    versions = [
        version(1, printed, MD5, "data/rows.csv"),
        version(2, "other", "0" * 32, "data/other.csv"),
        version(3, printed, "1" * 32, "data/rows.parquet"),
    ]
    assert [each.versions for each in known_data(versions)] == [(3,), (2,), (1,)]
    renamed = tmp_path / "renamed.csv"
    rows.rename(renamed)
    assert [(each.version, each.same) for each in ask(renamed, versions).matches] == [(3, "rows"), (1, "file")]
    renamed.write_bytes(b"b;a\n2;1\n")  # the same rows, written differently
    assert [(each.version, each.same) for each in ask(renamed, versions).matches] == [(3, "rows"), (1, "rows")]
    renamed.write_bytes(b"b;a\n2;2\n")
    assert ask(renamed, versions).matches == ()
    with pytest.raises(NotFoundError, match=r"no file .*rows\.csv, and no pointer rows\.csv\.dvc"):
        ask(rows, versions)
    rows.write_bytes(ROWS)
    keep_source(rows, root)
    rows.unlink()
    for asked in (rows, rows.with_name("rows.csv.dvc")):  # gone, and its pointer still names it
        assert [each.version for each in ask(asked, versions).matches] == [3, 1]


def test_a_version_known_before_doesnt_take_the_place_of_another_known_one(root: Path, rows: Path) -> None:
    keep_source(rows, root)
    old = (root / "data" / "rows.csv.dvc").read_bytes()
    rows.write_bytes(b"a,b\n1,3\n")
    keep_source(rows, root)  # really new: the pointer follows, as ever
    (root / "data" / "rows.csv.dvc").write_bytes(old)  # git checkout without dvc checkout
    with pytest.raises(DataError, match=r"mainstay data add data/rows\.csv.*dvc checkout.*or delete data/rows\.csv"):
        keep_source(rows, root)
    assert (root / "data" / "rows.csv.dvc").read_bytes() == old
    add(rows, root)
    assert keep_source(rows, root).note == ""
    (root / "data" / "rows.csv.dvc").write_bytes(old)
    rows.unlink()
    assert restore(rows)
    assert keep_source(rows, root).md5 == MD5
