"""The law of times: one text and a column of texts are read as the same microsecond, or both refused."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.contract.moment_cells import in_utc, read_cells, seconds_of_cells
from mainstay.contract.moments import Grammar, seconds_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

FORMATS = ["", "%m/%d/%Y", "%d.%m.%Y %H:%M:%S", "%m/%d/%y %I:%M %p", "%d-%b-%Y", "%B %e %Y", "%Y%m%d%H%M%S.%f", "%D %T"]
FORMATS += ["%Y-%m-%dT%H:%M:%S%.fZ", "%F %R%:z", "%d %b %y %H:%M:%S %z", "day %d of %m%%, %Y"]
MONTHS = ["Jan", "FEB", "mar", "September", "december", "May", "sept", "\u017fep"]
digits = st.integers(0, 99).map(str) | st.integers(0, 40).map(lambda n: f"{n:02}")
years = st.integers(0, 10_000).map(lambda n: f"{n:04}") | st.sampled_from(
    ["0000", "0001", "1900", "2000", "2024", "9999", "24"]
)
zones = st.sampled_from(
    [
        "",
        "Z",
        "z",
        "+00:00",
        "-0000",
        "+01",
        "+0530",
        "-23:59",
        "+24:00",
        "+01:60",
        " +02:00",
        " UTC",
        "UTC",
        " Z",
        "+1",
    ]
)
WITHIN = (dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30))  # noqa: DTZ001 - a zone never leaves the calendar then
EDGES = [dt.datetime(2000, 2, 29), dt.datetime(1900, 3, 1), dt.datetime.min, dt.datetime.max]  # noqa: DTZ001, DTZ901 - UTC is added where they are used
fractions = st.from_regex(r"([.,][0-9]{0,10})?", fullmatch=True)


@st.composite
def spelled(draw: DrawFn, form: str) -> str:
    """Spell something in a format: often a moment, sometimes none."""
    if not form:
        day = f"{draw(years)}-{draw(digits)}-{draw(digits)}"
        if draw(st.booleans()):
            return day
        time = f"{draw(digits)}:{draw(digits)}" + (f":{draw(digits)}{draw(fractions)}" if draw(st.booleans()) else "")
        return f"{day}{draw(st.sampled_from(['T', ' ', 't', '  ', 'x']))}{time}{draw(zones)}"
    for directive, part in {
        "%F": years.flatmap(lambda y: st.tuples(digits, digits).map(lambda p: f"{y}-{p[0]}-{p[1]}")),
        "%D": st.tuples(digits, digits, digits).map("/".join),
        "%T": st.tuples(digits, digits, digits).map(":".join),
        "%R": st.tuples(digits, digits).map(":".join),
        "%Y": years,
        "%b": st.sampled_from(MONTHS),
        "%B": st.sampled_from(MONTHS),
        "%p": st.sampled_from(["AM", "pm", "Pm", "xm"]),
        "%.f": fractions,
        "%:z": zones,
        "%z": zones,
        "%f": st.from_regex("[0-9]{1,9}", fullmatch=True),
    }.items():
        form = form.replace(directive, draw(part)) if directive in form else form
    for letter in "ymdeHIMS":
        form = form.replace(f"%{letter}", draw(digits))
    return form.replace("%%", "%")


def cells_of(form: str, texts: Sequence[str | None]) -> list[dt.datetime | None]:
    frame = pl.DataFrame({"it": pl.Series(texts, dtype=pl.String)})
    return frame.select(read_cells(pl.col("it"), Grammar(form)))["it"].to_list()


@given(st.sampled_from(FORMATS), st.data())
def test_a_text_and_a_cell_are_the_same_microsecond(form: str, data: st.DataObject) -> None:
    junk = st.text(max_size=12) | st.text(st.sampled_from("0123456789-:T. Z+/"), max_size=25)
    padded: SearchStrategy[str | None] = st.tuples(st.sampled_from(["", " ", "\n"]), spelled(form)).map(
        lambda it: it[0] + it[1] + it[0]
    )
    texts = data.draw(st.lists(padded | junk | st.none(), min_size=1, max_size=8))
    read = [None if text is None else Grammar(form).read(text) for text in texts]
    assert cells_of(form, texts) == read


@given(st.datetimes() | st.sampled_from(EDGES))
def test_every_moment_is_read_back_and_encoded_alike(moment: dt.datetime) -> None:
    moment = moment.replace(tzinfo=dt.UTC)
    texts = [moment.isoformat(), moment.isoformat().replace("+00:00", "Z"), moment.isoformat(" ")[:26]]
    assert cells_of("", texts) == [moment] * 3 == [Grammar().read(text) for text in texts]
    assert cells_of("%m/%d/%y", texts[:2]) == [moment] * 2, "what was logged is read whatever the format"
    code = pl.DataFrame({"it": [moment]}).select(seconds_of_cells(pl.col("it"))).item()
    assert code == seconds_of(moment)


@given(st.datetimes(*WITHIN), st.sampled_from(["ns", "us", "ms"]))
def test_typed_columns_are_brought_to_utc(moment: dt.datetime, unit: str) -> None:
    if unit == "ns" and not 1700 < moment.year < 2200:
        return
    cells = pl.Series("it", [moment], dtype=pl.Datetime(unit))  # type: ignore[arg-type]
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000 if unit == "ms" else moment.microsecond)
    assert in_utc_of(cells) == whole.replace(tzinfo=dt.UTC)
    assert in_utc_of(cells.cast(pl.Date)) == dt.datetime(moment.year, moment.month, moment.day, tzinfo=dt.UTC)
    zoned = cells.dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Kathmandu")
    assert in_utc_of(zoned) == whole.replace(tzinfo=dt.UTC)


def in_utc_of(cells: pl.Series) -> dt.datetime | None:
    found: dt.datetime | None = cells.to_frame().select(in_utc(pl.col("it"))).item()
    return found


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-02-29", "2024-02-29T00:00:00"),
        ("2023-02-29", None),
        ("1900-02-29", None),
        ("2024-1-5 3:04", "2024-01-05T03:04:00"),
        ("2024-01-05T03:04:05.123456789Z", "2024-01-05T03:04:05.123456"),
        ("2024-01-05T24:00", None),
        ("2024-01-05T23:59:60", None),
        ("2024-01-05T03:04:05-05:30", "2024-01-05T08:34:05"),
        ("9999-12-31T23:59-00:01", None),
        ("0001-01-01T00:00+00:01", None),
        ("٢٠٢٤-01-05", None),
        ("20240105", None),
    ],
)
def test_iso_8601_is_read_as_this(text: str, moment: str | None) -> None:
    wanted = None if moment is None else dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
    assert [Grammar().read(text)] == cells_of("", [text]) == [wanted]


def test_what_polars_itself_reads_is_read_alike() -> None:
    texts = ["2024-01-05T03:04:05.5", "2024-01-05 03:04:05", "2024-01-05T03:04", "2024-01-05", "2024-1-5"]
    forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d", "%Y-%m-%d"]
    for text, form in zip(texts, forms, strict=True):
        theirs = pl.Series([text]).str.strptime(pl.Datetime("us"), form).dt.replace_time_zone("UTC").item()
        assert Grammar().read(text) == Grammar(form).read(text) == theirs


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("%Y-%m", "lacks a day"),
        ("%m/%d", "lacks a year"),
        ("%Y %d", "lacks a month"),
        ("%q", "holds %q, which isn't known here"),
        ("%d.%m.%Y %I:%M", "only one of %I and %p"),
        ("%d.%m.%Y %p", "only one of %I and %p"),
        ("%Y %y-%m-%d", "says the year twice"),
        ("%Y-%m-%d %", "ends with a single %"),
        ("%Y-%d-%mT%H:%M:%SZ", "the other way round"),
        ("%m/%d/%Y", ""),
    ],
)
def test_a_format_that_says_too_little_or_too_much_is_told(form: str, said: str) -> None:
    faults = Grammar(form).faults()
    assert said in faults
    assert bool(said) == bool(faults)
