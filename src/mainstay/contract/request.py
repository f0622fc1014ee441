"""One request: bytes to encoded rows, or every reason why not.

Two ways lead there. The slow one reads every value by `mainstay.contract.reading` and is the reference. The fast one
is generated from the contract (`mainstay.contract.fast`) and takes only records that need no policy and no mercy;
whatever deviates falls to the slow one, so both always give the same answer.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contract.body import BodyError, parse_body
from mainstay.contract.contract import require_sound
from mainstay.contract.fast import compile_fast
from mainstay.contract.reading import complaint, read, shown
from mainstay.contract.row import Row
from mainstay.errors import Problem, RecordError

if TYPE_CHECKING:
    from mainstay.contract.columns import AnyColumn
    from mainstay.contract.contract import Contract

__all__ = ["BodyError", "RequestDecoder", "Row", "compile_request"]

MOST_PROBLEMS = 100
_NEAR = 50


class RequestDecoder:
    """Decodes requests by one contract. Holds no state between calls; safe in any number of threads.

    Parameters
    ----------
    contract : Contract
        What a record must look like.
    max_records : int
        How many records one request may hold.

    Raises
    ------
    ContractError
        Where the contract contradicts itself.

    """

    def __init__(self, contract: Contract, *, max_records: int = 1000) -> None:
        require_sound(contract)
        self.contract = contract
        self.max_records = max_records
        self._fast = compile_fast(contract)
        self._features = contract.features
        self._entity = contract.entity
        self._pack = struct.Struct(f"{len(self._features)}d").pack
        self._known = frozenset(contract.names)

    def decode(self, body: bytes) -> list[Row]:
        """Decode a request: one JSON object, or an array of them.

        Fields that are no column are ignored; of duplicate fields the last one counts.

        Raises
        ------
        BodyError
            Where the body isn't JSON.
        RecordError
            Where a record is refused; lists up to 100 problems of all records and counts the rest.

        """
        return self.decode_with_shape(body)[0]

    def decode_with_shape(self, body: bytes) -> tuple[list[Row], bool]:
        """Decode as `decode` does, and say whether the body was an array."""
        rows = self._fast(body, self.max_records)
        if rows is not None:
            return rows, body.lstrip()[:1] != b"{"
        return self.decode_slowly(body)

    def decode_slowly(self, body: bytes) -> tuple[list[Row], bool]:
        """Decode by the reference semantics alone."""
        parsed = parse_body(body, self.max_records)
        complaints = _Complaints()
        rows = [self._read_record(place, record, complaints) for place, record in enumerate(parsed.records)]
        complaints.raise_any()
        parsed.raise_oddities()
        return [row for row in rows if row is not None], parsed.was_array

    def read_record(self, record: dict[str, object]) -> Row:
        """Read one record that is a mapping already; raises RecordError."""
        complaints = _Complaints()
        row = self._read_record(0, record, complaints)
        complaints.raise_any()
        assert row is not None  # noqa: S101 - a record without complaints is a row
        return row

    def _read_record(self, place: int, record: object, complaints: _Complaints) -> Row | None:
        if not isinstance(record, dict):
            complaints.add(place, "", record, f"'{shown(record)}' is no record; expected an object with fields.")
            return None
        before = complaints.total
        readings = []
        for column in self._features:
            found = record.get(column.name)
            reading = read(column, found)
            if reading.rule:
                self._complain(complaints, place, column, record, reading.rule)
            readings.append(reading)
        entity = self._read_entity(place, record, complaints)
        if complaints.total > before:
            return None
        return Row(
            np.frombuffer(self._pack(*[reading.code for reading in readings])),
            {column.name: reading.value for column, reading in zip(self._features, readings, strict=True)},
            entity,
            tuple(reading.note for reading in readings if reading.note),
            any(reading.degraded for reading in readings),
        )

    def _read_entity(self, place: int, record: dict[str, object], complaints: _Complaints) -> str | None:
        if self._entity is None:
            return None
        reading = read(self._entity, record.get(self._entity.name))
        if reading.rule:
            self._complain(complaints, place, self._entity, record, reading.rule)
        return None if reading.value is None else str(reading.value)

    def _complain(
        self, complaints: _Complaints, place: int, column: AnyColumn, record: dict[str, object], rule: str
    ) -> None:
        if complaints.full:
            complaints.total += 1
            return
        found = record.get(column.name)
        others = [name for name in islice(record, _NEAR) if name not in self._known]
        complaints.add(place, column.name, found, complaint(column, found, rule, others))


class _Complaints:
    """The problems of one request: the first hundred kept, all counted."""

    def __init__(self) -> None:
        self.kept: list[Problem] = []
        self.total = 0

    @property
    def full(self) -> bool:
        return len(self.kept) >= MOST_PROBLEMS

    def add(self, place: int, field: str, found: object, message: str) -> None:
        self.total += 1
        if not self.full:
            self.kept.append(Problem(record=place, field=field, found=shown(found), message=message))

    def raise_any(self) -> None:
        if self.kept:
            raise RecordError(self.kept, self.total)


@lru_cache(maxsize=64)
def compile_request(contract: Contract, *, max_records: int = 1000) -> RequestDecoder:
    """Compile a contract into a decoder of requests; the same one for the same contract."""
    return RequestDecoder(contract, max_records=max_records)
