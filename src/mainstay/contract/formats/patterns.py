"""Regular expressions of other tools, which search, as patterns of ours, which hold for the whole text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contract.patterns import PatternError, read_pattern

if TYPE_CHECKING:
    from mainstay.contract.formats.wanted import Notes

_ANYTHING = r"[\s\S]*"


def whole_pattern(search: str, name: str, notes: Notes) -> str:
    """Give the pattern that holds for a whole text exactly where `search` is found in it; empty where none is.

    Examples
    --------
    >>> from mainstay.contract.formats.wanted import Notes
    >>> whole_pattern("^[a-z]+$", "code", Notes())
    '[a-z]+'

    """
    if not search:
        return ""
    pattern = _anchored(search)
    try:
        read_pattern(pattern)
    except PatternError as error:
        notes.dropped(name, f"the pattern {search[:80]!r}", f"a pattern {str(error).rstrip('.')}")
        return ""
    return pattern


def _anchored(search: str) -> str:
    """Take the anchors off; what isn't anchored may stand anywhere. Each alternative is anchored for itself."""
    pieces = [_one(piece) for piece in _alternatives(search)]
    return pieces[0] if len(pieces) == 1 else "|".join(f"({piece})" for piece in pieces)


def _one(search: str) -> str:
    start = search.startswith("^")
    end = search.endswith("$") and not _is_escaped(search)
    body = search[start : len(search) - end]
    return ("" if start else _ANYTHING) + body + ("" if end else _ANYTHING)


def _is_escaped(text: str) -> bool:
    """Whether the last sign stands behind an odd number of backslashes."""
    before = text[:-1]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _alternatives(search: str) -> list[str]:
    """Cut at every ``|`` that stands outside of brackets.

    Examples
    --------
    >>> _alternatives("^a|(b|c)$")
    ['^a', '(b|c)$']

    """
    pieces, depth, escaped, within = [""], 0, False, False
    for sign in search:
        if escaped or sign == "\\":
            escaped = not escaped
        elif within:
            within = sign != "]"
        elif sign == "[":
            within = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and depth == 0:
            pieces.append("")
            continue
        pieces[-1] += sign
    return pieces
