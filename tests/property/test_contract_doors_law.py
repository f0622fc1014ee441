"""The law of the doors: a record of texts is the same record as csv, as Parquet and as JSON, to the bit."""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contract import Boolean, Category, Contract, Datetime, Integer, Number, Text
from mainstay.contract.request import RequestDecoder
from mainstay.contract.table import as_served, check_table, encode_table
from mainstay.data.source import read_source
from mainstay.errors import RecordError

CONTRACT = Contract(
    (
        Text(name="who", role="id"),
        Category(name="plan", values=("one year", "two years", "3"), missing="allow", unknown="other"),
        Category(name="strict", values=("a", "a\u00a0"), missing="allow", unknown="reject"),
        Boolean(name="yes", true="Yes", false="No", missing="allow", malformed="flag"),
        Text(name="note", max_length=9, missing="allow", outside="flag"),
        Datetime(name="when", missing="allow", malformed="flag"),
        Datetime(name="day", format=" %d.%m.%Y", missing="allow", malformed="flag"),
        Integer(name="count", missing="allow", malformed="flag"),
        Number(name="amount", missing="allow", malformed="flag"),
    )
)
MARKS = st.sampled_from(["", "", " ", "\t", "\x0b", " \x0c", "\u00a0", "\ufeff", "\u2003", "\x85", "\x1f", "\u200b"])
WORDS = {
    "who": ["7590", "A-1"],
    "plan": ["one year", "two years", "3", "other"],
    "strict": ["a"],
    "yes": ["Yes", "No", "yes"],
    "note": ["fine", "123456789", 'said "x"; y'],
    "when": ["2024-02-29", "2024-02-29T12:00:00Z", "soon"],
    "day": ["29.02.2024", "2024-02-29T12:00:00Z"],
    "count": ["12", "12.0", "1,5"],
    "amount": ["12.5", "1e3", "x"],
}
records = st.fixed_dictionaries(
    {
        name: st.none() | st.tuples(MARKS, st.sampled_from([*words, ""]), MARKS).map("".join)
        for name, words in WORDS.items()
    }
)


@settings(max_examples=40, deadline=None)
@given(st.lists(records, min_size=1, max_size=5))
def test_a_record_is_the_same_by_every_door(rows: list[dict[str, str | None]]) -> None:
    decoder = RequestDecoder(CONTRACT)
    with tempfile.TemporaryDirectory() as folder:
        by_text, by_parquet = Path(folder) / "table.csv", Path(folder) / "table.parquet"
        with by_text.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerow(WORDS)
            writer.writerow(["7590"] * len(WORDS))  # a line without blanks, so that the dialect is beyond doubt
            writer.writerows([[row[name] for name in WORDS] for row in rows])
        pl.DataFrame(rows, schema=dict.fromkeys(WORDS, pl.String())).write_parquet(by_parquet)
        tables = [read_source(by_text)[1:], read_source(by_parquet)]
    checked = [check_table(CONTRACT, table) for table in tables]
    encoded = [encode_table(CONTRACT, each.good) for each in checked]
    served = [as_served(CONTRACT, each.good).rows() for each in checked]
    assert encoded[0].tobytes() == encoded[1].tobytes()
    assert served[0] == served[1]
    assert checked[0].good["who"].to_list() == checked[1].good["who"].to_list()
    assert [checked[0].counts, checked[0].flags] == [checked[1].counts, checked[1].flags]
    accepted = []
    for row in rows:
        body = json.dumps(row).encode()
        for decode in (decoder.decode_with_shape, decoder.decode_slowly):
            try:
                (found,), _ = decode(body)
            except RecordError:
                found = None
            accepted.append(found)
    assert all((one is None) == (other is None) for one, other in zip(accepted[::2], accepted[1::2], strict=True))
    good = [row for row in accepted[::2] if row is not None]
    assert [place for place, row in enumerate(accepted[::2]) if row is not None] == checked[0].rows.to_list()
    assert b"".join(row.encoded.tobytes() for row in good) == encoded[0].tobytes()
    assert [tuple(row.features.values()) for row in good] == served[0]
    assert [row.entity for row in good] == checked[0].good["who"].to_list()
