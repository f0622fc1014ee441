"""What another tool's file says of one column, before it is one of ours."""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec

from mainstay.contract.columns.tensor import Element

Kind = Literal["", "integer", "number", "boolean", "text", "category", "datetime", "tensor", "other"]
Scalar = bool | int | float | str
Limit = int | float | str

Size = TypeVar("Size", int, float)


class Notes:
    """What couldn't be carried over, in the order it was met; each is said once."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    def say(self, where: str, what: str) -> None:
        """Keep one sentence about a place of the file; signs that would steer a terminal become blanks."""
        told = f"{where}: {what}" if where else what
        self._said.setdefault("".join(sign if sign.isprintable() else " " for sign in told))

    def dropped(self, where: str, what: str, why: str = "") -> None:
        """Name a constraint that isn't carried over."""
        self.say(where, f"{what} isn't carried over" + (f": {why}." if why else "."))

    @property
    def said(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._said)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a column must look like, in no tool's words.

    Parameters
    ----------
    name : str
        The column.
    kind : str
        Empty where the file doesn't say; "other" where nothing here is like it.
    required, nullable : bool
        Whether it must be there; whether null may stand there.
    values : tuple, optional
        All it may be.
    low, high, above, below : number or text, optional
        Its range: the first two include their end, the others don't. Texts are times.
    pattern : str
        A regular expression that is searched for, in the notation of most tools.
    min_length, max_length : int, optional
        Of a text, in characters.
    unique : bool
        Whether no two rows may share a value.
    lenient : bool
        Whether what lies outside is only worth a warning.
    missed : bool
        Whether a missing value, where it may be missing, is worth a warning.
    fill : optional
        What stands for a missing value.
    format : str
        How a time is written, as strptime has it; empty for ISO 8601.
    shape, dtype : tuple of int, str
        Of a tensor.
    description : str
        For the reader.

    """

    name: str
    kind: Kind = ""
    required: bool = True
    nullable: bool = False
    values: tuple[Scalar, ...] | None = None
    low: Limit | None = None
    high: Limit | None = None
    above: Limit | None = None
    below: Limit | None = None
    pattern: str = ""
    min_length: int | None = None
    max_length: int | None = None
    unique: bool = False
    lenient: bool = False
    missed: bool = False
    fill: Scalar | None = None
    format: str = ""
    shape: tuple[int, ...] = ()
    dtype: Element = "float64"
    description: str = ""

    def limited(
        self,
        *,
        low: Limit | None = None,
        high: Limit | None = None,
        above: Limit | None = None,
        below: Limit | None = None,
    ) -> Wanted:
        """Narrow the range: of two limits the tighter one holds."""
        return msgspec.structs.replace(
            self,
            low=_tighter(self.low, low, upper=False),
            above=_tighter(self.above, above, upper=False),
            high=_tighter(self.high, high, upper=True),
            below=_tighter(self.below, below, upper=True),
        )

    def lengths(self, least: int | None, most: int | None) -> Wanted:
        """Narrow the length of a text."""
        shortest = [each for each in (self.min_length, least) if each is not None]
        longest = [each for each in (self.max_length, most) if each is not None]
        return msgspec.structs.replace(
            self, min_length=max(shortest, default=None), max_length=min(longest, default=None)
        )

    def among(self, values: tuple[Scalar, ...]) -> Wanted:
        """Narrow the values to these; of two lists what is in both."""
        if self.values is not None:
            values = tuple(value for value in self.values if any(same(value, other) for other in values))
        return msgspec.structs.replace(self, values=values)


def same(a: Scalar, b: Scalar) -> bool:
    """Whether two values of a file are one: 1 and 1.0 are, 1 and true are not.

    Examples
    --------
    >>> same(1, 1.0), same(1, True), same("1", 1)
    (True, False, False)

    """
    return isinstance(a, bool) == isinstance(b, bool) and a == b


def _tighter(a: Limit | None, b: Limit | None, *, upper: bool) -> Limit | None:
    if a is None or b is None:
        return b if a is None else a
    if isinstance(a, str) or isinstance(b, str):
        a, b = str(a), str(b)  # times as ISO text, which sort as they are
        return min(a, b) if upper else max(a, b)
    return min(a, b) if upper else max(a, b)
