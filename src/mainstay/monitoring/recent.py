"""`Recent`: what was answered lately, as much of it as rows as a page can afford, and all of it as sums.

A log that is small enough is read as rows. Of a longer one the newest answers are, for what needs rows, and spans are
measured by the stored profiles: the same numbers, of more answers.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.monitoring.books import AFFORDABLE, REACH, served_since
from mainstay.monitoring.heat import effects_of
from mainstay.monitoring.served import read_served
from mainstay.monitoring.summed import cell_of, is_chosen, summed_effects, summed_worths
from mainstay.monitoring.sums import open_profiles, sums_up
from mainstay.monitoring.value import worths_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mainstay.events.profiles import Profiles
    from mainstay.monitoring.heat import EffectsOf
    from mainstay.monitoring.served import Served
    from mainstay.monitoring.value import Gauge, Worths
    from mainstay.registry import Bundle, Version
    from mainstay.release import Books

_HOUR = dt.timedelta(hours=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Recent:
    """What was answered lately.

    Parameters
    ----------
    served : Served
        The newest answers, in the order of time.
    since : datetime
        From when on answers are counted.
    rows : int
        How many there are.
    begun : datetime or None
        When the first of them was given.
    answered : frozenset of int
        Versions that gave them.
    worths : Worths
        Measures spans of them.
    mine : callable
        Gives the same of one version alone.
    effects : callable
        Gives, from versions by number, what measures how far their features moved.

    """

    served: Served
    since: dt.datetime
    rows: int
    begun: dt.datetime | None
    answered: frozenset[int]
    worths: Worths
    mine: Callable[[int], Worths]
    effects: Callable[[Mapping[int, Bundle]], EffectsOf]


def read_recent(
    books: Books,
    bundle: Bundle,
    versions: Sequence[Version],
    gauge: Gauge,
    now: dt.datetime,
    *,
    affordable: int = AFFORDABLE,
) -> Recent:
    """Read what was answered in the last sixty days.

    Parameters
    ----------
    books : Books
        Whose.
    bundle : Bundle
        The champion.
    versions : sequence of Version
        All there are.
    gauge : Gauge
        What value is measured in.
    now : datetime
        When this is, UTC.
    affordable : int
        How many answers may be read as rows.

    """
    profiles = open_profiles(books, bundle, versions, gauge)
    profiles.look()
    since = now - REACH
    if profiles.lines(since) <= affordable:
        return _as_rows(read_served(served_since(books, bundle, since, now).frame, bundle), since, gauge, bundle)
    profiles.refresh(since, most=4 * affordable, look=False)
    begun = max(profiles.newest(affordable, now) or since, since)
    served = read_served(served_since(books, bundle, begun, now).frame, bundle)
    # Sums know no order of answers, and know slices of an hour: what needs either is drawn of the rows alone.
    if not sums_up(gauge) or now - begun < 2 * _HOUR:
        return _as_rows(served, begun, gauge, bundle)
    return _as_sums(profiles, served, (since - (since - _EPOCH) % _HOUR, now), gauge, bundle)


def _as_rows(served: Served, since: dt.datetime, gauge: Gauge, bundle: Bundle) -> Recent:
    return Recent(
        served=served,
        since=since,
        rows=served.rows,
        begun=_moment(served.at[0]) if served.rows else None,
        answered=frozenset(int(number) for number in np.unique(served.versions)),
        worths=worths_of(served, gauge),
        mine=lambda version: worths_of(served.only(served.versions == version), gauge),
        effects=lambda bundles: effects_of(served, bundles, bundle),
    )


def _as_sums(
    profiles: Profiles, served: Served, span: tuple[dt.datetime, dt.datetime], gauge: Gauge, bundle: Bundle
) -> Recent:
    whole, held = profiles.window(*span), profiles.span()
    return Recent(
        served=served,
        since=span[0],
        rows=cell_of(whole).answers.lines,
        begun=None if held is None else max(held[0], span[0]),
        answered=frozenset(row.key.version for row in whole.rows if is_chosen(row.key)),
        worths=summed_worths(profiles, gauge, span),
        mine=lambda version: summed_worths(profiles, gauge, span, version),
        effects=lambda bundles: summed_effects(profiles, span, bundles, bundle),
    )


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(float(seconds), dt.UTC)
