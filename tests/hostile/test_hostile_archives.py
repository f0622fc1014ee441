"""Hostile archives: refused by a sentence before they cost anything; nothing is registered, nothing is left over."""

from __future__ import annotations

import datetime as dt
import json
import re
import resource
import stat
import struct
import subprocess
import sys
import time
import warnings
import zipfile
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.hostile.builders import MANIFEST, SIGNATURE, Bundle, entry, packed, written
from tests.hostile.corpus import CASES, MANIFESTS, WIDTH, Case, header

from mainstay import lifecycle
from mainstay.errors import MainstayError, SignatureError
from mainstay.registry import proving
from mainstay.serving.testing import TINY_MODEL, register_model, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hostile.conftest import Ground

    from mainstay.project import Project

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def refuse(project: Project, archive: Path, said: str) -> None:
    """Import it: one sentence, no version, no litter, in no time."""
    before = lifecycle.versions(project)
    begun = time.monotonic()
    with pytest.raises(MainstayError) as told:
        lifecycle.import_version(project, archive, parent=None, now=NOON, by="a test")
    assert time.monotonic() - begun < 60
    assert re.search(said, str(told.value)), str(told.value)
    assert "\x1b" not in str(told.value)
    assert lifecycle.versions(project) == before
    home = project.books / "store" / project.name
    assert sorted(path.name for path in home.iterdir() if path.name.startswith(".")) == []


@pytest.fixture
def taker(tmp_path: Path) -> Project:
    return tiny_project(tmp_path / "taker")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../outside", "no path inside it"),
        ("a/../../outside", "no path inside it"),
        ("/etc/cron.d/evil", "no path inside it"),
        ("C:/evil", "no path inside it"),
        ("C:evil", "no path inside it"),
        ("..\\outside", "no path inside it"),
        ("\\\\host\\share", "no path inside it"),
        ("\u2025/outside", "no path inside it"),
        ("\uff0e\uff0e/outside", "no path inside it"),
        ("..\uff0foutside", "no path inside it"),
        ("a\x00.json", "no path inside it"),
        ("a\x1b[2J", "no path inside it"),
        ("a\u202ecod.exe", "no path inside it"),
        ("./a", "no path inside it"),
        ("a//b", "no path inside it"),
        ("folder/", "no path inside it"),
        ("a ", "no path inside it"),
        ("a.", "no path inside it"),
        ("n" * 300, "no path inside it"),
        ("d/" * 40 + "f", "no path inside it"),
        ("CARD.md", "can't tell from another"),
        ("extra.pkl", "which nobody listed"),
    ],
)
def test_a_name_that_leads_outside_unpacks_nothing(
    ground: Ground, taker: Project, tmp_path: Path, name: str, said: str
) -> None:
    refuse(taker, packed(ground.sound, tmp_path / "evil.zip", (entry(name), b"evil")), said)
    assert not list(tmp_path.rglob("outside"))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR, stat.S_IFSOCK])
def test_an_entry_that_is_no_plain_file_is_refused(ground: Ground, taker: Project, tmp_path: Path, kind: int) -> None:
    archive = packed(ground.sound, tmp_path / "evil.zip", (entry("link", kind | 0o777), b"/etc/passwd"))
    refuse(taker, archive, "which is a link or no plain file")


def test_an_entry_twice_is_refused(ground: Ground, taker: Project, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive = packed(ground.sound, tmp_path / "evil.zip", ("card.md", b"another"))
    refuse(taker, archive, "names a file twice")


def test_passwords_and_rare_compressions_are_refused(ground: Ground, taker: Project, tmp_path: Path) -> None:
    locked = bytearray(packed(ground.sound, tmp_path / "a.zip").read_bytes())
    at = locked.index(b"PK\x01\x02")
    locked[at + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    refuse(taker, tmp_path / "locked.zip", "locked by a password")
    rare = entry("extra")
    rare.compress_type = zipfile.ZIP_LZMA
    refuse(taker, packed(ground.sound, tmp_path / "rare.zip", (rare, b"x" * 1000)), "compressed in no way known")


def a_bomb(path: Path, size: int, bundle: Bundle, name: str = "bomb") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        if name != MANIFEST:
            archive.writestr(MANIFEST, bundle.manifest)
        for one, content in bundle.files.items():
            archive.writestr(one, content)
        archive.writestr(name, bytes(size))
    return path


def test_bombs_are_refused_by_what_they_list_and_by_what_they_hold(
    ground: Ground, taker: Project, tmp_path: Path
) -> None:
    size = 1 << 27
    honest = ground.sound.listing({"path": "bomb", "sha256": "0" * 64, "size": size})
    refuse(taker, a_bomb(tmp_path / "honest.zip", size, honest), "would unpack to")
    lying = ground.sound.listing({"path": "bomb", "sha256": "0" * 64, "size": 10})
    refuse(taker, a_bomb(tmp_path / "lying.zip", size, lying), "isn't what its manifest lists")
    refuse(taker, a_bomb(tmp_path / "manifest.zip", size, ground.sound, MANIFEST), "has more than 8388608 bytes")
    refuse(taker, a_bomb(tmp_path / "signature.zip", size, ground.sound, SIGNATURE), "has more than 4096 bytes")
    absurd = ground.sound.listing({"path": "extra", "sha256": "0" * 64, "size": 1 << 60})
    refuse(taker, packed(absurd, tmp_path / "absurd.zip", ("extra", b"")), "would unpack to")


def test_a_header_that_lies_about_a_size_is_refused(ground: Ground, taker: Project, tmp_path: Path) -> None:
    content = bytearray(packed(ground.sound, tmp_path / "a.zip").read_bytes())
    at = content.rindex(b"PK\x01\x02")
    size = struct.unpack_from("<I", content, at + 24)[0]
    struct.pack_into("<II", content, at + 20, size - 5, size - 5)
    (tmp_path / "lies.zip").write_bytes(content)
    refuse(taker, tmp_path / "lies.zip", "is damaged|isn't what its manifest lists")


def test_a_million_entries_cost_nothing(ground: Ground, taker: Project, tmp_path: Path) -> None:
    central = b"".join(
        b"PK\x01\x02" + bytes(24) + struct.pack("<HHHHHII", 7, 0, 0, 0, 0, 0, 0) + b"%07d" % n for n in range(1_000_000)
    )
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, len(central), 0, 0)
    (tmp_path / "million.zip").write_bytes(central + end)
    begun = time.monotonic()
    refuse(taker, tmp_path / "million.zip", "lists more files than a version has")
    assert time.monotonic() - begun < 5
    # The same, hidden in the larger form of the end, with a small size in the plain one.
    larger = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 0, 0, 0, 0, 1_000_000, 1_000_000, len(central), 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, len(central), 1)
    plain = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, 46, 0, 0)
    (tmp_path / "hidden.zip").write_bytes(central + larger + locator + plain)
    refuse(taker, tmp_path / "hidden.zip", "lists more files than a version has")
    many = [(entry(f"e{n}"), b"") for n in range(10_001)]
    refuse(taker, packed(ground.sound, tmp_path / "many.zip", *many), "lists more files than a version has")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.97, 0.9999])
def test_a_truncated_archive_is_refused(ground: Ground, taker: Project, tmp_path: Path, share: float) -> None:
    whole = packed(ground.sound, tmp_path / "whole.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: int(len(whole) * share)])
    refuse(taker, tmp_path / "cut.zip", "is no zip file|is damaged")


def test_every_flipped_byte_is_refused_or_harmless(ground: Ground, tmp_path: Path) -> None:
    """Flip bytes all over an archive: it is refused by a sentence, or it is the same bundle."""
    whole = packed(ground.sound, tmp_path / "whole.zip").read_bytes()
    from mainstay.registry.archive import unpack_archive  # noqa: PLC0415

    for n, at in enumerate(range(0, len(whole), max(1, len(whole) // 150))):
        content = bytearray(whole)
        content[at] ^= 0x41
        (tmp_path / "flipped.zip").write_bytes(content)
        folder = tmp_path / f"out-{n}"
        folder.mkdir()
        try:
            _, digest = unpack_archive(tmp_path / "flipped.zip", folder)
        except MainstayError:
            continue
        assert digest == ground.sound.digest


@pytest.mark.parametrize("case", MANIFESTS, ids=lambda case: case.name)
def test_a_hostile_manifest_is_refused_before_anything_is_loaded(
    ground: Ground, taker: Project, tmp_path: Path, case: Case
) -> None:
    bundle = case.build(ground.sound, ground.canary)
    refuse(taker, packed(bundle, tmp_path / "evil.zip"), f"{case.said}|would unpack to")


@pytest.mark.parametrize("case", [case for case in CASES if case not in MANIFESTS], ids=lambda case: case.name)
def test_what_an_archive_holds_is_refused_where_it_is_proved(ground: Ground, tmp_path: Path, case: Case) -> None:
    """Ask what the process is asked that proves an imported bundle, without starting one for each."""
    folder = written(case.build(ground.sound, ground.canary), tmp_path / "bundle")
    asked = msgspec.json.encode({"folder": str(folder), "name": "evil.zip", "trusted": []})
    told = json.loads(proving.main(asked))
    assert told["version"] is None
    assert re.search(case.said, f"{told['message']} {told['cure']}"), told
    assert not ground.canary.exists()


SOME = ("pickle", "features.py", "skops partial", "onnx in a branch", "golden.json nested", "contract.json cut at 0.5")


@pytest.mark.parametrize("case", [case for case in CASES if case.name in SOME], ids=lambda case: case.name)
def test_and_so_it_is_by_the_real_process(ground: Ground, taker: Project, tmp_path: Path, case: Case) -> None:
    bundle = case.build(ground.sound, ground.canary)
    refuse(taker, packed(bundle, tmp_path / "evil.zip"), case.said)
    assert not ground.canary.exists()


def test_a_process_that_dies_or_never_ends_is_told(ground: Ground, tmp_path: Path) -> None:
    folder = written(ground.sound, tmp_path / "bundle")
    with pytest.raises(MainstayError, match=r"didn't answer its golden records in 0 s"):
        proving.prove_apart(folder, "slow.zip", frozenset, seconds=0.01)
    text = b"import os\nos.kill(os.getpid(), 9)\ndef features(frame):\n    return frame\n"
    bundle = ground.sound.with_file("features.py", text).with_file("inputs.json", ground.sound.files["contract.json"])
    import hashlib  # noqa: PLC0415

    key = hashlib.sha256(text).hexdigest()
    with pytest.raises(MainstayError, match=r"brought down the process that was to load it \(signal 9\)"):
        proving.prove_apart(written(bundle, tmp_path / "crash"), "crash.zip", lambda: frozenset({key}))


def test_a_model_that_would_crash_its_library_is_told_before_it_reads(
    ground: Ground, taker: Project, tmp_path: Path
) -> None:
    """LightGBM ends its process where a number is none; a library that still does ends that of the proof alone."""
    import lightgbm  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    dice = np.random.default_rng(0)
    X = dice.normal(size=(200, WIDTH))
    settings = {"objective": "binary", "verbose": -1, "num_leaves": 4, "min_data_in_leaf": 5}
    text = lightgbm.train(settings, lightgbm.Dataset(X, (X[:, 0] > 0).astype(int)), 1).model_to_string()
    broken = re.sub(r"leaf_value=\S+", "leaf_value=x", text)
    assert broken != text
    files = {"model.json": header(framework="lightgbm", features=WIDTH), "model.txt": broken.encode()}
    refuse(
        taker, packed(ground.sound.with_model(files), tmp_path / "evil.zip"), r"model\.txt is damaged: it holds words"
    )


def test_signatures_are_checked_before_anything_is_unpacked(ground: Ground, taker: Project, tmp_path: Path) -> None:
    maker = tiny_project(tmp_path / "maker")
    key = lifecycle.new_key(maker, name="maker", now=NOON).key
    lifecycle.trust_key(taker, key.public, name="maker", now=NOON)
    for number in (1, 2):
        register_model(maker, TINY_MODEL)
        lifecycle.export_version(maker, number, tmp_path / f"{number}.zip")
    with zipfile.ZipFile(tmp_path / "2.zip") as other:
        signature = other.read(SIGNATURE)
    bundle = ground.sound
    for name, content, said in (
        ("unsigned", None, "isn't signed"),
        ("pasted", signature, "didn't make for it"),
        ("cut", signature[:40], "that is none"),
        ("empty", b"", "that is none"),
        ("nested", b"[" * 4000, "that is none"),
    ):
        more = [] if content is None else [(SIGNATURE, content)]
        archive = packed(bundle, tmp_path / f"{name}.zip", *more)
        with pytest.raises(SignatureError):
            lifecycle.import_version(taker, archive, parent=None, now=NOON, by="a test")
        refuse(taker, archive, said)
    assert lifecycle.import_version(taker, tmp_path / "1.zip", parent=None, now=NOON, by="a test").number == 1


@pytest.mark.full
def test_the_command_line_says_one_sentence_in_bounded_memory(ground: Ground, tmp_path: Path) -> None:
    taker = tiny_project(tmp_path / "taker")
    size = 1 << 30
    bundle = ground.sound.listing({"path": "bomb", "sha256": "0" * 64, "size": 10})
    archive = a_bomb(tmp_path / "bomb.zip", size, bundle)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))

    command = [sys.executable, "-m", "mainstay", "version", "import", str(archive), "--project", str(taker.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, preexec_fn=limit)
    assert done.returncode == 2
    said = done.stderr.splitlines()
    assert len(said) == 2  # which project, and the sentence
    assert said[1].startswith("mainstay: The file 'bomb' of bomb.zip isn't what its manifest lists.")
