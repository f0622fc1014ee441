"""Requests that were answered lately, in the log of a tiny project."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mainstay.events import IdMaker, Prediction
from mainstay.release import open_books

if TYPE_CHECKING:
    from mainstay.project import Project


def asked(project: Project, tenures: list[int], version: int = 1) -> None:
    """Log an answer for each tenure."""
    make = IdMaker()
    with open_books(project) as books:
        books.log.append(
            "predictions",
            [
                Prediction(
                    id=make(),
                    at=dt.datetime.now(dt.UTC),
                    model=project.name,
                    version=version,
                    role="champion",
                    score=0.2,
                    prediction="No",
                    decision="none",
                    features={"tenure": tenure, "charge": 1.0, "plan": "basic"},
                )
                for tenure in tenures
            ],
        )
