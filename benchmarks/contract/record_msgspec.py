"""msgspec alone: one record into a Struct with limits; no policies, no mercy, one error at a time."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import msgspec
import shape
from msgspec import Meta
from record_encode import encoder
from timing import microseconds, refused, tell


def main() -> None:
    fields: list[tuple[str, object]] = [(shape.ID, str)]
    fields += [(name, Annotated[int, Meta(ge=ends[0], le=ends[1])]) for name, ends in shape.INTEGERS.items()]
    fields += [(name, Annotated[float, Meta(ge=ends[0], le=ends[1])]) for name, ends in shape.NUMBERS.items()]
    fields += [(name, bool) for name in shape.BOOLEANS]
    fields += [(name, Literal[shape.CATEGORIES[name]]) for name in shape.RECORD_CATEGORIES]
    decode = msgspec.json.Decoder(msgspec.defstruct("Record", fields)).decode
    good, bad = json.dumps(shape.record()).encode(), json.dumps(shape.bad_record()).encode()
    encode = encoder()
    assert encode(decode(good)).shape == (29,)
    tell(
        microseconds(lambda: decode(good)),
        microseconds(lambda: encode(decode(good))),
        microseconds(refused(decode, bad, msgspec.ValidationError)),
    )


if __name__ == "__main__":
    main()
