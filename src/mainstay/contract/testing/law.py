"""What must hold for every contract and every record: a request and a table agree, to the bit."""

from __future__ import annotations

import json
import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from mainstay.contract.request import BodyError, RequestDecoder
from mainstay.contract.table import as_served, check_table, encode_table
from mainstay.contract.verdict import LONG
from mainstay.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mainstay.contract.contract import Contract
    from mainstay.contract.row import Row
    from mainstay.contract.table import Checked
    from mainstay.contract.testing.cells import Cells


class LawError(AssertionError):
    """The law is broken; names the contract, the record, and what each way said."""


@dataclass
class Tally:
    """What became of the records that were tried."""

    records: int = 0
    accepted: int = 0
    refused: int = 0
    fast: int = 0
    fallback: int = 0
    degraded: int = 0
    no_json: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)


def hold_law(contract: Contract, cells: Mapping[str, Cells], tally: Tally) -> None:
    """Hold the law over some records: cells by column, all of one length.

    The decoder, by its fast way and by the reference, accepts a record exactly when the table check accepts its row;
    both encode it to the same bits, serve the same values and leave it to the fallback alike; and neither raises
    anything but the typed errors.

    Raises
    ------
    LawError
        Where that isn't so.

    """
    frame = pl.DataFrame({name: column.series for name, column in cells.items()})
    checked = check_table(contract, frame)
    encoded = encode_table(contract, checked.good)
    served = as_served(contract, checked.good).rows()
    place_of = {row: place for place, row in enumerate(checked.rows.to_list())}
    fallback = checked.fallback.to_list()
    decoder = RequestDecoder(contract)
    kinds = {column.name: column.type for column in contract.columns}
    accepted: list[tuple[bytes, Row]] = []
    for row in range(frame.height):
        record = {name: column.values[row] for name, column in cells.items()}
        body = json.dumps(record, ensure_ascii=False).encode()
        fast, slow = _answer(decoder.decode_with_shape, body), _answer(decoder.decode_slowly, body)
        _same(contract, record, fast, slow)
        tally.records += 1
        if isinstance(slow, str):
            tally.no_json += 1  # infinity in a field that is ignored: a table can hold it, JSON can't
            continue
        place = place_of.get(row)
        if isinstance(slow, RecordError):
            _require(place is None, contract, record, slow, "the table accepts it")
            tally.refused += 1
            tally.refusals.update({kinds.get(problem.field, "rule") for problem in slow.problems})
            continue
        if place is None:
            raise LawError(f"{contract}\n{record}\nthe request accepts it, the table doesn't: {checked.counts}")
        _require(encoded[place].tobytes() == slow.encoded.tobytes(), contract, record, slow.encoded, encoded[place])
        _require(_bits(served[place]) == _bits(slow.features.values()), contract, record, slow.features, served[place])
        _require(fallback[place] == slow.fallback, contract, record, slow.fallback, fallback[place])
        accepted.append((body, slow))
        _count(tally, slow, kinds)
        tally.fast += not slow.deeds and type(fast) is not type(slow)
    _require(len(place_of) <= len(accepted) + tally.no_json, contract, checked.counts, len(accepted), len(place_of))
    _hold_array(decoder, contract, accepted)
    _hold_long(contract, frame, checked)


def _count(tally: Tally, row: Row, kinds: dict[str, str]) -> None:
    tally.accepted += 1
    tally.fallback += row.fallback
    tally.degraded += row.degraded
    tally.kinds.update(kinds[name] for name in row.features)
    tally.deeds.update(f"{kinds.get(deed.column, 'rule')}: {deed.why}, {deed.did}" for deed in row.deeds)


def _hold_array(decoder: RequestDecoder, contract: Contract, accepted: list[tuple[bytes, Row]]) -> None:
    """Require that many records in one request are read as each alone."""
    some = accepted[:100]
    body = b"[" + b",".join(one for one, _ in some) + b"]"
    if some:
        rows, was_array = decoder.decode_with_shape(body)
        _require(was_array and len(rows) == len(some), contract, body, rows, some)
        for row, (one, alone) in zip(rows, some, strict=True):
            _same(contract, one, row, alone)


def _hold_long(contract: Contract, frame: pl.DataFrame, checked: Checked) -> None:
    """Require that a long table is checked as the short ones it is made of."""
    times = 1 + LONG // max(1, frame.height)
    long = check_table(contract, pl.concat([frame] * times))
    same = long.good.equals(pl.concat([checked.good] * times))
    _require(same, contract, frame, long.good, checked.good)
    rules = [table.failing.to_series(-1).to_list() for table in (long, checked)]
    _require(rules[0] == rules[1] * times, contract, frame, *rules)
    counts = [{words: n * times for words, n in found.items()} for found in (checked.counts, checked.flags)]
    _require(counts == [long.counts, long.flags], contract, frame, counts, (long.counts, long.flags))
    _require(long.fallback.to_list() == checked.fallback.to_list() * times, contract, frame, long, checked)


Answer = "Row | RecordError | str"


def _answer(decode: Callable[[bytes], tuple[list[Row], bool]], body: bytes) -> Row | RecordError | str:
    try:
        rows, was_array = decode(body)
    except BodyError:
        return "no JSON"
    except RecordError as error:
        return error
    if was_array or len(rows) != 1:
        raise LawError(f"{body!r} gave {rows}")
    return rows[0]


def _same(contract: Contract, record: object, fast: Row | RecordError | str, slow: Row | RecordError | str) -> None:
    """Require that both ways of reading a request give the same answer."""
    if isinstance(fast, RecordError) or isinstance(slow, RecordError):
        both = isinstance(fast, RecordError) and isinstance(slow, RecordError) and fast.problems == slow.problems
        _require(both, contract, record, fast, slow)
        return
    if isinstance(fast, str) or isinstance(slow, str):
        _require(fast == slow, contract, record, fast, slow)
        return
    _require(fast.encoded.tobytes() == slow.encoded.tobytes(), contract, record, fast.encoded, slow.encoded)
    _require(list(fast.features) == list(slow.features), contract, record, fast.features, slow.features)
    _require(
        _bits(fast.features.values()) == _bits(slow.features.values()), contract, record, fast.features, slow.features
    )
    told = [(row.entity, row.deeds, row.degraded, row.fallback, row.warnings[: len(row.deeds)]) for row in (fast, slow)]
    _require(told[0] == told[1], contract, record, *told)


def _bits(values: Any) -> Any:
    """Give values so that equal means the same type and the same bits."""
    if isinstance(values, float):
        return struct.pack("d", values)
    if isinstance(values, list | tuple) or (hasattr(values, "__iter__") and not isinstance(values, str | bytes)):
        return [_bits(value) for value in values]
    return type(values).__name__, values


def _require(holds: bool, contract: Contract, record: object, one: object, other: object) -> None:
    if not holds:
        raise LawError(f"{contract}\n{record}\none way: {one}\nthe other: {other}")
