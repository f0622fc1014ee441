"""Whatever the text of a project file, it is read or refused in a sentence; nothing else is ever raised."""

from __future__ import annotations

from pathlib import Path

import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from mainstay.errors import ProjectError
from mainstay.measures.money import Money
from mainstay.project import Located, Problem

keys = st.sampled_from(["name", "owner", "value", "cost", "success", "capacity", "x", "n m", "é"])
values = st.recursive(
    st.none().map(lambda _: "") | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["problem", "money"]), st.dictionaries(keys, values, max_size=4), max_size=2))
def test_any_tables_decode_or_are_refused_by_name(tables: dict[str, dict[str, object]]) -> None:
    file = Located(Path("mainstay.toml"), tomlkit.dumps(tables))
    for name, kind in (("problem", Problem), ("money", Money)):
        try:
            file.decode(name, kind)
        except ProjectError as error:
            assert "mainstay.toml" in str(error)  # noqa: PT017 - either outcome is fine, this one must be told well


@given(st.text(max_size=60))
def test_any_text_is_toml_or_refused(text: str) -> None:
    try:
        Located(Path("mainstay.toml"), text)
    except ProjectError as error:
        assert "isn't valid TOML" in str(error)  # noqa: PT017 - as above
