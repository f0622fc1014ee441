"""mainstay: one record, decoded and checked; its encoded row read; refused."""

from __future__ import annotations

import json

import numpy as np
import shape
from timing import microseconds, refused, tell

from mainstay.contract import AnyColumn, Boolean, Category, Contract, Integer, Number, Text, compile_request
from mainstay.errors import RecordError


def contract() -> Contract:
    columns: list[AnyColumn] = [Text(name=shape.ID, role="id")]
    columns += [Integer(name=name, min=ends[0], max=ends[1]) for name, ends in shape.INTEGERS.items()]
    columns += [Number(name=name, min=ends[0], max=ends[1]) for name, ends in shape.NUMBERS.items()]
    columns += [Boolean(name=name) for name in shape.BOOLEANS]
    columns += [
        Category(name=name, values=shape.CATEGORIES[name], unknown="reject") for name in shape.RECORD_CATEGORIES
    ]
    return Contract(tuple(columns))


def main() -> None:
    decode = compile_request(contract()).decode
    good, bad = json.dumps(shape.record()).encode(), json.dumps(shape.bad_record()).encode()
    (row,) = decode(good)
    assert row.encoded.shape == (29,)
    assert row.encoded.dtype == np.float64
    assert row.entity == shape.record()[shape.ID]
    tell(
        microseconds(lambda: decode(good)),
        microseconds(lambda: decode(good)[0].encoded),
        microseconds(refused(decode, bad, RecordError)),
    )


if __name__ == "__main__":
    main()
