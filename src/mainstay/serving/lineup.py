"""`Lineup`: who answers, loaded and proved; what a release becomes inside a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.contract import compile_request
from mainstay.errors import CorruptError, ReleaseError
from mainstay.registry import golden_failures
from mainstay.release import assign, salt_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.contract import RequestDecoder
    from mainstay.registry import Bundle, Registry
    from mainstay.release import Release, Route


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

    """

    route: Route
    bundle: Bundle
    decoder: RequestDecoder

    @property
    def version(self) -> int:
        """Number of the version."""
        return self.route.version


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
    runs_code : bool
        Whether any version has feature code, which may be slow.
    beside : str
        Role of those who answer beside the champion: ``"canary"`` or ``"challenger"``; empty where nobody does.

    """

    release: Release
    arms: tuple[Arm, ...]
    shadows: tuple[Arm, ...]
    champion: Arm
    uniform: bool
    salt: str
    runs_code: bool = False
    beside: str = ""

    def choose(self, key: str) -> Arm:
        """Choose who answers; sticky by key."""
        if len(self.arms) == 1:
            return self.champion
        version = assign(self.release.routes, key, self.salt).version
        return next(arm for arm in self.arms if arm.version == version)


def load_lineup(
    registry: Registry,
    release: Release,
    *,
    max_records: int,
    loopback: bool = True,
    previous: Lineup | None = None,
) -> Lineup:
    """Load what a release names, check every byte, and let each newcomer answer its golden records.

    Parameters
    ----------
    registry : Registry
        Where the versions are.
    release : Release
        Who is to answer.
    max_records : int
        Records one request may hold.
    loopback : bool
        Whether only this machine can reach the server; a trial is served nowhere else.
    previous : Lineup, optional
        What is loaded already isn't loaded again.

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
    known: Mapping[int, Bundle] = {}
    if previous is not None:
        known = {arm.version: arm.bundle for arm in (*previous.arms, *previous.shadows)}
    loaded = [_arm(registry, release.model, route, known, max_records) for route in release.routes]
    champion = next(arm for arm in loaded if arm.route.role == "champion")
    arms = tuple(arm for arm in loaded if arm.route.role != "shadow")
    return Lineup(
        release=release,
        arms=arms,
        shadows=tuple(arm for arm in loaded if arm.route.role == "shadow"),
        champion=champion,
        uniform=all(arm.bundle.contract == champion.bundle.contract for arm in loaded),
        salt=salt_of(release),
        runs_code=any(arm.bundle.features is not None for arm in loaded),
        beside=next((arm.route.role for arm in arms if arm is not champion), ""),
    )


def _arm(registry: Registry, model: str, route: Route, known: Mapping[int, Bundle], max_records: int) -> Arm:
    bundle = known.get(route.version)
    if bundle is None:
        bundle = registry.load_bundle(model, route.version)
        failures = golden_failures(bundle.contract, bundle.model, bundle.golden, bundle.features)
        if failures:
            raise CorruptError(
                f"{model} version {route.version} doesn't answer as it did when it was registered: {failures[0]}",
                "Train it again on this machine, or release another version.",
            )
    return Arm(route, bundle, compile_request(bundle.contract, max_records=max_records))
