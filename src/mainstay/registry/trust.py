"""Whose code runs here: what the server's own project file trusts, and what this machine wrote down when it trained.

Never what a bundle says of itself: a bundle may come from anywhere.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from mainstay.models.features import FILE
from mainstay.models.trust import Brought, brought_by, demand, nobody
from mainstay.project.located import read_located
from mainstay.state.files import PRIVATE_FILE, private_folder, unreadable, unwritable

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from mainstay.models.features import FeatureCode
    from mainstay.models.model import Model
    from mainstay.models.trust import Trusted
    from mainstay.project import Project

NAME = "trust"
_KEY = r"[0-9a-f]{64}|[A-Za-z_]\w*(\.[A-Za-z_]\w*)+"
Key = Annotated[
    str,
    msgspec.Meta(
        pattern=f"^({_KEY})$", description="64 digits 0-9a-f, a SHA-256, or a type by its full name: pkg.Type"
    ),
]
_WRITTEN = re.compile(_KEY)


class _Serving(msgspec.Struct, frozen=True):
    trust: tuple[Key, ...] = ()


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
    trust_brought(project, (_as_brought(code),), by=by, now=now)


def trust_model(project: Project, model: Model, *, by: str, now: dt.datetime) -> None:
    """Write down that this machine runs and builds what this model brings; raises as `trust_code` does."""
    trust_brought(project, brought_by(model), by=by, now=now)


def trust_brought(project: Project, brought: tuple[Brought, ...], *, by: str, now: dt.datetime) -> None:
    """Write down what this machine trusts from now on; raises as `trust_code` does."""
    if not brought:
        return
    path = private_folder(project.books) / NAME
    known = _written(path)
    who = " ".join(by.split()) or "somebody"
    lines = "".join(
        f"{one.key}  {who}  {now:%Y-%m-%dT%H:%M:%SZ}  {one.what} of {project.name}\n"
        for one in dict.fromkeys(brought)
        if one.key not in known
    )
    if not lines:
        return
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
        try:
            os.write(handle, lines.encode("utf-8", "replace"))  # one write: another process's are never cut in two
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise unwritable(path, error) from None


def _as_brought(code: FeatureCode) -> Brought:
    return Brought(FILE, code.sha256)


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
    demand(_as_brought(code), trusted, name)


def _written(path: Path) -> frozenset[str]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return frozenset()
    except OSError as error:
        raise unreadable(path, error) from None
    return frozenset(line.split()[0] for line in lines if line.split() and _WRITTEN.fullmatch(line.split()[0]))


__all__ = ["Key", "demand_trust", "nobody", "trust_brought", "trust_code", "trust_model", "trusted_by"]
