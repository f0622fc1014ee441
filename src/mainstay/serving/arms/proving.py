"""`Proving`: which versions of a release a worker loads, one worker first, and none that ends workers."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mainstay.errors import ReleaseError
from mainstay.serving.arms.crashes import Crashes, barred, moment, pausing
from mainstay.serving.arms.findings import ended
from mainstay.serving.arms.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from mainstay.measures.finding import Finding
    from mainstay.release import Release

_CURE = "Release another version; a new release of the same one tries it anew."


class Proving:
    """What one worker notes about the versions it loads and asks, and what others noted before they ended.

    Parameters
    ----------
    name : str
        Of the model.
    folder : Path
        Where the workers of this machine leave their notes.

    """

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._crashes = Crashes(folder)
        self.recorder = Recorder(folder)

    def turn(self, release: Release, patience: float) -> AbstractContextManager[bool]:
        """Take the turn to load a release, waiting so many seconds for it; gives False while another worker has it."""
        return self._crashes.turn(moment(release), patience)

    def demand(self, release: Release) -> frozenset[int]:
        """Demand that the champion may be loaded; gives the versions beside it that may not.

        Raises
        ------
        ReleaseError
            Where the champion ended workers, or another one ended a worker a moment ago and is tried again soon.

        """
        crashes, at, now = self._crashes.gather(), moment(release), dt.datetime.now(dt.UTC)
        out = self.barred(release)
        if release.champion in out:
            raise ReleaseError(f"{self._name} version {release.champion} {out[release.champion]}.", _CURE)
        for route in release.routes:
            if route.version not in out and pausing(crashes, route.version, at, now):
                raise ReleaseError(
                    f"{self._name} version {route.version} ended a worker while it was loaded.",
                    "It is tried once more in a few seconds.",
                )
        return frozenset(out)

    def barred(self, release: Release) -> Mapping[int, str]:
        """Give the versions of a release that are loaded no more, and why: the end of a sentence."""
        crashes, at = self._crashes.gather(), moment(release)
        found = {route.version: barred(crashes, route.version, at) for route in release.routes}
        return {version: why for version, why in found.items() if why}

    def findings(self, release: Release) -> Iterator[Finding]:
        """Give what is to be known of the versions of a release that are loaded no more."""
        crashes, at = self._crashes.known(), moment(release)
        for version, why in self.barred(release).items():
            workers = sum((crash.version, crash.release) == (version, at) for crash in crashes)
            yield ended(version, workers, f"It {why}, and isn't loaded again. {_CURE}")

    def loaded(self, release: Release, out: frozenset[int]) -> None:
        """Tell the others that a release could be loaded, but for some versions; forget what belongs to older ones."""
        at = moment(release)
        for route in release.routes:
            if route.version not in out:
                self._crashes.forgive(route.version, at)
        self._crashes.proved(at)
        self._crashes.forget(at)

    def close(self) -> None:
        """Leave in order."""
        self.recorder.close()
