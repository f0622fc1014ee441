"""Which predictions are logged where a share of them is: read off the id, so that everybody says the same of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mainstay.events.records import Prediction

_DIGITS = 12  # the last ones of a UUIDv7 are random
_WHOLE = 1 << 4 * _DIGITS


def is_kept(name: str, rate: float) -> bool:
    """Say whether the answer of an id is logged.

    Parameters
    ----------
    name : str
        The id; one that isn't ours is kept.
    rate : float
        ``[events] rate``, 0 to 1. What is kept at a lower rate is kept at a higher one, too.

    Examples
    --------
    >>> from mainstay.events.ids import IdMaker
    >>> make = IdMaker()
    >>> kept = sum(is_kept(make(), 0.1) for _ in range(20_000))
    >>> 1_800 < kept < 2_200
    True
    >>> is_kept("order-17", 0.1)
    True

    """
    if rate >= 1:
        return True
    try:
        return int(name[-_DIGITS:], 16) < rate * _WHOLE
    except ValueError:
        return True


def sample(events: Iterable[Prediction], rate: float) -> list[Prediction]:
    """Take the share of predictions that is logged, each with the rate it stands for.

    A shadow is taken with the answer it is compared with, or not at all.
    """
    if rate >= 1:
        return list(events)
    kept = (event for event in events if is_kept(event.answer or event.id, rate))
    return [msgspec.structs.replace(event, sampled=rate) for event in kept]
