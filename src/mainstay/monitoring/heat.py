"""How unusual each feature was in each window, for the eye; the alarms on it are those that looks really raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contract.profile import count_watched, watch
from mainstay.monitoring.drift import GROUP, influences_on_watched, limits
from mainstay.monitoring.shift import SCORE, count_scores, measure, score_profile
from mainstay.render.overview import HeatCell, HeatRow

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from mainstay.contract import Profile
    from mainstay.events.records import Found
    from mainstay.monitoring.grid import Grid
    from mainstay.monitoring.served import Served
    from mainstay.registry import Bundle

Effect = tuple[float, float]
"""How far a feature moved, and how often chance alone would move it as far."""

MOST_FEATURES = 20
FEWEST_ROWS = 30
_DOUBT = 0.01  # a window whose shift chance makes more often than this stays pale
_STEPS = (0.5, 1.0, 2.0, 4.0, 8.0)  # levels 1 to 5, as multiples of the feature's limit


EffectsOf = Callable[["dt.datetime | None", "dt.datetime | None", "Sequence[str]"], "Mapping[str, Effect]"]
"""Measures features of the answers from a moment until another: effect and p-value by name; ends as in `Worths`."""


def heat_rows(
    effects: EffectsOf, grid: Grid, *, current: Bundle, found: Sequence[Found], base: float
) -> tuple[HeatRow, ...]:
    """Draw the most used features over time, alarmed ones first.

    Parameters
    ----------
    effects : callable
        Measures how far the features of a window moved.
    grid : Grid
        The windows.
    current : Bundle
        Who answers now.
    found : sequence of Found
        What looks found, for the alarms.
    base : float
        ``[monitoring] drift_limit``.

    """
    names = _most_used(current, found)
    influences = influences_on_watched(current.profile, current.inputs.encoded_names, current.report.influences)
    matters = limits(names, influences, base)
    alarms = {name: _alarms(name, grid, found) for name in names}
    columns: dict[str, list[HeatCell]] = {name: [] for name in names}
    for window in range(grid.windows):
        measured = effects(*grid.ends(window), names)
        for name in names:
            effect = measured.get(name)
            level = None if effect is None else _level(*effect, matters.get(name) or base)
            columns[name].append(
                HeatCell(
                    at=grid.at(window),
                    level=level,
                    alarm=window in alarms[name],
                    value=None if effect is None else effect[0],
                )
            )
    rows = [HeatRow(feature=name, cells=tuple(cells)) for name, cells in columns.items()]
    return tuple(sorted(rows, key=lambda row: not any(cell.alarm for cell in row.cells)))


def effects_of(served: Served, bundles: Mapping[int, Bundle], current: Bundle) -> EffectsOf:
    """Measure answers that are there as rows, in the order of time, encoded as `current` sees them.

    A window is compared with the reference of the version that answered most of it.
    """

    def measured(since: dt.datetime | None, until: dt.datetime | None, names: Sequence[str]) -> Mapping[str, Effect]:
        first = 0 if since is None else int(np.searchsorted(served.at, since.timestamp()))
        end = served.rows if until is None else int(np.searchsorted(served.at, until.timestamp()))
        return _effects(served.only(slice(first, end)), bundles, current, names)

    return measured


def _most_used(bundle: Bundle, found: Sequence[Found]) -> list[str]:
    alarmed = [f.finding.where for f in found if f.finding.group == GROUP and f.finding.failed]
    used = [influence.feature for influence in bundle.report.influences]
    watched = [column.name for column in bundle.profile.columns]
    known = {*watched, SCORE}
    names = dict.fromkeys(name for name in (*alarmed, *used, *watched) if name in known)
    names.pop(SCORE, None)
    return [*list(names)[: MOST_FEATURES - 1], SCORE]


def _effects(part: Served, bundles: Mapping[int, Bundle], current: Bundle, names: Sequence[str]) -> dict[str, Effect]:
    """Give effect and p-value per feature; empty where too few rows say too little."""
    if part.rows < FEWEST_ROWS:
        return {}
    version = int(np.bincount(part.versions).argmax())
    bundle = bundles.get(version, current)
    if not same_features(bundle, current):
        return {}
    wanted = [place for place, column in enumerate(bundle.profile.columns) if column.name in names]
    reference = _only(bundle.profile, wanted)
    now = count_watched(reference, watch(bundle.profile, part.encoded[part.readable])[:, wanted])
    found = {}
    for before, after in zip(reference.columns, now.columns, strict=True):
        effect, test = measure(before, after)
        found[before.name] = (effect, test.p)
    mine = part.scores[part.versions == version]
    if mine.size >= FEWEST_ROWS and bundle.report.score_quantiles:
        scores = score_profile(bundle.report.score_quantiles, bundle.report.test_rows)
        effect, test = measure(scores, count_scores(scores, mine))
        found[SCORE] = (effect, test.p)
    return found


def same_features(one: Bundle, other: Bundle) -> bool:
    """Whether two versions watch the same features, so that answers of both can be counted in the bins of either."""
    pairs = zip(one.profile.columns, other.profile.columns, strict=False)
    same = all((a.name, a.kind, a.labels) == (b.name, b.kind, b.labels) for a, b in pairs)
    return same and len(one.profile.columns) == len(other.profile.columns)


def _only(profile: Profile, places: Sequence[int]) -> Profile:
    return msgspec.structs.replace(profile, columns=tuple(profile.columns[place] for place in places))


def _level(effect: float, p: float, limit: float) -> int:
    return 0 if p > _DOUBT else sum(effect >= step * limit for step in _STEPS)


def _alarms(name: str, grid: Grid, found: Sequence[Found]) -> set[int]:
    """Give the windows whose middle lies in a look that raised an alarm; the last one of a look shorter than those."""
    marked: set[int] = set()
    for look in found:
        finding = look.finding
        if finding.group == GROUP and finding.failed and finding.where == name:
            until = look.until or look.at
            first = _place(grid, (look.since or until).timestamp() + grid.window / 2)
            last = _place(grid, until.timestamp() - grid.window / 2)
            marked |= set(range(first, last + 1)) or {_place(grid, until.timestamp() - 1e-6)}
    return marked


def _place(grid: Grid, seconds: float) -> int:
    return int(grid.places(np.array([seconds]))[0])
