"""Which keys the arms of an A/B test answer: kept from one change of the test to the next. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.release.release import Places, width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DIGITS = 12  # 0.3 and not 0.30000000000000004
_NOTHING = 1e-12


def allot(taken: Mapping[int, Places], wanted: Mapping[int, float]) -> dict[int, Places]:
    """Give each arm as many places as its share asks for, moving no key that needn't move.

    An arm that is no longer wanted gives its places back to the champion; one that shrinks gives some of its own back;
    one that grows, or is new, takes from the champion's. So a key only ever moves between an arm and the champion, and
    only as many do as the shares change by. No rule without a memory does that for more than two arms, so the places
    are written into the history.

    Parameters
    ----------
    taken : mapping of int to Places
        Who answers which places now, by version.
    wanted : mapping of int to float
        The share each is to have, above 0, together below 1.

    Returns
    -------
    dict of int to Places
        One entry for each that is wanted, in their order.

    Examples
    --------
    >>> before = allot({}, {2: 0.25, 3: 0.25})
    >>> before
    {2: ((0.0, 0.25),), 3: ((0.25, 0.5),)}
    >>> allot(before, {2: 0.5, 3: 0.25})
    {2: ((0.0, 0.25), (0.5, 0.75)), 3: ((0.25, 0.5),)}

    """
    kept = {version: _first(taken.get(version, ()), share) for version, share in wanted.items()}
    for version, share in wanted.items():
        lacking = share - width(kept[version])
        if lacking > _NOTHING:
            kept[version] = _joined((*kept[version], *_first(_free(tuple(kept.values())), lacking)))
    return kept


def _first(places: Places, share: float) -> Places:
    """Cut from the low end of some places as much as a share asks for."""
    left, found = share, []
    for start, end in places:
        if left <= _NOTHING:
            break
        stop = min(end, round(start + left, _DIGITS))
        if stop > start:
            found.append((start, stop))
            left -= stop - start
    return tuple(found)


def _free(taken: Sequence[Places]) -> Places:
    found, at = [], 0.0
    for start, end in sorted(place for places in taken for place in places):
        if start > at:
            found.append((at, start))
        at = end
    return (*found, (at, 1.0)) if at < 1 else tuple(found)


def _joined(places: Places) -> Places:
    found: list[tuple[float, float]] = []
    for start, end in sorted(places):
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)
