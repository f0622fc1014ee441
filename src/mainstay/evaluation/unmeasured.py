"""A report taken over from another policy: each number that depends on decisions says whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.measures.catalogue import measures_of

if TYPE_CHECKING:
    from mainstay.measures.finding import Finding
    from mainstay.models.policy import Policy
    from mainstay.models.report import Contender, Report


def of_another_policy(report: Report, policy: Policy, number: int, why: str) -> Report:
    """Take a version's report over for another policy on the same model, where nothing could be measured again.

    Parameters
    ----------
    report : Report
        Of version `number`.
    policy : Policy
        The new one.
    number : int
        Whose figures these are.
    why : str
        Why nothing could be measured.

    """
    of_scores = {one.name for one in measures_of(policy.task.kind) if not one.of_decisions}
    said = f"Of the policy of version {number}, not of this one."

    def told(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(
            one
            if one.measure in of_scores
            else msgspec.structs.replace(one, ok=None, note=f"{said} {one.note}".strip())
            for one in findings
        )

    def contender(one: Contender) -> Contender:
        (primary,) = told((one.primary,))
        return msgspec.structs.replace(one, primary=primary, others=told(one.others)) if one.chosen else one

    note = (
        f"NOT MEASURED: {why} What depends on decisions (money, the share acted on, precision, recall, segments, "
        f"slices, inclusion, behaviour, robustness) is what version {number} decides by its own policy; what depends "
        "on scores alone holds for both."
    )
    return msgspec.structs.replace(
        report,
        policy=policy,
        pricing=policy.pricing,
        unmeasured=why,
        contenders=tuple(map(contender, report.contenders)),
        measures=told(report.measures),
        segments=told(report.segments),
        comparisons=told(report.comparisons),
        sensitivity=told(report.sensitivity),
        inclusion=told(report.inclusion),
        behaviour=told(report.behaviour),
        robustness=told(report.robustness),
        slices=told(report.slices),
        notes=(note, *report.notes),
    )
