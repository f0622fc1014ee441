"""The templates, and how one becomes a project."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import polars as pl

from mainstay.contract import FILE as CONTRACT_FILE
from mainstay.data.quarantine import write_whole
from mainstay.data.templates import churn, credit, demand, fraud
from mainstay.data.words import count
from mainstay.errors import InputError
from mainstay.project.project import FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SEED = 20261122
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Template:
    """A worked example.

    Parameters
    ----------
    name : str
        What ``--template`` takes; also the name of its model.
    line : str
        What it is about, in a line.
    table : str
        Name of its table below ``data/``.
    target : str
        The column it predicts.
    size : int
        How much is simulated: rows, or days for `demand`.
    simulate : callable
        From a size and a seed to the table.

    """

    name: str
    line: str
    table: str
    target: str
    size: int
    simulate: Callable[[int, int], pl.DataFrame]


TEMPLATES = (
    Template(
        "churn",
        "yes/no: whom to offer a discount before they cancel; what an offer costs, how often it works",
        "subscriptions.csv",
        churn.TARGET,
        6_000,
        lambda size, seed: churn.simulate(size, seed=seed),
    ),
    Template(
        "fraud",
        "yes/no: which payments to hold; 1 in 100, in order of time, and changing",
        "payments.csv",
        fraud.TARGET,
        30_000,
        lambda size, seed: fraud.simulate(size, seed=seed),
    ),
    Template(
        "credit",
        "yes/no: which loans to decline; a mistake one way costs five times the other, sensitive columns",
        "applications.csv",
        credit.TARGET,
        6_000,
        lambda size, seed: credit.simulate(size, seed=seed),
    ),
    Template(
        "demand",
        "an amount: how many orders an hour to staff for; too few costs three times too many",
        "orders.csv",
        demand.TARGET,
        540,
        lambda size, seed: demand.simulate(size, seed=seed),
    ),
)


def find_template(name: str) -> Template:
    """Find a template by its name.

    Raises
    ------
    InputError
        Naming the nearest one, and listing all with a line each.

    """
    for template in TEMPLATES:
        if template.name == name.strip().casefold():
            return template
    near = difflib.get_close_matches(name.strip().casefold(), [each.name for each in TEMPLATES], n=1)
    said = f"There is no template '{name}'." if name.strip() else "Which template?"
    known = "".join(f"\n  {each.name:<8}{each.line}" for each in TEMPLATES)
    raise InputError(said, (f"Did you mean '{near[0]}'? " if near else "") + f"The templates are:{known}")


def write_template(name: str, folder: Path) -> tuple[Path, ...]:
    """Write a worked example into `folder`; gives the paths of what was written, the project file first.

    Parameters
    ----------
    name : str
        Of the template.
    folder : Path
        Made where it isn't there.

    Raises
    ------
    InputError
        Where there is no such template, or the folder already holds a project, a table or a README of that name.

    """
    template = find_template(name)
    folder = folder.expanduser()
    table = folder / "data" / template.table
    paths = (folder / FILE, folder / CONTRACT_FILE, folder / "README.md", table)
    _refuse_overwriting(folder, paths)
    frame = template.simulate(template.size, SEED)
    times = [column for column, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    rows = frame.with_columns(pl.col(times).dt.strftime(_MOMENT)).write_csv().encode("utf-8")
    readme = _text(template, "README.md").replace("ROWS", count(frame.height), 1)
    ignored = folder / ".gitignore"
    if not ignored.exists():
        write_whole(ignored, b"# this machine's books\n.mainstay/\n")
    for path, content in zip(
        reversed(paths),
        (
            rows,
            readme.encode("utf-8"),
            _text(template, CONTRACT_FILE).encode("utf-8"),
            _text(template, FILE).encode("utf-8"),
        ),
        strict=True,
    ):
        write_whole(path, content)  # the project file last: a folder that has it is complete
    return paths


def _text(template: Template, name: str) -> str:
    return (resources.files(__package__) / "files" / template.name / name).read_text(encoding="utf-8")


def _refuse_overwriting(folder: Path, paths: tuple[Path, ...]) -> None:
    if folder.is_file():
        raise InputError(f"{folder} is a file, not a folder.", "Name another folder with --dir.")
    for path in paths:
        if path.exists():
            raise InputError(
                f"{folder} already holds {path.relative_to(folder)}, and nothing is overwritten.",
                "Name another folder with --dir, or remove that file.",
            )
