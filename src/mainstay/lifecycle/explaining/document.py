"""What explaining prints and writes: documents, JSON lines, csv, one page."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import msgspec

from mainstay.data.quarantine import write_whole
from mainstay.errors import InputError
from mainstay.models.explain import explanation_document
from mainstay.render.document import Document, Facts, Heading, Items, Text
from mainstay.render.html import to_html
from mainstay.render.numbers import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mainstay.lifecycle.explaining.verb import Explained, Replayed
    from mainstay.models.explain import Explanation
    from mainstay.render.document import Block

_WRITTEN = (".jsonl", ".csv", ".html")
_SHOWN = 10


def explained_document(explained: Explained) -> Document:
    """Lay out explanations: one in full, of several the reasons."""
    told = explained.explanations
    who = f"{explained.model} v{explained.version}"
    if len(told) == 1:
        return explanation_document(told[0])
    return Document(f"{who} explains {len(told)} records", tuple(_each(told)), _more(len(told)))


def _each(told: Sequence[Explanation]) -> Iterator[Block]:
    for place, one in enumerate(told[:_SHOWN]):
        yield Heading(f"Record {place}: {explanation_document(one).title}", 3)
        if one.note:
            yield Text(one.note, "note")
        yield Items(tuple(reason.text for reason in one.reasons) or ("Nothing stands out.",))


def _more(count: int) -> str:
    return f"The first {_SHOWN} of {count}; --out writes them all." if count > _SHOWN else ""


def replayed_document(replayed: Replayed) -> Document:
    """Lay out why an answer in the log was given."""
    answered = Facts(
        (
            ("Answered", f"{moment(replayed.at)} by version {replayed.version} ({replayed.role})"),
            ("Prediction", replayed.prediction),
            ("Score", replayed.score),
            ("Decision", replayed.decision),
            ("Policies", "; ".join(replayed.warnings) or None),
        )
    )
    changed = Text(
        "This version gives another score today than it gave then: something about it has changed.", "warning"
    )
    more = (answered,) if replayed.same else (answered, changed)
    return explanation_document(replayed.explanation, more=more)


def write_explained(explanations: Sequence[Explanation], out: Path, title: str) -> None:
    """Write explanations: a JSON line each, a row of csv per part, or one page.

    Raises
    ------
    InputError
        Where the name says no such format.

    """
    kind = out.suffix.lower()
    if kind not in _WRITTEN:
        raise InputError(f"Explanations can't be written as '{out.suffix}'.", f"Name it {', '.join(_WRITTEN)}.")
    if kind == ".jsonl":
        write_whole(out, msgspec.json.Encoder().encode_lines(explanations))
    elif kind == ".csv":
        write_whole(out, _csv(explanations).encode())
    else:
        write_whole(out, to_html(_page(explanations, title)).encode())


def _page(explanations: Sequence[Explanation], title: str) -> Document:
    if len(explanations) == 1:
        return explanation_document(explanations[0])
    blocks: list[Block] = []
    for place, one in enumerate(explanations):
        part = explanation_document(one)
        blocks += [Heading(f"Record {place}: {part.title}"), *part.blocks]
    return Document(title, tuple(blocks))


def _csv(explanations: Sequence[Explanation]) -> str:
    sheet = io.StringIO()
    rows = csv.writer(sheet, lineterminator="\n")
    rows.writerow(
        ("record", "label", "base", "score", "scale", "method", "feature", "value", "part", "effect", "error")
    )
    for place, one in enumerate(explanations):
        head = (place, one.label, one.base, one.score, one.scale, one.method)
        rows.writerows((*head, each.feature, each.value, each.part, each.effect, each.error) for each in one.parts)
    return sheet.getvalue()
