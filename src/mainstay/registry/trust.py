"""Whose code runs here: hashes in the server's own project file, and those this machine wrote down when it trained.

Never what a bundle says of itself: a bundle may come from anywhere.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from mainstay.errors import StoreError, TrustError
from mainstay.models.features import FILE
from mainstay.project.located import read_located
from mainstay.state.files import PRIVATE_FILE, private_folder

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.models.features import FeatureCode
    from mainstay.project import Project

    Trusted = Callable[[], frozenset[str]]
    """Gives the hashes trusted at this moment."""

NAME = "trust"
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$", description="64 digits 0-9a-f, a SHA-256")]
_HASH = re.compile(r"[0-9a-f]{64}")


class _Serving(msgspec.Struct, frozen=True):
    trust: tuple[Sha256, ...] = ()


def nobody() -> frozenset[str]:
    """Trust no code."""
    return frozenset()


def trusted_by(project: Project) -> Trusted:
    """Give what reads the trust of a project, anew each time: ``[serving] trust`` and ``.mainstay/trust``.

    Raises
    ------
    ProjectError
        When it is called, where the project file can't be read by then.

    """

    def read() -> frozenset[str]:
        said = read_located(project.file.path).decode("serving", _Serving).trust
        return frozenset(said) | _written(project.books / NAME)

    return read


def trust_code(project: Project, code: FeatureCode, *, by: str, now: dt.datetime) -> None:
    """Write down that this machine runs this code: whoever trained with it has run it already.

    Raises
    ------
    StoreError
        Where the file can't be written.

    """
    path = private_folder(project.books) / NAME
    if code.sha256 in _written(path):
        return
    who = " ".join(by.split()) or "somebody"
    line = f"{code.sha256}  {who}  {now:%Y-%m-%dT%H:%M:%SZ}  {FILE} of {project.name}\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
        try:
            os.write(handle, line.encode("utf-8", "replace"))  # one write: another process's line is never cut in two
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise StoreError(
            f"{path} can't be written: {error.strerror}.", "Give this user the right to write there."
        ) from None


def demand_trust(code: FeatureCode, trusted: Trusted, name: str) -> None:
    """Refuse code whose hash nobody here trusts.

    Parameters
    ----------
    code : FeatureCode
        What is to run.
    trusted : callable
        Gives the hashes trusted here.
    name : str
        What the code belongs to: ``"churn version 3"``.

    Raises
    ------
    TrustError
        Naming the hash, and where to write it down.

    """
    if code.sha256 not in trusted():
        raise TrustError(
            f"{name} brings code of its own ({FILE}, sha256 {code.sha256}), which isn't trusted here and was not run.",
            f'Read it; if it may run here, add its hash to mainstay.toml: [serving] trust = ["{code.sha256}"].',
        )


def _written(path: Path) -> frozenset[str]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return frozenset()
    except OSError as error:
        raise StoreError(
            f"{path} can't be read: {error.strerror}.", "Give this user the right to read there."
        ) from None
    return frozenset(line.split()[0] for line in lines if line.split() and _HASH.fullmatch(line.split()[0]))
