"""Numbers: amounts, shares, temperatures."""

from __future__ import annotations

import math
import re
import sys
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from mainstay.contract.columns.base import BLANKS, LONGEST, Family, Quick
from mainstay.contract.columns.span import Spanned, range_in_words, range_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

_DECIMAL = r"(-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
_PLAIN = rf"^[{BLANKS}]*{_DECIMAL}[{BLANKS}]*$"
_TEXT = re.compile(rf"[{BLANKS}]*{_DECIMAL}[{BLANKS}]*")


class Number(Spanned, frozen=True, kw_only=True, tag="number"):
    """A finite number.

    Parameters
    ----------
    min, max : float, optional
        Its range, ends included.

    Notes
    -----
    Plain decimal text is read as well, with or without exponent (``"29.85"``, ``"1e-3"``); infinities, ``"1,5"``,
    ``"+1"``, hexadecimal text and booleans are not.

    Examples
    --------
    >>> price = Number(name="MonthlyCharges", min=0.0)
    >>> price.parse("29.85"), price.parse("29,85"), price.beyond(-1.0)
    (29.85, None, 'below 0.0')

    """

    min: float | None = None
    max: float | None = None

    wrong: ClassVar[str] = "not a finite number"
    made_of: ClassVar[Family] = "float"
    families: ClassVar[frozenset[Family]] = frozenset({"text", "integer", "float"})
    can_be = ("feature", "target", "time", "weight", "segment", "ignored")

    def allowed(self) -> str:
        """Say what is allowed, as the end of a sentence."""
        return "a number" + range_in_words(self.min, self.max)

    def json_schema(self) -> dict[str, object]:
        """Describe a value in JSON Schema 2020-12, as a caller should send it."""
        return {"type": "number", **range_schema(self.min, self.max, self.outside)}

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Give each setting that contradicts another, with what is wrong about it."""
        for key in ("min", "max", "fill"):
            limit = getattr(self, key)
            if isinstance(limit, float) and not math.isfinite(limit):
                yield key, f"is {limit}, which is no finite number."
        yield from super().contradictions()

    def parse(self, value: object) -> float | None:
        """Read one value that isn't missing; None where it is of the wrong kind."""
        if isinstance(value, str):
            plain = _TEXT.fullmatch(value)
            number = float(plain[1]) if plain and len(plain[1]) <= LONGEST else math.nan
        elif isinstance(value, bool) or not isinstance(value, int | float):
            return None
        else:
            number = _as_float(value)
        return number if math.isfinite(number) else None

    def quick(self) -> Quick:
        """Say how to read values at full speed."""
        return Quick(Annotated[float, Meta(ge=self.min, le=self.max)])

    def parse_cells(self, cell: pl.Expr, family: Family) -> pl.Expr:
        """Read a whole column of a table; null where a value is of the wrong kind (or missing)."""
        import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

        if family == "text":
            plain = cell.str.extract(_PLAIN, 1)
            cell = pl.when(plain.str.len_bytes() <= LONGEST).then(plain)
        number = cell.cast(pl.Float64, strict=False)
        return pl.when(number.is_finite()).then(number)

    def plain_cells(self, cell: pl.Expr) -> pl.Expr:
        """Say cheaply where cells of the stored type are within all limits; null where they are null."""
        low = -sys.float_info.max if self.min is None else self.min
        high = sys.float_info.max if self.max is None else self.max
        return cell.is_between(low, high)  # NaN lies beyond every number


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond 1.8e308
        return math.inf
