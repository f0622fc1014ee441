"""`Shelf`: versions loaded and proved once; the last few that left are kept, so that the way back is instant."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mainstay.contract import compile_request
from mainstay.errors import CorruptError
from mainstay.registry import golden_failures
from mainstay.registry.trust import NAME as TRUST
from mainstay.serving.following.loading import one_by_one
from mainstay.serving.pace import measure_pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from mainstay.contract import RequestDecoder
    from mainstay.project import Project
    from mainstay.registry import Bundle, Registry, Version
    from mainstay.serving.pace import Pace

MOST = 2
"""How many versions are kept beside those that answer."""
LARGEST = 256 * 1024 * 1024
"""Bytes those may have on the disk, together."""


@dataclass(frozen=True)
class Loaded:
    """A version that has answered its golden records.

    Parameters
    ----------
    bundle : Bundle
        Contract, policy, model.
    decoder : RequestDecoder
        The contract, compiled.
    roots : object
        What was trusted here when it was loaded.
    pace : Pace
        How long it takes.
    at : float
        When it was, seconds since 1970.

    """

    bundle: Bundle
    decoder: RequestDecoder
    roots: object
    pace: Pace
    at: float = field(default_factory=time.time)


class Shelf:
    """What is loaded.

    A version that is held in memory isn't read from the disk again: these very bytes were compared with its digest.
    It is loaded anew where what is trusted here has changed since.

    Parameters
    ----------
    registry : Registry
        Where the versions are.
    max_records : int
        Records one request may hold.
    roots : callable
        Tells one state of this machine's trust from another.
    loads : callable
        Hears which version is about to be loaded, and 0 once it is loaded, proved and warm; what it notes is there to
        be found where the process doesn't survive that.

    """

    def __init__(
        self,
        registry: Registry,
        max_records: int,
        roots: Callable[[], object] = lambda: None,
        loads: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._registry = registry
        self._max_records = max_records
        self._roots = roots
        self._loads = loads
        self.taking = 0
        """The version that was asked for last."""
        self._held: dict[tuple[str, int], Loaded] = {}

    def take(self, model: str, number: int, known: Version | None = None) -> Loaded:
        """Give a version, loading it where it isn't held.

        Parameters
        ----------
        model, number
            Which version.
        known : Version, optional
            Its row, where the registry can't be asked.

        Raises
        ------
        CorruptError
            Where a file isn't what was written, or it doesn't answer as it did when it was registered.
        TrustError
            Where it brings code of its own that isn't trusted here.

        """
        self.taking = number
        roots = self._roots()
        held = self._held.get((model, number))
        if held is None or held.roots != roots:
            self._loads(number)
            try:
                with one_by_one():
                    held = self._load(model, number, known, roots)
            finally:
                self._loads(0)
        self._held.pop((model, number), None)
        self._held[model, number] = held  # the newest last
        return held

    def holds(self, model: str, numbers: Iterable[int]) -> bool:
        """Say whether versions are held already."""
        return all((model, number) in self._held for number in numbers)

    def keep(self, answering: Iterable[tuple[str, int]]) -> None:
        """Let go of all but those that answer and the last few that did."""
        needed = set(answering)
        spare = [place for place in reversed(self._held) if place not in needed]
        room, kept = LARGEST, set(needed)
        for place in spare[:MOST]:
            room -= _size(self._held[place].bundle)
            if room >= 0:
                kept.add(place)
        self._held = {place: held for place, held in self._held.items() if place in kept}

    def _load(self, model: str, number: int, known: Version | None, roots: object) -> Loaded:
        registry = self._registry
        bundle = registry.load_bundle(model, number) if known is None else registry.load_known(known)
        failures = golden_failures(bundle.contract, bundle.model, bundle.golden, bundle.features)
        if failures:
            raise CorruptError(
                f"{model} version {number} doesn't answer as it did when it was registered: {failures[0]}",
                "Train it again on this machine, or release another version.",
            )
        decoder = compile_request(bundle.contract, max_records=self._max_records)
        return Loaded(bundle, decoder, roots, measure_pace(bundle))


def _size(bundle: Bundle) -> int:
    try:
        return sum(path.stat().st_size for path in bundle.folder.rglob("*"))
    except OSError:
        return 0


def roots_of(project: Project) -> Callable[[], object]:
    """Give what tells one state of a project's trust from another: its file, and what its books say of trust."""
    places = (project.file.path, project.books / TRUST, project.books / "keys")

    def look() -> object:
        inside = sorted(places[-1].glob("*"))
        return tuple(map(_stamp, (*places, *inside)))

    return look


def _stamp(path: Path) -> tuple[str, int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0, 0
    return str(path), found.st_ino, found.st_mtime_ns, found.st_size
