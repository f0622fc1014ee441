"""`Metrics`: everything a worker counts, by name; docs/how-to/metrics.md says what each is good for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.serving.measuring.cells import Cells
from mainstay.serving.measuring.counts import AnyFamily, Counter, Gauge, Histogram
from mainstay.serving.measuring.page import Page
from mainstay.serving.measuring.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mainstay.serving.measuring.told import Told

_NANO = 10**9
_SECONDS = (
    *(0.00005, 0.0001, 0.00015, 0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.0015, 0.0025, 0.005, 0.0075),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
_WAITS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_ARM = ("model", "version", "role")
UNPREDICTED = frozenset({"explain", "feedback"})
"""Routes whose answers are no predictions."""


class _Asked:
    """What was asked, and what became of it."""

    def __init__(self, cells: Cells) -> None:
        self.requests = Counter(
            cells, "mainstay_requests", "Requests by what became of them.", (*_ARM, "route", "code", "cause")
        )
        self.seconds = Histogram(
            cells, "mainstay_request_seconds", "From the arrival of a request that was answered to its answer.",
            (*_ARM, "route"), bounds=_SECONDS, scale=_NANO,
        )  # fmt: skip
        self.records = Histogram(
            cells, "mainstay_request_records", "Records of a request that was answered.", ("model", "route"),
            bounds=_SIZES,
        )  # fmt: skip
        self.answers = Counter(cells, "mainstay_predictions", "Records answered.", _ARM)
        self.degraded = Counter(cells, "mainstay_degraded", "Records a policy had to help.", ("model", "version"))
        self.policy = Counter(cells, "mainstay_policy", "Values a policy dealt with.", ("model", "field", "why", "did"))
        self.refused_fields = Counter(cells, "mainstay_refused_fields", "Problems by field.", ("model", "field"))
        self.failures = Counter(
            cells, "mainstay_arm_failures", "Times an arm failed and others answered.", ("model", "role")
        )
        self.feedback = Counter(cells, "mainstay_feedback", "Lines of feedback taken.", ("model",))
        self.consumers = Counter(
            cells, "mainstay_consumer_requests", "Requests by the consumer whose key they had.",
            ("model", "consumer", "code"),
        )  # fmt: skip
        self.explanations = Counter(
            cells, "mainstay_explanations", "Answers explained.", ("model", "version", "method", "complete")
        )
        self.explain_seconds = Histogram(
            cells, "mainstay_explain_seconds", "What the explanations of a request took.", ("model",),
            bounds=_SECONDS, scale=_NANO,
        )  # fmt: skip


class _Waited:
    """What stands between a request and its model: cache, queue, circuit breaker."""

    def __init__(self, cells: Cells) -> None:
        self.cache = Counter(
            cells, "mainstay_cache_requests", "Records looked up in the cache.", ("model", "version", "outcome")
        )
        self.queued = Gauge(cells, "mainstay_queue_records", "Records that wait for a model.", ("model", "version"))
        self.waited = Histogram(
            cells, "mainstay_queue_wait_seconds", "What a record waited for its model.", ("model", "version"),
            bounds=_WAITS, scale=_NANO,
        )  # fmt: skip
        self.batches = Histogram(
            cells, "mainstay_batch_records", "Records a model was given at once.", ("model", "version"), bounds=_SIZES
        )
        self.shed = Counter(
            cells, "mainstay_shed", "Records that weren't tried, because too much waited.", (*_ARM, "why")
        )
        self.missed = Counter(
            cells, "mainstay_deadlines_missed", "Requests a model gave no answer in time.", ("model", "version")
        )
        self.breaker = Gauge(
            cells, "mainstay_breaker_open", "Whether the circuit breaker keeps an arm out of rotation.", _ARM
        )
        self.trips = Counter(
            cells, "mainstay_breaker_trips", "Times an arm was taken out of rotation in a worker.", _ARM
        )


class _Ran:
    """How the worker itself fares."""

    def __init__(self, cells: Cells) -> None:
        self.lost = Counter(cells, "mainstay_events_lost", "Events that could not be written.", ("model", "stream"))
        self.swaps = Counter(cells, "mainstay_swaps", "Releases taken up or refused by a worker.", ("model", "outcome"))
        self.connections = Gauge(cells, "mainstay_connections", "Open connections.")
        self.lag = Histogram(
            cells, "mainstay_loop_lag_seconds", "How late the event loop came to what was due.",
            bounds=_WAITS, scale=_NANO,
        )  # fmt: skip
        self.spans = Counter(cells, "mainstay_spans", "Spans for OpenTelemetry by what became of them.", ("outcome",))
        self.restarts = Counter(cells, "mainstay_worker_restarts", "Workers that took the place of one that ended.")


class Metrics(_Asked, _Waited, _Ran):
    """The counts of one worker.

    What is counted of every request is counted by a `tally`; the rest by ``metrics.NAME.labels(...).inc()``,
    ``.set(n)`` or ``.observe(n)``, labels in the order they have here, times in nanoseconds.

    Parameters
    ----------
    now : callable
        Tells what is so in this process, asked at each scrape.
    cells : Cells, optional
        Where the numbers are; without it the place the supervisor gave this process.

    """

    def __init__(self, now: Callable[[], Iterable[Told]] = tuple, cells: Cells | None = None) -> None:
        self.cells = cells = cells or Cells.of_environment()
        _Asked.__init__(self, cells)
        _Waited.__init__(self, cells)
        _Ran.__init__(self, cells)
        self.page = Page(self, now)

    @property
    def families(self) -> tuple[AnyFamily, ...]:
        """Everything that is counted here."""
        return tuple(made for made in vars(self).values() if isinstance(made, Counter | Gauge | Histogram))

    def tally(self, model: str, version: int | str, role: str, route: str) -> Tally:
        """Make what counts the answers of one arm by one door; keep it as long as the arm.

        Parameters
        ----------
        model : str
            Name of the model.
        version : int or str
            Of the arm; empty where no version answers, as at ``"feedback"``.
        role : str
            The arm's part in the release.
        route : str
            The door's name.

        """
        arm = (model, str(version), role)
        predicts = route not in UNPREDICTED
        return Tally(
            self.cells.numbers,
            self.seconds.find((*arm, route)),
            self.records.find((model, route)),
            self.answers.find(arm) if predicts else self.cells.waste,
            self.seconds.limits,
            tuple(self.records.limits),
        )
