"""Incidents, read back from the actions in the event log: an alert opens one, a resolve ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mainstay.events.records import Action


def open_alerts(actions: Iterable[Action]) -> tuple[Action, ...]:
    """List the alerts that nothing has ended yet, oldest first.

    Parameters
    ----------
    actions : iterable of Action
        Of one model, oldest first.

    """
    running: dict[str, Action] = {}
    for action in actions:
        if action.kind == "alert":
            running.setdefault(action.subject, action)
        elif action.kind == "resolve":
            running.pop(action.subject, None)
    return tuple(running.values())
