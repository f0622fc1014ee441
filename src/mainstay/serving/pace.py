"""`Pace`: how long a version takes, measured with its golden records before it answers anybody."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contract import compile_request
from mainstay.errors import RecordError
from mainstay.registry.golden import tolerance_of
from mainstay.serving.dataplane import ask_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract import Row
    from mainstay.models.model import Model, Score
    from mainstay.registry import Bundle

_LONG = 0.0005  # seconds a record may take of the event loop; handing it to a thread and back costs a fifth of that
_ROUNDS = 5
_ENOUGH = 0.5  # seconds after which nothing more is measured
_ALONE = 5  # records that are asked one by one


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How long a version takes.

    Parameters
    ----------
    slow : bool
        Whether it is asked beside the event loop, with whatever else waits for it.
    together : bool
        Whether records of several requests may be asked in one call: it says of each the same as of it alone.
    fixed, each : float
        Seconds a call takes, and seconds each record of it adds.

    """

    slow: bool = False
    together: bool = True
    fixed: float = 0.001
    each: float = 0.0001

    def seconds(self, records: int) -> float:
        """Say what a call for so many records takes."""
        return self.fixed + self.each * records

    @property
    def most(self) -> int:
        """How many records are worth one call.

        So many that it takes at most twice as long as for one record: nearly all there is to gain where a call costs
        much and a record little, and nothing is waited for where records only add up.

        Examples
        --------
        >>> Pace(fixed=0.004, each=0.0001).most, Pace(fixed=0.0, each=0.005).most
        (41, 1)

        """
        return int(self.fixed / self.each) + 1 if self.together else 1


QUICK = Pace()


def measure_pace(bundle: Bundle) -> Pace:
    """Ask a version its golden records a few times: it is warm then, and its pace is known.

    It is slow where it runs code of the project's own, where its adapter says so (``slow = True``: it answers in
    Python), and where a record takes longer than half a millisecond, whoever answers it. Of several measurements the
    shortest counts: whatever else this machine does can only add to it.

    Parameters
    ----------
    bundle : Bundle
        A version that has answered its golden records rightly.

    """
    rows = _rows(bundle)
    told = bundle.features is not None or _says_slow(bundle.model)
    if not rows:
        return Pace(slow=told)
    end = time.perf_counter() + _ENOUGH
    alone = min(_timed(bundle, [row], end) for row in rows[:_ALONE])
    if not told and alone < _LONG:
        return QUICK
    many = _timed(bundle, rows, end)
    each = max(0.0, many - alone) / max(1, len(rows) - 1)
    fixed = max(0.0, alone - each)
    return Pace(slow=True, together=_alike(bundle, rows), fixed=fixed, each=max(each, fixed / 100, 1e-6))


def _rows(bundle: Bundle) -> list[Row]:
    decoder = compile_request(bundle.contract)
    found = []
    for golden in bundle.golden:
        try:
            found += decoder.decode(msgspec.json.encode(golden.record))
        except RecordError:  # it was refused when it was proved, too, and would have been told there
            continue
    return found


def _says_slow(model: Model) -> bool:
    """Ask the adapter, and those of the models inside."""
    inner = getattr(model, "inner", None)
    return bool(getattr(model, "slow", False)) or (inner is not None and _says_slow(inner))


def _timed(bundle: Bundle, rows: Sequence[Row], end: float) -> float:
    """Give the shortest of some calls; one at least, and none that begins after `end`."""
    shortest = math.inf
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        ask_model(bundle, rows)
        done = time.perf_counter()
        shortest = min(shortest, done - began)
        if done > end:
            break
    return shortest


def _alike(bundle: Bundle, rows: Sequence[Row]) -> bool:
    """Say whether records asked together get what they get alone: a model may look at its whole batch."""
    off = tolerance_of(bundle.model)
    together = ask_model(bundle, rows).scores
    alone = [ask_model(bundle, [row]).scores[0] for row in rows]
    return all(_close(one, other, off) for one, other in zip(together, alone, strict=True))


def _close(one: Score, other: Score, off: float) -> bool:
    return bool(np.allclose(one, other, rtol=off, atol=off, equal_nan=True))
