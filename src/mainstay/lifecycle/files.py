"""Files in and out: scoring rows, and taking in what really happened."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import Number
from mainstay.data import DataSettings, read_source
from mainstay.errors import DataError
from mainstay.events import FeedbackReader
from mainstay.events.read import read_predictions
from mainstay.release import ReleaseSettings, open_books
from mainstay.serving.batch import Scored, score_file

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from mainstay.models.task import Task
    from mainstay.project import Project
    from mainstay.release import Release

_COLUMNS = ("id", "label", "at", "followed")
_AMOUNT = Number(name="label")  # an amount is read as every number is: "1_000" is none


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file of outcomes.

    Parameters
    ----------
    accepted : int
        Outcomes written to the log.
    unknown : int
        Those of them whose id fits no prediction in the log; kept, and never mixed into a measure.

    """

    accepted: int
    unknown: int


def predict_file(project: Project, source: Path, out: Path, *, number: int | None = None) -> Scored:
    """Score a file with the champion, or with version `number`: logged as what it is in the release in force."""
    with open_books(project) as books:
        chosen = number or books.release_in_force().champion
        bundle = books.registry.load_bundle(project.name, chosen)
        settings = project.section("data", DataSettings)
        role = _role(books.releases.current(project.name), chosen)
        control = project.section("release", ReleaseSettings).control
        return score_file(
            bundle, source, out, log=books.log, books=project.books, role=role, settings=settings, control=control
        )


def _role(release: Release | None, number: int) -> str:
    """Say what a version is in the release in force: one that isn't in it answers beside it, as a shadow does."""
    routes = release.routes if release else ()
    return next((route.role for route in routes if route.version == number), "shadow")


def take_feedback(project: Project, source: Path) -> Taken:
    """Write the outcomes of a file to the log: all of them, or none where one can't be used."""
    frame = read_source(source)
    for needed in ("id", "label"):
        if needed not in frame.columns:
            raise DataError(f"{source.name} has no column '{needed}'.", "It needs id and label, and may have at.")
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, books.release_in_force().champion, run=False)
        now = dt.datetime.now(dt.UTC)
        rows = _rows(frame.select(name for name in _COLUMNS if name in frame.columns), bundle.policy.task)
        told = FeedbackReader(project.name, bundle.policy.task).read(rows, now)
        known = set(read_predictions(books.log, bundle.contract, model=project.name)["id"].to_list())
        books.log.append("feedback", told)
    return Taken(accepted=len(told), unknown=sum(each.id not in known for each in told))


def _rows(frame: pl.DataFrame, task: Task) -> list[object]:
    """Give rows as JSON would carry them: cells of a csv are text, an amount is a number."""
    rows: list[object] = []
    for row in frame.iter_rows(named=True):
        said = {name: value for name, value in row.items() if value is not None}
        label = said.get("label")
        if task.kind == "regression" and isinstance(label, str):
            said["label"] = _amount(label)
        if "followed" in said:
            said["followed"] = {"true": True, "false": False}.get(str(said["followed"]).lower(), said["followed"])
        rows.append(said)
    return rows


def _amount(text: str) -> float | str:
    amount = _AMOUNT.parse(text)
    return text if amount is None else amount  # the reader names a text, its row and what is allowed
