"""Prometheus: what it scrapes, what it adds up, and what it alarms about.

https://prometheus.io/docs/prometheus/latest/configuration/
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MARK = "# Written by mainstay export prometheus"
RULES = "mainstay-{}.rules.yml"
CONFIG = "prometheus.yml"


class Watched(msgspec.Struct, frozen=True):
    """A model that is watched.

    Parameters
    ----------
    model : str
        Its name.
    owner : str
        Who is told; a label of each alert.
    slow : float, optional
        Seconds the 99th percentile of the latency may have; without it no alert looks at the latency.

    """

    model: str
    owner: str = ""
    slow: float | None = None


class Rule(msgspec.Struct, frozen=True):
    """A number that is kept under a name.

    Parameters
    ----------
    record : str
        The name.
    expr : str
        PromQL.

    """

    record: str
    expr: str


class Alert(msgspec.Struct, frozen=True):
    """A number somebody should look at.

    Parameters
    ----------
    alert : str
        What it is called.
    expr : str
        PromQL that gives something where it holds.
    after : str
        How long it must hold.
    severity : str
        ``"critical"`` or ``"warning"``.
    summary, cure : str
        What happened, and what to do.

    """

    alert: str
    expr: str
    after: str
    severity: str
    summary: str
    cure: str


def rules_of(watched: Watched) -> tuple[Rule, ...]:
    """Give what is added up: rates, shares and percentiles, so that pages and alerts say the same."""
    only = f'{{model="{watched.model}"}}'
    failed = f'{{model="{watched.model}",code=~"5.."}}'

    def rate(metric: str, by: str, which: str = only) -> str:
        return f"sum by ({by}) (rate({metric}{which}[5m]))"

    requests, predictions = "mainstay_requests_total", "mainstay_predictions_total"
    every = rate(requests, "model")
    seconds = rate("mainstay_request_seconds_bucket", "model, version, role, le")
    return (
        Rule("mainstay:requests:rate5m", rate(requests, "model, route, code, cause")),
        Rule("mainstay:predictions:rate5m", rate(predictions, "model, version, role")),
        Rule("mainstay:errors:share5m", f"({rate(requests, 'model', failed)} or 0 * {every}) / {every}"),
        Rule("mainstay:degraded:share5m", f"{rate('mainstay_degraded_total', 'model')} / {rate(predictions, 'model')}"),
        Rule("mainstay:request_seconds:p50", f"histogram_quantile(0.5, {seconds})"),
        Rule("mainstay:request_seconds:p95", f"histogram_quantile(0.95, {seconds})"),
        Rule("mainstay:request_seconds:p99", f"histogram_quantile(0.99, {seconds})"),
    )


def alerts_of(watched: Watched) -> Iterator[Alert]:
    """Give what is alarmed about."""
    only = f'{{model="{watched.model}"}}'
    yield Alert(
        "MainstayDown", 'up{job="mainstay"} == 0', "1m", "critical", "A server can't be scraped.",
        "Is it running? mainstay status; its log says why it ended.",
    )  # fmt: skip
    yield Alert(
        "MainstayNoRelease", f"mainstay_ready{only} == 0", "2m", "critical", "No release is served.",
        "Its /readyz says why: nothing is released yet, or a version can't be loaded.",
    )  # fmt: skip
    yield Alert(
        "MainstayErrors", f"mainstay:errors:share5m{only} > 0.01", "2m", "critical",
        "More than 1 % of the requests fail on the server's side.",
        'sum by (cause) (mainstay:requests:rate5m{code=~"5.."}) says at what; mainstay rollback may help.',
    )  # fmt: skip
    if watched.slow is not None:
        yield Alert(
            "MainstaySlow", f"mainstay:request_seconds:p99{only} > {watched.slow:g}", "5m", "warning",
            f"The 99th percentile of the latency is above {watched.slow:g} s.",
            "mainstay_loop_lag_seconds and process_cpu_seconds_total say whether the machine is busy: more workers.",
        )  # fmt: skip
    yield Alert(
        "MainstayBreakerOpen", f"increase(mainstay_breaker_trips_total{only}[10m]) > 0", "0m", "warning",
        "A version was taken out of rotation, because it fails or dawdles; others answer for it.",
        "The server's log says what it failed at; mainstay rollback ends its release.",
    )  # fmt: skip
    yield Alert(
        "MainstayEventsLost", f"increase(mainstay_events_lost_total{only}[5m]) > 0", "0m", "critical",
        "Events could not be written: what was answered is not on record.", "Is the disk full? mainstay admin doctor",
    )  # fmt: skip
    yield Alert(
        "MainstayShedding", f"sum by (model) (rate(mainstay_shed_total{only}[5m])) > 0", "5m", "warning",
        "Records are refused, because more comes than can be answered.", "More workers, or a faster model.",
    )  # fmt: skip
    refused = f'{{model="{watched.model}",outcome="refused"}}'
    yield Alert(
        "MainstayReleaseRefused", f"increase(mainstay_swaps_total{refused}[10m]) > 0", "0m", "critical",
        "A worker could not load the newest release; the one before goes on answering.",
        "Its /readyz says why.",
    )  # fmt: skip
    yield Alert(
        "MainstayRegistryAway", f"mainstay_registry_reachable{only} == 0", "10m", "warning",
        "The registry isn't reached; answers go on, releases don't come through.",
        "Is its database there? mainstay admin doctor",
    )  # fmt: skip
    yield Alert(
        "MainstayWorkersRestart", "increase(mainstay_worker_restarts_total[10m]) > 3", "0m", "critical",
        "Workers end again and again.", "The server's log says with which signal; a killed one may lack memory.",
    )  # fmt: skip


def rules_yaml(watched: Watched) -> str:
    """Write the file of rules: ``promtool check rules`` passes it."""
    lines = [
        f"{MARK}; write it again rather than change it.",
        "groups:",
        f"  - name: {_text(f'mainstay {watched.model}')}",
        "    rules:",
    ]
    for rule in rules_of(watched):
        lines += [f"      - record: {rule.record}", f"        expr: {_text(rule.expr)}"]
    lines += [f"  - name: {_text(f'mainstay {watched.model} alerts')}", "    rules:"]
    for alert in alerts_of(watched):
        labels = {"severity": alert.severity, "model": watched.model} | (
            {"owner": watched.owner} if watched.owner else {}
        )
        lines += [
            f"      - alert: {alert.alert}",
            f"        expr: {_text(alert.expr)}",
            f"        for: {alert.after}",
            f"        labels: {_flow(labels)}",
            "        annotations:",
            f"          summary: {_text(f'{watched.model}: {alert.summary}')}",
            f"          description: {_text(alert.cure)}",
        ]
    return "\n".join(lines) + "\n"


def scrape_yaml(watched: Watched, targets: Sequence[str], key_file: str = "") -> str:
    """Write a configuration of Prometheus: ``promtool check config`` passes it.

    Parameters
    ----------
    watched : Watched
        The model.
    targets : sequence of str
        Where its servers are, ``"host:port"``.
    key_file : str
        A file with an API key of the scope ``read``, where the servers ask for one.

    """
    asked = [f"    authorization: {_flow({'credentials_file': key_file})}"] if key_file else []
    return "\n".join(
        [
            f"{MARK}: one that watches this model alone; copy its parts into your own.",
            "global: {scrape_interval: 15s, evaluation_interval: 15s}",
            f"rule_files: [{_text(RULES.format(watched.model))}]",
            "scrape_configs:",
            "  - job_name: mainstay",
            *asked,
            "    static_configs:",
            f"      - targets: [{', '.join(map(_text, targets))}]",
            "",
        ]
    )


def _flow(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {_text(value)}" for name, value in values.items()) + "}"


def _text(value: str) -> str:
    """Write a text of YAML: JSON's are."""
    return json.dumps(value, ensure_ascii=False)
