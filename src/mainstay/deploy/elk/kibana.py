"""Kibana: a data view and a dashboard as saved objects, for Stack Management > Saved Objects > Import.

Lines over time are drawn by TSVB, whose ratio of two filters is a share; distributions and tables by aggregations. The
objects are those of Kibana 7.14, which every later one migrates when it imports them.

https://www.elastic.co/guide/en/kibana/8.17/managing-saved-objects.html
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from mainstay.deploy.elk.index import PATTERN
from mainstay.deploy.elk.shipment import MARK

VIEW = "mainstay-events"
BOARD = "mainstay-dashboard"
_WIDE, _TALL, _ACROSS = 24, 12, 2
_VERSIONS = {"visualization": "7.14.0", "search": "7.9.3", "dashboard": "7.9.3", "index-pattern": "7.11.0"}
Json = dict[str, Any]


class Panel(msgspec.Struct, frozen=True):
    """One picture, or one table.

    Parameters
    ----------
    name : str
        Its id, after ``mainstay-``.
    title : str
        What it shows.
    query : str
        Which events it is about, in KQL.
    state : dict
        How it is drawn, as Kibana keeps it: type, params and aggs; for a list its columns.
    kind : {"visualization", "search"}
        What it is to Kibana.

    """

    name: str
    title: str
    query: str
    state: Json
    kind: str = "visualization"


def _kql(text: str) -> Json:
    return {"query": text, "language": "kuery"}


def _series(name: str, metrics: Json, *, by: str = "", shape: str = "line", unit: str = "number") -> Json:
    """Give one line of a picture over time, or one for each value of a field."""
    split = {"split_mode": "terms", "terms_field": by, "terms_size": "10"} if by else {"split_mode": "everything"}
    return {
        "id": f"{name}-series",
        "metrics": [{"id": f"{name}-metric", **metrics}],
        "color": "#54B399",
        "palette": {"type": "palette", "name": "default"},
        "formatter": unit,
        "chart_type": shape,
        "stacked": "stacked" if shape == "bar" else "none",
        "line_width": 1,
        "point_size": 0,
        "fill": 0.5 if shape == "bar" else 0,
        "axis_position": "right",
        "separate_axis": 0,
        **split,
    }


def _over_time(name: str, series: Json) -> Json:
    params = {
        "id": f"{name}-params",
        "type": "timeseries",
        "series": [series],
        "time_field": "@timestamp",
        "interval": "",
        "use_kibana_indexes": True,
        "index_pattern_ref_name": "metrics_0_index_pattern",
        "axis_position": "left",
        "axis_formatter": "number",
        "axis_scale": "normal",
        "axis_min": "0",
        "show_legend": 1,
        "show_grid": 1,
        "tooltip_mode": "show_all",
        "drop_last_bucket": 0,
        "time_range_mode": "entire_time_range",
    }
    return {"type": "metrics", "params": params, "aggs": []}


def _agg(number: int, kind: str, schema: str, **params: Any) -> Json:
    return {"id": str(number), "enabled": True, "type": kind, "schema": schema, "params": params}


def _terms(number: int, field: str, schema: str, label: str, size: int = 20) -> Json:
    return _agg(number, "terms", schema, field=field, size=size, order="desc", orderBy="1", customLabel=label)


def _ratio(numerator: str, denominator: str) -> Json:
    return {
        "type": "filter_ratio",
        "metric_agg": "count",
        "numerator": _kql(numerator),
        "denominator": _kql(denominator),
    }


_PREDICTIONS = 'event.dataset: "mainstay.predictions" and not mainstay.role: "shadow"'
_LABELLED = 'event.dataset: "mainstay.feedback" and mainstay.label: *'


def panels() -> tuple[Panel, ...]:
    """Give the pictures, the most asked for first."""
    return (*_answers(), *_afterwards())


def _answers() -> tuple[Panel, ...]:
    quantiles = [{"id": f"p{share}", "mode": "line", "value": str(share), "percentile": ""} for share in (50, 99)]
    latency = {"type": "percentile", "field": "event.duration", "percentiles": quantiles}
    degraded = _ratio("mainstay.degraded: true", "*")
    bars = {"params": {"addLegend": True, "addTooltip": True, "legendPosition": "right"}, "type": "histogram"}
    scores = [
        _agg(1, "count", "metric"),
        _agg(2, "histogram", "segment", field="mainstay.score", interval="auto", customLabel="Score"),
        _terms(3, "mainstay.version", "group", "Version", 5),
    ]
    return (
        Panel(
            "answers",
            "Answers by version",
            _PREDICTIONS,
            _over_time("answers", _series("answers", {"type": "count"}, by="mainstay.version", shape="bar")),
        ),
        Panel("scores", "Scores by version", _PREDICTIONS, bars | {"aggs": scores}),
        Panel(
            "degraded",
            "Share of degraded answers",
            _PREDICTIONS,
            _over_time("degraded", _series("degraded", degraded, by="mainstay.version", unit="percent")),
        ),
        Panel(
            "latency",
            "Latency, p50 and p99",
            f"{_PREDICTIONS} and event.duration: *",
            _over_time("latency", _series("latency", latency, unit="ns,ms,2")),
        ),
        Panel(
            "refused",
            "Refused requests by cause",
            'event.dataset: "mainstay.refusals"',
            _over_time("refused", _series("refused", {"type": "count"}, by="event.reason", shape="bar")),
        ),
    )


def _afterwards() -> tuple[Panel, ...]:
    table = {"params": {"perPage": 10, "showPartialRows": False, "showTotal": False}, "type": "table"}
    failed = [
        _agg(1, "count", "metric", customLabel="Times"),
        _agg(2, "max", "metric", field="@timestamp", customLabel="Last"),
        _terms(3, "mainstay.model", "bucket", "Model"),
        _terms(4, "mainstay.finding.measure", "bucket", "Measure"),
        _terms(5, "mainstay.finding.where", "bucket", "Where"),
    ]
    labelled = _ratio(_LABELLED, _PREDICTIONS)
    return (
        Panel(
            "labelled",
            "Outcomes told, per answer",
            f"({_LABELLED}) or ({_PREDICTIONS})",
            _over_time("labelled", _series("labelled", labelled, unit="percent")),
        ),
        Panel(
            "findings",
            "Findings beyond their limit",
            'event.dataset: "mainstay.findings" and mainstay.finding.ok: false',
            table | {"aggs": failed},
        ),
        Panel(
            "actions",
            "What was done",
            'event.dataset: "mainstay.actions"',
            {"columns": ["mainstay.model", "event.action", "mainstay.subject", "mainstay.by", "message"]},
            "search",
        ),
    )


def saved_objects(model: str) -> tuple[Json, ...]:
    """Give the saved objects: the data view, each panel, the dashboard."""
    shown = panels()
    return (_view(), *(_saved(panel) for panel in shown), _board(model, shown))


def kibana_ndjson(model: str) -> str:
    """Write the saved objects, one a line.

    Parameters
    ----------
    model : str
        Which model the dashboard shows first; its filter can be changed there.

    """
    return "".join(f"{_text(each)}\n" for each in saved_objects(model))


def _object(kind: str, name: str, attributes: Json, references: list[Json]) -> Json:
    return {
        "type": kind,
        "id": name,
        "attributes": attributes,
        "references": references,
        "migrationVersion": {kind: _VERSIONS[kind]},
        "coreMigrationVersion": "7.14.0",
    }


def _view() -> Json:
    return _object("index-pattern", VIEW, {"title": PATTERN, "timeFieldName": "@timestamp"}, [])


def _saved(panel: Panel) -> Json:
    drawn_by_series = panel.state.get("type") == "metrics"
    source: Json = {"query": _kql(panel.query), "filter": []}
    place = "metrics_0_index_pattern" if drawn_by_series else "kibanaSavedObjectMeta.searchSourceJSON.index"
    if not drawn_by_series:
        source["indexRefName"] = place
    about: Json = {"title": f"mainstay: {panel.title}", "description": ""}
    about["kibanaSavedObjectMeta"] = {"searchSourceJSON": _text(source)}
    if panel.kind == "search":
        about |= panel.state | {"sort": [["@timestamp", "desc"]], "hits": 0, "version": 1}
    else:
        about |= {"visState": _text({"title": about["title"], **panel.state}), "uiStateJSON": "{}", "version": 1}
    reference = {"type": "index-pattern", "id": VIEW, "name": place}
    return _object(panel.kind, f"mainstay-{panel.name}", about, [reference])


def _board(model: str, shown: tuple[Panel, ...]) -> Json:
    source = {"query": _kql(f"mainstay.model: {_text(model)}"), "filter": []}
    attributes = {
        "title": "mainstay",
        "description": f"{MARK}.",
        "panelsJSON": _text([_placed(place) for place in range(len(shown))]),
        "optionsJSON": _text({"useMargins": True, "syncColors": False, "hidePanelTitles": False}),
        "timeRestore": True,
        "timeFrom": "now-24h",
        "timeTo": "now",
        "refreshInterval": {"pause": False, "value": 60_000},
        "kibanaSavedObjectMeta": {"searchSourceJSON": _text(source)},
        "version": 1,
    }
    references = [
        {"name": f"panel_{place}", "type": panel.kind, "id": f"mainstay-{panel.name}"}
        for place, panel in enumerate(shown)
    ]
    return _object("dashboard", BOARD, attributes, references)


def _placed(place: int) -> Json:
    row, column = divmod(place, _ACROSS)
    grid = {"x": column * _WIDE, "y": row * _TALL, "w": _WIDE, "h": _TALL, "i": str(place)}
    return {
        "version": "7.14.0",
        "panelIndex": str(place),
        "gridData": grid,
        "embeddableConfig": {},
        "panelRefName": f"panel_{place}",
    }


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
