"""What `events erase` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Document, Facts, Items, Table, Text
from mainstay.render.numbers import counted

if TYPE_CHECKING:
    from mainstay.lifecycle.erasing.verb import Erased
    from mainstay.render.document import Block


def erased_document(done: Erased) -> Document:
    """Lay out what was removed where, what was looked at again, and what can't be reached."""
    receipt = done.receipt
    did = "would be removed" if receipt.dry_run else "removed"
    facts = [
        ("Keys destroyed" if not receipt.dry_run else "Keys", str(receipt.keys)),
        ("Answers about the person", str(receipt.answers)),
    ]
    if not receipt.dry_run:
        looked = f"{counted(receipt.files, 'file')}, {receipt.bytes:,} bytes, and the contents of Parquet files"
        facts += [("Looked at again", looked), ("Receipt", done.file)]
    blocks: list[Block] = [Facts(tuple(facts))]
    if receipt.places:
        rows = tuple((place.where, place.events) for place in receipt.places)
        blocks.append(Table(("where", did), rows))
    if receipt.left:
        blocks += [Text("Something is left here; call it again:", "warning"), Items(receipt.left)]
    elif not receipt.dry_run:
        blocks.append(Text("Nothing of the person is left in any of them."))
    blocks += [Text("Out of reach from here:"), Items((*receipt.unreachable, f"Elasticsearch: {done.elsewhere}"))]
    return Document(_title(done), tuple(blocks))


def _title(done: Erased) -> str:
    receipt = done.receipt
    if receipt.dry_run:
        return f"{receipt.model}: {counted(receipt.events, 'event')} would be removed; nothing was changed"
    if receipt.left:
        return f"{receipt.model}: the person isn't wholly erased yet"
    return f"{receipt.model}: the person is erased, {counted(receipt.events, 'event')} removed"
