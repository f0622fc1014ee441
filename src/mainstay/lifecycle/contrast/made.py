"""Two versions as wholes: what each is made of and how well it did, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.lifecycle.contrast.code import CodeContrast, contrast_code
from mainstay.lifecycle.contrast.data import DataContrast, contrast_data
from mainstay.lifecycle.contrast.values import Beside, Changed, changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.models.report import Report
    from mainstay.registry import Bundle, Lineage


class Contrast(msgspec.Struct, frozen=True, kw_only=True):
    """What differs from one version to another.

    Parameters
    ----------
    data : DataContrast
        Their rows.
    code : CodeContrast
        Their code and contracts.
    parameters, packages, environment, history, policy : tuple of Changed
        What differs of each: what the model was made with; distributions, by version and by content; interpreter,
        machine and mainstay; how and by whom it was made; how answers become decisions, and what they are worth.
    measures : tuple of Beside
        What their reports measured, each on its own held-out rows.
    same_rows : bool
        Whether those are the same rows, so that the measures can be compared.

    """

    data: DataContrast
    code: CodeContrast
    parameters: tuple[Changed, ...]
    packages: tuple[Changed, ...]
    environment: tuple[Changed, ...]
    history: tuple[Changed, ...]
    policy: tuple[Changed, ...]
    measures: tuple[Beside, ...]
    same_rows: bool


def contrast(was: Bundle, now: Bundle) -> Contrast:
    """Compare two versions by their bundles; nothing of them is run."""
    data = contrast_data(was, now)
    old, new = was.report, now.report
    return Contrast(
        data=data,
        code=contrast_code(was, now),
        parameters=changes(_parameters(was), _parameters(now)),
        packages=_packages(was.lineage, now.lineage),
        environment=changes(_environment(was.lineage), _environment(now.lineage)),
        history=changes(_history(was.lineage), _history(now.lineage)),
        policy=changes(_policy(was), _policy(now)),
        measures=_beside(old, new),
        same_rows=data.same and (old.test_rows, old.in_sample) == (new.test_rows, new.in_sample),
    )


def _parameters(bundle: Bundle) -> Mapping[str, object]:
    lineage = bundle.lineage
    return {"candidate": bundle.version.candidate, "seed": lineage.seed, **lineage.parameters}


def _packages(was: Lineage, now: Lineage) -> tuple[Changed, ...]:
    """Compare what each training used; where one is too old to say, what was installed."""
    if not was.environment or not now.environment:
        return changes(was.packages, now.packages)
    before, after = ({one.name: one for one in lineage.environment} for lineage in (was, now))
    found = list(changes({name: one.version for name, one in before.items()}, {n: o.version for n, o in after.items()}))
    for name, one in before.items():
        other = after.get(name)
        if other and other.version == one.version and other.sha256 != one.sha256 and one.sha256 and other.sha256:
            found.append(Changed(name, f"{one.version}, content {one.sha256[:8]}", f"content {other.sha256[:8]}"))
    return tuple(sorted(found, key=lambda changed: changed.what))


def _environment(lineage: Lineage) -> Mapping[str, object]:
    return {
        "Python": lineage.python,
        "platform": lineage.platform,
        "machine": lineage.machine,
        "processor": " ".join(lineage.processor),
        "cores": lineage.cores or "",
        "mainstay's own code": lineage.mainstay_sha256[:12],
    }


def _history(lineage: Lineage) -> Mapping[str, object]:
    parent = "" if lineage.parent is None else f"version {lineage.parent}"
    return {"how it was made": lineage.made, "parent": parent, "by": lineage.by}


def _policy(bundle: Bundle) -> Mapping[str, object]:
    told = {name: value for name, value in msgspec.to_builtins(bundle.policy).items() if name != "task"}
    task = msgspec.to_builtins(bundle.policy.task)
    money = {f"[money] {name}": value for name, value in msgspec.to_builtins(bundle.money).items()}
    return {**task, **told, **money}


def _beside(was: Report, now: Report) -> tuple[Beside, ...]:
    before, after = ({(one.measure, one.where): one for one in report.measures} for report in (was, now))
    return tuple(Beside(*key, before.get(key), after.get(key)) for key in dict.fromkeys((*before, *after)))
