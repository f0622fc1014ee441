"""`Project`: one folder, its `mainstay.toml`, and where its books lie."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mainstay.errors import ProjectError
from mainstay.measures.money import Money
from mainstay.project.located import read_located
from mainstay.project.sections import Problem

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project.located import Located

T = TypeVar("T")
FILE = "mainstay.toml"
SECTIONS = (
    "problem",
    "money",
    "data",
    "training",
    "evaluation",
    "registry",
    "release",
    "serving",
    "events",
    "monitoring",
    "decisions",
)
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")


@dataclass(frozen=True)
class Project:
    r"""A project folder.

    Parameters
    ----------
    root : Path
        The folder.
    file : Located
        Its ``mainstay.toml``.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp()) / "churn"
    >>> folder.mkdir()
    >>> _ = (folder / "mainstay.toml").write_text('[problem]\nname = "churn"\n')
    >>> open_project(folder).name
    'churn'

    """

    root: Path
    file: Located

    @property
    def name(self) -> str:
        """Name of the model: ``[problem] name``, else the folder's name."""
        return self.problem.name or self.root.name

    @property
    def books(self) -> Path:
        """This machine's books: registry, releases, event log."""
        return self.root / ".mainstay"

    @property
    def problem(self) -> Problem:
        """The ``[problem]`` section."""
        return self.section("problem", Problem)

    @property
    def money(self) -> Money:
        """The ``[money]`` section."""
        return self.section("money", Money)

    def section(self, name: str, kind: type[T]) -> T:
        """Decode one section into the room's own frozen struct."""
        return self.file.decode(name, kind)


def open_project(folder: Path) -> Project:
    """Open the project in `folder`.

    Raises
    ------
    ProjectError
        Where there is no ``mainstay.toml``, or it has a section nobody knows, or its name can't be an address.

    """
    root = folder.expanduser().resolve()
    file = read_located(root / FILE)
    for name in file.tables:
        if name not in SECTIONS:
            near = difflib.get_close_matches(name, SECTIONS, n=1)
            hint = f"Did you mean [{near[0]}]?" if near else f"Known sections: {', '.join(SECTIONS)}."
            raise file.error(name, "", "is no section of a project.", hint)
    project = Project(root, file)
    if not _NAME.match(project.name):
        raise file.error(
            "problem",
            "name",
            f"'{project.name}' can't be a model's name.",
            "Use letters, digits, - and _ (64 at most, a letter or digit first).",
        )
    return project


def find_project(start: Path) -> Project:
    """Open the project in `start` or the nearest folder above it."""
    start = start.expanduser().resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return open_project(folder)
    raise ProjectError(
        f"There is no {FILE} in {start} or above it.",
        "Go to a project's folder, name one with --project DIR, or make one: mainstay init DATA --target COLUMN.",
    )
