"""What every case prints: rows per rule, the places of the failing rows, and the time the check itself took."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Clock:
    """CPU and wall seconds since it was made; made after the imports, so that a check is told apart from them."""

    def __init__(self) -> None:
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def tell(self, counts: dict[str, int], places: Iterable[int], kept: int) -> None:
        """Print the outcome of a case as one line of JSON.

        `counts` are keyed ``"column rule"``, as in `shape.PLANTED`; `places` are counted from 0; `kept` failing rows
        are in the hand, whole.
        """
        spent = {"cpu": time.process_time() - self.cpu, "wall": time.perf_counter() - self.wall}
        print(json.dumps({**spent, "counts": counts, "places": sorted(places), "kept": kept}))
