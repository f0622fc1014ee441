"""`Traces`: what a person can be told by in the log: pseudonyms, and the ids of the answers about the person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator

    Bytes = bytes | mmap.mmap

_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ID = re.compile(rb'"event\.id":"([^"\\]{1,200})"')


class Traces(msgspec.Struct, frozen=True):
    """What a person can be told by.

    Parameters
    ----------
    people : frozenset of str
        Pseudonyms; two where a key can be read in two ways.
    ids : frozenset of str
        Of the answers about the person, shadows included.

    Examples
    --------
    >>> some = Traces(frozenset({"f0c9"}), frozenset({"0193-x"}))
    >>> [at for at, _ in some.found(b'{"user.hash":"f0c9"} {"mainstay.answer":"0193-x"}')]
    [14, 41]

    """

    people: frozenset[str]
    ids: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Say whether there is anything to look for."""
        return bool(self.people or self.ids)

    @property
    def words(self) -> frozenset[str]:
        """All of them."""
        return self.people | self.ids

    def found(self, data: Bytes) -> Iterator[tuple[int, bytes]]:
        """Give where they stand in some bytes, in no order."""
        ids = {name.encode() for name in self.ids}
        odd = [name for name in ids if not _UUID.fullmatch(name)]
        for word in (*(person.encode() for person in self.people), *odd):
            at = data.find(word)
            while at >= 0:
                yield at, word
                at = data.find(word, at + 1)
        if len(odd) < len(ids):
            # A person may have thousands of answers: all ids are found in one pass.
            yield from ((match.start(), match[0]) for match in _UUID.finditer(data) if match[0] in ids)

    def lines(self, data: Bytes) -> list[tuple[int, int]]:
        """Give start and end (its line break left out) of each line that holds any."""
        found: dict[int, int] = {}
        for at, _ in self.found(data):
            start = data.rfind(b"\n", 0, at) + 1
            end = data.find(b"\n", at)
            found[start] = len(data) if end < 0 else end
        return sorted(found.items())


def ids_in(data: Bytes, people: frozenset[str]) -> set[str]:
    """Give the ids of the predictions in some lines that are about people."""
    lines: Any = Traces(people).lines(data)
    found = (_ID.search(data[start:end]) for start, end in lines)
    return {match[1].decode(errors="replace") for match in found if match is not None}
