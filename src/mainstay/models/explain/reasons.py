"""Reasons in words: the largest parts of an explanation as sentences, both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.models.explain.explanation import Reason
from mainstay.models.explain.naming import called, is_plural, unknown, valued, words_of
from mainstay.render.numbers import amount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract import Contract
    from mainstay.models.explain.explanation import Part
    from mainstay.models.explain.players import Player
    from mainstay.models.task import Task

MOST = 5
_YES = frozenset({"yes", "true", "1", "y", "t"})
_LEAST = 0.01  # share of the largest effect below which a part isn't worth a sentence
_LEAST_POINTS = 0.0005  # a twentieth of a percentage point


def reasons_of(
    parts: Sequence[Part],
    players: Sequence[Player],
    contract: Contract,
    what: Outcome,
    *,
    filled: frozenset[str] = frozenset(),
    most: int = MOST,
) -> tuple[Reason, ...]:
    """Say the largest parts in words, largest first; the largest of each direction is among them.

    Parameters
    ----------
    parts : sequence of Part
        Of one record.
    players : sequence of Player
        The features they are of, in the same order.
    contract : Contract
        Of the record.
    what : Outcome
        What the parts add to.
    filled : frozenset of str
        The features a policy filled in.
    most : int
        How many at most.

    """
    order = sorted(range(len(parts)), key=lambda place: -abs(parts[place].effect))
    if not order:
        return ()
    least = max(_LEAST * abs(parts[order[0]].effect), _LEAST_POINTS if what.label else 0.0)
    worth = [place for place in order if abs(parts[place].effect) >= least and parts[place].effect]
    chosen = worth[:most]
    if len(worth) > most and len({parts[place].effect > 0 for place in chosen}) == 1:
        other = next((p for p in worth if (parts[p].effect > 0) != (parts[chosen[0]].effect > 0)), None)
        chosen = chosen if other is None else [*chosen[:-1], other]
    return tuple(_reason(parts[place], players[place], contract, what, filled) for place in chosen)


class Outcome:
    """What the parts of an explanation add to, in words.

    Parameters
    ----------
    task : Task
        What is predicted.
    label : str
        The label whose probability is explained; empty for amounts.
    unit : str
        Of amounts.

    Examples
    --------
    >>> from mainstay.models.task import Task
    >>> Outcome(Task(kind="binary", target="Churn", positive="Yes", negative="No"), "Yes").name
    'the chance of churn'
    >>> Outcome(Task(kind="regression", target="DailyRentals")).by(-3.2)
    'lowers the daily rentals by 3.2'

    """

    __slots__ = ("label", "name", "unit")

    def __init__(self, task: Task, label: str = "", unit: str = "") -> None:
        self.label, self.unit = label, unit
        target = words_of(task.target)
        if not label:
            self.name = f"the {target}"
        elif task.kind == "binary" and label.lower() in _YES:
            self.name = f"the chance of {target}"
        else:
            self.name = f"the chance of '{label[:60]}'"

    def by(self, effect: float, *, plural: bool = False) -> str:
        """Say what an effect does: ``"raises the chance of churn by 21 points"``."""
        verb = ("raise" if effect > 0 else "lower") + ("" if plural else "s")
        size = points(abs(effect)) if self.label else amount(abs(effect), self.unit)
        return f"{verb} {self.name} by {size}"


def points(share: float) -> str:
    """Print a share of probability in percentage points.

    Examples
    --------
    >>> points(0.213), points(0.01), points(0.0042), points(0.0001)
    ('21 points', '1 point', '0.4 points', 'less than 0.1 points')

    """
    size = 100 * share
    if size < 0.05:
        return "less than 0.1 points"
    shown = f"{size:.1f}" if size < 0.95 else f"{size:.0f}"
    return f"{shown} point{'' if shown == '1' else 's'}"


def _reason(part: Part, player: Player, contract: Contract, what: Outcome, filled: frozenset[str]) -> Reason:
    if player.column.name in filled and part.value is not None:
        taken = valued(player, part.value, contract)
        subject = f"{unknown(called(player.column))} and taken as {_only(taken, player)}, which"
    else:
        subject = valued(player, part.value, contract)
    plural = is_plural(called(player.column)) and not subject.endswith("which")
    text = f"{subject[:1].upper()}{subject[1:]} {what.by(part.effect, plural=plural)}."
    if what.label:
        return Reason(text, part.feature, points=round(100 * part.effect, 4))
    return Reason(text, part.feature, amount=part.effect)


def _only(taken: str, player: Player) -> str:
    """Take the name off the words for a value: from ``"tenure of 29 months"`` to ``"29 months"``."""
    name = called(player.column)
    return taken.removeprefix(f"{name} of ").removeprefix(f"{name} ").removesuffix(f" {name}").strip("()")
