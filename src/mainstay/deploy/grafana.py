"""Grafana: a dashboard of one model, over what Prometheus adds up.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

_WIDE, _TALL, _ACROSS = 12, 8, 2
_SOURCE = {"type": "prometheus", "uid": "${source}"}


class Panel(msgspec.Struct, frozen=True):
    """One picture.

    Parameters
    ----------
    title : str
        What it shows.
    queries : tuple of (str, str)
        PromQL, and what its lines are called.
    unit : str
        Grafana's name of the unit.

    """

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"


_SHARES = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
_ONLY = '{model="$model"}'
_ARM = "version {{version}}, {{role}}"
_PROCESS = "{{instance}} {{worker}}"


def _rate(metric: str, by: str, more: str = "", *, which: str = 'model="$model"') -> str:
    return f"sum by ({by}) (rate({metric}{{{which}{more}}}[$__rate_interval]))"


def panels() -> tuple[Panel, ...]:
    """Give the pictures, the most asked for first."""
    return (*_answers(), *_records(), *_trouble(), *_machine())


def _answers() -> tuple[Panel, ...]:
    requests, seconds = "mainstay_requests_total", _rate("mainstay_request_seconds_bucket", "le")
    quantiles = tuple((f"histogram_quantile({share}, {seconds})", name) for share, name in _SHARES)
    refused = _rate(requests, "code, cause", ',code!="200"')
    return (
        Panel("Requests", ((_rate(requests, "route, code"), "{{route}} {{code}}"),), "reqps"),
        Panel("Latency", quantiles, "s"),
        Panel("Refusals and failures", ((refused, "{{code}} {{cause}}"),), "reqps"),
    )


def _records() -> tuple[Panel, ...]:
    dealt = _rate("mainstay_policy_total", "field, why, did")
    shares = f"max by (version, role) (mainstay_route_weight{_ONLY})"
    return (
        Panel("Records answered", ((_rate("mainstay_predictions_total", "version, role"), _ARM),), "ops"),
        Panel("Share of the requests", ((shares, _ARM),), "percentunit"),
        Panel("Values a policy dealt with", ((dealt, "{{field}}: {{why}}, {{did}}"),), "ops"),
        Panel("Problems by field", ((_rate("mainstay_refused_fields_total", "field"), "{{field}}"),), "ops"),
    )


def _trouble() -> tuple[Panel, ...]:
    waiting = (
        (f"sum by (version) (mainstay_queue_records{_ONLY})", "records that wait, version {{version}}"),
        (_rate("mainstay_shed_total", "why"), "refused: {{why}}"),
        (_rate("mainstay_deadlines_missed_total", "version"), "too late, version {{version}}"),
    )
    failing = (
        (_rate("mainstay_arm_failures_total", "role"), "{{role}} failed"),
        (f"max by (version, role) (mainstay_breaker_open{_ONLY})", f"{_ARM} is out"),
    )
    return (
        Panel("Arms that fail", failing),
        Panel("Waiting", waiting),
        Panel("Events lost", ((_rate("mainstay_events_lost_total", "stream"), "{{stream}}"),), "ops"),
    )


def _machine() -> tuple[Panel, ...]:
    ours = 'job="mainstay"'
    busy = _rate("process_cpu_seconds_total", "instance, worker", which=ours)
    lag = _rate("mainstay_loop_lag_seconds_bucket", "instance, le", which=ours)
    return (
        Panel("Processor", ((busy, _PROCESS),), "percentunit"),
        Panel("Memory", ((f"process_resident_memory_bytes{{{ours}}}", _PROCESS),), "bytes"),
        Panel("Lateness of the event loop", ((f"histogram_quantile(0.99, {lag})", "{{instance}} p99"),), "s"),
        Panel("Open connections", ((f"sum by (instance) (mainstay_connections{{{ours}}})", "{{instance}}"),)),
    )


def dashboard_json(model: str) -> str:
    """Write the dashboard; it is imported in Grafana, or provisioned from a folder.

    Parameters
    ----------
    model : str
        Which is shown first; others of the same Prometheus can be chosen.

    """
    board: dict[str, Any] = {
        "title": f"mainstay: {model}",
        "uid": f"mainstay-{model}"[:40],
        "tags": ["mainstay"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [_source(), _model(model)]},
        "annotations": {"list": [_releases()]},
        "panels": [_panel(place, panel) for place, panel in enumerate(panels())],
    }
    return json.dumps(board, ensure_ascii=False, indent=1) + "\n"


def _source() -> dict[str, Any]:
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _model(model: str) -> dict[str, Any]:
    return {
        "name": "model",
        "type": "query",
        "datasource": _SOURCE,
        "query": "label_values(mainstay_ready, model)",
        "refresh": 2,
        "current": {"text": model, "value": model},
    }


def _releases() -> dict[str, Any]:
    return {
        "name": "Releases",
        "datasource": _SOURCE,
        "enable": True,
        "expr": 'changes(mainstay_release_timestamp_seconds{model="$model"}[1m]) > 0',
        "titleFormat": "Release",
        "iconColor": "blue",
    }


def _panel(place: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(place, _ACROSS)
    return {
        "id": place + 1,
        "title": panel.title,
        "type": "timeseries",
        "datasource": _SOURCE,
        "gridPos": {"x": column * _WIDE, "y": row * _TALL, "w": _WIDE, "h": _TALL},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": "ABC"[number], "datasource": _SOURCE, "expr": query, "legendFormat": called}
            for number, (query, called) in enumerate(panel.queries)
        ],
    }
