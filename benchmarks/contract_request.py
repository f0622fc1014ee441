"""How long one record of 30 fields takes from bytes to an encoded row, and until a bad one is refused.

    python benchmarks/contract_request.py

Prints microseconds per record: the best and the median of many rounds, for the fast way and for the reference, each
on one record a request and on a request of 100. "checked" is decoded and held to every rule; "encoded" has the numbers
a model sees as well; "logged" its features by name too. "refused" raises, "listed" also names every problem. The
contract is mixed as a customer table is: an id, 9 whole numbers, 9 numbers, 6 booleans spelled Yes/No, 5 categories.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING

from mainstay.contract import Boolean, Category, Contract, Integer, Number, RequestDecoder, Text, compile_request
from mainstay.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable

CONTRACT = Contract(
    (
        Text(name="customer", role="id"),
        *(Integer(name=f"count_{i}", min=0, max=1000) for i in range(9)),
        *(Number(name=f"amount_{i}", min=0.0, max=1e6) for i in range(9)),
        *(Boolean(name=f"has_{i}", true="Yes", false="No") for i in range(6)),
        *(Category(name=f"plan_{i}", values=("Month-to-month", "One year", "Two year")) for i in range(5)),
    )
)
RECORD = {
    "customer": "7590-VHVEG",
    **{f"count_{i}": 34 + i for i in range(9)},
    **{f"amount_{i}": 29.85 + i for i in range(9)},
    **{f"has_{i}": ("Yes", "No")[i % 2] for i in range(6)},
    **{f"plan_{i}": "One year" for i in range(5)},
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


def encode(decoder: RequestDecoder, body: bytes) -> object:
    return [row.encoded for row in decoder.decode(body)]


def log(decoder: RequestDecoder, body: bytes) -> object:
    return [(row.encoded, row.features, row.entity) for row in decoder.decode(body)]


def refuse(decoder: RequestDecoder, body: bytes) -> object:
    try:
        return decoder.decode(body)
    except RecordError as error:
        return error


def listed(decoder: RequestDecoder, body: bytes) -> object:
    try:
        return decoder.decode(body)
    except RecordError as error:
        return error.problems


def slowly(decoder: RequestDecoder, body: bytes) -> object:
    return decoder.decode_slowly(body)


def main() -> None:
    decoder = compile_request(CONTRACT)
    good, above, lacking = RECORD, {**RECORD, "amount_8": -1.0}, {**RECORD}
    del lacking["count_4"]
    merciful = {**RECORD, "count_4": "38"}
    for records in (1, 100):
        body = json.dumps(good if records == 1 else [good] * records).encode()
        for name, way in (
            ("checked", RequestDecoder.decode),
            ("encoded", encode),
            ("logged", log),
            ("reference", slowly),
        ):
            tell(name, records, way, decoder, body)
    for name, record in (("out of range", above), ("a field short", lacking)):
        tell(f"refused, {name}", 1, refuse, decoder, json.dumps(record).encode())
    tell("listed", 1, listed, decoder, json.dumps(above).encode())
    tell("one of 100 needs mercy", 100, RequestDecoder.decode, decoder, json.dumps([*[good] * 99, merciful]).encode())


def tell(
    name: str, records: int, way: Callable[[RequestDecoder, bytes], object], decoder: RequestDecoder, body: bytes
) -> None:
    calls = 1000 if records == 1 else 10
    best, median = microseconds(lambda: way(decoder, body), records, 50, calls)
    print(f"{name:24} {records:4} a request: best {best:7.2f} us, median {median:7.2f} us per record")


if __name__ == "__main__":
    main()
