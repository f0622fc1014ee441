"""Whole numbers: counts, months, years."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from mainstay.contract.columns.base import BLANKS, INT64, Family, Quick, whole_cells, whole_number
from mainstay.contract.columns.span import Spanned, range_in_words, range_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

_PLAIN = rf"^[{BLANKS}]*(-?[0-9]{{1,19}})(?:\.0{{0,9}})?[{BLANKS}]*$"
_TEXT = re.compile(rf"[{BLANKS}]*(-?[0-9]{{1,19}})(?:\.0{{0,9}})?[{BLANKS}]*")


class Integer(Spanned, frozen=True, kw_only=True, tag="integer"):
    """A whole number within 64 bits.

    Parameters
    ----------
    min, max : int, optional
        Its range, ends included.

    Notes
    -----
    Numbers with an integral value (``12.0``) and plain decimal text (``"12"``, ``" 012 "``, ``"12.0"``) are read too;
    ``"1_000"``, ``"+1"``, ``"0x10"``, ``"1e5"`` and booleans are not.

    Examples
    --------
    >>> months = Integer(name="tenure", min=0, max=100)
    >>> months.parse("012"), months.parse(12.5), months.beyond(130), months.clip(130)
    (12, None, 'above 100', 100)

    """

    min: int | None = None
    max: int | None = None

    wrong: ClassVar[str] = "not a whole number"
    made_of: ClassVar[Family] = "integer"
    families: ClassVar[frozenset[Family]] = frozenset({"text", "integer", "float"})

    def allowed(self) -> str:
        """Say what is allowed, as the end of a sentence."""
        return "a whole number" + range_in_words(self.min, self.max)

    def json_schema(self) -> dict[str, object]:
        """Describe a value in JSON Schema 2020-12, as a caller should send it."""
        return {"type": "integer", **range_schema(self.min, self.max, self.outside)}

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Give each setting that contradicts another, with what is wrong about it."""
        yield from super().contradictions()
        for key in ("min", "max"):
            limit = getattr(self, key)
            if limit is not None and not INT64[0] <= limit <= INT64[1]:
                yield key, f"is {limit}, which is more than 64 bits hold."

    def parse(self, value: object) -> int | None:
        """Read one value that isn't missing; None where it is of the wrong kind."""
        if isinstance(value, str):
            plain = _TEXT.fullmatch(value)
            return whole_number(int(plain[1])) if plain else None
        return whole_number(value)

    def quick(self) -> Quick:
        """Say how to read values at full speed."""
        low, high = _ends(self.min, self.max)
        return Quick(Annotated[int, Meta(ge=low, le=high)])

    def parse_cells(self, cell: pl.Expr, family: Family) -> pl.Expr:
        """Read a whole column of a table; null where a value is of the wrong kind (or missing)."""
        if family == "text":
            return cell.str.extract(_PLAIN, 1).cast(int, strict=False)
        return whole_cells(cell, family)

    def plain_cells(self, cell: pl.Expr) -> pl.Expr:
        """Say cheaply where cells of the stored type are within all limits; null where they are null."""
        return cell.is_between(*_ends(self.min, self.max))


def _ends(low: int | None, high: int | None) -> tuple[int, int]:
    return INT64[0] if low is None else low, INT64[1] if high is None else high
