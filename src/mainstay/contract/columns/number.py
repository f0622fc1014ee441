"""Numbers: amounts, shares, temperatures."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from mainstay.contract.columns.base import BLANKS, LONGEST, Column, Family, Quick
from mainstay.contract.columns.span import beyond_range, beyond_range_cells, clip_to_range, range_in_words, range_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

_DECIMAL = r"(-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
_PLAIN = rf"^[{BLANKS}]*{_DECIMAL}[{BLANKS}]*$"
_TEXT = re.compile(rf"[{BLANKS}]*{_DECIMAL}[{BLANKS}]*")


class Number(Column, frozen=True, kw_only=True, tag="number"):
    """A finite number.

    Parameters
    ----------
    min, max : float, optional
        Its range, ends included.
    outside : {"reject", "clip", "flag"}
        What happens to a value out of range: refused; brought back to the nearest end and the answer flagged as
        degraded; or taken as it is with a warning.

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
    outside: Literal["reject", "clip", "flag"] = "reject"

    wrong: ClassVar[str] = "not a finite number"
    made_of: ClassVar[Family] = "float"
    families: ClassVar[frozenset[Family]] = frozenset({"text", "integer", "float"})
    beyond_policy: ClassVar[str] = "outside"
    can_be = ("feature", "time", "ignored")

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
        if self.min is not None and self.max is not None and self.min > self.max:
            yield "min", f"is {self.min}, above max = {self.max}."

    def parse(self, value: object) -> float | None:
        """Read one value that isn't missing; None where it is of the wrong kind."""
        if isinstance(value, str):
            plain = _TEXT.fullmatch(value) if len(value) <= LONGEST else None
            number = float(plain[1]) if plain else math.nan
        elif isinstance(value, bool) or not isinstance(value, int | float):
            return None
        else:
            number = _as_float(value)
        return number if math.isfinite(number) else None

    def beyond(self, value: float) -> str:
        """Name the limit a parsed value breaks; empty where it keeps to all."""
        return beyond_range(value, self.min, self.max)

    def clip(self, value: float) -> float:
        """Bring a parsed value back to the nearest allowed one."""
        return clip_to_range(value, self.min, self.max)

    def quick(self) -> Quick:
        """Say how to read values at full speed."""
        return Quick(Annotated[float, Meta(ge=self.min, le=self.max)])

    def parse_cells(self, cell: pl.Expr, family: Family) -> pl.Expr:
        """Read a whole column of a table; null where a value is of the wrong kind (or missing)."""
        import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

        if family == "text":
            cell = pl.when(cell.str.len_chars() <= LONGEST).then(cell.str.extract(_PLAIN, 1))
        number = cell.cast(pl.Float64, strict=False)
        return pl.when(number.is_finite()).then(number)

    def beyond_cells(self, cell: pl.Expr) -> list[tuple[str, pl.Expr]]:
        """Name each limit and where the parsed values break it."""
        return beyond_range_cells(cell, self.min, self.max)

    def clip_cells(self, cell: pl.Expr) -> pl.Expr:
        """Bring parsed values back to the nearest allowed ones."""
        return cell.clip(self.min, self.max)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond 1.8e308
        return math.inf
