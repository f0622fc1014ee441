"""What stands in texts is told from what doesn't, in whatever JSON says."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from mainstay.contract.texts import count_outside, outside_texts, replace_outside, unescaped

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('\\",:{}NaN é', max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('\\",:{}', max_size=4), inner, max_size=4),
    max_leaves=12,
)


def bare(value: object) -> str:
    """Write a value with empty texts."""
    if isinstance(value, str):
        return '""'
    if isinstance(value, list):
        return f"[{','.join(map(bare, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{bare(name)}:{bare(held)}' for name, held in value.items())}}}"
    return json.dumps(value)


@given(JSON, st.booleans())
def test_marks_outside_of_texts_are_those_that_are_left_where_texts_are_empty(value: object, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert count_outside(body, ",", ":", "{") == tuple(bare(value).count(mark) for mark in ",:{")
    assert unescaped(body).count(b'"') == bare(value).count('"')
    assert len(outside_texts(body)) == len(body)


@given(JSON)
def test_a_token_is_replaced_where_it_is_one(value: object) -> None:
    body = json.dumps([value, float("nan")]).encode()
    assert json.loads(replace_outside(body, re.compile(rb"NaN"), {b"NaN": b"null"})) == [value, None]
