"""Cells written in one way, whatever the type of their column and however their source wrote them.

Decided cell by cell: no cell is read otherwise because of what stands above or below it, so batches can't matter.
A missing cell is the empty text; any other starts with a letter of its kind: ``#`` a whole number, ``%`` the bits of
another number, ``@`` microseconds since 1970, ``'`` text, ``&`` what holds several values.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXACT = 2.0**53  # beyond, a float no longer holds every whole number
_WORD = 2.0**63
_TRUTHS = ("True", "TRUE", "False", "FALSE")
_DAY = r"^\d{4}-\d\d-\d\d"
_MOMENT = _DAY + r"[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?$"


def canonical_cells(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Write the columns `names` of a table, in that order: texts, none null, the columns called by their place.

    Examples
    --------
    >>> canonical_cells(pl.DataFrame({"x": ["1.0", "TRUE", " b ", "2024-01-01", ""]}), ["x"]).to_series().to_list()
    ['#1', "'true", "'b", '@1704067200000000', '']

    """
    plain = pl.DataFrame([_plain(frame.get_column(name)).alias(str(place)) for place, name in enumerate(names)])
    places = [place for place, dtype in plain.schema.items() if dtype == pl.String]
    texts = plain.select(pl.col(places).str.strip_chars())
    amounts = texts.select(pl.col(places).cast(pl.Float64, strict=False))
    written = [*_typed_columns(plain), *_text_columns(texts, amounts, _look(texts, amounts))]
    return pl.DataFrame(sorted(written, key=lambda cells: int(cells.name)))


@dataclass(frozen=True)
class _Seen:
    """What is somewhere among the cells of text columns; where it isn't, nobody need look for it again."""

    numbers: frozenset[str]
    large: frozenset[str]
    words: frozenset[str]
    dated: frozenset[str]
    marked: frozenset[str]


def _plain(cells: pl.Series) -> pl.Series:
    dtype = cells.dtype
    if dtype.is_nested():
        return _folded(cells)
    if isinstance(dtype, pl.Duration):
        return cells.dt.total_microseconds() / 1e6
    if dtype == pl.Binary:
        return "&" + cells.bin.encode("hex")
    if dtype in (pl.Boolean, pl.Float64, pl.Date, pl.String) or dtype.is_integer() or isinstance(dtype, pl.Datetime):
        return cells
    return cells.cast(pl.String)  # a float32 is what it says in decimal: 0.1, as a csv has it


def _typed_columns(plain: pl.DataFrame) -> list[pl.Series]:
    kinds: dict[pl.DataType, list[str]] = {}
    for place, dtype in plain.schema.items():
        if dtype != pl.String:
            kinds.setdefault(dtype, []).append(place)
    return _select(plain, [_typed(pl.col(places), dtype) for dtype, places in kinds.items()])


def _typed(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Boolean:
        written = pl.when(cell).then(pl.lit("'true")).otherwise(pl.lit("'false"))
        return pl.when(cell.is_null()).then(pl.lit("")).otherwise(written)
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        moment = cell.cast(pl.Datetime("us")) if dtype == pl.Date else cell.dt.cast_time_unit("us")
        return ("@" + moment.dt.timestamp("us").cast(pl.String)).fill_null("")
    exact = cell.cast(pl.Int64, strict=False) if dtype.is_integer() else None
    return _number(cell.cast(pl.Float64), exact).fill_null("")


def _look(texts: pl.DataFrame, amounts: pl.DataFrame) -> _Seen:
    names = texts.columns
    spoken = texts.select((pl.col(names) != "").sum())
    read = amounts.select(pl.col(names).count())
    words = [name for name in names if spoken.item(0, name) > read.item(0, name)]
    numbers = frozenset(name for name in names if read.item(0, name))
    return _Seen(
        numbers=numbers,
        large=_where(amounts.select((pl.col(names).abs() >= _EXACT).any())),
        words=frozenset(words),
        dated=_where(texts.select(pl.col(words).str.contains(_DAY).any())),
        marked=_where(texts.select(pl.col(words).str.contains("\x1f", literal=True).any())),
    )


def _where(marks: pl.DataFrame) -> frozenset[str]:
    return frozenset(cells.name for cells in marks if cells.item())


def _text_columns(texts: pl.DataFrame, amounts: pl.DataFrame, seen: _Seen) -> list[pl.Series]:
    """Write text columns: those with nothing but usual numbers together, those of words together, others each."""
    names = set(texts.columns)
    numeric = names - seen.words - seen.large
    wordy = seen.words - seen.numbers - seen.dated - seen.marked
    word = pl.col(sorted(wordy))
    written = _select(amounts, [_number(pl.col(sorted(numeric)), None).fill_null("")] if numeric else [])
    written += _select(texts, [_unless_blank(word, _word(word, marked=False))] if wordy else [])
    for name in names - numeric - wordy:
        both = pl.DataFrame([texts.get_column(name).alias("text"), amounts.get_column(name).alias("amount")])
        written.append(both.lazy().select(_text(name, seen)).collect().to_series().alias(name))
    return written


def _select(frame: pl.DataFrame, exprs: Sequence[pl.Expr]) -> list[pl.Series]:
    return frame.lazy().select(expr.name.keep() for expr in exprs).collect().get_columns() if exprs else []


def _text(name: str, seen: _Seen) -> pl.Expr:
    text, amount = pl.col("text"), pl.col("amount")
    number = _number(amount, text.cast(pl.Int64, strict=False) if name in seen.large else None)
    said = _word(text, marked=name in seen.marked)
    if name in seen.dated:
        said = _moment(text, said)
    return _unless_blank(text, pl.when(amount.is_null()).then(said).otherwise(number))


def _unless_blank(text: pl.Expr, written: pl.Expr) -> pl.Expr:
    return pl.when((text == "") | text.is_null()).then(pl.lit("")).otherwise(written)


def _word(text: pl.Expr, *, marked: bool) -> pl.Expr:
    plain = text.str.replace_all("\x1f", "\x1f'", literal=True) if marked else text
    said = "'" + plain
    lower = text.str.len_bytes().is_between(4, 5) & text.is_in(list(_TRUTHS))
    return pl.when(text.str.starts_with("&")).then(plain).when(lower).then(said.str.to_lowercase()).otherwise(said)


def _number(amount: pl.Expr, exact: pl.Expr | None) -> pl.Expr:
    """Write a number: whole ones as such, others by their bits, which no version of any library formats differently."""
    whole = amount.cast(pl.Int64, strict=False)
    if exact is not None:
        whole = pl.when(amount.abs() < _EXACT).then(whole).otherwise(pl.coalesce(exact, whole))
    is_whole = (amount == amount.floor()) & (amount.abs() < _WORD)
    bits = "%" + amount.reinterpret(signed=False).cast(pl.String)
    return pl.when(amount.is_nan()).then(pl.lit("")).when(is_whole).then("#" + whole.cast(pl.String)).otherwise(bits)


def _moment(text: pl.Expr, said: pl.Expr) -> pl.Expr:
    whole = text.str.replace(" ", "T", literal=True).str.replace(r"T(\d\d:\d\d)(Z|[+-]|$)", "T$1:00$2")
    zone = pl.when(whole.str.contains(r"(Z|[+-]\d\d:?\d\d)$")).then(whole).otherwise(whole + "Z")
    moment = zone.str.replace("Z$", "+00:00").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", strict=False)
    day = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    known = (
        pl.when(text.str.contains(_DAY + "$"))
        .then(day.dt.timestamp("us"))
        .when(text.str.contains(_MOMENT))
        .then(moment.dt.timestamp("us"))
    )
    return pl.when(known.is_null()).then(said).otherwise("@" + known.cast(pl.String))


def _folded(cells: pl.Series) -> pl.Series:
    """Digest cells that hold several values: a list and an array of the same numbers alike."""
    return pl.Series([None if cell is None else "&" + _fold(cell) for cell in cells.to_list()], dtype=pl.String)


def _fold(cell: object) -> str:
    try:
        values = np.asarray(cell, dtype=np.float64)
    except (ValueError, TypeError):
        return blake2b(repr(cell).encode(), digest_size=16).hexdigest()
    return blake2b(repr(values.shape).encode() + (values + 0.0).tobytes(), digest_size=16).hexdigest()
