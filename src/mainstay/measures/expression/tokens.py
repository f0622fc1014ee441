"""The words of an expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mainstay.measures.expression.tree import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterator

TokenKind = Literal["number", "text", "name", "quoted", "sign", "end"]

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
      (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<quoted>`(?:[^`]|``)*`)
    | (?P<name>[^\W\d]\w*)
    | (?P<sign>==|!=|<=|>=|[-+*/%<>()\[\],])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(r"[ \t\r\n]*")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_INSTEAD = {
    "=": "Write == to compare.",
    "!": "Write not.",
    "&": "Write and.",
    "|": "Write or.",
    "^": "There are no powers: multiply.",
    ".": "A name with a dot or a space is written in back ticks: `unit.price`.",
    "'": "Close the text with the quote it was opened with.",
    '"': "Close the text with the quote it was opened with.",
    "`": "Close the name with a back tick.",
}
_ALLOWED = "Allowed are numbers, 'texts', names, + - * / %, == != < <= > >=, in [..], and, or, not, ( )."


@dataclass(frozen=True, slots=True)
class Token:
    """A word, what it is, and where it stands.

    Parameters
    ----------
    kind : {"number", "text", "name", "quoted", "sign", "end"}
        A name is bare, and can be one of the words of the language; a quoted one never is.
    word : str
        What it says: of a text and a quoted name, what stands between the quotes.
    at : int
        Its place, in characters from 0.

    """

    kind: TokenKind
    word: str
    at: int


def read_tokens(text: str) -> Iterator[Token]:
    """Cut an expression into its words, the end last; ExpressionError where something is no word."""
    at = 0
    while True:
        found = _TOKEN.match(text, at)
        if found is None:
            raise _unknown(text, at)
        kind = found.lastgroup or "end"
        yield _token(kind, found[kind], found.start(kind))
        if kind == "end":
            return
        at = found.end()


def _token(kind: str, word: str, at: int) -> Token:
    if kind == "text":
        return Token("text", _ESCAPED.sub(_unescaped, word[1:-1]), at)
    if kind == "quoted":
        return Token("quoted", word[1:-1].replace("``", "`"), at)
    return Token("number" if kind == "number" else "name" if kind == "name" else _plain(kind), word, at)


def _plain(kind: str) -> Literal["sign", "end"]:
    return "end" if kind == "end" else "sign"


def _unescaped(found: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t", "r": "\r"}.get(found[1], found[1])


def _unknown(text: str, at: int) -> ExpressionError:
    space = _SPACE.match(text, at)
    at = space.end() if space else at
    mark = text[at] if text[at].isprintable() else repr(text[at])
    return ExpressionError(f"{mark} is no word here.", _INSTEAD.get(mark, _ALLOWED), at)
