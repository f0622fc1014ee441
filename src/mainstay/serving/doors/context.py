"""What all records of a request share, put into each of them: TensorFlow Serving's ``context``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import Problem, RecordError
from mainstay.serving.doors.envelope import demand_few, demand_most, fields, first_kind, items, kind
from mainstay.serving.doors.records import LARGEST, array
from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    from mainstay.contract import RequestDecoder
    from mainstay.serving.doors.envelope import Cell

_encode = msgspec.json.Encoder().encode


def with_context(raw: Cell, shared: dict[str, msgspec.Raw], decoder: RequestDecoder) -> bytes:
    """Put the fields that all records share into each of them.

    Raises
    ------
    RecordError
        Where a record has one of them itself.
    Refused
        413, where that would be far larger than what was sent; 400, where the records aren't objects.

    """
    if kind(raw) != b"[" or first_kind(raw) not in (b"{", b"]"):
        raise Refused(400, "shape", "The records aren't a list of objects.", "Send a list of objects by field.")
    demand_few(raw, decoder)
    given = items(raw)
    demand_most(len(given), decoder)
    more = b",".join(b"%s:%s" % (_encode(name), bytes(cell)) for name, cell in shared.items())
    if len(given) * len(more) > LARGEST:
        raise Refused(413, "size", f"As records this request is larger than {LARGEST} bytes.", "Send fewer at once.")
    return array(_sharing(place, each, shared, more) for place, each in enumerate(given))


def _sharing(place: int, raw: msgspec.Raw, shared: dict[str, msgspec.Raw], more: bytes) -> bytes:
    if kind(raw) != b"{":
        return bytes(raw)
    own = fields(raw)
    for name in shared:
        if name in own:
            message = "is there twice: in the record and in what all share."
            raise RecordError([Problem(record=place, field=name, found="", message=message)])
    inner = bytes(raw)[1:-1]
    return b"{%s}" % b",".join(part for part in (inner if own else b"", more) if part)
