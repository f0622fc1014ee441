"""Why a version must not be released: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.models.report import Verdict
    from mainstay.project import Problem
    from mainstay.registry.version import Version


def why_not(
    version: Version, verdict: Verdict | None, problem: Problem, *, trial: bool = False, differences: Sequence[str] = ()
) -> ReleaseError | None:
    """Say why a version must not be released; None where it may.

    Parameters
    ----------
    version : Version
        The candidate for release.
    verdict : Verdict or None
        Its latest one.
    problem : Problem
        Today's ``[problem]`` section: what the owner answers for.
    trial : bool
        Whether it is to be released on trial: on loopback only, marked everywhere, and without these demands.
    differences : sequence of str
        What callers of the champion would notice, from `differences`.

    """
    if trial:
        return None
    name = f"{version.model} version {version.number}"
    if problem.empty:
        fields = ", ".join(problem.empty)
        return ReleaseError(
            f"{name} can't be released: [problem] says nothing about {fields}.",
            "Fill that in in mainstay.toml, or try it on this machine alone with --trial.",
        )
    if verdict is None:
        return ReleaseError(f"{name} was never judged.", f"Judge it: mainstay gate {version.number}")
    if not verdict.ok:
        gates = ", ".join(f"{gate.measure} ({gate.where})" for gate in verdict.failed) or "its verdict"
        return ReleaseError(
            f"{name} fails {gates}.",
            f"mainstay gate {version.number} shows the numbers; try it on this machine alone with --trial.",
        )
    if differences:
        return ReleaseError(
            f"{name} would refuse what the champion accepts: {'; '.join(differences)}.",
            "Widen contract.toml and train again, or have the callers changed first.",
        )
    return None
