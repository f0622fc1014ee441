"""The base every kind of column stands on.

A kind says four things: what its settings are, which contradictions they can hold, how one value is read, and how a
whole column of a table is read. The policies (missing, malformed, outside, unknown) are the same for all kinds and live
in `mainstay.contract.reading` and `mainstay.contract.table`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

Role = Literal["feature", "target", "id", "time", "group", "weight", "segment", "ignored"]
Gap = Literal["reject", "impute", "allow", "flag", "fallback"]
"""What happens to a value that is missing, or of the wrong kind."""
Excess = Literal["reject", "clip", "flag", "impute", "fallback"]
"""What happens to a value out of range."""
Family = Literal["text", "integer", "float", "boolean", "time", "nested"]
"""What a column of a table is made of, whatever its exact type; "nested" are lists and arrays."""

Personal = Annotated[bool | Literal["drop"], msgspec.Meta(description="true or false, or 'drop'")]
"""Whether a column says something about a person, and what becomes of it in the event log."""

Value = Any
"""A value that was read (int, float, bool, str, a time, a nested list of numbers); missing is None."""

TRAINING = ("target", "group", "weight", "segment")
"""Roles that are looked at only where a whole table is read for training."""

BLANKS = " \t\n\r\x0b\x0c"
"""The characters that count as blank: ASCII, in every way of reading; outer ones are no part of a text."""

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
    read : callable, optional
        From the decoded value to the one served, where no dict can say it; None, or an exception of kind ValueError,
        leaves the record to the reference. The codes are then those of `Column.codes`.

    """

    type: Any
    served: dict[Value, Value] | None = None
    codes: dict[Value, float] | None = None
    read: Callable[[Any], Value | None] | None = None


class Column(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"
):
    """One column of a record.

    Parameters
    ----------
    role : {"feature", "target", "id", "time", "group", "weight", "segment", "ignored"}
        What the column is for. Only features reach the model. An id is read where it is there; target, group, weight
        and segment are looked at only where a table is read for training; time and ignored columns refuse nothing.
    missing : {"reject", "impute", "allow", "flag", "fallback"}
        What happens to a record without it: refused; filled in with `fill` and the answer marked as degraded; passed
        to the model as missing, which it has seen in training, silently or with a warning; or answered by the
        fallback instead of the model.
    malformed : {"reject", "impute", "allow", "flag", "fallback"}
        What happens to a value of the wrong kind (``"abc"`` where a number belongs): the same choices. Under "allow"
        and "flag" it counts as missing.
    fill : bool, int, float or str, optional
        What `impute` fills in; learned from the training rows where it isn't given.
    unique : bool
        Whether no two rows of a table for training may share a value: the first is kept, later ones are refused.
    unit, description, owner, source : str
        For the reader: months, what it says, who answers for it, where it comes from.
    personal : bool or "drop"
        Whether it says something about a person. In the event log such a feature is encrypted under its person's key,
        so that erasing the key erases it everywhere; with "drop" it is never written there.
    sensitive : bool
        Whether its groups are watched for inclusion.

    """

    name: str = ""
    role: Role = "feature"
    missing: Gap = "reject"
    malformed: Gap = "reject"
    fill: bool | int | float | str | None = None
    unique: bool = False
    unit: str = ""
    description: str = ""
    owner: str = ""
    source: str = ""
    personal: Personal = False
    sensitive: bool = False

    wrong: ClassVar[str] = "not readable"
    """The rule a value of the wrong kind breaks."""
    made_of: ClassVar[Family] = "text"
    """What its parsed values are made of."""
    families: ClassVar[frozenset[Family]] = frozenset()
    """What a table's column can be made of; everything else is wrong in every row."""
    beyond_policy: ClassVar[str] = ""
    """The setting that says what happens beyond the limits: ``"outside"``, ``"unknown"`` or none."""
    learned: ClassVar[Literal["middle", "most", ""]] = "most"
    """What `impute` learns to fill in: the (lower) median, the most frequent value, or nothing."""
    can_be: ClassVar[tuple[Role, ...]] = (
        "feature",
        "target",
        "id",
        "time",
        "group",
        "weight",
        "segment",
        "ignored",
    )
    """The roles a column of this kind can have."""

    @property
    def type(self) -> str:
        """The kind as the contract file spells it."""
        return str(self.__struct_config__.tag)

    @property
    def checked(self) -> bool:
        """Whether a bad value refuses the record."""
        return self.role in ("feature", "id")

    def held(self, *, training: bool) -> bool:
        """Whether a bad value can refuse a row of a table, read for training or not."""
        return self.checked or (training and self.role in TRAINING)

    @property
    def required(self) -> bool:
        """Whether a record without it is refused."""
        return self.when_missing == "reject"

    @property
    def nullable(self) -> bool:
        """Whether a record may come without it."""
        return not self.required

    @property
    def when_missing(self) -> Gap:
        """What happens where it is missing: only features, and in training their company, can demand a value."""
        return self.missing if self.role == "feature" or self.role in TRAINING else "allow"

    @property
    def when_malformed(self) -> Gap:
        """What happens to a value of the wrong kind."""
        return self.malformed if self.role == "feature" or self.role in TRAINING else "reject"

    @property
    def when_beyond(self) -> str:
        """What happens beyond the limits: reject, clip, flag, impute, fallback or other."""
        return str(getattr(self, self.beyond_policy)) if self.beyond_policy else "reject"

    @property
    def fills_gaps(self) -> bool:
        """Whether a gap is filled in: then no value of it is ever left missing (but where the fallback answers)."""
        return self.role == "feature" and "impute" in (self.missing, self.malformed)

    @property
    def imputes(self) -> bool:
        """Whether any policy needs `fill`."""
        return self.fills_gaps or (self.role == "feature" and self.when_beyond == "impute")

    @property
    def width(self) -> int:
        """How many numbers a model sees of it: 1, and of a tensor the product of its shape."""
        return 1

    @property
    def slot_names(self) -> tuple[str, ...]:
        """Names of the numbers a model sees of it, `width` of them."""
        return (self.name,)

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
        yield from self._policies_at_odds()

    def _policies_at_odds(self) -> Iterator[tuple[str, str]]:
        """Find policies that contradict: a table remembers no reason for a gap, so all are filled in or none is."""
        for key, other in (("missing", "malformed"), ("malformed", "missing")):
            if getattr(self, key) == "impute" and getattr(self, other) in ("allow", "flag"):
                left = getattr(self, other)
                yield other, f"is '{left}', which leaves a gap, but {key} = 'impute' fills every gap in: say 'impute'."
        if self.role == "id" or self.role in TRAINING:
            for key in filter(None, ("missing", "malformed", self.beyond_policy)):
                if getattr(self, key) in ("impute", "fallback"):
                    yield key, f"is '{getattr(self, key)}', which only a feature can be; this is a {self.role}."

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

    def flaw(self, found: object) -> str:
        """Say more of a value of the wrong kind than `wrong`, as the predicate of a sentence; empty: nothing more."""
        del found
        return ""

    def excess(self, value: Any) -> str:
        """Say more of a parsed value beyond the limits than `beyond`, as the predicate of a sentence."""
        del value
        return ""

    def clipping(self, value: Any, kept: Any) -> str:
        """Say what was clipped, where the two values can't be shown."""
        del value, kept
        return ""

    def code(self, value: Any) -> float:
        """Encode a parsed value for a model."""
        return float(value)

    def codes(self, value: Any) -> tuple[float, ...]:
        """Encode a parsed value, or None for missing, as `width` numbers."""
        return (math.nan,) * self.width if value is None else (self.code(value),)

    def as_setting(self, value: Any) -> bool | int | float | str:
        """Write a parsed value as the contract file does."""
        result: bool | int | float | str = value
        return result

    def quick(self) -> Quick | None:
        """Say how to read values at full speed; None where there is no such way."""
        return None

    def parse_cells(self, cell: pl.Expr, family: Family) -> pl.Expr:
        """Read a whole column of a table; null where a value is of the wrong kind (or missing)."""
        raise NotImplementedError

    def plain_cells(self, cell: pl.Expr) -> pl.Expr | None:
        """Say cheaply where cells of the stored type are within all limits and not blank; null where they are null.

        It may say false of a cell that is fine. None where there is no cheap way.
        """
        del cell
        return None

    def beyond_cells(self, cell: pl.Expr) -> list[tuple[str, pl.Expr]]:
        """Name each limit and where the parsed values break it."""
        del cell
        return []

    def clip_cells(self, cell: pl.Expr) -> pl.Expr:
        """Bring parsed values back to the nearest allowed ones."""
        return cell

    def code_cells(self, cell: pl.Expr) -> pl.Expr:
        """Encode parsed values for a model, where the width is 1."""
        return cell.cast(float)

    def encode_cells(self, cells: pl.Series) -> NDArray[np.float64]:
        """Encode parsed values for a model; shape (rows, width), missing values NaN."""
        import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

        codes = cells.alias("it").to_frame().select(self.code_cells(pl.col("it")).cast(pl.Float64))
        return codes.to_numpy()

    def stored(self) -> pl.DataType:
        """Give the Polars type of parsed values."""
        import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

        plain: dict[Family, pl.DataType] = {
            "integer": pl.Int64(),
            "float": pl.Float64(),
            "boolean": pl.Boolean(),
            "text": pl.String(),
            "time": pl.Datetime("us", "UTC"),
            "nested": pl.List(pl.Float64),
        }
        return plain[self.made_of]


def label(value: object) -> str | None:
    """Read a label: a text without outer blanks, a whole number as its digits; None for anything else.

    Examples
    --------
    >>> label(" One year"), label(2), label(2.0), label(2.5), label(True)
    ('One year', '2', '2', None, None)

    """
    if isinstance(value, str):
        text = value.strip(BLANKS)
        return text if len(text) <= LONGEST else None
    whole = whole_number(value)
    return None if whole is None else str(whole)


def label_cells(cell: pl.Expr, family: Family) -> pl.Expr:
    """Read labels from a column of a table, as `label` does."""
    import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

    if family == "text":
        text = cell.str.strip_chars(BLANKS)
        return pl.when(text.str.len_chars() <= LONGEST).then(text)
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
