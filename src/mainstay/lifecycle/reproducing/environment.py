"""A fresh environment from the lock of a version: exactly the distributions its training used, and mainstay's code."""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.errors import SetupError
from mainstay.lifecycle.reproducing.children import run
from mainstay.registry.environment import Package, code_hash, own_code, record_hash
from mainstay.registry.packages import find_installed, normal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.lifecycle.reproducing.children import Deadline
    from mainstay.registry import Lineage

    Say = Callable[[str], None]

_HOME = Path(__file__).resolve().parents[2]
"""The folder of mainstay's own code."""
_PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")


@dataclass(frozen=True)
class Environment:
    """Where a training runs.

    Parameters
    ----------
    python : Path
        Its interpreter.
    fresh : bool
        Whether it was made for this.
    notes : tuple of str
        What a reader must know of it.

    """

    python: Path
    fresh: bool
    notes: tuple[str, ...] = field(default=())

    def run(self, words: Sequence[str | Path], deadline: Deadline, given: str = "") -> str:
        """Run Python with these words; gives what it printed.

        Raises
        ------
        SetupError
            With what it said, where it fails or takes too long.

        """
        ran = run((self.python, *words), deadline, fresh=self.fresh, given=given)
        if ran.code:
            raise SetupError(ran.last)
        return ran.out


def this_environment() -> Environment:
    """Give the environment of this process."""
    return Environment(Path(sys.executable), fresh=False)


def fresh_environment(
    lineage: Lineage, packages: Sequence[Package], folder: Path, deadline: Deadline, say: Say
) -> Environment:
    """Make an environment with the recorded distributions, from the index that pip is set up for.

    Parameters
    ----------
    lineage : Lineage
        Says which Python, and which mainstay.
    packages : sequence of Package
        What is to be installed.
    folder : Path
        An empty one.
    deadline : Deadline
        How long it may take.
    say : callable
        Told what is going on.

    Raises
    ------
    SetupError
        Where there is no such Python here, a distribution can't be had, or time is up.

    """
    interpreter, notes = _interpreter(lineage.python)
    say(f"a fresh environment with Python {lineage.python} and {len(packages)} distributions of the lock")
    made = run((interpreter, "-m", "venv", folder), deadline, fresh=True)
    if made.code:
        raise SetupError(f"No environment can be made: {made.last}", "Install this Python's venv and ensurepip.")
    fresh = Environment(folder / "bin" / "python", fresh=True)
    lock = folder / "lock.txt"
    lock.write_text("".join(f"{one.name}=={one.version}\n" for one in packages if one.name != "mainstay"))
    _pip(fresh, ("install", "--no-deps", "--prefer-binary", "--no-warn-script-location", "-r", lock), deadline)
    notes = (*notes, *_install_mainstay(fresh, lineage, folder, deadline))
    return Environment(fresh.python, fresh=True, notes=notes)


def packages_in(folder: Path) -> tuple[Package, ...]:
    """Name what an environment holds, each with the hash of its content."""
    found = []
    for place in sorted(folder.glob("lib/python*/site-packages/*.dist-info")):
        name, _, version = place.stem.partition("-")
        record = place / "RECORD"
        content = record_hash(record.read_text(encoding="utf-8", errors="replace")) if record.is_file() else ""
        found.append(Package(normal(name), version, content))
    return tuple(found)


def _interpreter(wanted: str) -> tuple[str, tuple[str, ...]]:
    here = ".".join(map(str, sys.version_info[:3]))
    if not wanted or wanted == here:
        return sys.executable, ()
    series = ".".join(wanted.split(".")[:2])
    if here.startswith(f"{series}."):
        return sys.executable, (f"Python is {here} here, and was {wanted}.",)
    found = shutil.which(f"python{series}")
    if found is None:
        raise SetupError(
            f"It was trained with Python {wanted}, and no python{series} is here.",
            f"Install Python {series}, or try this one: --here",
        )
    return found, ()


def _pip(fresh: Environment, words: Sequence[str | Path], deadline: Deadline) -> None:
    ran = run((fresh.python, *_PIP, *words), deadline, fresh=True)
    if ran.code:
        raise SetupError(f"pip can't install the lock: {ran.last}", "Is that version still on your index?")


def _install_mainstay(fresh: Environment, lineage: Lineage, folder: Path, deadline: Deadline) -> tuple[str, ...]:
    """Install the very code of mainstay that is recorded; else this one, and say so.

    A distribution of that name and version is only taken from the index where its code has the recorded hash.
    """
    wanted, version = lineage.mainstay_sha256, lineage.packages.get("mainstay", "")
    if wanted in ("", own_code()):
        _copy_mainstay(fresh, deadline)
        return ("mainstay's own code is that of this installation, which is the one recorded.",) if wanted else ()
    wheel = _wheel(fresh, version, folder, deadline)
    if wheel is not None and _code_in(wheel) == wanted:
        _pip(fresh, ("install", "--no-deps", wheel), deadline)
        return (f"mainstay {version} is the index's.",)
    _copy_mainstay(fresh, deadline)
    return (f"mainstay {version} with the recorded code isn't on the index: this installation's code was used.",)


def _wheel(fresh: Environment, version: str, folder: Path, deadline: Deadline) -> Path | None:
    place = folder / "wheels"
    words = ("download", "--no-deps", "--only-binary", ":all:", "-d", place, f"mainstay=={version}")
    ran = run((fresh.python, *_PIP, *words), deadline, fresh=True)
    return next(iter(sorted(place.glob("*.whl"))), None) if not ran.code else None


def _code_in(wheel: Path) -> str:
    """Hash the code of mainstay in a wheel as an installation hashes its own."""
    home = "mainstay/"
    with zipfile.ZipFile(wheel) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith(home) and name.endswith(".py"))
        return code_hash((name.removeprefix(home), hashlib.sha256(archive.read(name)).hexdigest()) for name in names)


def _copy_mainstay(fresh: Environment, deadline: Deadline) -> None:
    """Give an environment this installation's code, with what describes it as a distribution."""
    told = fresh.run(("-c", "import sysconfig; print(sysconfig.get_path('purelib'))"), deadline)
    site = Path(told.strip())
    shutil.copytree(_HOME, site / "mainstay", ignore=shutil.ignore_patterns("__pycache__"))
    described = find_installed().get("mainstay")
    if described is not None and described.folder.is_dir():
        installers = shutil.ignore_patterns("RECORD", "direct_url.json", "INSTALLER", "REQUESTED")
        shutil.copytree(described.folder, site / described.folder.name, ignore=installers)
