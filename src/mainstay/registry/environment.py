"""The environment lock: which distributions this process really uses, each with a hash of what is in it."""

from __future__ import annotations

import csv
import functools
import hashlib
import os
import platform
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay.registry.packages import Installed, find_installed, normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LEFT_OUT = {"INSTALLER", "REQUESTED", "RECORD", "RECORD.jws", "RECORD.p7s", "direct_url.json", "uv_cache.json"}
"""What an installer writes beside what the wheel holds."""
_REQUIREMENT = re.compile(r"^Requires-Dist:\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(.*)$", re.MULTILINE)
_EXTRA = re.compile(r"\bextra\s*==")
_INSTRUCTIONS = re.compile(r"^(?:flags|Features)\s*:(.*)$", re.MULTILINE)
_MATTER = ("sse4_2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512_vnni", "amx_tile", "asimd", "sve", "sve2", "bf16")
"""Instructions by which numerical libraries choose how they add up, so that the last bits differ."""


class Package(msgspec.Struct, frozen=True):
    """A distribution that took part.

    Parameters
    ----------
    name : str
        As package indexes compare it.
    version : str
        Its version.
    sha256 : str
        Of what it holds: the sorted paths and hashes of its ``RECORD``, without what an installer adds. Another
        environment made from the same wheels has the same; empty where it has no record, or is installed editable.

    """

    name: str
    version: str
    sha256: str = ""


def used_packages(modules: Iterable[str] | None = None) -> tuple[Package, ...]:
    """Give the distributions that imported modules belong to, with all they require; sorted by name.

    Parameters
    ----------
    modules : iterable of str, optional
        Names of modules; those this process has imported unless given.

    """
    found = find_installed()
    pending = ["mainstay", *_owners(sys.modules if modules is None else modules, found)]
    used: dict[str, Package] = {}
    while pending:
        name = pending.pop()
        if name in used or name not in found:  # one whose marker excludes this machine isn't there
            continue
        one = found[name]
        used[name] = Package(name, one.version, _content(one))
        pending += _required(one.folder)
    return tuple(used[name] for name in sorted(used))


def instructions() -> tuple[str, ...]:
    """Name the processor's instructions that matter for the last bits of a sum; empty where they can't be read."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    match = _INSTRUCTIONS.search(told)
    has = set(match[1].split()) if match else set()
    return tuple(name for name in _MATTER if name in has)


def platform_words() -> str:
    """Say what kind of system wheels are chosen for: ``"Linux-x86_64-glibc2.36-cpython"``."""
    library = "".join(platform.libc_ver())
    parts = (platform.system(), platform.machine(), library, platform.python_implementation().lower())
    return "-".join(part for part in parts if part)


@functools.cache
def own_code() -> str:
    """Hash mainstay's own code: sha256 over path and sha256 of each of its ``.py`` files."""
    home = Path(__file__).resolve().parents[1]
    files = sorted(path.relative_to(home).as_posix() for path in home.rglob("*.py"))
    return code_hash((name, hashlib.sha256((home / name).read_bytes()).hexdigest()) for name in files)


def code_hash(files: Iterable[tuple[str, str]]) -> str:
    """Hash files as one: sorted paths, and the sha256 of each."""
    lines = (f"{name} {sha256}\n" for name, sha256 in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def lock_hash(packages: Iterable[Package]) -> str:
    """Hash an environment as a whole: equal where each distribution has the same version and content."""
    lines = sorted(f"{one.name}=={one.version} {one.sha256}\n" for one in packages)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _owners(modules: Iterable[str], found: Mapping[str, Installed]) -> Iterator[str]:
    """Name the distributions of modules: by their own name where it is one, else by what distributions say of them."""
    tops = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    homes = {one.folder.parent for one in found.values()}
    unknown = set()
    for top in tops:
        if normal(top) in found:
            yield normal(top)
        elif _lies_in(top, homes):
            unknown.add(top)
    if unknown:
        yield from _providers(frozenset(unknown), tuple((name, one.folder) for name, one in found.items()))


def _lies_in(top: str, homes: set[Path]) -> bool:
    module = sys.modules.get(top)
    file = getattr(module, "__file__", None)
    places = [file] if file else [*(getattr(module, "__path__", None) or ())]  # a namespace has no file
    return any(Path(place).parent in homes or Path(place).parent.parent in homes for place in places)


@functools.lru_cache(maxsize=8)
def _providers(tops: frozenset[str], found: tuple[tuple[str, Path], ...]) -> tuple[str, ...]:
    """Name the distributions that hold packages, as they say themselves."""
    return tuple(name for name, folder in found if _holds(folder, tops))


def _holds(folder: Path, tops: frozenset[str]) -> bool:
    told = _read(folder / "top_level.txt")
    if told:
        return not tops.isdisjoint(told.split())
    record = f"\n{_read(folder / 'RECORD')}"  # tens of thousands of lines: searched, not split
    return any(f"\n{top}/" in record or f"\n{top}." in record for top in tops)


def _required(folder: Path) -> tuple[str, ...]:
    head = (_read(folder / "METADATA") or _read(folder / "PKG-INFO")).partition("\n\n")[0]
    return tuple(normal(match[1]) for match in _REQUIREMENT.finditer(head) if not _EXTRA.search(match[2]))


def _content(one: Installed) -> str:
    try:
        stamp = os.stat(one.folder / "RECORD").st_mtime_ns  # noqa: PTH116 - as cheap as it gets
    except OSError:
        return ""
    return _record_hash(one.folder, stamp)


@functools.lru_cache(maxsize=4096)
def _record_hash(folder: Path, _stamp: int) -> str:
    if '"editable": true' in _read(folder / "direct_url.json"):
        return ""
    return record_hash(_read(folder / "RECORD"))


def record_hash(text: str) -> str:
    r"""Hash what a distribution holds by its ``RECORD``, leaving out what an installer adds to it.

    Examples
    --------
    >>> made = "a/b.py,sha256=x,3\na-1.dist-info/RECORD,,\n"
    >>> here = "a-1.dist-info/INSTALLER,sha256=y,4\na/__pycache__/b.cpython-313.pyc,,\n../../../bin/a,sha256=z,9\n"
    >>> record_hash(made) == record_hash(here + made)
    True

    """
    rows = sorted(f"{row[0]} {row[1]}\n" for row in csv.reader(text.splitlines()) if len(row) > 1 and _belongs(row[0]))
    return hashlib.sha256("".join(rows).encode()).hexdigest() if rows else ""


def _belongs(path: str) -> bool:
    # What lies outside the folder of packages is console scripts, with the interpreter's path in their first line.
    return not (path.endswith(".pyc") or path.startswith("..") or path.rpartition("/")[2] in _LEFT_OUT)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
