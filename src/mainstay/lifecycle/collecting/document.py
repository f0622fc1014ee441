"""What `admin gc` prints: bytes by kind, and each thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Document, Heading, Items, Table, Text
from mainstay.render.numbers import count

if TYPE_CHECKING:
    from mainstay.lifecycle.collecting.verb import Collected, Gone, Kind

_WORDS: dict[Kind, str] = {
    "version": "bundles of versions that nobody needs",
    "unfinished": "bundles that an earlier gc didn't finish",
    "half-written": "what killed writers left",
    "copy": "copies on this machine",
    "orphan": "bundles that no version has",
    "backup": "copies of the books from before a migration",
}
_SHOWN = 20  # things of a kind


def collected_document(collected: Collected) -> Document:
    """Lay out one gc."""
    verb = "would be freed" if collected.dry else "were freed"
    by_kind = {kind: tuple(one for one in collected.gone if one.kind == kind) for kind in _WORDS}
    cells = tuple(
        (_WORDS[kind], count(len(gone)), size_words(sum(one.size for one in gone)))
        for kind, gone in by_kind.items()
        if gone
    )
    title = f"{collected.model}: {size_words(sum(one.size for one in collected.gone))} {verb}"
    blocks = (
        *((Table(("what", "how many", "size"), cells),) if cells else (Text("There is nothing to remove."),)),
        *(block for kind, gone in by_kind.items() if gone for block in (Heading(_WORDS[kind]), Items(_items(gone)))),
        *_orphans(collected.orphans),
    )
    foot = (
        f"{count(collected.kept)} versions keep their bundle: whatever answered or was made within "
        f"{collected.days} days, and the newest {collected.newest}, of the champions too."
    )
    return Document(title, blocks, foot)


def size_words(size: int) -> str:
    """Say how many bytes.

    Examples
    --------
    >>> size_words(900), size_words(34_500), size_words(1_530_000_000)
    ('900 bytes', '34.5 kB', '1.5 GB')

    """
    if size < 1000:
        return f"{size} bytes"
    number, units = float(size), iter(("kB", "MB", "GB"))
    unit = ""
    while number >= 1000 and unit != "GB":
        number, unit = number / 1000, next(units)
    return f"{number:.1f} {unit}"


def _items(gone: tuple[Gone, ...]) -> tuple[str, ...]:
    shown = tuple(f"{one.what}: {size_words(one.size)}" for one in gone[:_SHOWN])
    more = len(gone) - len(shown)
    return (*shown, f"and {count(more)} more (--json names all)") if more else shown


def _orphans(orphans: tuple[int, ...]) -> tuple[Text, ...]:
    if not orphans:
        return ()
    named = ", ".join(map(str, orphans[:_SHOWN])) + (", …" if len(orphans) > _SHOWN else "")
    said = f"Bundles that no version has stay: {named}. mainstay admin doctor --repair takes them in; "
    return (Text(f"{said}mainstay admin gc --orphans removes the old ones.", "note"),)
