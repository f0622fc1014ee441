"""pydantic: one record by `model_validate_json`."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import shape
from pydantic import Field, ValidationError, create_model
from record_encode import encoder
from timing import microseconds, refused, tell


def main() -> None:
    fields: dict[str, object] = {shape.ID: (str, ...)}
    for name, (low, high) in shape.INTEGERS.items():
        fields[name] = (Annotated[int, Field(ge=low, le=high)], ...)
    for name, (least, most) in shape.NUMBERS.items():
        fields[name] = (Annotated[float, Field(ge=least, le=most)], ...)
    fields |= dict.fromkeys(shape.BOOLEANS, (bool, ...))
    fields |= {name: (Literal[shape.CATEGORIES[name]], ...) for name in shape.RECORD_CATEGORIES}
    decode = create_model("Record", **fields).model_validate_json
    good, bad = json.dumps(shape.record()).encode(), json.dumps(shape.bad_record()).encode()
    encode = encoder()
    assert encode(decode(good)).shape == (29,)
    tell(
        microseconds(lambda: decode(good)),
        microseconds(lambda: encode(decode(good))),
        microseconds(refused(decode, bad, ValidationError)),
    )


if __name__ == "__main__":
    main()
