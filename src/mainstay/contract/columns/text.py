"""Free text: identifiers, names, notes. No model sees it yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from mainstay.contract.columns.base import INT64, LONGEST, Column, Family, Quick, label, label_cells

if TYPE_CHECKING:
    import polars as pl


class Text(Column, frozen=True, kw_only=True, tag="text"):
    """A text, taken as it is; a whole number counts as its digits. It can identify a record, but be no feature yet."""

    wrong: ClassVar[str] = "not a text"
    families: ClassVar[frozenset[Family]] = frozenset({"text", "integer", "float"})
    can_be = ("id", "time", "ignored")

    def allowed(self) -> str:
        """Say what is allowed, as the end of a sentence."""
        return f"a text of at most {LONGEST} characters, or a whole number"

    def json_schema(self) -> dict[str, object]:
        """Describe a value in JSON Schema 2020-12, as a caller should send it."""
        return {"type": ["string", "integer"]}

    def parse(self, value: object) -> str | None:
        """Read one value that isn't missing; None where it is of the wrong kind."""
        return label(value)

    def quick(self) -> Quick:
        """Say how to read values at full speed."""
        whole = Annotated[int, Meta(ge=INT64[0], le=INT64[1])]
        return Quick(Annotated[str, Meta(max_length=LONGEST)] | whole)

    def parse_cells(self, cell: pl.Expr, family: Family) -> pl.Expr:
        """Read a whole column of a table; null where a value is of the wrong kind (or missing)."""
        return label_cells(cell, family)
