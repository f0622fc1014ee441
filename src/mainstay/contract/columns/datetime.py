"""Points in time and days."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

from mainstay.contract.columns.base import Column, Excess, Family, Quick
from mainstay.contract.columns.span import clip_to_range
from mainstay.contract.moments import Grammar, seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl


class Datetime(Column, frozen=True, kw_only=True, dict=True, tag="datetime"):
    """A point in time, or a day, in UTC; a model sees it as seconds since 1970.

    Parameters
    ----------
    format : str
        How texts spell it, in the notation of ``strptime`` (``"%m/%d/%Y"``); empty for ISO 8601.
    min, max : str, optional
        Its range, ends included, in ISO 8601.
    outside : {"reject", "clip", "flag", "impute", "fallback"}
        What happens to a time out of range.

    Notes
    -----
    A time without a zone is taken as UTC. Fractions are cut to microseconds. Second 60 and hour 24 are refused.
    Two-digit years are those from 1969 to 2068.

    Examples
    --------
    >>> signed = Datetime(name="signed", min="2020-01-01")
    >>> signed.parse("2024-02-29 12:30").isoformat(), signed.parse("2023-02-29")
    ('2024-02-29T12:30:00+00:00', None)
    >>> signed.beyond(signed.parse("2019-12-31")), signed.code(signed.parse("1970-01-02"))
    ('before 2020-01-01', 86400.0)

    """

    format: str = ""
    min: str | None = None
    max: str | None = None
    outside: Excess = "reject"

    wrong: ClassVar[str] = "not a time"
    made_of: ClassVar[Family] = "time"
    families: ClassVar[frozenset[Family]] = frozenset({"text", "time"})
    beyond_policy: ClassVar[str] = "outside"
    learned: ClassVar[Literal["middle", "most", ""]] = "middle"
    can_be = ("feature", "time", "group", "ignored")

    @cached_property
    def grammar(self) -> Grammar:
        """How texts spell it."""
        return Grammar(self.format)

    @cached_property
    def earliest(self) -> dt.datetime | None:
        """The least moment that is within the limits."""
        return None if self.min is None else Grammar().read(self.min)

    @cached_property
    def latest(self) -> dt.datetime | None:
        """The greatest moment that is within the limits."""
        return None if self.max is None else Grammar().read(self.max)

    def allowed(self) -> str:
        """Say what is allowed, as the end of a sentence."""
        spelled = f"a time written as {self.format}" if self.format else "a time in ISO 8601"
        return spelled + (f" from {self.min or 'ever'} to {self.max or 'ever'}" if self.min or self.max else "")

    def json_schema(self) -> dict[str, object]:
        """Describe a value in JSON Schema 2020-12, as a caller should send it."""
        return {"type": "string"} if self.format else {"type": "string", "format": "date-time"}

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Give each setting that contradicts another, with what is wrong about it."""
        faults = self.grammar.faults()
        if faults:
            yield "format", f"is {self.format!r}, which {faults}"
            return
        unread = [key for key in ("min", "max") if getattr(self, key) is not None and self._end(key) is None]
        for key in unread:
            yield key, f"is {getattr(self, key)!r}, which is no time in ISO 8601."
        if unread:
            return
        yield from super().contradictions()
        if self.earliest is not None and self.latest is not None and self.earliest > self.latest:
            yield "min", f"is {self.min}, after max = {self.max}."

    def _end(self, key: str) -> dt.datetime | None:
        return self.earliest if key == "min" else self.latest

    def parse(self, value: object) -> dt.datetime | None:
        """Read one value that isn't missing; None where it is of the wrong kind."""
        if isinstance(value, str):
            return self.grammar.read(value)
        if isinstance(value, dt.datetime):
            return _in_utc(value)
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC) if isinstance(value, dt.date) else None

    def beyond(self, value: dt.datetime) -> str:
        """Name the limit a parsed value breaks; empty where it keeps to all."""
        if self.earliest is not None and value < self.earliest:
            return f"before {self.min}"
        return f"after {self.max}" if self.latest is not None and value > self.latest else ""

    def clip(self, value: dt.datetime) -> dt.datetime:
        """Bring a parsed value back to the nearest allowed one."""
        result: dt.datetime = clip_to_range(value, self.earliest, self.latest)  # type: ignore[type-var]
        return result

    def code(self, value: dt.datetime) -> float:
        """Encode a parsed value for a model: seconds since 1970 in UTC."""
        return seconds_of(value)

    def as_setting(self, value: dt.datetime) -> str:
        """Write a parsed value as the contract file does."""
        return value.isoformat().replace("+00:00", "Z")

    def quick(self) -> Quick:
        """Say how to read values at full speed."""
        return Quick(str, read=self._read_quickly)

    def _read_quickly(self, text: str) -> dt.datetime | None:
        moment = self.grammar.read(text)
        return None if moment is None or self.beyond(moment) else moment

    def parse_cells(self, cell: pl.Expr, family: Family) -> pl.Expr:
        """Read a whole column of a table; null where a value is of the wrong kind (or missing)."""
        from mainstay.contract.moment_cells import in_utc, read_cells  # noqa: PLC0415 - a worker must not load polars

        return in_utc(cell) if family == "time" else read_cells(cell, self.grammar)

    def beyond_cells(self, cell: pl.Expr) -> list[tuple[str, pl.Expr]]:
        """Name each limit and where the parsed values break it."""
        rules = [] if self.earliest is None else [(f"before {self.min}", cell < self.earliest)]
        return rules if self.latest is None else [*rules, (f"after {self.max}", cell > self.latest)]

    def clip_cells(self, cell: pl.Expr) -> pl.Expr:
        """Bring parsed values back to the nearest allowed ones."""
        return cell.clip(self.earliest, self.latest)

    def code_cells(self, cell: pl.Expr) -> pl.Expr:
        """Encode parsed values for a model: seconds since 1970 in UTC."""
        from mainstay.contract.moment_cells import seconds_of_cells  # noqa: PLC0415 - a worker must not load polars

        return seconds_of_cells(cell)


def _in_utc(moment: dt.datetime) -> dt.datetime | None:
    try:
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except OverflowError:
        return None
