"""How long one call takes: the best of many rounds, as noise only ever adds."""

from __future__ import annotations

import gc
import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def microseconds(task: Callable[[], object], rounds: int = 60, calls: int = 2000) -> float:
    """Time one call, in microseconds."""
    task()
    best = float("inf")
    gc.collect()
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            task()
        best = min(best, time.perf_counter() - start)
    return best / calls * 1e6


def refused(decode: Callable[[bytes], object], body: bytes, error: type[Exception]) -> Callable[[], None]:
    """Make the task of a record being refused, and see once that it is."""

    def task() -> None:
        try:
            decode(body)
        except error:
            return
        raise AssertionError("the bad record was accepted")

    task()
    return task


def tell(checked: float, encoded: float, rejected: float) -> None:
    """Print the three times as one line of JSON."""
    print(json.dumps({"checked": checked, "encoded": encoded, "rejected": rejected}))
