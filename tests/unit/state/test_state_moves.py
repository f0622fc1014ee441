from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mainstay.errors import CorruptError
from mainstay.state import Move, finish_moves, replace_together
from mainstay.state.moves import JOURNAL


def laid_out(home: Path) -> tuple[Move, ...]:
    """Lay out a file, a folder, a file without successor and a successor without predecessor."""
    for folder in ("books", "new", "books/store"):
        (home / folder).mkdir(parents=True)
    for name, content in (
        ("books/a", "old a"),
        ("books/store/1", "old 1"),
        ("books/gone", "old gone"),
        ("new/a", "new a"),
        ("new/b", "new b"),
    ):
        (home / name).write_text(content)
    (home / "new" / "store").mkdir()
    (home / "new" / "store" / "2").write_text("new 2")
    names = (("gone", False), ("a", True), ("store", True), ("b", True))
    return tuple(
        Move(str(home / "books" / name), str(home / "books" / "aside" / name), str(home / "new" / name) if new else "")
        for name, new in names
    )


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


BEFORE = {"a": "old a", "gone": "old gone", "store/1": "old 1"}
AFTER = {
    "a": "new a",
    "aside/a": "old a",
    "aside/gone": "old gone",
    "aside/store/1": "old 1",
    "b": "new b",
    "store/2": "new 2",
}


def test_all_of_them_are_replaced_and_what_was_there_lies_aside(tmp_path: Path) -> None:
    moves = laid_out(tmp_path)
    replace_together(tmp_path / "books", moves, (str(tmp_path / "new"),))
    assert content(tmp_path / "books") == AFTER
    assert not (tmp_path / "new").exists()
    assert not finish_moves(tmp_path / "books")


def test_a_journal_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text("{")
    with pytest.raises(CorruptError, match="a restoring was begun"):
        finish_moves(tmp_path)


# Each child is killed at another of the steps by which files are changed, as the interpreter announces them.
KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_state_moves import AFTER, BEFORE, content, laid_out
from mainstay.state import finish_moves, replace_together
from mainstay.state.moves import JOURNAL
WATCHED = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "open"}
before = after = 0
for step in range(1, 200):
    home = Path(sys.argv[1]) / str(step)
    moves = laid_out(home)
    child = os.fork()
    if not child:
        left = [step]
        def watch(event, args):
            if event in WATCHED:
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(watch)
        replace_together(home / "books", moves, (str(home / "new"),))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    begun = (home / "books" / JOURNAL).exists()
    assert finish_moves(home / "books") == begun
    found = content(home / "books")
    assert found in (BEFORE, AFTER), (step, found)
    before, after = before + (found == BEFORE), after + (found == AFTER)
    if not os.WIFSIGNALED(status):
        break
print(before, after)
"""


def test_whenever_it_is_killed_all_of_it_happens_or_nothing(tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), here], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    before, after = map(int, done.stdout.split())
    assert before >= 3
    assert after >= 8
