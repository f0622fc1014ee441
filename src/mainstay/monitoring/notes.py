"""What the overview says of a model in words: what is odd about it, and the command that comes next."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from mainstay.monitoring.drift import GROUP as DRIFT
from mainstay.monitoring.outcomes import mature

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mainstay.measures.finding import Finding
    from mainstay.monitoring.served import Served
    from mainstay.monitoring.settings import MonitoringSettings
    from mainstay.project import Project
    from mainstay.release import Hold
    from mainstay.render.overview import Change, State


def note_on(state: State, served: Served, latest: Sequence[Finding], change: Change | None, outcomes: str) -> str:
    """Say what is odd about a model: that nobody asks it, what drifts, why its value isn't known."""
    drifted = [finding.where for finding in latest if finding.group == DRIFT and finding.failed]
    if state == "idle":
        return "Nobody has asked it yet." if not served.rows else "Nobody asked it lately."
    words = []
    if drifted:
        names = ", ".join(drifted[:3]) + (f" and {len(drifted) - 3} more" if len(drifted) > 3 else "")
        loss = "" if state == "losing" or change is not None else "; no loss is seen so far"
        words.append(f"Drift of {names}{loss}.")
    if state == "unsure" and outcomes:
        words.append(outcomes)
    return " ".join(words)


def told_outcomes(served: Served, settings: MonitoringSettings, now: dt.datetime) -> str:
    """Say how many outcomes are known where they are too few to measure by, and how many should be known by now."""
    known = int(served.known.sum())
    if known >= settings.label_coverage * served.rows:
        return ""
    said = f"Outcomes of {known} of {served.rows} answers are known"
    young = served.rows - int(mature(served.at, settings, now).sum())
    return f"{said}; {young} are younger than label_delay, {settings.label_delay}." if young else f"{said}."


def with_hold(note: str, hold: Hold | None) -> str:
    """Add who holds the controller, or the promotion of a canary."""
    if hold is None:
        return note
    what = "Automatic promotion" if hold.release else "The controller"
    return f"{note} {what} is held since {hold.at:%Y-%m-%d %H:%M} UTC by {hold.by}: {hold.reason}.".strip()


def command_for(state: State, project: Project, target: int | None, *, estimated: bool) -> str:
    """Give the command that is the next thing to do; none where all is well."""
    if state == "losing" and target is not None:
        return f'mainstay rollback {named(project)} --reason "…"'
    if state == "idle":
        return f"mainstay serve {named(project)}"
    if estimated:
        return f"mainstay feedback OUTCOMES.csv {named(project)}"
    return ""


def named(project: Project) -> str:
    """Name the project so that the command works from any folder."""
    return f"--project {shlex.quote(str(project.root))}"
