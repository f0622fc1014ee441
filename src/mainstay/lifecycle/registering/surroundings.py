"""How a project is deployed and watched, in words: for the card of what is trained in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.data import DataSettings
from mainstay.decisions import DecisionsSettings
from mainstay.evaluation import EvaluationSettings
from mainstay.events import EventsSettings
from mainstay.monitoring import MonitoringSettings
from mainstay.release import ReleaseSettings
from mainstay.serving.settings import ServingSettings

if TYPE_CHECKING:
    from mainstay.project import Project


def surroundings_of(project: Project) -> tuple[tuple[str, str], ...]:
    """Say what [serving], [release], [events], [monitoring] and [decisions] set up; never an address or a secret."""
    serving, events = project.section("serving", ServingSettings), project.section("events", EventsSettings)
    watch, act = project.section("monitoring", MonitoringSettings), project.section("decisions", DecisionsSettings)
    gates, release = project.section("evaluation", EvaluationSettings), project.section("release", ReleaseSettings)
    audit = project.section("data", DataSettings).audit_every
    window = watch.window if isinstance(watch.window, str) else f"{watch.window} predictions"
    hooks = sum(route != "log" for route in act.alert)
    routes = [*(["the log"] if "log" in act.alert else []), *([f"{hooks} webhooks"] if hooks else [])]
    return (
        ("Served as", "HTTP server (python -m mainstay.serving); files by mainstay predict"),
        ("Limits of a request", f"{serving.max_records} records, {serving.max_body} bytes"),
        ("A canary goes through", _steps(release)),
        ("People who must say yes", _approvers(gates.approve, release.approvals)),
        ("Log of answers", f"before each answer; survives the death of the {events.durability}"),
        ("Watched in windows of", window),
        ("Drift matters from", f"population stability index {watch.drift_limit:g}"),
        ("Outcomes take", watch.label_delay),
        ("Alerts go to", " and ".join(routes) or "nobody"),
        ("Rolls back by itself on", ", ".join(act.rollback_on) or "nothing"),
        ("Source audited every", audit or "never by itself"),
    )


def _steps(release: ReleaseSettings) -> str:
    if not release.steps:
        return "no steps by itself: who releases it gives it its share"
    stood = f"{release.step_windows} clean windows" if isinstance(release.step_windows, int) else release.step_windows
    return f"{', '.join(f'{100 * share:.10g} %' for share in release.steps)}, then everything; each after {stood}"


def _approvers(people: int, roles: tuple[str, ...]) -> str:
    if roles:
        return f"one each as {', '.join(roles)}" + (f"; {people} together" if people > len(roles) else "")
    return str(people or "none but who releases")
