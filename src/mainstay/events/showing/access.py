"""Who looked at events, or took them out: written into the log before anything is given out."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mainstay.errors import StoreError
from mainstay.events import Access
from mainstay.events.ids import new_id

if TYPE_CHECKING:
    from mainstay.events import AccessKind, EventLog


def record_access(
    log: EventLog,
    model: str,
    kind: AccessKind,
    *,
    by: str,
    subject: str,
    events: int,
    personal: bool,
) -> str:
    """Write down an access; gives why that could not be done, where what is read is nobody's own.

    Parameters
    ----------
    log : EventLog
        The log.
    model : str
        Name of the model.
    kind : {"show", "export", "train", "erase"}
        What is done.
    by : str
        Who.
    subject : str
        What it is about: an id, or a span; never a value.
    events : int
        How many events.
    personal : bool
        Whether personal features are opened.

    Returns
    -------
    str
        Empty where it is written down.

    Raises
    ------
    StoreError
        Where it can't be written down, and personal features would be opened.

    """
    access = Access(
        id=new_id(), at=dt.datetime.now(dt.UTC), model=model, kind=kind, by=by, subject=subject, events=events
    )
    try:
        log.append("audit", [access])
    except StoreError as error:
        if personal:
            raise StoreError(
                f"Personal features aren't shown, because it can't be written down who saw them. {error.message}",
                error.cure,
            ) from None
        return error.message
    return ""
