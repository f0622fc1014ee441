"""The corpus through the doors that read a bundle's folder: refused by a sentence, or looked at; nothing is run."""

from __future__ import annotations

import json
import os
import re
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.hostile.builders import written
from tests.hostile.corpus import CASES, LARGE, Case

from mainstay import lifecycle
from mainstay.cli.program import main
from mainstay.contract import Category, Contract, Integer, compile_request
from mainstay.errors import CorruptError, MainstayError
from mainstay.release import open_books
from mainstay.render import to_html
from mainstay.render.markdown import to_markdown
from mainstay.serving.mlflow import _load_pyfunc

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.conftest import Ground

PROMPT = 20.0  # seconds; the first estimator loads scikit-learn


def refused(case: Case, error: BaseException) -> None:
    """One sentence that says it, of ours, for people, of bounded length."""
    assert isinstance(error, MainstayError)
    said = str(error)
    assert re.search(case.said, said), said
    assert "\x1b" not in said
    assert "Traceback" not in said
    assert len(said) < 2000


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_hostile_bundle_is_loaded(ground: Ground, case: Case, tmp_path: Path) -> None:
    bundle = case.build(ground.sound, ground.canary)
    number = ground.place(bundle)
    begun = time.monotonic()
    with open_books(ground.project) as books:
        with pytest.raises(MainstayError) as told:
            _asked(books.registry.load_bundle("churn", number))
        refused(case, told.value)
        try:  # only to look at it: what is refused here is refused by a sentence too, the rest isn't run
            books.registry.load_bundle("churn", number, run=False)
        except MainstayError as error:
            refused(case, error)
    with pytest.raises(MainstayError) as told:
        _load_pyfunc(str(written(bundle, tmp_path / "loose")))
    refused(case, told.value)
    assert time.monotonic() - begun < PROMPT
    assert not ground.canary.exists()


def _asked(bundle: object) -> None:
    """Ask its golden records, as every server does before it answers by it."""
    from mainstay.registry import Bundle, golden_failures  # noqa: PLC0415

    assert isinstance(bundle, Bundle)
    if failures := golden_failures(bundle.contract, bundle.model, bundle.golden, bundle.features):
        raise CorruptError(failures[0])


@pytest.mark.parametrize("view", [lifecycle.card, lifecycle.report_document], ids=["card", "report"])
def test_looking_at_code_runs_none(ground: Ground, view: Callable[..., object]) -> None:
    for case in CASES:
        if "brings code" in case.said or case.name == "skops partial":
            number = ground.place(case.build(ground.sound, ground.canary))
            view(ground.project, number)
            assert not ground.canary.exists(), case.name


def link_file(folder: Path, outside: Path) -> None:
    (folder / "card.md").unlink()
    (folder / "card.md").symlink_to(outside)


def link_manifest(folder: Path, outside: Path) -> None:
    (folder / "manifest.json").rename(outside.parent / "elsewhere")
    (folder / "manifest.json").symlink_to(outside.parent / "elsewhere")


def link_folder(folder: Path, outside: Path) -> None:
    (folder / "model").rename(outside.parent / "model")
    (folder / "model").symlink_to(outside.parent / "model")


def pipe(folder: Path, _: Path) -> None:
    (folder / "report.json").unlink()
    os.mkfifo(folder / "report.json")


def pipe_manifest(folder: Path, _: Path) -> None:
    (folder / "manifest.json").unlink()
    os.mkfifo(folder / "manifest.json")


def device(folder: Path, _: Path) -> None:
    (folder / "report.json").unlink()
    try:
        os.mknod(folder / "report.json", 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("NOT TESTED with a device: only root may make one")


def listener(folder: Path, _: Path) -> None:
    (folder / "card.md").unlink()
    here = Path.cwd()
    os.chdir(folder)  # the path of a socket may have 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("card.md")
    finally:
        os.chdir(here)


def nested(folder: Path, _: Path) -> None:
    deep = folder / "/".join("d" * 200)
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"")


def many(folder: Path, _: Path) -> None:
    for n in range(300):
        (folder / f"extra-{n}").touch()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (link_file, "which is a link or no plain file"),
        (link_manifest, "can't be read"),
        (link_folder, "which is a link or no plain file"),
        (pipe, "which is a link or no plain file"),
        (pipe_manifest, "is no plain file"),
        (device, "which is a link or no plain file"),
        (listener, "which is a link or no plain file"),
        (nested, "which nobody listed"),
        (many, "which nobody listed"),
    ],
)
def test_what_is_no_plain_file_is_never_opened(
    ground: Ground, tmp_path: Path, change: Callable[[Path, Path], None], said: str
) -> None:
    number = ground.place(ground.sound)
    (tmp_path / "outside").write_text("secret")
    change(ground.folder(number), tmp_path / "outside")
    with open_books(ground.project) as books:
        for run in (True, False):
            with pytest.raises(CorruptError, match=said):
                books.registry.load_bundle("churn", number, run=run)


def test_a_hard_link_gives_nobody_a_way_in(ground: Ground, tmp_path: Path) -> None:
    number = ground.place(ground.sound)
    card = ground.folder(number) / "card.md"
    os.link(card, tmp_path / "twin")
    with open_books(ground.project) as books:
        books.registry.load_bundle("churn", number)  # its bytes are those that were listed
        (tmp_path / "twin").write_text("another card")
        with pytest.raises(CorruptError, match=r"'card\.md' of .* isn't what"):
            books.registry.load_bundle("churn", number)


def test_a_row_of_another_digest_is_refused(ground: Ground) -> None:
    number = ground.place(ground.sound)
    (ground.folder(number) / "manifest.json").write_bytes(ground.sound.listing().manifest + b"\n")
    with open_books(ground.project) as books, pytest.raises(CorruptError, match=r"manifest\.json .* isn't what"):
        books.registry.load_bundle("churn", number)


ODD = "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>\u202e**`|\n# "


def test_odd_names_command_neither_terminal_nor_browser(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = ground.sound.with_json("problem.json", {"decision": ODD, "owner": ODD, "limitations": ODD})
    report = json.loads(bundle.files["report.json"])
    report["notes"], report["why"] = [ODD], ODD
    bundle = bundle.with_file("report.json", json.dumps(report).encode()).with_file("card.md", ODD.encode())
    number = ground.place(bundle)
    document = lifecycle.report_document(ground.project, number)
    html = to_html(document)
    assert "<script>alert" not in html
    for text in (html, to_markdown(document)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    for words in (["version", "show"], ["version", "card"], ["version", "list"]):
        more = [] if words[1] == "list" else [str(number)]
        main([*words, *more, "--project", str(ground.project.root)])
        said = capsys.readouterr()
        assert "\x1b" not in said.out + said.err
        assert "\u202e" not in said.out + said.err


def test_a_column_name_is_never_code(ground: Ground) -> None:
    """Fast decoding writes source; names reach it as literals, whatever they hold."""
    payload = f"open({str(ground.canary)!r}, 'w')"
    for name in (f"') or {payload} or ('", f"x}}) or {payload}", f"{payload}", f"'+{payload}+'", "__class__", "self"):
        contract = Contract((Category(name=name, values=(f"', {payload}, '", "b")), Integer(name="n", missing="allow")))
        decoder = compile_request(contract)
        rows = decoder.decode(json.dumps({name: "b", "n": None}).encode())
        assert [dict(row.features) for row in rows] == [{name: "b", "n": None}]
    assert not ground.canary.exists()


@pytest.mark.full
def test_a_contract_of_a_million_columns_is_refused_in_bounds(ground: Ground) -> None:
    number = ground.place(LARGE[0].build(ground.sound, ground.canary))
    done = bounded(
        "from pathlib import Path; from mainstay.project import open_project; from mainstay.release import open_books\n"
        f"open_books(open_project(Path({str(ground.project.root)!r}))).registry.load_bundle('churn', {number})",
        gigabytes=4,
    )
    assert "50000" in done.stderr


def bounded(code: str, *, gigabytes: int) -> subprocess.CompletedProcess[str]:
    """Run a line of Python that may not have more than so much memory, nor more than a minute."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (gigabytes << 30, gigabytes << 30))

    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, preexec_fn=limit)
