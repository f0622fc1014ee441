"""Personal features come back into events that were read one by one. Needs no Polars."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from mainstay.events.sealing import unseal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mainstay.events.log import EventLog
    from mainstay.events.records import Prediction


def unsealed(log: EventLog, events: Iterable[Prediction]) -> list[Prediction]:
    """Give predictions with their personal parts where their key lives; as they are where it doesn't.

    Raises
    ------
    StoreError
        Where the keys can't be read.

    """
    some = list(events)
    if all(event.sealed is None for event in some):
        return some
    with closing(log.persons) as persons:
        return [unseal(event, persons) for event in some]
