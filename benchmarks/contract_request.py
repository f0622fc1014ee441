"""How long one record of 20 fields takes from bytes to an encoded row.

    python benchmarks/contract_request.py

Prints microseconds per record: the best and the median of many rounds, for the fast way and for the reference, each
on one record a request and on a request of 100. The contract is mixed as a customer table is: an id, 6 whole numbers,
6 numbers, 4 booleans spelled Yes/No, 4 categories.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING

from mainstay.contract import Boolean, Category, Contract, Integer, Number, Text, compile_request

if TYPE_CHECKING:
    from collections.abc import Callable

CONTRACT = Contract(
    (
        Text(name="customer", role="id"),
        *(Integer(name=f"count_{i}", min=0, max=1000) for i in range(6)),
        *(Number(name=f"amount_{i}", min=0.0, max=1e6) for i in range(6)),
        *(Boolean(name=f"has_{i}", true="Yes", false="No") for i in range(4)),
        *(Category(name=f"plan_{i}", values=("Month-to-month", "One year", "Two year")) for i in range(4)),
    )
)
RECORD = {
    "customer": "7590-VHVEG",
    **{f"count_{i}": 34 + i for i in range(6)},
    **{f"amount_{i}": 29.85 + i for i in range(6)},
    **{f"has_{i}": ("Yes", "No")[i % 2] for i in range(4)},
    **{f"plan_{i}": "One year" for i in range(4)},
}


def microseconds(task: Callable[[], object], records: int, rounds: int = 200, calls: int = 100) -> tuple[float, float]:
    """Time `task`: best and median over rounds, in microseconds per record."""
    spent = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            task()
        spent.append((time.perf_counter() - start) / calls / records * 1e6)
    return min(spent), statistics.median(spent)


def main() -> None:
    decoder = compile_request(CONTRACT)
    for records in (1, 100):
        body = json.dumps(RECORD if records == 1 else [RECORD] * records).encode()
        assert len(decoder.decode(body)) == records
        calls = 1000 if records == 1 else 10
        for name, way in (("fast", decoder.decode), ("reference", decoder.decode_slowly)):
            best, median = microseconds(lambda way=way, body=body: way(body), records, 50, calls)  # type: ignore[misc]
            print(f"{name:10} {records:4} a request: best {best:7.2f} us, median {median:7.2f} us per record")


if __name__ == "__main__":
    main()
