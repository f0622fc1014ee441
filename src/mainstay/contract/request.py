"""One request: bytes to encoded rows, or every reason why not.

Two ways lead there. The slow one reads every value by `mainstay.contract.reading` and is the reference. The fast one
is generated from the contract (`mainstay.contract.fast`) and takes only records that need no policy and no mercy;
each record that deviates falls to the slow one, so both always give the same answer.
"""

from __future__ import annotations

import difflib
import struct
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import numpy as np

from mainstay.contract.body import Body, BodyError, is_much, parse_body
from mainstay.contract.contract import require_sound
from mainstay.contract.fast import REFUSALS, compile_fast, is_optional
from mainstay.contract.reading import complaint, is_missing, read, refuser, shown
from mainstay.contract.refusal import Complaints, Refusal
from mainstay.contract.row import Deed, PlainRow, Row
from mainstay.contract.rules import compile_rules
from mainstay.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mainstay.contract.columns import AnyColumn
    from mainstay.contract.contract import Contract
    from mainstay.contract.fast import FastRow
    from mainstay.contract.reading import Reading

__all__ = ["BodyError", "RequestDecoder", "Row", "compile_request"]

_NEAR = 50
_HINTED_RECORDS = 10
_HINTED_FIELDS = 20
_SURE = 0.8
_BLANK = b" \t\n\r"
_OPEN = b"{"
_SHORT = 5000
"""Bytes; a shorter body needs no look at how much it could hold."""
_REMEMBERED = 4096
_LONGEST_MESSAGE = 200
_CUT = 80
_LARGEST = 2.0**63
_MISSING = "Object missing required field `"
_AT = " - at `$."

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


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
        self._features = contract.features
        self._ids = contract.ids
        self._rules = compile_rules(contract.columns, contract.rules)
        self._pack = struct.Struct(f"{contract.width}d").pack
        self._known = frozenset(contract.names)
        self._asked = frozenset(column.name for column in (*self._features, *self._ids))
        self._columns = len(contract.columns)
        self._nested = sum(column.width for column in self._features if column.width > 1)
        self._probes: dict[str, _Probe] = {}
        self._stumbled: dict[str, _Probe] = {}
        record = compile_fast(contract)
        self._keys = {column.name: f'"{column.name}":'.encode() for column in self._features if is_optional(column)}
        self._one: Callable[[Any], FastRow] = _never if record is None else msgspec.json.Decoder(record).decode
        self._many: Callable[[bytes], list[FastRow]] = (
            _never if record is None else msgspec.json.Decoder(list[record]).decode  # type: ignore[valid-type]
        )

    def decode(self, body: bytes) -> list[Row]:
        """Decode a request: one JSON object, or an array of them.

        Fields that are no column are ignored; where one is called nearly as an optional column that the record lacks,
        the row is warned of it. Of duplicate fields the last one counts; the row is warned of them only where the
        record is read slowly, because it needs a policy or mercy. Only the first ten records of a request are warned.

        Raises
        ------
        BodyError
            Where the body isn't JSON.
        RecordError
            Where a record is refused; lists up to 100 problems of all records and counts the rest. It may compute them
            when they are first asked for.

        """
        return self.decode_with_shape(body)[0]

    def decode_with_shape(self, body: bytes) -> tuple[list[Row], bool]:
        """Decode as `decode` does, and say whether the body was an array."""
        if body[:1] == _OPEN and len(body) < _SHORT and body.isascii():
            try:
                row = self._one(body)
                return [self._hinted(row, body) if self._keys else row], False
            except msgspec.ValidationError as error:
                if self._surely_refused(body, str(error)):
                    raise Refusal(self, body) from None
            except REFUSALS:
                pass
            return self.decode_slowly(body)
        return self._decode_any(body)

    def decode_slowly(self, body: bytes) -> tuple[list[Row], bool]:
        """Decode by the reference semantics alone."""
        parsed = parse_body(body, self.max_records, self._columns, self._nested)
        complaints = Complaints()
        rows = [
            self._read_record(place, record, complaints, parsed.repeated.get(place, ()))
            for place, record in enumerate(parsed.records)
        ]
        complaints.raise_any()
        parsed.raise_oddities()
        return [row for row in rows if row is not None], parsed.was_array

    def read_record(self, record: dict[str, object]) -> Row:
        """Read one record that is a mapping already; raises RecordError."""
        complaints = Complaints()
        row = self._read_record(0, record, complaints)
        complaints.raise_any()
        assert row is not None  # noqa: S101 - a record without complaints is a row
        return row

    def _decode_any(self, body: bytes) -> tuple[list[Row], bool]:
        """Decode what may be long, hold characters beyond ASCII, start with a blank or be an array."""
        try:
            body.decode()  # msgspec doesn't look into the texts it skips
            lean = body.lstrip(_BLANK)
            if lean[:1] != _OPEN:
                return self._decode_many(body)
            if not is_much(lean, 1, self.max_records, self._columns, self._nested):
                return [self._hinted(self._one(lean), lean)], False
        except REFUSALS:
            pass
        return self.decode_slowly(body)

    def _surely_refused(self, body: bytes, message: str) -> bool:
        """Say whether the field that msgspec stumbled over is refused by the reference as well.

        That alone refuses the record; every problem is listed where somebody asks.
        """
        probe = self._stumbled.get(message)
        if probe is None:
            probe = self._probe(message)
            if len(self._stumbled) < _REMEMBERED and len(message) < _LONGEST_MESSAGE:
                self._stumbled[message] = probe
        try:
            return bool(probe.refuses(probe.find(body).it))
        except REFUSALS:
            return False

    def _probe(self, message: str) -> _Probe:
        """Give what finds the field a message of msgspec speaks of, and says whether its value is refused."""
        start = 0 if message.startswith(_MISSING) else message.rfind(_AT)
        name = message[start + len(_AT if start else _MISSING) : -1]
        if start < 0 or name not in self._asked:
            return _Probe(_never, lambda _found: False)
        if name not in self._probes:
            only = msgspec.defstruct("Probe", [("it", Any, None)], rename={"it": name}, gc=False)
            self._probes[name] = _Probe(msgspec.json.Decoder(only).decode, refuser(self.contract.column(name)))
        return self._probes[name]

    def _decode_many(self, body: bytes) -> tuple[list[Row], bool]:
        # Every record opens a brace: a cheap bound on what decoding can cost, before it costs anything.
        if body.count(b"{") > self.max_records:
            return self.decode_slowly(body)
        try:
            rows = self._many(body)
        except msgspec.ValidationError:
            return self._decode_each(body)
        except REFUSALS:
            return self.decode_slowly(body)
        if not rows or is_much(body, len(rows), self.max_records, self._columns, self._nested):
            return self.decode_slowly(body)
        if self._keys and any(row.gaps() for row in rows[:_HINTED_RECORDS]):
            some = zip(rows, _split(body)[:_HINTED_RECORDS], strict=False)
            return [*(self._hinted(row, bytes(raw)) for row, raw in some), *rows[_HINTED_RECORDS:]], True
        return [*rows], True

    def _decode_each(self, body: bytes) -> tuple[list[Row], bool]:
        """Decode an array record by record: those that deviate slowly, the others fast."""
        try:
            raws = _split(body)
        except REFUSALS:
            return self.decode_slowly(body)
        if not raws or is_much(body, len(raws), self.max_records, self._columns, self._nested):
            return self.decode_slowly(body)
        complaints = Complaints()
        rows: list[Row | None] = []
        for place, raw in enumerate(raws):
            try:
                row = self._one(raw)
                rows.append(self._hinted(row, bytes(raw)) if self._keys and place < _HINTED_RECORDS else row)
            except REFUSALS:
                parsed = self._plain(bytes(raw))
                if parsed is None:
                    return self.decode_slowly(body)
                rows.append(self._read_record(place, parsed.records[0], complaints, parsed.repeated.get(0, ())))
        complaints.raise_any()
        return [row for row in rows if row is not None], True

    def _hinted(self, row: FastRow, raw: bytes) -> Row:
        """Warn of fields called nearly as an optional column that the record lacks; a closer look only at a gap."""
        gaps = row.gaps()
        if not gaps:
            return row
        if b"\\" not in raw and raw.count(_OPEN) == 1 and all(self._keys[name] in raw for name in gaps):
            return row  # null is no misspelt name
        try:
            hints = self._hints(_fields(raw))
        except REFUSALS:  # a name that is no text, of a field that nobody asks for
            return row
        return row.replaced(warnings=tuple(hints)) if hints else row

    def _plain(self, raw: bytes) -> Body | None:
        """Read one record of an array alone; None where only the whole body can tell what is wrong."""
        if raw[:1] != b"{":
            return None
        try:
            parsed = parse_body(raw, 1, self._columns, self._nested)
        except (BodyError, RecordError):
            return None
        return parsed if isinstance(parsed.records[0], dict) and not parsed.oddities else None

    def _read_record(
        self, place: int, record: object, complaints: Complaints, repeated: Sequence[str] = ()
    ) -> Row | None:
        if not isinstance(record, dict):
            complaints.add(place, "", record, f"'{shown(record)}' is no record; expected an object with fields.")
            return None
        before = complaints.total
        readings = []
        for column in self._features:
            reading = read(column, record.get(column.name))
            if reading.rule:
                self._complain(complaints, place, column, record, reading.rule)
            readings.append(reading)
        entity = self._read_entity(place, record, complaints)
        if complaints.total > before:
            return None
        notes = [(reading.note, reading.deed) for reading in readings if reading.deed is not None]
        features = {column.name: reading.value for column, reading in zip(self._features, readings, strict=True)}
        notes += self._hold_rules(place, _unfilled(features, readings), complaints)
        if complaints.total > before:
            return None
        hints = self._hints(record, repeated) if place < _HINTED_RECORDS else []
        row = self._row(readings, features, entity, notes, hints)
        sent = self._sent(record, readings)
        return row if sent is None else msgspec.structs.replace(row, sent=sent)

    def _sent(self, record: dict[str, object], readings: Sequence[Reading]) -> dict[str, Any] | None:
        """Keep what was sent, of what is served otherwise because of a policy."""
        sent = {
            column.name: _kept(found)
            for column, reading in zip(self._features, readings, strict=True)
            if not is_missing(found := record.get(column.name))
            and found != reading.value
            and (reading.deed is not None or reading.value is None)
        }
        return sent or None

    def _row(
        self,
        readings: list[Reading],
        features: dict[str, Any],
        entity: str | None,
        notes: list[tuple[str, Deed]],
        hints: list[str],
    ) -> PlainRow:
        codes: list[float] = []
        for column, reading in zip(self._features, readings, strict=True):
            codes += column.codes(reading.value)
        deeds = tuple(deed for _, deed in notes)
        return PlainRow(
            np.frombuffer(self._pack(*codes)),
            features,
            entity,
            (*(note for note, _ in notes), *hints),
            degraded=any(deed.did != "flagged" for deed in deeds),
            fallback=any(deed.did == "fallback" for deed in deeds),
            deeds=deeds,
        )

    def _hold_rules(self, place: int, features: dict[str, Any], complaints: Complaints) -> list[tuple[str, Deed]]:
        """Hold the rules across columns against a record's values as served, where nothing was filled in."""
        notes: list[tuple[str, Deed]] = []
        for check in self._rules:
            if not check.broken(features):
                continue
            rule = check.rule
            found = ", ".join(f"{name} = {shown(features[name])}" for name in check.expression.names)
            about = f" {rule.description}" if rule.description else ""
            if rule.otherwise == "reject":
                complaints.add(place, rule.name, found, f"breaks the rule '{rule.name}': {rule.holds}.{about}")
            elif rule.otherwise == "flag":
                notes.append((f"rule '{rule.name}' is broken: {rule.holds}", Deed(rule.name, "rule", "flagged")))
            else:
                told = f"rule '{rule.name}' is broken: {rule.holds}, answered by the fallback"
                notes.append((told, Deed(rule.name, "rule", "fallback")))
        return notes

    def _hints(self, record: Mapping[str, object], repeated: Sequence[str] = ()) -> list[str]:
        """Name fields that are there twice, and those called nearly as an optional column the record lacks."""
        asked = (name for name in repeated if name in self._asked)
        hints = [f"{name}: is there more than once; the last one counts" for name in islice(asked, _HINTED_FIELDS)]
        others = [name for name in islice(record, self._columns + _NEAR) if name not in self._known]
        if not others:
            return hints
        some = tuple(other[:_CUT] for other in others[:_HINTED_FIELDS])
        lacking = [column.name for column in self._features if column.nullable and column.name not in record]
        for name in lacking[:_HINTED_FIELDS]:
            near = _nearest(name[:_CUT], some)
            if near:
                hints.append(f"{name}: the record has '{shown(near[0])}', which is no column: did you mean this one?")
        return hints

    def _read_entity(self, place: int, record: dict[str, object], complaints: Complaints) -> str | None:
        """Read what identifies a record; the first of it says who the record is about."""
        found = []
        for column in self._ids:
            reading = read(column, record.get(column.name))
            if reading.rule:
                self._complain(complaints, place, column, record, reading.rule)
            found.append(reading.value)
        return None if not found or found[0] is None else str(found[0])

    def _complain(
        self, complaints: Complaints, place: int, column: AnyColumn, record: dict[str, object], rule: str
    ) -> None:
        if complaints.full:
            complaints.total += 1
            return
        found = record.get(column.name)
        others = [name for name in islice(record, _NEAR) if name not in self._known]
        complaints.add(place, column.name, found, complaint(column, found, rule, others))


def _kept(found: object) -> Any:
    """Give a value as it was sent; a long or nested one as it is shown."""
    return found if isinstance(found, int | float | bool) and abs(found) < _LARGEST else shown(found)


def _unfilled(features: dict[str, Any], readings: Sequence[Reading]) -> dict[str, Any]:
    """Give the values that rules see: what was filled in says nothing about the record, so it counts as missing."""
    if all(reading.deed is None for reading in readings):
        return features
    return {
        name: None if reading.deed is not None and reading.deed.did in ("imputed", "fallback") else value
        for (name, value), reading in zip(features.items(), readings, strict=True)
    }


@lru_cache(maxsize=1024)
def _nearest(name: str, others: tuple[str, ...]) -> list[str]:
    """Find the other that is surely meant; clients send the same fields again and again."""
    return difflib.get_close_matches(name, others, n=1, cutoff=_SURE)


class _Probe(msgspec.Struct, frozen=True):
    """Finds the value of one column in a body without reading the others."""

    find: Any
    refuses: Any


def _never(_body: object) -> NoReturn:
    """Leave everything to the reference."""
    raise ValueError


@lru_cache(maxsize=64)
def compile_request(contract: Contract, *, max_records: int = 1000) -> RequestDecoder:
    """Compile a contract into a decoder of requests; the same one for the same contract."""
    return RequestDecoder(contract, max_records=max_records)
