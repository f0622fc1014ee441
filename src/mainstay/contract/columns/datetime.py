"""Points in time. They order and split the rows; no model sees them yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mainstay.contract.columns.base import Column, Family

if TYPE_CHECKING:
    import polars as pl

_ISO = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d")


class Datetime(Column, frozen=True, kw_only=True, tag="datetime"):
    """A point in time, or a day, in UTC.

    Parameters
    ----------
    format : str
        How texts spell it, in the notation of ``strptime`` (``"%m/%d/%Y"``); empty for ISO 8601.

    """

    format: str = ""

    wrong: ClassVar[str] = "not a time"
    made_of: ClassVar[Family] = "time"
    families: ClassVar[frozenset[Family]] = frozenset({"text", "time"})
    can_be = ("time", "ignored")

    def allowed(self) -> str:
        """Say what is allowed, as the end of a sentence."""
        return f"a time written as {self.format}" if self.format else "a time in ISO 8601"

    def json_schema(self) -> dict[str, object]:
        """Describe a value in JSON Schema 2020-12, as a caller should send it."""
        return {"type": "string"}

    def parse(self, value: object) -> str | None:
        """Pass a text through: a request's times are not read."""
        return value if isinstance(value, str) else None

    def parse_cells(self, cell: pl.Expr, family: Family) -> pl.Expr:
        """Read a whole column of a table; null where a value is of the wrong kind (or missing)."""
        import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

        moment = pl.Datetime("us", "UTC")
        if family == "time":
            return cell.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        if self.format:
            day = cell.str.strptime(pl.Datetime("us"), self.format, strict=False, exact=True)
            return day.dt.replace_time_zone("UTC")
        plain = [cell.str.strptime(pl.Datetime("us"), form, strict=False).dt.replace_time_zone("UTC") for form in _ISO]
        zoned = cell.str.strptime(moment, "%Y-%m-%dT%H:%M:%S%.f%#z", strict=False)
        return pl.coalesce(*plain, zoned)

    def code(self, value: object) -> float:
        """Refuse: a time is no feature yet."""
        raise NotImplementedError(f"{value!r} is a time, which no model sees yet")
