"""`Gauges`: what the queue tells metrics and the operator; labels are looked up once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainstay.serving.measuring.metrics import Metrics
    from mainstay.serving.served import Seldom


_NANO = 10**9


class Gauges:
    """What the lane of one version tells.

    Parameters
    ----------
    metrics : Metrics
        Where it is counted.
    model : str
        Whose lane.
    version : int
        The same.
    seldom : Seldom
        Tells the operator.

    """

    def __init__(self, metrics: Metrics, model: str, version: int, seldom: Seldom) -> None:
        labels = (model, str(version))
        self._about = f"{model} version {version}"
        self._seldom = seldom
        self._batch = metrics.batches.labels(*labels)
        self._waited = metrics.waited.labels(*labels)
        self._queued = metrics.queued.labels(*labels)
        self._missed = metrics.missed.labels(*labels)

    def queued(self, records: int) -> None:
        """Tell how many records wait."""
        self._queued.set(records)

    def waited(self, seconds: float) -> None:
        """Tell how long a part waited for its turn."""
        self._waited.observe(round(seconds * _NANO))

    def began(self, records: int) -> None:
        """Tell how many records a call holds."""
        self._batch.observe(records)

    def missed(self, parts: int) -> None:
        """Tell how many parts had no answer in time."""
        self._missed.inc(parts)

    def hung(self, seconds: float, threads: int) -> None:
        """Tell the operator of a call that takes longer than anybody waits."""
        told = f"a call of its model has taken {seconds:.1f} seconds, and nobody waits for it any more"
        self._seldom.say(f"hung {self._about}", f"{self._about}: {told} (threads that ask it: {threads}).")
