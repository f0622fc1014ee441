"""The YAML that DVC writes: block mappings and lists of texts, read and written without a YAML library.

Every scalar stays text (``md5: 12345678901234567890123456789012`` is no number here), nothing is ever constructed, and
what this doesn't understand (anchors, tags, flow collections with something in them) is refused, not guessed at.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

Node = str | list["Node"] | dict[str, "Node"]
"""A text, a list, or a mapping; what YAML calls null is an empty text."""

_DEEPEST = 40
_KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'\[\]{}#&*!|>%@`,-][^#]*?|-[^\s#][^#]*?)\s*:(?=\s|$)""")
_COLON = re.compile(r":(\s|$)")
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./+ @=-]*")
_TYPED = re.compile(r"[-+.]?[0-9][0-9_.,:eExXoO+-]*|~|null|true|false|yes|no|on|off|y|n|\.inf|\.nan", re.IGNORECASE)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)


@dataclass
class _Line:
    indent: int
    text: str
    number: int


def read_blocks(text: str) -> Node:
    r"""Read YAML of the kind DVC writes.

    Raises
    ------
    ValueError
        Naming the line that isn't of that kind.

    Examples
    --------
    >>> read_blocks("outs:\n- md5: 0123\n  path: 'a: b.csv'\n")
    {'outs': [{'md5': '0123', 'path': 'a: b.csv'}]}

    """
    reader = _Reader(text)
    if not reader.lines:
        return {}
    node = reader.block(0)
    if reader.at < len(reader.lines):
        raise reader.refuse("stands where nothing can")
    return node


def scalar(text: str) -> str:
    """Write a text so that any YAML reader takes it for this text.

    Examples
    --------
    >>> print(scalar("telco.csv"), scalar("yes"), scalar("a: b"))
    telco.csv "yes" "a: b"

    """
    plain = _PLAIN.fullmatch(text) and not _TYPED.fullmatch(text) and text == text.strip()
    return text if plain else json.dumps(text)


class _Reader:
    """One pass over the lines that say something."""

    def __init__(self, text: str) -> None:
        self.lines: list[_Line] = []
        for number, raw in enumerate(text.splitlines(), start=1):
            said = raw.strip()
            if said and not said.startswith("#") and not (number == 1 and said == "---"):
                self.lines.append(_Line(len(raw) - len(raw.lstrip(" ")), said, number))
        self.at = 0

    def refuse(self, why: str) -> ValueError:
        line = self.lines[min(self.at, len(self.lines) - 1)]
        return ValueError(f"line {line.number} {why}")

    def here(self) -> _Line | None:
        return self.lines[self.at] if self.at < len(self.lines) else None

    def block(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise self.refuse("is nested too deep")
        line = self.lines[self.at]
        return self.sequence(line.indent, depth) if _item(line.text) else self.mapping(line.indent, depth)

    def sequence(self, indent: int, depth: int) -> list[Node]:
        items: list[Node] = []
        while (line := self.here()) and line.indent == indent and _item(line.text):
            rest = line.text[1:].lstrip()
            if not rest:
                self.at += 1
                items.append(self.below(indent, depth))
            elif _item(rest) or _KEY.match(rest):
                self.lines[self.at] = _Line(indent + len(line.text) - len(rest), rest, line.number)
                items.append(self.block(depth + 1))
            else:
                items.append(self.value(rest, indent))
        return items

    def mapping(self, indent: int, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while (line := self.here()) and line.indent == indent and not _item(line.text):
            key = _KEY.match(line.text)
            if not key:
                raise self.refuse("has no 'key: value'")
            name = _unquoted(key[1])
            if name in found:
                raise self.refuse(f"says '{name}' a second time")
            rest = line.text[key.end() :].strip()
            if rest and not rest.startswith("#"):
                found[name] = self.value(rest, indent)
                continue
            self.at += 1
            after = self.here()
            flush = after is not None and after.indent == indent and _item(after.text)
            found[name] = self.sequence(indent, depth + 1) if flush else self.below(indent, depth)
        if (line := self.here()) and line.indent > indent:
            raise self.refuse("is indented as nothing before it is")
        return found

    def below(self, indent: int, depth: int) -> Node:
        after = self.here()
        return self.block(depth + 1) if after and after.indent > indent else ""

    def value(self, first: str, indent: int) -> Node:
        if first[0] in "&*!%@`" or (first[0] in "[{" and first not in {"[]", "{}"}):
            raise self.refuse("holds YAML that DVC doesn't write")
        self.at += 1
        parts = [first]
        while (line := self.here()) and line.indent > indent:
            parts.append(line.text)
            self.at += 1
        if first[0] in "|>":
            return ("\n" if first[0] == "|" else " ").join(parts[1:])
        if first in {"[]", "{}"}:
            return [] if first == "[]" else {}
        if first[0] not in "\"'" and any(_COLON.search(part) for part in parts):
            raise self.refuse("or one before it holds a colon that only a quoted text may hold")
        return _unquoted(" ".join(parts))


def _item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def _unquoted(text: str) -> str:
    if text[:1] not in {'"', "'"}:
        said = text.split(" #", 1)[0].rstrip()
        return "" if said in {"~", "null"} else said
    inner = re.fullmatch(r"""(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)')\s*(?:#.*)?""", text)
    if not inner:
        raise ValueError(f"{text[:20]} has a quote that is never closed")
    if inner[2] is not None:
        return inner[2].replace("''", "'")
    return _ESCAPE.sub(lambda found: _escaped(found[1]), inner[1])


def _escaped(code: str) -> str:
    return chr(int(code[1:], 16)) if code[0] in "xuU" and len(code) > 1 else _ESCAPES.get(code, code)
