"""`Lineup`: who answers, loaded and proved; what a release becomes inside a server."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import ReleaseError
from mainstay.release import assign, salt_of
from mainstay.serving.arms.breaker import Breaker
from mainstay.serving.pace import QUICK
from mainstay.serving.settings import ServingSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.contract import RequestDecoder
    from mainstay.registry import Bundle, Version
    from mainstay.release import Release, Route
    from mainstay.serving.arms.recorder import Slot
    from mainstay.serving.following.shelf import Loaded, Shelf
    from mainstay.serving.pace import Pace


@dataclass(frozen=True)
class Arm:
    """One version with its part in answering.

    Parameters
    ----------
    route : Route
        Version, role and weight.
    bundle : Bundle
        Contract, policy, model.
    decoder : RequestDecoder
        The contract, compiled.
    breaker : Breaker
        Whether it is asked at the moment.
    asking : Slot
        Where the version is noted that is asked, so that it outlives a crash.
    guard : int
        Nanoseconds its model may take for a record; longer counts as a failure. 0: as long as it takes.
    pinned : bool
        Whether the caller named it: nobody else answers in its place then.
    pace : Pace
        How long its model takes.
    loaded : float
        When it was loaded, seconds since 1970.

    """

    route: Route
    bundle: Bundle
    decoder: RequestDecoder
    breaker: Breaker = field(default_factory=Breaker, compare=False)
    asking: Slot = field(default_factory=lambda: [0], compare=False)
    guard: int = 0
    pinned: bool = False
    pace: Pace = QUICK
    loaded: float = field(default=0.0, compare=False)

    @property
    def version(self) -> int:
        """Number of the version."""
        return self.route.version

    @property
    def alone(self) -> bool:
        """Whether nobody can answer in its place, so that it is asked whatever its breaker says."""
        return (self.pinned or self.route.role == "champion") and self.bundle.policy.fallback is None

    def as_pinned(self) -> Arm:
        """Give it as one that the caller named: chosen for sure, and answering for itself."""
        return replace(self, route=msgspec.structs.replace(self.route, weight=1.0), pinned=True)


@dataclass(frozen=True)
class Lineup:
    """Who answers one model's requests, since one release.

    Parameters
    ----------
    release : Release
        The row of the history it stands for.
    arms : tuple of Arm
        Champion, canary and the arms of an A/B test.
    shadows : tuple of Arm
        Those whose answers nobody gets.
    champion : Arm
        Answers what nobody beside it does, and what those beside it fail at.
    uniform : bool
        Whether all arms have the same contract, so that one decoding serves them all.
    salt : str
        Of the draw of who answers.
    slow : bool
        Whether any version is asked beside the event loop.
    beside : str
        Role of those who answer beside the champion: ``"canary"`` or ``"challenger"``; empty where nobody does.
    left_out : frozenset of int
        Versions the release names that aren't loaded here, because they ended workers; the champion answers for them.
    control : float
        Share of those who are asked about that is never acted on.

    """

    release: Release
    arms: tuple[Arm, ...]
    shadows: tuple[Arm, ...]
    champion: Arm
    uniform: bool
    salt: str
    slow: bool = False
    beside: str = ""
    left_out: frozenset[int] = frozenset()
    control: float = 0.0

    def choose(self, key: str) -> Arm:
        """Choose who answers; sticky by key."""
        if len(self.arms) == 1:
            return self.champion
        version = assign(self.release.routes, key, self.salt).version
        return next((arm for arm in self.arms if arm.version == version), self.champion)


def load_lineup(
    shelf: Shelf,
    release: Release,
    *,
    loopback: bool = True,
    known: Callable[[int], Version | None] = lambda _: None,
    settings: ServingSettings | None = None,
    asking: Slot | None = None,
    left_out: frozenset[int] = frozenset(),
    control: float = 0.0,
) -> Lineup:
    """Load what a release names, check every byte, and let each newcomer answer its golden records.

    Parameters
    ----------
    shelf : Shelf
        Where versions are taken from; what is loaded already isn't loaded again.
    release : Release
        Who is to answer.
    loopback : bool
        Whether only this machine can reach the server; a trial is served nowhere else.
    known : callable
        Gives the row of a version where the registry can't be asked for it.
    settings : ServingSettings, optional
        When an arm is taken out of rotation.
    asking : Slot, optional
        Where the version is noted that is asked (`mainstay.serving.arms.Recorder`).
    left_out : frozenset of int
        Versions that aren't loaded, none of them the champion.
    control : float
        Share of those who are asked about that is never acted on (``[release] control``).

    Raises
    ------
    CorruptError
        Where a file isn't what was written, or a version doesn't answer as it did when it was registered.
    TrustError
        Where a version brings code of its own that isn't trusted here.
    ReleaseError
        Where a trial would be served to other machines.

    """
    if release.trial and not loopback:
        raise ReleaseError(
            f"Release {release.id} of {release.model} is a trial, and a trial is served on this machine only.",
            "Serve on 127.0.0.1, or release it for real.",
        )
    settings = settings or ServingSettings()
    noted: Slot = [0] if asking is None else asking
    loaded = [
        _arm(shelf.take(release.model, route.version, known(route.version)), route, settings, noted)
        for route in release.routes
        if route.version not in left_out
    ]
    champion = next(arm for arm in loaded if arm.route.role == "champion")
    arms = tuple(arm for arm in loaded if arm.route.role != "shadow")
    return Lineup(
        release=release,
        arms=arms,
        shadows=tuple(arm for arm in loaded if arm.route.role == "shadow"),
        champion=champion,
        uniform=all(arm.bundle.contract == champion.bundle.contract for arm in loaded),
        salt=salt_of(release),
        slow=any(arm.pace.slow for arm in loaded),
        beside=next((arm.route.role for arm in arms if arm is not champion), ""),
        left_out=left_out,
        control=control,
    )


def _arm(loaded: Loaded, route: Route, settings: ServingSettings, asking: Slot) -> Arm:
    return Arm(
        route,
        loaded.bundle,
        loaded.decoder,
        breaker=Breaker(settings.breaker_share),
        asking=asking,
        guard=0 if route.role == "champion" else round(settings.breaker_seconds * 1e9),
        pace=loaded.pace,
        loaded=loaded.at,
    )
