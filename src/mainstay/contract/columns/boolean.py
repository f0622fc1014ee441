"""Yes or no, however the source spells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from mainstay.contract.columns.base import BLANKS, LONGEST, Column, Family, Quick, Value, label, label_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl


class Boolean(Column, frozen=True, kw_only=True, tag="boolean"):
    """Yes or no.

    Parameters
    ----------
    true, false : str or int
        The texts or whole numbers that stand for it in the source (``"Yes"``/``"No"``, ``1``/``0``), compared
        exactly but for outer blanks. JSON's own ``true`` and ``false`` are always read; a number and its digits as
        text are the same.

    Examples
    --------
    >>> partner = Boolean(name="Partner", true="Yes", false="No")
    >>> partner.parse("Yes"), partner.parse(False), partner.parse("yes")
    (True, False, None)

    """

    true: str | int = "true"
    false: str | int = "false"

    wrong: ClassVar[str] = "neither of its two values"
    made_of: ClassVar[Family] = "boolean"
    families: ClassVar[frozenset[Family]] = frozenset({"text", "integer", "float", "boolean"})
    can_be = ("feature", "target", "segment", "ignored")

    def allowed(self) -> str:
        """Say what is allowed, as the end of a sentence."""
        words = f"'{self.true}' or '{self.false}'"
        return "true or false" if self.spellings == {"true": True, "false": False} else f"true or false, or {words}"

    def json_schema(self) -> dict[str, object]:
        """Describe a value in JSON Schema 2020-12, as a caller should send it."""
        plain = self.spellings == {"true": True, "false": False}
        return {"type": "boolean"} if plain else {"enum": [True, False, self.true, self.false]}

    @property
    def spellings(self) -> dict[str, bool]:
        """The texts that stand for it."""
        return {str(self.true): True, str(self.false): False}

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Give each setting that contradicts another, with what is wrong about it."""
        yield from super().contradictions()
        if str(self.true) == str(self.false):
            yield "true", f"is {self.true!r}, the same as false."
        for key, text in (("true", str(self.true)), ("false", str(self.false))):
            if not text.strip(BLANKS):
                yield key, "is blank, which always stands for a missing value."
            elif text != text.strip(BLANKS):
                yield key, f"is {text!r}: outer blanks are taken off whatever comes, so no value is ever written so."
            if len(text) > LONGEST:
                yield key, f"is longer than {LONGEST} characters."

    def parse(self, value: object) -> bool | None:
        """Read one value that isn't missing; None where it is of the wrong kind."""
        if isinstance(value, bool):
            return value
        text = label(value)
        return None if text is None else self.spellings.get(text)

    def quick(self) -> Quick:
        """Say how to read values at full speed; numbers only where 1 is yes and 0 is no, as they are for Python."""
        served: dict[Value, Value] = {True: True, False: False, str(self.true): True, str(self.false): False}
        numbers = self.spellings == {"1": True, "0": False}
        spelled = (str(self.true), str(self.false), *((1, 0) if numbers else ()))
        return Quick(bool | Literal[spelled], served)

    def parse_cells(self, cell: pl.Expr, family: Family) -> pl.Expr:
        """Read a whole column of a table; null where a value is of the wrong kind (or missing)."""
        import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

        if family == "boolean":
            return cell
        return label_cells(cell, family).replace_strict(self.spellings, default=None, return_dtype=pl.Boolean)

    def plain_cells(self, cell: pl.Expr) -> pl.Expr:
        """Say cheaply where cells of the stored type are there; null where they are null."""
        return cell | ~cell
