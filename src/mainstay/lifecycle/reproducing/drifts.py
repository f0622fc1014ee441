"""Which inputs of a training weren't those of another: two lineages held against each other. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.lifecycle.reproducing.result import Drift
from mainstay.registry.environment import Package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mainstay.registry import Lineage

_SHOWN = 12  # digits of a hash
_NONE = "not there"
_NOTHING: Mapping[str, str] = {}


def drifts_between(recorded: Lineage, found: Lineage) -> tuple[Drift, ...]:
    """Name every input of `recorded` that isn't the same in `found`; what wasn't recorded then isn't compared."""
    return (
        *_data(recorded, found),
        *_code(recorded, found),
        *package_drifts(recorded.environment, found.environment, found.packages),
        *_surroundings(recorded, found),
        *_parameters(recorded.parameters, found.parameters),
    )


def package_drifts(
    recorded: Iterable[Package], found: Iterable[Package], installed: Mapping[str, str] = _NOTHING
) -> tuple[Drift, ...]:
    """Name every distribution whose version or content isn't what was recorded; mainstay's own code is told apart.

    One that took part then and not now is compared by the version that is `installed`.
    """
    here = {name: Package(name, version) for name, version in installed.items()} | {one.name: one for one in found}
    return tuple(
        Drift(
            kind="package",
            name=one.name,
            recorded=_package(one, here.get(one.name)),
            found=_package(here.get(one.name), one),
        )
        for one in recorded
        if one.name != "mainstay" and not _same_package(one, here.get(one.name))
    )


def _same_package(one: Package, other: Package | None) -> bool:
    if other is None or one.version != other.version:
        return False
    return not one.sha256 or not other.sha256 or one.sha256 == other.sha256


def _package(one: Package | None, beside: Package | None = None) -> str:
    if one is None:
        return _NONE
    if beside is not None and beside.version != one.version:
        return one.version
    return f"{one.version} (content {one.sha256[:_SHOWN]})" if one.sha256 else one.version


def _data(recorded: Lineage, found: Lineage) -> Iterator[Drift]:
    if recorded.data_fingerprint != found.data_fingerprint:
        yield Drift(kind="data", name=recorded.source, recorded=recorded.data_fingerprint, found=found.data_fingerprint)


def _code(recorded: Lineage, found: Lineage) -> Iterator[Drift]:
    now = {file.path: file.sha256 for file in found.code}
    for file in recorded.code:
        if file.sha256 != now.get(file.path):
            there = now.get(file.path, "")
            yield Drift(
                kind="code", name=file.path, recorded=file.sha256[:_SHOWN], found=there[:_SHOWN] if there else _NONE
            )
    then = {file.path for file in recorded.code}
    if recorded.code:
        for path in sorted(set(now) - then):
            yield Drift(kind="code", name=path, recorded=_NONE, found=now[path][:_SHOWN])


def _surroundings(recorded: Lineage, found: Lineage) -> Iterator[Drift]:
    pairs = (
        ("mainstay", "its own code", recorded.mainstay_sha256[:_SHOWN], found.mainstay_sha256[:_SHOWN]),
        ("python", "version", recorded.python, found.python),
        ("platform", "system", recorded.platform or recorded.machine, found.platform or found.machine),
        ("processor", "instructions", " ".join(recorded.processor), " ".join(found.processor)),
        ("cores", "of the processor", str(recorded.cores or ""), str(found.cores or "")),
        ("parameters", "seed", str(recorded.seed), str(found.seed)),
    )
    for kind, name, then, now in pairs:
        if then and now and then != now:
            yield Drift(kind=kind, name=name, recorded=then, found=now)


def _parameters(recorded: Mapping[str, object], found: Mapping[str, object]) -> Iterator[Drift]:
    for name in recorded:
        if recorded[name] != found.get(name, _NONE):
            yield Drift(kind="parameters", name=name, recorded=str(recorded[name]), found=str(found.get(name, _NONE)))
