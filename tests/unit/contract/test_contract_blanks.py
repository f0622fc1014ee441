"""Outer blanks are no part of a text: in a request and in a table, whatever kind the column is of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from mainstay.contract import Boolean, Category, Contract, Datetime, Number, Text, loads
from mainstay.contract.columns.base import BLANKS
from mainstay.contract.contract import contradictions
from mainstay.contract.request import RequestDecoder
from mainstay.contract.table import check_table, encode_table
from mainstay.contract.verdict import LONG
from mainstay.errors import ContractError, RecordError

if TYPE_CHECKING:
    from mainstay.contract import AnyColumn

COLUMNS: list[tuple[AnyColumn, str]] = [
    (Category(name="it", values=("two years", "1"), unknown="reject"), "two years"),
    (Category(name="it", values=("two years", "1"), unknown="reject"), "1"),
    (Boolean(name="it", true="Yes", false="No"), "Yes"),
    (Text(name="it", max_length=3, pattern="[a-z]+"), "abc"),
    (Text(name="it"), "x" * 1000),
    (Number(name="it"), "0." + "1" * 990),
    (Datetime(name="it"), "2024-02-29"),
    (Datetime(name="it", format=" %d.%m.%Y "), "29.02.2024"),
    (Datetime(name="it", format="%d.%m.%Y"), "2024-02-29T12:00:00Z"),
]


@pytest.mark.parametrize(("column", "text"), COLUMNS, ids=range(len(COLUMNS)))
def test_outer_blanks_are_taken_off(column: AnyColumn, text: str) -> None:
    contract = Contract((column,))
    decoder = RequestDecoder(contract)
    texts = [text, *(f"{mark}{text}{mark}" for mark in BLANKS), f"{BLANKS * 2}{text}", f"{text}{BLANKS * 2}"]
    rows = []
    for each in texts:
        body = json.dumps({"it": each}).encode()
        rows += decoder.decode(body) + decoder.decode_slowly(body)[0]
    for times in (1, LONG):
        checked = check_table(contract, pl.DataFrame({"it": texts * times}))
        assert checked.good["it"].unique().to_list() == [rows[0].features["it"]]
        assert checked.failing.is_empty()
        assert {row.encoded.tobytes() for row in rows} == {bytes(code) for code in encode_table(contract, checked.good)}
    assert all(row.features == rows[0].features for row in rows)


@pytest.mark.parametrize("mark", ["\u00a0", "\ufeff", "\u2003", "\x1c", "\x85"])
def test_other_characters_are_part_of_a_text(mark: str) -> None:
    contract = Contract((Category(name="it", values=("two years",), unknown="reject"),))
    with pytest.raises(RecordError):
        RequestDecoder(contract).decode(json.dumps({"it": f"{mark}two years"}).encode())
    assert check_table(contract, pl.DataFrame({"it": [f"{mark}two years"]})).good.is_empty()


def test_an_id_loses_its_outer_blanks() -> None:
    contract = Contract((Number(name="n"), Text(name="who", role="id")))
    body = b'{"n": 1, "who": " 7590-VHVEG\\t"}'
    decoder = RequestDecoder(contract)
    assert [decoder.decode(body)[0].entity, decoder.decode_slowly(body)[0][0].entity] == ["7590-VHVEG"] * 2
    frame = pl.DataFrame({"n": [1.0], "who": [" 7590-VHVEG\t"]})
    for times in (1, LONG):
        assert check_table(contract, pl.concat([frame] * times)).good["who"].unique().to_list() == ["7590-VHVEG"]


def test_settings_that_no_value_could_ever_be_are_contradictions() -> None:
    said = 'said = "x"\n[plan]\ntype = "category"\n'.splitlines()[1:]
    text = "\n".join([*said, 'values = ["a", " b"]', ""])
    with pytest.raises(ContractError, match=r"line 3.*holds ' b': outer blanks"):
        loads(text)
    assert [key for _, key, _ in contradictions(Contract((Boolean(name="b", true="Yes "),)))] == ["true"]
