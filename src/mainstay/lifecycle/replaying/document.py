"""What a replay prints: each step with what was stored and what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Cell, Document, Facts, Items, Status, Table, Text
from mainstay.render.numbers import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.lifecycle.replaying.steps import Held, State
    from mainstay.lifecycle.replaying.verb import Replay
    from mainstay.render.document import Block

_WORDS: dict[State, Status] = {
    "same": Status("same", "good"),
    "near": Status("within tolerance", "good"),
    "differs": Status("differs", "bad"),
    "unknown": Status("not computed", "none"),
}
_SHOWN = 4  # values of a record


def replay_document(replayed: Replay) -> Document:
    """Lay out one answer, step by step."""
    first = replayed.differs
    said = "comes out as it was given" if first is None else f"comes out otherwise: {first.name} differs"
    rows = tuple(
        (step.name, _cell(step.stored), _cell(step.found), _WORDS[step.state], step.note) for step in replayed.steps
    )
    blocks: list[Block] = [
        Facts((("Answered", _answered(replayed)),)),
        Table(("step", "stored", "computed again", "", "note"), rows),
    ]
    if replayed.why:
        blocks += [Text("Why that may be:"), Items(replayed.why)]
    return Document(f"{replayed.model}: answer {replayed.id} {said}", tuple(blocks))


def replays_document(name: str, replayed: Sequence[Replay]) -> Document:
    """Lay out several answers: how many come out as they were given, and those that don't."""
    wrong = [each for each in replayed if each.differs is not None]
    same = len(replayed) - len(wrong)
    title = f"{name}: {same} of {len(replayed)} answers come out as they were given"
    rows = tuple((each.id, moment(each.at), each.version, _differing(each)) for each in wrong)
    return Document(title, (Table(("id", "answered", "version", "first step that differs"), rows),) if rows else ())


def told(replayed: Replay) -> str:
    """Say in a sentence which step differs first; empty where none does."""
    return "" if replayed.differs is None else f"Answer {replayed.id} comes out otherwise: {_differing(replayed)}"


def _differing(replayed: Replay) -> str:
    step = replayed.differs
    if step is None:
        return ""
    values = "" if step.note or step.stored is None else f" (stored {_cell(step.stored)}, now {_cell(step.found)})"
    return f"{step.name} differs{values}. {step.note} {' '.join(replayed.why)}".strip()


def _answered(replayed: Replay) -> str:
    how = "for a row of a file" if replayed.origin == "file" else "over HTTP"
    return f"{moment(replayed.at)} {how} by version {replayed.version} ({replayed.role})"


def _cell(held: Held) -> Cell:
    if isinstance(held, dict):
        pairs = [f"{name} = {value}" for name, value in list(held.items())[:_SHOWN]]
        return ", ".join(pairs) + (", ..." if len(held) > _SHOWN else "")
    return repr(held) if isinstance(held, float) else held
