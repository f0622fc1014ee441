"""Free text: identifiers, names, notes."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from mainstay.contract.automaton import automaton
from mainstay.contract.columns.base import INT64, LONGEST, Column, Family, Quick, label, label_cells
from mainstay.contract.patterns import PatternError, in_rust, read_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl


class Text(Column, frozen=True, kw_only=True, dict=True, tag="text"):
    r"""A text, taken as it is but for outer blanks; a whole number counts as its digits.

    No model sees a text by itself: as a feature it is encoded as missing, for the project's own ``features.py`` to turn
    into numbers.

    Parameters
    ----------
    min_length, max_length : int, optional
        How many characters (code points) it has, ends included; never more than 1000.
    pattern : str
        What the whole text looks like: a regular expression of the subset that `mainstay.contract.patterns` describes.
    outside : {"reject", "flag", "impute", "fallback"}
        What happens to a text of another length or form.

    Examples
    --------
    >>> plate = Text(name="plate", pattern="[A-Z]{1,3}-[A-Z]{1,2} \\d{1,4}")
    >>> plate.beyond("B-XY 123"), plate.beyond("b-xy 123")
    ('', 'not of the form [A-Z]{1,3}-[A-Z]{1,2} \\d{1,4}')

    """

    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    outside: Literal["reject", "flag", "impute", "fallback"] = "reject"

    wrong: ClassVar[str] = "not a text"
    families: ClassVar[frozenset[Family]] = frozenset({"text", "integer", "float"})
    beyond_policy: ClassVar[str] = "outside"
    can_be = ("feature", "target", "id", "time", "group", "segment", "ignored")

    def allowed(self) -> str:
        """Say what is allowed, as the end of a sentence."""
        least, most = self.min_length, LONGEST if self.max_length is None else self.max_length
        size = f"of at most {most} characters" if not least else f"of {least} to {most} characters"
        form = f" of the form {self.pattern}" if self.pattern else ", or a whole number"
        return f"a text {size}{form}"

    def json_schema(self) -> dict[str, object]:
        """Describe a value in JSON Schema 2020-12, as a caller should send it."""
        limits = {"minLength": self.min_length, "maxLength": self.max_length, "pattern": self._anchored or None}
        kept = {key: limit for key, limit in limits.items() if limit is not None} if self.outside == "reject" else {}
        return {"type": "string" if kept else ["string", "integer"], **kept}

    @property
    def _anchored(self) -> str:
        """The pattern as JSON Schema takes it: anywhere in the text, unless it says otherwise."""
        return f"^(?:{_bare(self.pattern)})$" if self.pattern else ""

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Give each setting that contradicts another, with what is wrong about it."""
        try:
            read_pattern(self.pattern)
        except PatternError as error:
            yield "pattern", f"is {self.pattern[:80]!r}, which {error}"
            return
        for key in ("min_length", "max_length"):
            limit = getattr(self, key)
            if limit is not None and not 0 <= limit <= LONGEST:
                yield key, f"is {limit}; a text has 0 to {LONGEST} characters."
        if self.min_length is not None and self.max_length is not None and self.min_length > self.max_length:
            yield "min_length", f"is {self.min_length}, above max_length = {self.max_length}."
        yield from super().contradictions()

    def parse(self, value: object) -> str | None:
        """Read one value that isn't missing; None where it is of the wrong kind."""
        return label(value)

    def beyond(self, value: str) -> str:
        """Name the limit a parsed value breaks; empty where it keeps to all."""
        if self.min_length is not None and len(value) < self.min_length:
            return self._too_short
        if self.max_length is not None and len(value) > self.max_length:
            return self._too_long
        return self._other_form if self.pattern and not automaton(self.pattern).matches(value) else ""

    @cached_property
    def _too_short(self) -> str:
        return f"shorter than {self.min_length} characters"

    @cached_property
    def _too_long(self) -> str:
        return f"longer than {self.max_length} characters"

    @cached_property
    def _other_form(self) -> str:
        return f"not of the form {self.pattern}"

    def code(self, value: str) -> float:
        """Encode a parsed value for a model: not a number, as no model sees a text by itself."""
        del value
        return math.nan

    def quick(self) -> Quick:
        """Say how to read values at full speed."""
        whole = Annotated[int, Meta(ge=INT64[0], le=INT64[1])]
        if self.min_length is None and self.max_length is None and not self.pattern and self.role == "id":
            return Quick(Annotated[str, Meta(max_length=LONGEST)] | whole)
        return Quick(Annotated[str, Meta(max_length=LONGEST)], read=self._read_quickly)

    def _read_quickly(self, text: str) -> str | None:
        return None if self.beyond(text) else text

    def parse_cells(self, cell: pl.Expr, family: Family) -> pl.Expr:
        """Read a whole column of a table; null where a value is of the wrong kind (or missing)."""
        return label_cells(cell, family)

    def plain_cells(self, cell: pl.Expr) -> pl.Expr | None:
        """Say cheaply where texts surely have no outer blanks and aren't too long; null where they are null."""
        if self.min_length is not None or self.max_length is not None or self.pattern:
            return None
        ends = (cell >= "!") & (cell.str.slice(-1) >= "!")  # every blank character lies before "!"
        return ends & (cell.str.len_bytes() <= LONGEST)

    def beyond_cells(self, cell: pl.Expr) -> list[tuple[str, pl.Expr]]:
        """Name each limit and where the parsed values break it; of several the first."""
        rules: list[tuple[str, pl.Expr]] = []
        if self.min_length is not None:
            rules.append((self._too_short, cell.str.len_chars() < self.min_length))
        if self.max_length is not None:
            rules.append((self._too_long, cell.str.len_chars() > self.max_length))
        if self.pattern:
            other = ~cell.str.contains(f"^(?:{in_rust(read_pattern(self.pattern))})$")
            for _, broken in rules:
                other = other & ~broken
            rules.append((self._other_form, other))
        return rules

    def code_cells(self, cell: pl.Expr) -> pl.Expr:
        """Encode parsed values for a model: not a number."""
        import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

        return pl.when(cell.is_null()).then(math.nan).otherwise(math.nan)


def _bare(pattern: str) -> str:
    return pattern.removeprefix("^").removesuffix("$") if not pattern.endswith("\\$") else pattern.removeprefix("^")
