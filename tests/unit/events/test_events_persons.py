from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import StoreError
from mainstay.events.persons import FILE, FRESH, EmbeddedPersons

if TYPE_CHECKING:
    from pathlib import Path

MANY = 3000
_TAKE = """
import sys
from pathlib import Path
from mainstay.events.persons import EmbeddedPersons
persons = EmbeddedPersons(Path(sys.argv[1]))
names = [f"{n:032x}" for n in range(300)]
for start in range(0, 300, 10):
    persons.keys(names[start:start + 10])
print("".join(key.hex() for _, key in sorted(persons.keys(names).items())))
"""


def name(number: int) -> str:
    return hashlib.blake2b(b"%d" % number, digest_size=16).hexdigest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE


def test_processes_that_make_keys_at_once_get_the_same(path: Path) -> None:
    command = [sys.executable, "-c", _TAKE, str(path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [one.communicate(timeout=60)[0] for one in running]
    assert len(set(said)) == 1
    assert len(said[0].strip()) == 300 * 64


def test_a_destroyed_key_leaves_no_byte_and_the_others_stay(path: Path) -> None:
    persons = EmbeddedPersons(path)
    kept = persons.keys(name(number) for number in range(MANY))
    gone = [name(number) for number in range(0, MANY, 7)]
    assert persons.destroy(gone) == len(gone)
    content = b"".join(one.read_bytes() for one in path.parent.iterdir())
    assert not [one for one in gone if kept[one] in content or one.encode() in content]
    rest = [one for one in kept if one not in gone]
    assert persons.known(rest) == {one: kept[one] for one in rest}
    assert persons.everybody() == sorted(rest)
    persons.close()


def test_destroying_again_is_destroying_nobody(path: Path) -> None:
    persons = EmbeddedPersons(path)
    assert persons.destroy([name(1)]) == 0
    assert not path.exists()
    persons.keys([name(1)])
    assert [persons.destroy([name(1)]), persons.destroy([name(1)])] == [1, 0]
    persons.close()


def test_another_process_forgets_a_destroyed_key_within_a_second(path: Path) -> None:
    one, other = EmbeddedPersons(path), EmbeddedPersons(path)
    before = one.keys([name(1)])[name(1)]
    other.destroy([name(1)])
    until = time.monotonic() + 20 * FRESH
    while one.keys([name(1)])[name(1)] == before and time.monotonic() < until:
        time.sleep(0.05)
    assert one.keys([name(1)])[name(1)] != before
    one.close()
    other.close()


def test_the_file_is_its_owners_alone_and_a_copy_opens_the_same(path: Path) -> None:
    persons = EmbeddedPersons(path)
    key = persons.keys([name(1)])
    persons.back_up(path.with_name("copy"))
    copy = EmbeddedPersons(path.with_name("copy"))
    assert copy.known([name(1)]) == key
    assert [one.stat().st_mode & 0o077 for one in (path, path.with_name("copy"))] == [0, 0]
    persons.close()
    copy.close()


def test_keys_that_cannot_be_opened_are_told_without_the_systems_words(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreError, match=r"^The keys of persons can't be read or written: Is a directory \("):
        EmbeddedPersons(path).keys([name(1)])


def test_a_damaged_file_is_told_with_the_cure(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)
    persons = EmbeddedPersons(path)
    with pytest.raises(StoreError, match="keys of persons can't be read"):
        persons.keys([name(1)])
    persons.close()
