"""What a summary is made of: the rows of a span as arrays, read once for all of its slices. The part with I/O.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from mainstay.events.log import EventLog
from mainstay.events.read import read_refusals, scan_predictions
from mainstay.events.truth import kpis, truth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mainstay.events.log import Stream
    from mainstay.events.persons import Persons
    from mainstay.events.profiles.lens import Lens

RETRIED = dt.timedelta(minutes=10)
"""How long after an answer a retry may log it again; it counts where it stands first."""

EARLY = dt.timedelta(days=1)
"""How long before its answer feedback may arrive: it overtook it, or a clock is slow."""


class Chosen(EventLog):
    """A log of whose segments only some are read: those that are known to hold what is asked for.

    Parameters
    ----------
    log : EventLog
        The log.
    names : mapping
        Names of the segments, by stream.

    """

    def __init__(self, log: EventLog, names: Mapping[str, frozenset[str]]) -> None:
        super().__init__(log.root, log.settings, model=log.model)
        self.opened = log.opened
        self._log = log
        self._names = names

    @property
    def persons(self) -> Persons:
        """The keys, wherever the log has them."""
        return self._log.persons

    def segments(
        self,
        stream: Stream,
        since: dt.datetime | None = None,  # noqa: ARG002 - the names say it better
        until: dt.datetime | None = None,  # noqa: ARG002 - the names say it better
    ) -> tuple[Path, ...]:
        """List the files, oldest first."""
        return tuple(path for path in super().segments(stream) if path.name in self._names[stream])


@dataclass(frozen=True)
class Material:
    """The rows of a span.

    Parameters
    ----------
    frame : DataFrame
        One row per answer, as in a `mainstay.events.window.Window`, and ``asked``, the id that feedback names.
    kpis : DataFrame
        ``id, name, value`` of the answers.
    refusals : DataFrame
        Refused requests.

    """

    frame: pl.DataFrame
    kpis: pl.DataFrame
    refusals: pl.DataFrame


def read_material(
    log: EventLog, lens: Lens, since: dt.datetime, until: dt.datetime, read_told: Callable[[pl.Series], pl.DataFrame]
) -> Material:
    """Read the rows of a span, `until` excluded, and all that is known of them now.

    What is logged twice counts where it stands first, if that is at most `RETRIED` before. `read_told` gives the
    feedback about some ids.
    """
    name = lens.model or None
    found = scan_predictions(
        log, lens.contract, since - RETRIED, until, name, inputs=lens.inputs, labels=lens.task.labels
    )
    frame = found.frame.filter(pl.col("time") >= since).with_columns(pl.coalesce("answer", "id").alias("asked"))
    told = read_told(frame["asked"].unique())
    known = truth(told, lens.task)
    frame = frame.join(known, left_on="asked", right_on="id", how="left", maintain_order="left")
    if lens.task.kind == "regression":
        frame = frame.with_columns(pl.col("prediction", "decision").cast(pl.Float64, strict=False))
    answers = frame.filter(pl.col("answer").is_null()).select("id")
    numbers = kpis(told).join(answers, on="id", how="semi", maintain_order="left")
    return Material(frame, numbers, read_refusals(log, since, until, name))


def between(material: Material, since: dt.datetime, until: dt.datetime) -> Material:
    """Take the rows of a part of a span; `until` excluded."""
    inside = (pl.col("time") >= since) & (pl.col("time") < until)
    frame = material.frame.filter(inside)
    numbers = material.kpis.join(frame.select("id"), on="id", how="semi", maintain_order="left")
    return Material(frame, numbers, material.refusals.filter(inside))
