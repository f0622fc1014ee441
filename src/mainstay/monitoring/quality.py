"""Quality of what came in, and how fast it was answered: refused, degraded, missing by field, the 99th percentile."""

from __future__ import annotations

import math
from collections import Counter
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contract.profile import watch
from mainstay.measures.finding import Finding, Interval, Limit
from mainstay.measures.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mainstay.contract import Profile
    from mainstay.monitoring.served import Served
    from mainstay.monitoring.settings import MonitoringSettings

QUALITY = "quality"
SYSTEM = "system"
# How sure one must be that a share is beyond its limit: two-sided level of an interval that is wrong on its upper
# side once in ten thousand windows.
SURE = 0.9998
_FIELDS = 5


def quality_findings(
    served: Served, refused_fields: Sequence[Iterable[str]], reference: Profile, settings: MonitoringSettings
) -> tuple[Finding, ...]:
    """Judge what came in.

    Parameters
    ----------
    served : Served
        Answers of the window.
    refused_fields : sequence of iterables of str
        One per refused request: the fields that were wrong.
    reference : Profile
        Of the training rows.
    settings : MonitoringSettings
        Limits.

    Returns
    -------
    tuple of Finding
        Requests refused, with the worst fields; answers degraded; and each field that is missing anywhere.

    """
    asked = served.rows + len(refused_fields)
    refused = _share("refused", "all", len(refused_fields), asked, settings.refused_limit, "Requests refused.")
    blamed = Counter(field for fields in refused_fields for field in set(fields))
    by_field = [
        _share("refused", field, count, asked, None, "Requests refused because of this field.")
        for field, count in blamed.most_common(_FIELDS)
    ]
    degraded = int(served.degraded.sum())
    helped = _share("degraded", "all", degraded, served.rows, settings.degraded_limit, "Answers a policy had to help.")
    return (refused, *by_field, helped, *_missing(served, reference, settings))


def latency_finding(served: Served, settings: MonitoringSettings) -> Finding:
    """Measure the 99th percentile of the latency, with the interval of order statistics (no distribution assumed)."""
    ordered = np.sort(served.latency_ms[np.isfinite(served.latency_ms)])
    n = ordered.size
    limit = None if settings.latency_ms is None else Limit("at_most", settings.latency_ms)
    if not n:
        note = "No latency was logged."
        return Finding(measure="latency_p99", where="all", value=None, limit=limit, unit="ms", group=SYSTEM, note=note)
    value = float(np.quantile(ordered, 0.99))
    interval, surely = quantile_interval(ordered, 0.95, 0.99), quantile_interval(ordered, SURE, 0.99)
    ok = None if limit is None else _verdict(value, surely, limit.value)
    return Finding(
        measure="latency_p99",
        where="all",
        value=value,
        interval=interval,
        limit=limit,
        ok=ok,
        n=n,
        unit="ms",
        group=SYSTEM,
        note="From the request's arrival until its line was logged.",
    )


def _missing(served: Served, reference: Profile, settings: MonitoringSettings) -> list[Finding]:
    found, watched = [], watch(reference, served.encoded[served.readable])
    for place, column in enumerate(reference.columns):
        gone = int(np.isnan(watched[:, place]).sum())
        before = column.missing / max(reference.rows, 1)
        if gone:
            words = f"Missing in {100 * before:.3g} % of the training rows."
            limit = min(1.0, before + settings.missing_limit)
            found.append(_share("missing", column.name, gone, len(watched), limit, words))
    return found


def _share(measure: str, where: str, hits: int, n: int, limit: float | None, note: str) -> Finding:  # noqa: PLR0917 - the fields of a Finding
    if not n:
        return Finding(measure=measure, where=where, value=None, group=QUALITY, note="Nothing came in.")
    share = hits / n
    return Finding(
        measure=measure,
        where=where,
        value=share,
        interval=wilson(share, n),
        limit=None if limit is None else Limit("at_most", limit),
        ok=None if limit is None else _verdict(share, wilson(share, n, SURE), limit),
        n=n,
        group=QUALITY,
        note=note,
    )


def _verdict(value: float, surely: Interval, limit: float) -> bool | None:
    """Pass within the limit, fail surely beyond it, and stay open where chance may have pushed it over."""
    if value <= limit:
        return True
    return False if surely.low > limit else None


def quantile_interval(ordered: np.ndarray[tuple[int], np.dtype[np.float64]], level: float, q: float) -> Interval:
    """Give the interval of a quantile by order statistics: the ranks that a binomial count lies between."""
    n = ordered.size
    half = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(n * q * (1 - q))
    low, high = math.floor(n * q - half), math.ceil(n * q + half)
    return Interval(float(ordered[max(low - 1, 0)]), float(ordered[min(high, n - 1)]), level)
