"""`Cache`: scores that were worked out before, by exactly what the model saw.

A score is all that is kept: every request still gets an id, a decision, its lines in the log and its counts. A score
belongs to one loaded version and one encoded row, of which nothing else can come, so nothing ever expires; what hasn't
been asked for longest makes room. While others answer beside the champion, or are compared with it, nothing is
recalled: those who are compared must be asked alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from mainstay.serving.dataplane import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.models.model import Model, Score
    from mainstay.registry import Bundle
    from mainstay.serving.cases import Case
    from mainstay.serving.lineup import Arm, Lineup
    from mainstay.serving.measuring.metrics import Metrics

    Wanted = Literal["auto"] | int

MOST = 10_000
"""Scores that are kept where the project names no number."""
MOST_BYTES = 16 * 1024 * 1024
"""What they may take then."""
_BESIDES = 200  # bytes of an entry beside the numbers of its row


class Store:
    """Scores by the bytes of the encoded row.

    Two generations: what isn't asked for while the younger one fills up goes with the older one. That keeps what is
    asked often, without moving anything at most looks.

    Parameters
    ----------
    most : int
        How many are kept.

    Examples
    --------
    >>> store = Store(most=2)
    >>> store.keep(b"a", 0.1), store.keep(b"b", 0.2), store.find(b"a"), store.keep(b"c", 0.3)
    (None, None, 0.1, None)
    >>> store.find(b"a"), store.find(b"b"), store.find(b"c"), len(store)
    (0.1, None, 0.3, 2)

    """

    def __init__(self, most: int) -> None:
        self._generation = max(1, most // 2)
        self._young: dict[bytes, Score] = {}
        self._old: dict[bytes, Score] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def find(self, key: bytes) -> Score | None:
        """Give a score; None where it isn't known."""
        found = self._young.get(key)
        if found is None and (found := self._old.pop(key, None)) is not None:
            self.keep(key, found)
        return found

    def keep(self, key: bytes, score: Score) -> None:
        """Keep a score."""
        if len(self._young) >= self._generation:
            self._young, self._old = {}, self._young
        self._young[key] = score


class Scores:
    """What one version said.

    Parameters
    ----------
    bundle : Bundle
        The version.
    store : Store
        Where its scores are kept.
    count : callable
        Takes an outcome, ``"hit"`` or ``"miss"``, and a number of records.

    """

    def __init__(self, bundle: Bundle, store: Store, count: Callable[[str, int], None]) -> None:
        self.bundle = bundle
        self._store = store
        self._count = count

    def answer(self, cases: Sequence[Case]) -> bool:
        """Score and decide the records of a request, if the scores of all are known; says whether they are."""
        if not all(self._is_own(case) for case in cases):
            return False
        found = [score for case in cases if (score := self._store.find(_key(case))) is not None]
        if len(found) < len(cases):
            self._count("miss", len(cases))
            return False
        for case, score in zip(cases, found, strict=True):
            case.score = score
        self._count("hit", len(cases))
        return not settle(list(cases))

    def learn(self, cases: Sequence[Case]) -> None:
        """Keep what the version itself said of records; what a fallback or another version said isn't its score."""
        for case in cases:
            if self._is_own(case):
                # A view would keep the whole batch it is part of.
                score = case.score.copy() if isinstance(case.score, np.ndarray) else case.score
                self._store.keep(_key(case), score)

    def _is_own(self, case: Case) -> bool:
        return case.arm.bundle is self.bundle and not case.row.fallback


class Cache:
    """What one worker recalls of one model.

    Parameters
    ----------
    name : str
        Of the model.
    wanted : {"auto"} or int
        How many scores are kept; 0 for none. "auto" keeps them where the version takes so long that it is asked beside
        the event loop, and runs no code of the project's own, which might answer the same record differently.
    metrics : Metrics
        Where it is counted.

    """

    def __init__(self, name: str, wanted: Wanted, metrics: Metrics) -> None:
        self._name = name
        self._wanted = wanted
        self._metrics = metrics
        self._bundle: Bundle | None = None
        self._scores: Scores | None = None

    def of(self, lineup: Lineup) -> Scores | None:
        """Give the scores of who answers alone; None where none are kept."""
        if not self._wanted or len(lineup.arms) > 1 or lineup.shadows:
            return None
        champion = lineup.champion
        if self._bundle is not champion.bundle:
            self._bundle = champion.bundle
            most = how_many(self._wanted, champion)
            self._scores = Scores(champion.bundle, Store(most), self._counting(champion.version)) if most else None
        return self._scores

    def _counting(self, version: int) -> Callable[[str, int], None]:
        counters = {
            outcome: self._metrics.cache.labels(self._name, str(version), outcome) for outcome in ("hit", "miss")
        }
        return lambda outcome, records: counters[outcome].inc(records)


def _key(case: Case) -> bytes:
    return case.row.encoded.tobytes()


def how_many(wanted: Wanted, arm: Arm) -> int:
    """Say how many scores of a version are kept; none where its feature code derives what the model sees."""
    bundle = arm.bundle
    if bundle.features is not None:
        return 0
    if wanted != "auto":
        return wanted
    if not arm.pace.slow or _own_code(bundle.model):
        return 0
    return max(1, min(MOST, MOST_BYTES // (8 * bundle.contract.width + _BESIDES)))


def _own_code(model: Model) -> bool:
    inner = getattr(model, "inner", None)
    return model.framework == "function" or (inner is not None and _own_code(inner))
