"""The ``[decisions]`` section: whom to tell, and what may be done without asking."""

from __future__ import annotations

from typing import Annotated

import msgspec

Route = Annotated[
    str, msgspec.Meta(pattern=r"^(log|https?://[^\s/]+.*)$", description="'log', or an address http://… or https://…")
]
"""Where alerts go: ``"log"`` (a line on standard output), or the address of a webhook."""


class DecisionsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[decisions]`` section.

    Parameters
    ----------
    alert : tuple of str
        Routes: ``"log"``, ``"https://…"`` (a webhook that takes JSON with a ``text``, as Slack's does; keep its
        address in the environment: ``"${ALERT_HOOK}"``).
    rollback_on : tuple of str
        Which failed findings roll back by themselves, as patterns of group/measure/place: ``"money/*"``,
        ``"performance/log_loss/all"``. Empty: none, only alerts. What is missing never rolls back.

    """

    alert: tuple[Route, ...] = ("log",)
    rollback_on: tuple[str, ...] = ()
