"""Cutting a stream of text into pieces that end where a row ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST_ROW = 8  # pieces; beyond, a quote was opened and never closed
_ENDS = b"\r\n"


@dataclass(frozen=True)
class Piece:
    """Whole rows of a text table.

    Parameters
    ----------
    content : bytes
        UTF-8; it ends with the end of a row.
    lines_before : int
        Lines of the file before it.

    """

    content: bytes
    lines_before: int

    def without(self, length: int) -> Piece:
        """Give the piece without its first `length` bytes."""
        return Piece(self.content[length:], self.lines_before + self.content.count(b"\n", 0, length))


def cut_pieces(blocks: Iterable[bytes], name: str, size: int) -> Iterator[Piece]:
    """Cut blocks of a text into pieces of about `size` bytes.

    A row ends at a line's end that is preceded by an even number of quotes. Blank lines at the start and the end of
    the text belong to no piece; a text whose lines end with a carriage return alone is read as if they ended as usual.

    Raises
    ------
    DataError
        Where a quote is opened and not closed over the length of several pieces.

    """
    kept, lines, started, alone = b"", 0, False, False
    for block, last in _gathered(blocks, size):
        content = kept + block
        if not started:
            stripped = content.lstrip(_ENDS)
            lines += content.count(b"\n", 0, len(content) - len(stripped))
            content = stripped
            started, alone = bool(content), b"\n" not in content
        if alone:
            content = content.replace(b"\r", b"\n")
        if last:
            rest = content.rstrip(_ENDS)
            if rest:
                yield Piece(rest + b"\n", lines)
            return
        cut = _last_end(content)
        if not cut and len(content) > _LONGEST_ROW * size:
            raise DataError(
                f"{name} isn't a well-formed csv: a quote is opened about line {lines + 1} and never closed.",
                "Mend it or write it again.",
            )
        if cut:
            yield Piece(content[:cut], lines)
            lines += content.count(b"\n", 0, cut)
        kept = content[cut:]


def first_record(content: bytes) -> int:
    """Give the length of the first row, its end included."""
    end, odd = -1, 0
    while True:
        begin, end = end + 1, content.find(b"\n", end + 1)
        if end < 0:
            return len(content)
        odd ^= content.count(b'"', begin, end) % 2
        if not odd:
            return end + 1


def _last_end(content: bytes) -> int:
    """Give where the last row but blank lines ends; 0 where none does."""
    end = content.rfind(b"\n")
    odd = content.count(b'"', 0, max(end, 0)) % 2
    while end >= 0 and odd:
        before = content.rfind(b"\n", 0, end)
        odd ^= content.count(b'"', max(before, 0), end) % 2
        end = before
    # Blank lines go with what follows: at the end of the text they are no rows.
    row = len(content[: end + 1].rstrip(_ENDS))
    return content.index(b"\n", row) + 1 if row else 0


def _gathered(blocks: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """Join blocks to about `size` bytes, and say which is the last."""
    held: list[bytes] = []
    length = 0
    for block in blocks:
        if length >= size:
            yield b"".join(held), False
            held, length = [], 0
        held.append(block)
        length += len(block)
    yield b"".join(held), True
