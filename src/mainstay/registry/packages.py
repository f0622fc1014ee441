"""What is installed, and what serving a model needs of it, pinned."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_EXTRA = re.compile(r"\bextra\s*==")
_FRAMEWORKS: Mapping[str, tuple[str, ...]] = {"lightgbm": ("lightgbm",), "onnx": ("onnxruntime",)}
"""What a framework needs beyond the base install; those that aren't named need nothing."""


class Installed(NamedTuple):
    """A distribution that is installed: its version, and the folder that describes it."""

    version: str
    folder: Path


def installed() -> dict[str, str]:
    """Map every installed distribution to its version, sorted by name."""
    return {name: one.version for name, one in sorted(find_installed().items())}


def find_installed() -> dict[str, Installed]:
    """Find every installed distribution; one that hides another on the path comes first, as for imports.

    The name of its folder says what each is (PEP 376), which is much faster than reading what it says of itself.
    """
    found: dict[str, Installed] = {}
    for place in dict.fromkeys(sys.path):
        try:
            with os.scandir(place or ".") as entries:
                folders = sorted(entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info")))
        except OSError:
            continue
        for folder in map(Path, folders):
            name, _, rest = folder.stem.partition("-")
            version = rest.partition("-")[0] or _said_version(folder)
            if name and version:
                found.setdefault(normal(name), Installed(version, folder))
    return found


def _said_version(folder: Path) -> str:
    return metadata.Distribution.at(folder).version if folder.is_dir() else ""


def normal(name: str) -> str:
    """Spell a distribution's name as package indexes compare it (PEP 503).

    Examples
    --------
    >>> normal("Prometheus_Client")
    'prometheus-client'

    """
    return re.sub(r"[-_.]+", "-", name).lower()


def serving_closure(framework: str, imported: Sequence[str] = ()) -> dict[str, str]:
    """Map what serving a model of this framework needs, mainstay first, to the versions installed here.

    `imported` are the packages that its feature code imports.

    Optional extras are left out. A requirement that isn't installed is one whose marker excludes this machine.
    """
    pending = ["mainstay", *_FRAMEWORKS.get(framework, ()), *_providers(imported)]
    found: dict[str, str] = {}
    while pending:
        name = normal(pending.pop(0))
        if name in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[name] = distribution.version
        needed = [line for line in distribution.requires or () if not _EXTRA.search(line)]
        pending += [match[1] for line in needed if (match := _REQUIREMENT.match(line))]
    return found


def _providers(imported: Sequence[str]) -> tuple[str, ...]:
    """Name the distributions that provide packages; one that nobody provides can't be pinned."""
    wanted = frozenset(imported)
    return tuple(name for name, one in find_installed().items() if wanted & _packages_in(one.folder)) if wanted else ()


def _packages_in(folder: Path) -> frozenset[str]:
    """Name the packages of a distribution: as it says, else by its list of files.

    `importlib.metadata.packages_distributions` says the same, in seconds: it makes a path of every file installed.
    """
    with suppress(OSError):
        if said := (folder / "top_level.txt").read_text(encoding="utf-8").split():
            return frozenset(said)
    with suppress(OSError):
        paths = (line.partition(",")[0] for line in (folder / "RECORD").read_text(encoding="utf-8").splitlines())
        return frozenset(path.partition("/")[0].removesuffix(".py") for path in paths if path.endswith(".py"))
    return frozenset()


def read_lock(text: str) -> dict[str, str]:
    r"""Read what `requirements_text` wrote: distribution to version.

    Examples
    --------
    >>> read_lock("# What serves it\nnumpy==2.1.0\n")
    {'numpy': '2.1.0'}

    """
    pinned = [line.split("==", 1) for line in text.splitlines() if "==" in line and not line.startswith("#")]
    return {name.strip(): version.strip() for name, version in pinned}


def requirements_text(framework: str, imported: Sequence[str] = ()) -> str:
    """Write `serving_closure` as a requirements file: what to install to serve this version again."""
    lines = [f"{name}=={version}" for name, version in sorted(serving_closure(framework, imported).items())]
    return "\n".join(["# What serves this version: pip install -r requirements.txt", *lines]) + "\n"
