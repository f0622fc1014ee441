"""Worth and drift of long spans from stored profiles: what rows would say, of more of them than a page can read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from mainstay.events.profiles import Cell, merge_cells
from mainstay.events.profiles.profile import SCORES
from mainstay.monitoring.heat import FEWEST_ROWS, same_features
from mainstay.monitoring.shift import SCORE, measure, score_profile
from mainstay.monitoring.sums import EXPECTED, REALISED, VARIANCE
from mainstay.monitoring.value import Value, Worth

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from mainstay.contract.profile import ColumnProfile
    from mainstay.events.profiles import Key, Profile, Profiles, Spread
    from mainstay.monitoring.heat import Effect, EffectsOf
    from mainstay.monitoring.value import Gauge, Worths
    from mainstay.registry import Bundle


def is_chosen(key: Key) -> bool:
    """Whether answers count: the champion's, and those of arms that were drawn; as of rows."""
    return not key.segment and (key.role == "champion" or (key.role != "shadow" and key.drawn))


def cell_of(profile: Profile, version: int | None = None) -> Cell:
    """Add up the answers that count, of one version or of all."""
    cells = [row.cell for row in profile.rows if is_chosen(row.key) and version in {None, row.key.version}]
    return merge_cells(cells) if cells else Cell()


def summed_worths(
    profiles: Profiles, gauge: Gauge, span: tuple[dt.datetime, dt.datetime], version: int | None = None
) -> Worths:
    """Measure parts of a span by the sums of its profiles."""

    def spanned(since: dt.datetime | None, until: dt.datetime | None) -> Worth:
        cell = cell_of(profiles.window(max(since or span[0], span[0]), min(until or span[1], span[1])), version)
        return Worth(cell.answers.lines, lambda: realised_of(cell, gauge), lambda: estimated_of(cell, gauge))

    return spanned


def realised_of(cell: Cell, gauge: Gauge) -> Value | None:
    """Give what answers were worth by their outcomes; None where too few are known."""
    gained = cell.sums.get(REALISED)
    if gained is None or gained.n < max(gauge.fewest, math.ceil(gauge.coverage * cell.answers.lines)):
        return None
    return Value(gained.mean, gained.error, gained.n, estimated=False)


def estimated_of(cell: Cell, gauge: Gauge) -> Value | None:
    """Give what answers are worth by their scores; None where these don't say it, or there are too few."""
    hoped, spread = cell.sums.get(EXPECTED), cell.sums.get(VARIANCE)
    if hoped is None or spread is None or cell.answers.lines < gauge.fewest:
        return None
    return Value(hoped.mean, math.sqrt((hoped.variance + spread.mean) / hoped.n), hoped.n, estimated=True)


def summed_effects(
    profiles: Profiles, span: tuple[dt.datetime, dt.datetime], bundles: Mapping[int, Bundle], current: Bundle
) -> EffectsOf:
    """Measure how far features moved, by the counts of the profiles: of the version that answered most of a window."""

    def measured(since: dt.datetime | None, until: dt.datetime | None, names: Sequence[str]) -> Mapping[str, Effect]:
        profile = profiles.window(max(since or span[0], span[0]), min(until or span[1], span[1]))
        versions = {row.key.version for row in profile.rows if is_chosen(row.key)}
        cells = {version: cell_of(profile, version) for version in versions}
        if sum(cell.answers.lines for cell in cells.values()) < FEWEST_ROWS:
            return {}
        most = max(sorted(cells), key=lambda version: cells[version].answers.lines)
        bundle = bundles.get(most, current)
        return _effects(cells[most], bundle, names) if same_features(bundle, current) else {}

    return measured


def _effects(cell: Cell, bundle: Bundle, names: Sequence[str]) -> dict[str, Effect]:
    found = {}
    for before in bundle.profile.columns:
        spread = cell.spreads.get(before.name)
        if spread is not None and before.name in names:
            found[before.name] = _effect(before, spread)
    scores = cell.spreads.get(SCORES)
    if scores is not None and sum(scores.counts) >= FEWEST_ROWS and bundle.report.score_quantiles:
        found[SCORE] = _effect(score_profile(bundle.report.score_quantiles, bundle.report.test_rows), scores)
    return found


def _effect(before: ColumnProfile, spread: Spread) -> Effect:
    effect, test = measure(before, msgspec.structs.replace(before, counts=spread.counts, missing=spread.missing))
    return effect, test.p
