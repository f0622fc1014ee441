"""What no recipe can learn from, told before any tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.data.rows import Rows
    from mainstay.models.task import Task

_NAMED = 5


def refuse_unlearnable(rows: Rows, task: Task, names: Sequence[str]) -> None:
    """Refuse rows that say nothing.

    Parameters
    ----------
    rows : Rows
        What is to be learned from.
    task : Task
        What is predicted.
    names : sequence of str
        Of the places of an encoded row.

    Raises
    ------
    DataError
        Where the target is one and the same in all training rows, or a feature is missing in all of them.

    """
    if np.ptp(rows.y) == 0:
        raise DataError(
            f"All {len(rows)} training rows have one and the same {task.target}: there is nothing to learn.",
            "Give rows of both kinds, or split them another way.",
        )
    empty = [name for name, column in zip(names, rows.X.T, strict=True) if np.isnan(column).all()]
    if empty:
        named = ", ".join(f"'{name}'" for name in empty[:_NAMED]) + (" and others" if len(empty) > _NAMED else "")
        raise DataError(
            f"{named} {'is' if len(empty) == 1 else 'are'} missing in all {len(rows)} training rows: nothing can be "
            "learned from that, and a model would read anything into the first value it meets.",
            'Fill the source, or set role = "ignored" in contract.toml.',
        )
