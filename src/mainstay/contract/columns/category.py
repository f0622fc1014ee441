"""One of a few labels."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

from mainstay.contract.columns.base import BLANKS, LONGEST, Column, Family, Quick, Value, label, label_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

_DIGITS = re.compile(r"-?[0-9]{1,19}")
_SHOWN = 10


class Category(Column, frozen=True, kw_only=True, dict=True, tag="category"):
    """One of a few labels, compared exactly but for outer blanks.

    Parameters
    ----------
    values : tuple of str
        The labels, in the order of their codes. Never change the order of a contract that serves.
    unknown : {"other", "reject", "impute", "fallback"}
        What happens to another label: encoded as ``len(values)`` and the answer marked as degraded; refused; replaced
        by `fill`; or answered by the fallback.

    Notes
    -----
    Numbers are refused, unless one of the values is a whole number itself (``"0"``, ``"4"``): then a whole number
    counts as its digits, so that coded columns work however they are typed.

    Examples
    --------
    >>> season = Category(name="season", values=("1", "2", "3", "4"))
    >>> season.parse(3), season.parse("3"), season.code("3"), season.code("7")
    ('3', '3', 2.0, 4.0)
    >>> Category(name="Contract", values=("One year",)).parse(3) is None
    True

    """

    values: tuple[str, ...] = ()
    unknown: Literal["other", "reject", "impute", "fallback"] = "other"

    wrong: ClassVar[str] = "not a label"
    families: ClassVar[frozenset[Family]] = frozenset({"text", "integer", "float"})
    beyond_policy: ClassVar[str] = "unknown"
    can_be = ("feature", "target", "group", "segment", "ignored")

    @cached_property
    def numbered(self) -> bool:
        """Whether a whole number counts as its digits."""
        return any(_DIGITS.fullmatch(value) for value in self.values)

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each label in `values`."""
        return {value: place for place, value in enumerate(self.values)}

    def json_schema(self) -> dict[str, object]:
        """Describe a value in JSON Schema 2020-12, as a caller should send it."""
        kind: dict[str, object] = {"type": ["string", "integer"] if self.numbered else "string"}
        if self.unknown == "other":
            return kind | {"examples": list(self.values[:_SHOWN])}
        return kind | {"enum": [*self.values, *self._numbers]}

    @property
    def _numbers(self) -> list[int]:
        """The whole numbers that count as a label: those whose digits are exactly the label."""
        numbers = [int(value) for value in self.values if _DIGITS.fullmatch(value)]
        return [number for number in numbers if label(number) in self.places]

    def allowed(self) -> str:
        """Say what is allowed, as the end of a sentence."""
        shown = ", ".join(f"'{value[:80]}'" for value in self.values[:_SHOWN])
        more = len(self.values) - _SHOWN
        return f"one of {shown}" + (f" and {more} more" if more > 0 else "")

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Give each setting that contradicts another, with what is wrong about it."""
        if not self.values and self.role == "feature":
            yield "values", "is empty: a category needs at least one value."
        seen = set()
        for value in self.values:
            if value in seen:
                yield "values", f"holds {value!r} twice."
            if not value.strip(BLANKS):
                yield "values", f"holds {value!r}: a blank always stands for a missing value."
            elif value != value.strip(BLANKS):
                yield "values", f"holds {value!r}: outer blanks are taken off whatever comes, so no value is ever so."
            if len(value) > LONGEST:
                yield "values", f"holds a text longer than {LONGEST} characters."
            seen.add(value)
        yield from super().contradictions()

    def parse(self, value: object) -> str | None:
        """Read one value that isn't missing; None where it is of the wrong kind."""
        return label(value) if isinstance(value, str) or self.numbered else None

    def beyond(self, value: str) -> str:
        """Name the limit a parsed value breaks; empty where it keeps to all."""
        return "" if value in self.places else "not one of its values"

    def code(self, value: str) -> float:
        """Encode a parsed value for a model: its place in `values`, or their number where it isn't among them."""
        return float(self.places.get(value, len(self.values)))

    def quick(self) -> Quick:
        """Say how to read values at full speed."""
        if not self.numbered:
            codes: dict[Value, float] = {value: float(place) for value, place in self.places.items()}
            return Quick(Literal[self.values], codes=codes)
        found: tuple[Value, ...] = (*self.values, *self._numbers)
        return Quick(Literal[found], {it: str(it) for it in found}, {it: self.code(str(it)) for it in found})

    def parse_cells(self, cell: pl.Expr, family: Family) -> pl.Expr:
        """Read a whole column of a table; null where a value is of the wrong kind (or missing)."""
        import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

        if family != "text" and not self.numbered:
            return pl.when(False).then(cell.cast(pl.String))  # noqa: FBT003 - "never" has no name in polars
        return label_cells(cell, family)

    def plain_cells(self, cell: pl.Expr) -> pl.Expr:
        """Say cheaply where cells of the stored type are labels; null where they are null."""
        return cell.is_in(list(self.values))

    def beyond_cells(self, cell: pl.Expr) -> list[tuple[str, pl.Expr]]:
        """Name each limit and where the parsed values break it."""
        return [("not one of its values", ~cell.is_in(list(self.values)))]

    def code_cells(self, cell: pl.Expr) -> pl.Expr:
        """Encode parsed values for a model."""
        import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

        places = [float(place) for place in range(len(self.values))]
        codes = cell.replace_strict(list(self.values), places, default=float(len(self.values)), return_dtype=pl.Float64)
        return pl.when(cell.is_not_null()).then(codes)
