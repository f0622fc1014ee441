"""The profiles of a model's log as its champion sees them: which bins, which segments, and what each answer is worth.

Imports Polars, as windows do.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from mainstay.data import DataSettings
from mainstay.errors import MainstayError
from mainstay.events.profiles import Lens, Profiles, View
from mainstay.measures.scores import log_losses
from mainstay.monitoring.books import load_once
from mainstay.monitoring.served import CHOSEN, read_served
from mainstay.monitoring.settings import MonitoringSettings
from mainstay.monitoring.shift import score_profile
from mainstay.monitoring.value import Gauge
from mainstay.monitoring.worth import expected_loss, expected_worth, realised_worth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.monitoring.served import Served
    from mainstay.registry import Bundle, Version
    from mainstay.release import Books

    Floats = NDArray[np.float64]

REALISED, EXPECTED, VARIANCE = "realised", "expected", "variance"
"""What an answer gained, what its scores let one expect, and how far that may be off."""

_FORM = 2  # what is summed; another form makes all profiles anew


def champion_profiles(books: Books) -> tuple[Profiles, Bundle]:
    """Open the profiles of a log as its champion sees it; gives the champion, too.

    Raises
    ------
    NotFoundError
        Where nothing is released.

    """
    name = books.project.name
    bundle = load_once(books, books.registry.version(name, books.release_in_force().champion))
    settings = books.project.section("monitoring", MonitoringSettings)
    gauge = Gauge(bundle.report, bundle.money, settings.label_coverage)
    return open_profiles(books, bundle, books.registry.versions(name), gauge), bundle


def open_profiles(books: Books, bundle: Bundle, versions: Sequence[Version], gauge: Gauge) -> Profiles:
    """Open the profiles of a log as the champion sees it.

    Parameters
    ----------
    books : Books
        Whose log.
    bundle : Bundle
        The champion.
    versions : sequence of Version
        All there are; those that answered are loaded when their answers are read.
    gauge : Gauge
        What value is measured in.

    """
    segments = _segments(books, bundle)
    mark = repr((_FORM, bundle.version.digest, segments, gauge.in_money, gauge.measure))
    return Profiles(
        books.log,
        Lens(
            model=books.project.name,
            contract=bundle.contract,
            task=bundle.report.policy.task,
            view=_views(books, bundle, versions),
            version=bundle.version.number,
            segments=segments,
            quantities=lambda frame: quantities(frame, bundle, gauge),
            inputs=bundle.features.inputs if bundle.features else None,
            mark=blake2b(mark.encode(), digest_size=12).hexdigest(),
        ),
    )


def quantities(frame: pl.DataFrame, bundle: Bundle, gauge: Gauge) -> Mapping[str, Floats]:
    """Give what each row gained, is expected to gain, and the variance of that; NaN where it says nothing.

    In the unit of the gauge, per 1 000 answers of money; of other models the log loss, where that is what is measured.
    """
    chosen = frame.select(CHOSEN).to_series().to_numpy()
    served = read_served(frame, bundle)
    realised, expected, variance = (np.full(frame.height, np.nan) for _ in range(3))
    places = np.flatnonzero(chosen)
    known = served.only(served.known)
    gained = _gained(known, gauge)
    if known.rows and gained is not None:
        realised[places[served.known]] = gained
    hoped = _hoped(served, gauge) if served.rows else None
    if hoped is not None:
        expected[places], variance[places] = hoped
    return {REALISED: realised, EXPECTED: expected, VARIANCE: variance}


def sums_up(gauge: Gauge) -> bool:
    """Whether the gauge's value is the mean of a number per answer, so that sums say it."""
    return gauge.in_money or gauge.measure == "log_loss"


def _gained(known: Served, gauge: Gauge) -> Floats | None:
    if not known.rows:
        return None
    worth = realised_worth(known, gauge.money, gauge.report)
    if worth is not None:
        return 1000 * worth
    if gauge.measure != "log_loss":
        return None
    if known.by_label is None:
        return log_losses(known.labels, known.scores)
    said = known.by_label[np.arange(known.rows), known.labels.astype(np.int64)]
    return log_losses(np.ones(known.rows), said)


def _hoped(served: Served, gauge: Gauge) -> tuple[Floats, Floats] | None:
    if gauge.report.policy.task.kind == "regression":
        return None
    worth = expected_worth(served, gauge.money, gauge.report)
    if worth is not None:
        return 1000 * worth.mean, 1000**2 * worth.variance
    if gauge.measure != "log_loss" or (served.by_label is not None and not np.isfinite(served.by_label).all()):
        return None
    loss = expected_loss(served)
    return loss.mean, loss.variance


def _segments(books: Books, bundle: Bundle) -> tuple[str, ...]:
    """Name the declared segments that are features: of the others the log holds nothing."""
    declared = books.project.section("data", DataSettings).segments
    return tuple(name for name in declared if name in bundle.contract.feature_names)


def _views(books: Books, bundle: Bundle, versions: Sequence[Version]) -> _Views:
    return _Views(books, bundle, {version.number: version for version in versions})


class _Views:
    """The views of versions, each loaded once, when its answers are read."""

    def __init__(self, books: Books, bundle: Bundle, versions: Mapping[int, Version]) -> None:
        self._books = books
        self._bundle = bundle
        self._versions = versions
        self._found: dict[int, View | None] = {}

    def __call__(self, number: int) -> View | None:
        """Give the view of a version; None where it can't be loaded, or knows other features than the champion."""
        if number not in self._found:
            self._found[number] = self._load(number)
        return self._found[number]

    def _load(self, number: int) -> View | None:
        version = self._versions.get(number)
        try:
            bundle = None if version is None else load_once(self._books, version)
        except MainstayError:
            return None
        if bundle is None or not set(bundle.contract.features) <= set(self._bundle.contract.features):
            return None
        report = bundle.report
        scores = score_profile(report.score_quantiles, report.test_rows) if report.score_quantiles else None
        if bundle.features is None:
            return View(bundle.contract, bundle.profile, scores=scores)
        ours = self._bundle.features
        same = ours is not None and ours.inputs.features == bundle.features.inputs.features
        return View(bundle.contract, bundle.profile, bundle.features.inputs, scores) if same else None
