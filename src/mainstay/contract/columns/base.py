"""The base every kind of column stands on.

A kind says four things: what its settings are, which contradictions they can hold, how one value is read, and how a
whole column of a table is read. The policies (missing, outside, unknown) are the same for all kinds and live in
`mainstay.contract.reading` and `mainstay.contract.table`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

Role = Literal["feature", "id", "time", "ignored"]
Family = Literal["text", "integer", "float", "boolean", "time"]
"""What a column of a table is made of, whatever its exact type."""

Value = int | float | bool | str
"""A value that was read; missing is None."""

BLANKS = " \t\n\r\x0b\x0c"
"""The characters that count as blank: ASCII, in every way of reading."""

LONGEST = 1000
"""Characters a text may have; one value must not be able to fill a log."""

INT64 = (-(2**63), 2**63 - 1)


class Quick(msgspec.Struct, frozen=True):
    """How a kind is read at full speed, when nothing about a value needs mercy.

    Parameters
    ----------
    type : type
        What msgspec decodes; whatever doesn't fit is left to the reference.
    served : dict, optional
        From the decoded value to the one served, where they differ.
    codes : dict, optional
        From the decoded value to its code, where the served value isn't the code itself.

    """

    type: Any
    served: dict[Value, Value] | None = None
    codes: dict[Value, float] | None = None


class Column(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"
):
    """One column of a record.

    Parameters
    ----------
    role : {"feature", "id", "time", "ignored"}
        What the column is for. Only features reach the model. An id is read where it is there; time and ignored
        columns refuse nothing.
    missing : {"reject", "impute", "allow"}
        What happens to a record without it: refused; filled with `fill` and the answer flagged as degraded; or
        passed to the model as missing, which it has seen in training. Features only.
    fill : bool, int, float or str, optional
        What `impute` fills in; learned from the training rows where it isn't given.
    unit, description, owner, source : str
        For the reader: months, what it says, who answers for it, where it comes from.
    personal, sensitive : bool
        Whether it identifies a person; whether its groups are watched for inclusion.

    """

    name: str = ""
    role: Role = "feature"
    missing: Literal["reject", "impute", "allow"] = "reject"
    fill: bool | int | float | str | None = None
    unit: str = ""
    description: str = ""
    owner: str = ""
    source: str = ""
    personal: bool = False
    sensitive: bool = False

    wrong: ClassVar[str] = "not readable"
    """The rule a value of the wrong kind breaks."""
    made_of: ClassVar[Family] = "text"
    """What its parsed values are made of."""
    families: ClassVar[frozenset[Family]] = frozenset()
    """What a table's column can be made of; everything else is wrong in every row."""
    beyond_policy: ClassVar[str] = ""
    """The setting that says what happens beyond the limits: ``"outside"``, ``"unknown"`` or none."""
    can_be: ClassVar[tuple[Role, ...]] = ("feature", "id", "time", "ignored")
    """The roles a column of this kind can have."""

    @property
    def type(self) -> str:
        """The kind as the contract file spells it."""
        return str(self.__struct_config__.tag)

    @property
    def checked(self) -> bool:
        """Whether a bad value refuses the record."""
        return self.role in ("feature", "id")

    @property
    def when_missing(self) -> str:
        """What happens where it is missing: only features can demand a value."""
        return self.missing if self.role == "feature" else "allow"

    @property
    def when_beyond(self) -> str:
        """What happens beyond the limits: reject, clip, flag or other."""
        return str(getattr(self, self.beyond_policy)) if self.beyond_policy else "reject"

    def allowed(self) -> str:
        """Say what is allowed, as the end of a sentence."""
        raise NotImplementedError

    def json_schema(self) -> dict[str, object]:
        """Describe a value in JSON Schema 2020-12, as a caller should send it."""
        raise NotImplementedError

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Give each setting that contradicts another, with what is wrong about it."""
        if self.role not in self.can_be:
            yield "role", f"is '{self.role}', which a column of type '{self.type}' can't be yet: {_or(self.can_be)}."
        if self.fill is not None and self._fill_is_bad(self.fill):
            yield "fill", f"is {self.fill!r}, but this column takes {self.allowed()}."

    def _fill_is_bad(self, fill: Value) -> bool:
        if isinstance(fill, str) and not fill.strip(BLANKS):
            return True
        value = self.parse(fill)
        return value is None or bool(self.beyond(value))

    def parse(self, value: object) -> Value | None:
        """Read one value that isn't missing; None where it is of the wrong kind."""
        raise NotImplementedError

    def beyond(self, value: Any) -> str:
        """Name the limit a parsed value breaks; empty where it keeps to all."""
        del value
        return ""

    def clip(self, value: Any) -> Value:
        """Bring a parsed value back to the nearest allowed one."""
        result: Value = value
        return result

    def code(self, value: Any) -> float:
        """Encode a parsed value for a model."""
        return float(value)

    def quick(self) -> Quick | None:
        """Say how to read values at full speed; None where there is no such way."""
        return None

    def parse_cells(self, cell: pl.Expr, family: Family) -> pl.Expr:
        """Read a whole column of a table; null where a value is of the wrong kind (or missing)."""
        raise NotImplementedError

    def beyond_cells(self, cell: pl.Expr) -> list[tuple[str, pl.Expr]]:
        """Name each limit and where the parsed values break it."""
        del cell
        return []

    def clip_cells(self, cell: pl.Expr) -> pl.Expr:
        """Bring parsed values back to the nearest allowed ones."""
        return cell

    def code_cells(self, cell: pl.Expr) -> pl.Expr:
        """Encode parsed values for a model."""
        return cell.cast(float)


def label(value: object) -> str | None:
    """Read a label: a text as it is, a whole number as its digits; None for anything else.

    Examples
    --------
    >>> label("One year"), label(2), label(2.0), label(2.5), label(True)
    ('One year', '2', '2', None, None)

    """
    if isinstance(value, str):
        return value if len(value) <= LONGEST else None
    whole = whole_number(value)
    return None if whole is None else str(whole)


def label_cells(cell: pl.Expr, family: Family) -> pl.Expr:
    """Read labels from a column of a table, as `label` does."""
    import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

    if family == "text":
        return pl.when(cell.str.len_chars() <= LONGEST).then(cell)
    return whole_cells(cell, family).cast(str)


def whole_number(value: object) -> int | None:
    """Read a whole number within 64 bits; None for anything else, text and booleans included.

    Examples
    --------
    >>> whole_number(12), whole_number(12.0), whole_number(12.5), whole_number(True), whole_number(2**63)
    (12, 12, None, None, None)

    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not INT64[0] <= value <= INT64[1] or value == 2.0**63:
        return None
    return int(value) if value == int(value) else None


def whole_cells(cell: pl.Expr, family: Family) -> pl.Expr:
    """Read whole numbers within 64 bits from a column of numbers, as `whole_number` does."""
    import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

    whole = cell.cast(pl.Int64, strict=False)
    return whole if family == "integer" else pl.when(cell == cell.floor()).then(whole)


def _or(words: tuple[str, ...]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}" if len(words) > 1 else "".join(words)
