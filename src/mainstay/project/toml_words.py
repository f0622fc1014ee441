"""What a TOML parser says about a text, in the words of the file: which key, which lines, what is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE = re.compile(r"\(at line (\d+), column (\d+)\)")
_HEADER = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*[A-Za-z0-9_"'-]+)*)\s*=""")
_SAID: Final = (
    ("Invalid value", "has a value that is none: texts stand in quotes, lists in [ ], tables in { }"),
    ("Expected '=' after a key", "has no '=' after its key"),
    ("Expected newline or end of document", "goes on after its value"),
    ("Invalid statement", "is neither a table, [name], nor a setting, key = value"),
    ("Unclosed array", "has a '[' that is never closed"),
    ("Unclosed inline table", "has a '{' that is never closed"),
    ("Illegal character '\\n'", "has a text whose quote is never closed"),
    ("Unterminated string", "has a text whose quote is never closed"),
    ("Expected \"'", "has a text whose quote is never closed"),
    ("Expected '\"", "has a text whose quote is never closed"),
    ("Illegal character", "has a character that can't stand there, such as a tab or one that isn't printed"),
    ("Unescaped '\\'", "has a '\\' in a text in double quotes: write '\\\\', or take single quotes"),
    ("Expected ']' at the end of a table", "opens a table's name and doesn't close it with ']'"),
    ("Invalid initial character for a key", "has a key or a name that starts with what no name starts with"),
)


def explain_toml(message: str, text: str) -> tuple[str, str]:
    r"""Say what is wrong with a TOML text, and the cure.

    Parameters
    ----------
    message : str
        What the parser says.
    text : str
        The text it read.

    Examples
    --------
    >>> explain_toml("Cannot overwrite a value (at line 3, column 8)", "[tenure]\nmin = 1\nmin = 2")
    ('[tenure] min is there twice, lines 2 and 3', 'Remove one of them.')
    >>> explain_toml("Invalid value (at line 1, column 5)", "a = b")[0]
    'line 1 has a value that is none: texts stand in quotes, lists in [ ], tables in { }'

    """
    if message.startswith("Cannot"):
        number = int(at[1]) if (at := _LINE.search(message)) else 0
        twice = next((found for found in _twice(text) if not number or number in found[1:]), None)
        twice = twice or next(_twice(text), None)
        if twice is not None:
            return f"{twice[0]} is there twice, lines {twice[1]} and {twice[2]}", "Remove one of them."
    at = _LINE.search(message)
    line = f"line {at[1]}" if at else "its last line"
    told = next((words for said, words in _SAID if message.startswith(said)), "can't be read")
    return f"{line} {told}", "Mend that line."


def _twice(text: str) -> Iterator[tuple[str, int, int]]:
    """Give what is there twice, a table or a setting in one, with both lines."""
    seen: dict[tuple[str, str], int] = {}
    table, entries = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if header and not key:
            entries += 1
            single = header[1] == "["
            table = header[2] if single else f"{header[2]}\n{entries}"
            name = ""
        elif key:
            single, name = True, key[1]
        else:
            continue
        if single and (first := seen.setdefault((table, name), number)) != number:
            yield f"[{table.partition(chr(10))[0]}] {name}".removeprefix("[] ").strip(), first, number
