"""Which rows of the log show the effect of an action, and what stands for them.

Retraining on such rows would learn what its own actions did: who was made an offer and stayed looks like one who would
have stayed. So they are left out, and the rows that the control share kept from an action stand for all that were meant
for one (`mainstay.measures.standing_in`). Where the caller did otherwise than was decided, nobody knows by which lot:
such a row is left out too, and is still one of those that the control share stands for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.sieve import Step
from mainstay.data.words import count, lasting, rows
from mainstay.errors import DataError
from mainstay.measures.standing_in import cut_weights, effective_rows, stand_in

if TYPE_CHECKING:
    import datetime as dt

TREATED = "treated"
"""The step that takes out the rows whose outcome an action may have changed; no loss, others stand for them."""


def untreated(frame: pl.DataFrame, reach: dt.timedelta) -> tuple[pl.DataFrame, Step, str]:
    """Leave out the rows that an action had a hand in, and weigh the others.

    Parameters
    ----------
    frame : DataFrame
        Rows of the log in order of time, as `with_effects` gives them.
    reach : timedelta
        How long outcomes take.

    Returns
    -------
    DataFrame
        The rows that are left, with their ``weight``: how many records each stands for.
    Step
        How many were left out, and why.
    str
        What stands for them, for a reader; empty where nothing has to.

    Raises
    ------
    DataError
        Where records were acted on, and none was kept from it.

    """
    mass = 1 / frame["sampled"].to_numpy().astype(np.float64)
    done, meant, exposed, touched = (frame[name].to_numpy() for name in ("done", "meant", "exposed", "touched"))
    held = touched & frame["control"].to_numpy() & ~exposed
    acted, strayed = touched & ~held, exposed & ~touched
    if (acted & meant).any() and not held.any():
        raise _no_control(int((acted & meant).sum()), frame.height)
    kept = ~(acted | strayed)
    cut, times = cut_weights(stand_in(acted, held, mass)[kept])
    otherwise = frame["followed"].fill_null(value=True).to_numpy() == 0
    own = meant & done & ~otherwise
    counts = {
        "acted on, so that the outcome is that of the action": int(own.sum()),
        "the caller did otherwise than was decided": int((otherwise & ~kept).sum()),
        f"about somebody who was acted on within {lasting(reach)} of it": int((~kept & ~own & ~otherwise).sum()),
    }
    words = _words(int(held.sum()), int(acted.sum()), times, effective_rows(cut)) if acted.any() else ""
    left = frame.filter(pl.Series(kept)).with_columns(pl.Series("weight", cut))
    return left, Step(TREATED, int((~kept).sum()), counts), words


def all_rows(frame: pl.DataFrame) -> tuple[pl.DataFrame, Step, str]:
    """Keep every row, where an action changes no outcome."""
    return frame.with_columns((1 / pl.col("sampled")).alias("weight")), Step(TREATED, 0, {}), ""


def _words(held: int, acted: int, cut: int, effective: float) -> str:
    trimmed = f"; the weights of {count(cut)} were cut, so that no single row decides" if cut else ""
    return (
        f"{rows(held)} of the control share stand for themselves and for {count(acted)} that were acted on: together "
        f"they say as much as {count(round(effective))} rows of equal weight{trimmed}"
    )


def _no_control(acted: int, total: int) -> DataError:
    return DataError(
        f"{count(acted)} of {rows(total)} of the log were acted on, and none of those that were meant for it was kept "
        "from it: what becomes of such records without an action can't be learned here, and with one the model would "
        "learn its own effect.",
        "Set [release] control = 0.05 and let outcomes come in; or, where an action changes no outcome, say "
        '[data] treated = "keep".',
    )
