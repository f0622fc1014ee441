r"""Patterns of texts: a common subset of regular expressions that can't be misunderstood and can't be slow.

A pattern is read here, not by an engine: literals, ``.``, classes such as ``[A-Z0-9]``, ``\d \w \s`` and their
opposites (ASCII alone), groups, ``|`` and ``* + ? {n} {n,m}``. It always describes the whole text. From what was read,
one regular expression is written that Polars (Rust) understands, and a finite automaton is made for single texts
(Thompson, "Regular expression search algorithm", 1968; states made as they are met, as RE2 does): time grows with the
length of the text and with nothing else, whatever a caller sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MOST_STEPS = 2000
"""States a pattern may need; ``{n}`` counts n times."""
LONGEST = 500
_DEEPEST = 20
_LAST = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)

Span = tuple[int, int]


class PatternError(ValueError):
    """A pattern can't be used; says why, as the end of a sentence, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Letters:
    """One character out of some ranges of code points, ascending and apart."""

    spans: tuple[Span, ...]

    def __contains__(self, letter: str) -> bool:
        code = ord(letter)
        return any(low <= code <= high for low, high in self.spans)


@dataclass(frozen=True, slots=True)
class Chain:
    """Parts one after the other."""

    parts: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some parts."""

    options: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part from `least` to `most` times; without end where `most` is None."""

    part: Piece
    least: int
    most: int | None


Piece = Letters | Chain | Choice | Repeat


def _tidy(spans: list[Span]) -> tuple[Span, ...]:
    """Sort ranges, join those that touch, leave out the halves of surrogate pairs."""
    joined: list[Span] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    apart = [
        part
        for low, high in joined
        for part in ((low, min(high, _SURROGATES[0] - 1)), (max(low, _SURROGATES[1] + 1), high))
        if part[0] <= part[1]
    ]
    return tuple(dict.fromkeys(apart))


def _others(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    found, at = [], 0
    for low, high in spans:
        if low > at:
            found.append((at, low - 1))
        at = high + 1
    return _tidy([*found, (at, _LAST)] if at <= _LAST else found)


_DIGIT = ((48, 57),)
_WORD = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE = ((9, 13), (32, 32))
_CLASSES: Final = {
    "d": _DIGIT,
    "w": _WORD,
    "s": _SPACE,
    "D": _others(_DIGIT),
    "W": _others(_WORD),
    "S": _others(_SPACE),
}
_NAMED: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_PUNCTUATION = frozenset(r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~ """)
_NOT_NEWLINE = Letters(_others(((10, 10),)))


@lru_cache(maxsize=256)
def read_pattern(text: str) -> Piece:
    r"""Read a pattern.

    Raises
    ------
    PatternError
        Where it isn't of the subset.

    Examples
    --------
    >>> in_rust(read_pattern("[A-Z]{2}-\\d+"))
    '[\\x{41}-\\x{5A}]{2}\\x{2D}[\\x{30}-\\x{39}]+'
    >>> read_pattern("(a+)+")
    Traceback (most recent call last):
    mainstay.contract.patterns.PatternError: repeats what is repeated already, ... Write (ab)+ with a fixed inside, ...

    """
    if len(text) > LONGEST:
        raise PatternError(f"has {len(text)} characters; at most {LONGEST} are read.")
    piece = _Reader(text).whole()
    if _steps(piece) > MOST_STEPS:
        raise PatternError(f"needs more than {MOST_STEPS} steps. Use smaller counts.")
    return piece


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text.removeprefix("^")
        ends = self.text.endswith("$") and (len(self.text) - len(self.text[:-1].rstrip("\\"))) % 2 == 1
        self.text = self.text[:-1] if ends else self.text
        self.at = 0

    @property
    def mark(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        mark = self.mark
        self.at += 1
        return mark

    def whole(self) -> Piece:
        piece = self.choice(_DEEPEST)
        if self.mark:
            raise PatternError("closes a group that was never opened. Write \\) for a bracket.")
        return piece

    def choice(self, depth: int) -> Piece:
        if not depth:
            raise PatternError(f"is nested too deeply; at most {_DEEPEST} groups are read.")
        options = [self.chain(depth)]
        while self.mark == "|":
            self.at += 1
            options.append(self.chain(depth))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def chain(self, depth: int) -> Piece:
        parts: list[Piece] = []
        while self.mark and self.mark not in "|)":
            parts.append(self.repeated(self.single(depth)))
        return parts[0] if len(parts) == 1 else Chain(tuple(parts))

    def single(self, depth: int) -> Piece:
        mark = self.take()
        if mark == "(":
            return self.group(depth)
        if mark == "[":
            return self.letters()
        if mark == ".":
            return _NOT_NEWLINE
        if mark == "\\":
            return Letters(_tidy(list(self.escaped())))
        if mark in "*+?{":
            raise PatternError(f"repeats nothing: there is no part before '{mark}'. Write \\{mark} for the character.")
        if mark in "^$":
            raise PatternError(
                f"has {mark} inside. It describes the whole text anyway: leave it out, or write \\{mark}."
            )
        return Letters(((ord(mark), ord(mark)),))

    def group(self, depth: int) -> Piece:
        if self.mark == "?":
            if self.text[self.at : self.at + 2] != "?:":
                raise PatternError(
                    "uses (?…), which isn't allowed but for (?:…): say what the text is, without looking ahead or back."
                )
            self.at += 2
        piece = self.choice(depth - 1)
        if self.take() != ")":
            raise PatternError("opens a group and never closes it. Write \\( for a bracket.")
        return piece

    def escaped(self) -> tuple[Span, ...]:
        mark = self.take()
        if mark in _CLASSES:
            return _CLASSES[mark]
        letter = _NAMED.get(mark, mark if mark in _PUNCTUATION else "")
        if letter:
            return ((ord(letter), ord(letter)),)
        if mark.isdigit():
            raise PatternError(f"refers back with \\{mark}. Write out what may stand there.")
        allowed = "\\d \\w \\s \\D \\W \\S \\n \\t \\r and escaped punctuation"
        raise PatternError(f"has \\{mark}, which isn't known here: {allowed}." if mark else "ends with a single \\.")

    def letters(self) -> Letters:
        negated = self.mark == "^"
        self.at += negated
        spans: list[Span] = []
        while self.mark != "]":
            spans += self.span()
        self.at += 1
        tidy = _tidy(spans)
        found = _others(tidy) if negated else tidy
        if not found:
            raise PatternError("has an empty class []. Name the characters in it.")
        return Letters(found)

    def span(self) -> tuple[Span, ...]:
        low = self.member()
        if self.mark != "-" or self.text[self.at + 1 : self.at + 2] in ("]", ""):
            return low
        self.at += 1
        high = self.member()
        if len(low) > 1 or len(high) > 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1] or low > high:
            raise PatternError(
                "has a range in [] that goes backwards or isn't between two characters. Write \\- for a dash."
            )
        return ((low[0][0], high[0][0]),)

    def member(self) -> tuple[Span, ...]:
        mark = self.take()
        if not mark:
            raise PatternError("opens a class [ and never closes it. Write \\[ for a bracket.")
        if mark == "\\":
            return self.escaped()
        if mark == "[" or mark + self.mark in ("&&", "--", "~~", "||"):
            raise PatternError(f"has {mark!r} in a class, which engines read differently. Write \\{mark}.")
        return ((ord(mark), ord(mark)),)

    def repeated(self, piece: Piece) -> Piece:
        if self.mark not in ("*", "+", "?", "{"):
            return piece
        least, most = self.count()
        if self.mark in ("*", "+", "?", "{"):
            raise PatternError(
                "has two counts in a row. Lazy and possessive counts mean nothing for a whole text: leave one out."
            )
        if (most is None or most > 1) and _is_open(piece):
            raise PatternError(
                "repeats what is repeated already, which can take for ever where a pattern is tried out. "
                "Write (ab)+ with a fixed inside, or give the outer or the inner count an end."
            )
        return Repeat(piece, least, most)

    def count(self) -> tuple[int, int | None]:
        mark = self.take()
        if mark != "{":
            return (1 if mark == "+" else 0), (1 if mark == "?" else None)
        end = self.text.find("}", self.at)
        least, comma, most = self.text[self.at : end].partition(",") if end >= 0 else ("", "", "")
        if not (_is_count(least) and (not most or _is_count(most))):
            raise PatternError("has a { that begins no count such as {2} or {2,5}. Write \\{ for the character.")
        self.at = end + 1
        low, high = int(least), (int(most) if most else None if comma else int(least))
        if high is not None and high < low:
            raise PatternError(f"has a count that goes backwards: {{{low},{high}}}.")
        return low, high


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4


def _is_open(piece: Piece) -> bool:
    """Say whether something inside is repeated without an end."""
    match piece:
        case Repeat(part, _, most):
            return most is None or _is_open(part)
        case Chain(parts) | Choice(parts):
            return any(map(_is_open, parts))
    return False


def _steps(piece: Piece) -> int:
    match piece:
        case Repeat(part, least, most):
            return _steps(part) * max(least + 1, most or 0, 1) + 2
        case Chain(parts) | Choice(parts):
            return 1 + sum(map(_steps, parts))
    return 1


def in_rust(piece: Piece) -> str:
    """Write a piece as a regular expression that Rust, and Python for that matter, reads in exactly one way."""
    match piece:
        case Letters(spans):
            inside = "".join(_code(low) if low == high else f"{_code(low)}-{_code(high)}" for low, high in spans)
            return inside if len(spans) == 1 and spans[0][0] == spans[0][1] else f"[{inside}]"
        case Chain(parts):
            return "".join(f"(?:{in_rust(part)})" if isinstance(part, Choice) else in_rust(part) for part in parts)
        case Choice(options):
            return "|".join(map(in_rust, options))
        case Repeat(part, least, most):
            inner = in_rust(part) if isinstance(part, Letters) else f"(?:{in_rust(part)})"
            return inner + _counted(least, most)


def _code(letter: int) -> str:
    return f"\\x{{{letter:X}}}"


def _counted(least: int, most: int | None) -> str:
    if most is None:
        return {0: "*", 1: "+"}.get(least, f"{{{least},}}")
    return f"{{{least}}}" if least == most else f"{{{least},{most}}}"
