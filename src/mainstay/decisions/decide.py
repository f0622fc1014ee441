"""`decide`: findings, open alerts, policy and history become actions. Pure, so that any log can be replayed.

The rules, in order:

1. A finding that fails opens one alert; while that is open nothing more is said about it.
2. An alert is resolved when its finding passed in this look and the one before (the return of traffic: at once), or
   when it is no longer judged. A finding that is absent or could not be measured resolves nothing.
3. A failed finding that ``[decisions] rollback_on`` names rolls back, if there is where to go, no hold is on that a
   person put on, and the release in force isn't a rollback itself. What has no value (no predictions, no outcomes)
   only ever alerts.
"""

from __future__ import annotations

import hashlib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from mainstay.errors import ReleaseError
from mainstay.events.records import Action
from mainstay.release import leaving, rollback_target
from mainstay.render.numbers import finding_value, limit_words, measure_name

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping, Sequence

    from mainstay.decisions.settings import DecisionsSettings
    from mainstay.events.records import ActionKind
    from mainstay.measures.finding import Finding
    from mainstay.release import Release

BY = "controller"


def decide(  # noqa: PLR0913 - what was found, what is open, and what may be done
    findings: Sequence[Finding],
    previous: Sequence[Finding],
    open_alerts: Sequence[Action],
    settings: DecisionsSettings,
    history: Sequence[Release],
    *,
    model: str,
    now: dt.datetime,
    held: bool = False,
    gone: Collection[int] = (),
) -> tuple[Action, ...]:
    """Decide what is to be done after a look.

    Parameters
    ----------
    findings, previous : sequence of Finding
        Of this look and the one before.
    open_alerts : sequence of Action
        From `mainstay.decisions.open_alerts`.
    settings : DecisionsSettings
        ``[decisions]``.
    history : sequence of Release
        Of the model, oldest first.
    model : str
        Its name.
    now : datetime
        When this is, UTC; becomes part of the actions' ids.
    held : bool
        Whether nothing but alerts may come of it: a person put a hold on, or it is an audit of the source.
    gone : collection of int
        Versions whose bundles were removed: nobody can go back to them.

    Returns
    -------
    tuple of Action
        Alerts, then resolves, then at most one rollback.

    """
    now_by, before_by = _by_key(findings), _by_key(previous)
    known = {alert.subject for alert in open_alerts}
    target = _target(history, gone)
    alerts = [
        _action("alert", model, finding, alert_message(model, finding, target), now)
        for finding in now_by.values()
        if finding.failed and finding.key not in known
    ]
    resolved = [
        _resolve(model, alert, now_by.get(alert.subject), words, now)
        for alert in open_alerts
        if (words := _is_over(alert.subject, now_by, before_by))
    ]
    may_act = not held and target is not None and history[-1].kind != "rollback"
    causes = [finding for finding in now_by.values() if may_act and _rolls_back(finding, settings.rollback_on)]
    rollback = [_rollback(model, cause, leaving(history[-1]), target, now) for cause in causes[:1]]
    return (*alerts, *resolved, *rollback)


def alert_message(model: str, finding: Finding, target: int | None) -> str:
    """Write what an alert says: what, how much, against which limit, and the verb that helps."""
    if finding.value is None:
        said = f"{model}: {finding.note}"
        return f"{said} Look whether callers still reach it: mainstay status"
    limit = limit_words(finding.limit, finding.unit)
    against = f" (limit {limit})" if limit else ""
    place = "" if finding.where == "all" else f" of {finding.where}"
    said = f"{model}: {_name(finding)}{place} is {finding_value(finding)}{against}. {finding.note}".strip()
    return f"{said} {_verb(finding, target)}"


def _verb(finding: Finding, target: int | None) -> str:
    if finding.group in {"money", "performance"} and target is not None:
        return f'Go back to version {target}: mainstay rollback --reason "…"'
    if finding.group == "drift":
        return "See what changed: mainstay status; learn from it: mainstay train"
    if finding.group == "quality":
        return "See the records: mainstay events tail"
    return "See what changed: mainstay status"


def _name(finding: Finding) -> str:
    return "drift (PSI)" if finding.group == "drift" else measure_name(finding.measure)


def _is_over(subject: str, now_by: Mapping[str, Finding], before_by: Mapping[str, Finding]) -> str:
    """Say why an incident is over; empty while it isn't."""
    finding, before = now_by.get(subject), before_by.get(subject)
    if finding is None:
        group, measure, _ = subject.split("/", 2)
        siblings = [f for f in now_by.values() if (f.group, f.measure) == (group, measure) and f.value is not None]
        return "It is no longer measured." if siblings else ""
    if finding.value is None:
        return ""
    if finding.ok and before is not None and (before.ok or before.value is None):
        return "It passes again."
    if finding.ok is None and finding.limit is None:
        return "It is no longer judged."
    return ""


def _rolls_back(finding: Finding, patterns: Sequence[str]) -> bool:
    return (
        finding.failed and finding.value is not None and any(fnmatchcase(finding.key, pattern) for pattern in patterns)
    )


def _target(history: Sequence[Release], gone: Collection[int]) -> int | None:
    try:
        return rollback_target(history, gone)
    except ReleaseError:
        return None


def make_action(kind: ActionKind, model: str, subject: str, message: str, now: dt.datetime) -> Action:
    """Make an action that no finding is the cause of; replaying a look makes the same one."""
    return Action(
        id=_id(kind, model, subject, now), model=model, kind=kind, subject=subject, at=now, by=BY, message=message
    )


def _rollback(model: str, cause: Finding, left: Sequence[int], target: int | None, now: dt.datetime) -> Action:
    named = ", ".join(map(str, left))
    message = (
        f"{model}: back to version {target} from version {named}, because {_name(cause)} is {finding_value(cause)} "
        f"(limit {limit_words(cause.limit, cause.unit)}). [decisions] rollback_on names {cause.key}."
    )
    return _action("rollback", model, cause, message, now)


def _resolve(model: str, alert: Action, finding: Finding | None, words: str, now: dt.datetime) -> Action:
    message = f"{model}: {alert.subject} is over. {words}"
    if finding is not None and finding.value is not None:
        message = f"{message} Now {finding_value(finding)}."
    return Action(
        id=_id("resolve", model, alert.subject, now),
        model=model,
        kind="resolve",
        subject=alert.subject,
        at=now,
        by=BY,
        message=message,
        finding=finding,
    )


def _action(kind: ActionKind, model: str, finding: Finding, message: str, now: dt.datetime) -> Action:
    return Action(
        id=_id(kind, model, finding.key, now),
        model=model,
        kind=kind,
        subject=finding.key,
        at=now,
        by=BY,
        message=message,
        finding=finding,
    )


def _id(kind: str, model: str, subject: str, now: dt.datetime) -> str:
    """Make the UUIDv7 of an action from what it is: replaying a look makes the same action, not a second one."""
    digest = hashlib.blake2b(f"{kind}|{model}|{subject}|{now.isoformat()}".encode(), digest_size=10).digest()
    noise = int.from_bytes(digest, "big")
    stamp = int(now.timestamp() * 1000)
    bits = stamp << 80 | 0x7 << 76 | (noise >> 62 & 0xFFF) << 64 | 0b10 << 62 | noise & (1 << 62) - 1
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _by_key(findings: Sequence[Finding]) -> dict[str, Finding]:
    return {finding.key: finding for finding in findings}
