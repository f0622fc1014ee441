"""The group of each held-out row: columns that are declared, or that the contract calls sensitive."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.segments import MISSING, MOST_LABELS, label_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.data.snapshot import Snapshot
    from mainstay.evaluation.settings import EvaluationSettings
    from mainstay.project import Project

REST = "any other"


def group_columns(settings: EvaluationSettings, contract: Contract, columns: Sequence[str]) -> tuple[str, ...]:
    """Name the columns whose groups are compared; a sensitive column of the contract that the rows lack is left out."""
    sensitive = [column.name for column in contract.columns if column.sensitive and column.name in columns]
    return tuple(dict.fromkeys((*settings.inclusion, *sensitive)))


def refuse_unknown_groups(project: Project, settings: EvaluationSettings, columns: Sequence[str]) -> None:
    """Refuse, before anything is trained, a column that the rows don't have.

    Raises
    ------
    ProjectError
        With the nearest name.

    """
    for name in settings.inclusion:
        if name not in columns:
            near = difflib.get_close_matches(name, columns, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Its columns: {', '.join(columns)}."
            raise project.file.error("evaluation", "inclusion", f"names '{name}', which the source doesn't have.", hint)


def group_rows(snapshot: Snapshot, name: str) -> NDArray[np.str_]:
    """Give the group of each held-out row in one column, which may be no feature.

    Numbers with many values are cut at the quartiles of the training rows, also where a csv holds them as text; of
    many labels the most frequent are kept.
    """
    cells = pl.concat([rows.frame.get_column(name) for rows in (snapshot.train, snapshot.test)])
    learned = np.arange(len(cells)) < len(snapshot.train)
    typed, column = _numeric(cells).to_frame(), cells.name
    own = [each.name for each in snapshot.contract.columns if each.personal]
    labels = label_rows(typed, cells.to_frame(), (column,), learned, own=own)[column]
    names, counts = np.unique(labels, return_counts=True)
    kept = names[np.argsort(-counts, kind="stable")][:MOST_LABELS]
    return np.asarray(np.where(np.isin(labels, [*kept, MISSING]), labels, REST)[~learned], dtype=np.str_)


def _numeric(cells: pl.Series) -> pl.Series:
    """Read texts as numbers where all that aren't blank are numbers, and there are many."""
    if cells.dtype != pl.String:
        return cells
    texts = cells.str.strip_chars()
    texts = texts.set((texts == "").fill_null(value=False), None)
    numbers = texts.cast(pl.Float64, strict=False)
    whole = numbers.null_count() == texts.null_count() and numbers.n_unique() > MOST_LABELS
    return numbers if whole else texts
