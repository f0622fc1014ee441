"""`ship`: from an estimator and a frame in a notebook to a project, a contract and a version that was judged."""

from __future__ import annotations

import datetime as dt
import getpass
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainstay.contract import FILE as CONTRACT
from mainstay.contract import load_contract
from mainstay.data import Answers, DataSettings, as_frame, draft_project, with_roles, write_project
from mainstay.errors import InputError, MainstayError
from mainstay.lifecycle.adopting import Brought, adopt
from mainstay.lifecycle.documents import report_document
from mainstay.lifecycle.likeness import same_answers
from mainstay.lifecycle.tracking import LATER, mirror
from mainstay.models.columns import Columns
from mainstay.project import open_project
from mainstay.project.project import FILE
from mainstay.release import open_books
from mainstay.render import to_html
from mainstay.render.numbers import counted
from mainstay.training.recipes.estimator import cloned

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from mainstay.lifecycle.registering import Trained
    from mainstay.models.report import Report, Verdict
    from mainstay.project import Project
    from mainstay.registry import Version

ROWS, HOLDOUT = "data/shipped.parquet", "data/holdout.parquet"
DRAFTED = "drafted"
"""The hash of the two files as they were drafted: who changed them since wants to keep them."""


@dataclass(frozen=True)
class Shipped:
    """What `ship` left: a project, and a version in it.

    Parameters
    ----------
    project : Project
        In its folder.
    version : Version
        What was registered.
    report : Report
        What was measured.
    verdict : Verdict
        What the gates say.

    """

    project: Project
    version: Version
    report: Report
    verdict: Verdict

    def __repr__(self) -> str:
        """Say it in a line."""
        failed = len(self.verdict.failed)
        said = "passes its gates" if self.verdict.ok else f"fails {counted(failed, 'gate')}"
        return f"{self.project.name} version {self.version.number} in {self.project.root}: {said}"

    def _repr_html_(self) -> str:
        """Draw the report in a notebook."""
        return to_html(report_document(self.project, self.version.number))


def ship(
    estimator: Any,
    frame: Any,
    target: str,
    *,
    to: Path | str | None = None,
    holdout: Any = None,
    refit: bool | None = None,
    allow_pickle: bool = False,
    answers: Answers | None = None,
) -> Shipped:
    """Make a project, a contract and a version of an estimator and the frame it was fitted on.

    A copy of the estimator is fitted anew on the rows that the project's split doesn't hold out, so that it is judged
    on rows it never saw. What can't be fitted anew (a booster, a network, a function) is judged on `holdout`; without
    that every score is marked in-sample, and a gate fails.

    Parameters
    ----------
    estimator : object
        Of scikit-learn, LightGBM, XGBoost, CatBoost, PyTorch or Keras, an ONNX model, or a function of the columns.
    frame : DataFrame
        Of pandas, Polars or Arrow: the columns, and the target among them.
    target : str
        The column that holds the truth.
    to : Path or str, optional
        The project's folder; named after the target where it isn't given. One that is there gets its next version.
    holdout : DataFrame, optional
        Rows the estimator never saw, with the same columns.
    refit : bool, optional
        Whether a copy is fitted anew; unless said otherwise, where it can be and there is no `holdout`.
    allow_pickle : bool
        Whether it may be kept as a pickle where it can't be saved safely; it then runs only where its hash is trusted.
    answers : Answers, optional
        What only a person knows: the decision, what it is worth, the positive label.

    Returns
    -------
    Shipped
        Draws its report in a notebook.

    Raises
    ------
    InputError
        Where the frame or the estimator can't be used; says why, and no version is registered.

    """
    table = as_frame(frame)
    root = Path(to or _folder(target)).expanduser()
    anew = (holdout is None) if refit is None else refit
    anew = anew and cloned(estimator) is not None
    project = _project(root, table, target, answers)
    seen = _seen(frame)
    brought = Brought(
        estimator, "shipped", "a notebook", refit=anew, allow_pickle=allow_pickle, columns=seen, made="shipped"
    )
    made = adopt(
        project,
        brought,
        now=dt.datetime.now(dt.UTC),
        by=_whoever(),
        source=_written(root / ROWS, table),
        holdout=None if holdout is None else _written(root / HOLDOUT, as_frame(holdout)),
        check=None if anew else same_answers(estimator, frame, target),
    )
    mirror(project, lambda line: print(line, file=sys.stderr), seconds=LATER)  # noqa: T201 - a notebook shows it
    return _shipped(project, made)


def _project(root: Path, table: pl.DataFrame, target: str, answers: Answers | None) -> Project:
    """Open the project, or draft one; where it can't be drafted nothing is left.

    A draft that no version came of and nobody touched is made anew: the frame may be another one by now.
    """
    if (root / FILE).exists() and not _only_drafted(root):
        project = open_project(root)
        settings = with_roles(project.section("data", DataSettings), load_contract(root / CONTRACT), project)
        if settings.target != target:
            raise InputError(
                f"{root} already holds a project: it predicts '{settings.target}'.", "Name another folder: to=."
            )
        return project
    there = root.exists()
    path = _written(root / ROWS, table)
    try:
        for name in (FILE, CONTRACT):
            (root / name).unlink(missing_ok=True)
        write_project(draft_project(path, target, root, answers), root)
    except MainstayError:
        path.unlink()
        for folder in (path.parent, *(() if there else (root,))):
            if not any(folder.iterdir()):
                folder.rmdir()
        raise
    project = open_project(root)
    project.books.mkdir(mode=0o700, exist_ok=True)
    (project.books / DRAFTED).write_text(_digest(root), encoding="utf-8")
    return project


def _only_drafted(root: Path) -> bool:
    told = open_project(root).books / DRAFTED
    if not told.is_file() or told.read_text("utf-8") != _digest(root):
        return False
    with open_books(open_project(root)) as books:
        return not books.registry.versions(books.project.name)


def _digest(root: Path) -> str:
    files = [root / name for name in (FILE, CONTRACT)]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files if file.is_file())).hexdigest()


def _written(path: Path, table: pl.DataFrame) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    table.write_parquet(half)
    half.replace(path)
    return path


def _folder(target: str) -> str:
    name = "".join(letter if letter.isalnum() else "-" for letter in target.lower()).strip("-")
    return name or "model"


def _seen(frame: Any) -> Callable[[Columns], Columns]:
    """Say how the estimator saw the columns: as this pandas frame holds them, or as pandas reads them from a file."""
    if type(frame).__module__.partition(".")[0] != "pandas":
        return Columns.as_read
    return lambda columns: columns.like(frame)


def _shipped(project: Project, made: Trained) -> Shipped:
    return Shipped(project, made.version, made.report, made.verdict)


def _whoever() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
