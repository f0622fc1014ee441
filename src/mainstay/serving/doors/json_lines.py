"""JSON Lines as records: an object, or a list of values in the contract's order, on each line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import BodyError
from mainstay.serving.doors.envelope import demand_most
from mainstay.serving.doors.records import from_instances

if TYPE_CHECKING:
    from mainstay.contract import RequestDecoder

_one = msgspec.json.Decoder(msgspec.Raw).decode


def from_json_lines(body: bytes, decoder: RequestDecoder) -> bytes:
    """Read lines; blank ones are passed over.

    Raises
    ------
    BodyError
        Naming the first line that isn't one value in JSON.
    RecordError
        Where there are too many.

    """
    lines = [line for line in (each.strip() for each in body.split(b"\n", decoder.max_records + 2)) if line]
    demand_most(len(lines), decoder)
    for place, line in enumerate(lines):
        try:
            _one(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            sentence = f"Line {place + 1} of the body isn't one value in JSON: {error}."
            raise BodyError(sentence, "Send an object on each line.") from None
    return from_instances(b"[%s]" % b",".join(lines), decoder, "lines")
