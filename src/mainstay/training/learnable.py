"""What no recipe can learn from, told before any tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.errors import DataError

if TYPE_CHECKING:
    from mainstay.data.rows import Rows
    from mainstay.models.task import Task


def refuse_unlearnable(rows: Rows, task: Task) -> None:
    """Refuse rows that say nothing.

    Raises
    ------
    DataError
        Where the target is one and the same in all training rows, or no feature has a value in any.

    """
    if np.ptp(rows.y) == 0:
        raise DataError(
            f"All {len(rows)} training rows have one and the same {task.target}: there is nothing to learn.",
            "Give rows of both kinds, or split them another way.",
        )
    if not rows.X.size or np.isnan(rows.X).all():
        raise DataError(
            "Every feature is missing in all training rows: there is nothing to learn from.",
            "Look at the columns of the source, and at 'missing' in [data].",
        )
