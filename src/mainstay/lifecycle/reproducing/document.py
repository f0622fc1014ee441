"""What a reproduction prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Document, Facts, Heading, Items, Table, Text
from mainstay.render.numbers import measure_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.lifecycle.reproducing.result import Compared, Reproduction
    from mainstay.render.document import Block

_MEASURES = 8


def reproduction_document(found: Reproduction) -> Document:
    """Lay out what was compared, and which inputs weren't what they were."""
    blocks: list[Block] = [Items(found.notes)] if found.notes else []
    if found.compared is not None:
        blocks += _comparison(found.compared)
    if found.drifts:
        rows = tuple((drift.kind, drift.name, drift.recorded, drift.found) for drift in found.drifts)
        blocks += [Heading("What isn't what it was"), Table(("input", "which", "recorded", "now"), rows)]
    elif found.compared is not None:
        blocks.append(Text("Every recorded input is what it was.", "note"))
    foot = f"In {'a ' if found.where.startswith('fresh') else ''}{found.where}, {found.seconds:g} s."
    return Document(f"{found.model} version {found.version}: {found.said}", tuple(blocks), foot)


def _comparison(made: Compared) -> Iterator[Block]:
    held = f"{made.held_out}, scores apart by at most {made.held_out_apart:.3g}" if made.held_out else "not needed"
    yield Facts(
        (
            ("Files of the model that are equal to the byte", ", ".join(made.same) or "none"),
            ("Files that aren't", ", ".join(made.other) or "none"),
            ("Golden records", f"{made.golden}, scores apart by at most {made.apart:.3g}"),
            ("Held-out rows", held),
        )
    )
    rows = tuple((measure_name(one.measure), one.recorded, one.found) for one in made.measures[:_MEASURES])
    if rows:
        yield Table(("measure", "recorded", "made again"), rows)
