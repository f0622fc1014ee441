"""Elasticsearch's own settings: a template for each kind of event, how long its indices live, and the pipeline.

An index holds one kind of event of one month, by the time of the *event*: ``mainstay.predictions-2026.11``. So an event
that is sent again comes to the index that has it already, where ``create`` under its own id answers 409, whoever sends
it and whenever. A data stream can't promise that: it writes to its newest index, whatever the event's time, and after a
rollover takes the same id once more (https://github.com/elastic/elasticsearch/issues/44794).

https://www.elastic.co/guide/en/elasticsearch/reference/8.17/index-templates.html
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from mainstay.deploy.elk.fields import datasets, mapped, nested
from mainstay.deploy.elk.shipment import MARK
from mainstay.events import ecs

if TYPE_CHECKING:
    from mainstay.deploy.elk.shipment import Shipment
    from mainstay.events import Event

POLICY = "mainstay"
PIPELINE = "mainstay"
PATTERN = "mainstay.*-*"
"""All indices, as Kibana and a query name them."""
MOST_FIELDS = 128
_PRIORITY = 300  # above those that Elastic brings
_MONTH = 31  # days; an index is as old as its month is, its youngest event up to so much younger
_DAY = 86_400.0

_SET_ID = """\
def id = ctx['event.id'];
if (id == null && ctx['event'] instanceof Map) { id = ctx['event']['id']; }
if (id != null) { ctx['_id'] = id; }
"""


def template_name(dataset: str) -> str:
    """Name the index template of a kind of event.

    Examples
    --------
    >>> template_name("mainstay.predictions")
    'mainstay-predictions'

    """
    return dataset.replace(".", "-")


def template(dataset: str, kind: type[Event]) -> dict[str, Any]:
    """Give the index template of a kind of event."""
    settings = {
        "index.lifecycle.name": POLICY,
        "index.default_pipeline": PIPELINE,
        "index.mapping.total_fields.limit": MOST_FIELDS,
    }
    mappings = {
        "dynamic": False,
        "_meta": {"ecs_version": ecs.VERSION},
        "properties": nested(mapped(kind)),
    }
    return {
        "index_patterns": [f"{dataset}-*"],
        "priority": _PRIORITY,
        "template": {"settings": settings, "mappings": mappings},
        "_meta": {"description": MARK},
    }


def policy(shipment: Shipment) -> dict[str, Any]:
    """Give the lifecycle policy: indices go when their youngest event is as old as ``[events] keep`` says."""
    phases: dict[str, Any] = {"hot": {"actions": {"set_priority": {"priority": 100}}}}
    if shipment.keep is not None:
        days = math.ceil(shipment.keep / _DAY) + _MONTH
        phases["delete"] = {"min_age": f"{days}d", "actions": {"delete": {}}}
    return {"policy": {"_meta": {"description": MARK}, "phases": phases}}


def pipeline() -> dict[str, Any]:
    """Give the ingest pipeline: the id of the event becomes the id of the document, whatever the shipper does."""
    script = {
        "lang": "painless",
        "description": "An event that is sent twice is one document",
        "source": _SET_ID,
        "ignore_failure": True,  # the shippers beside this name the document themselves as well
    }
    return {"description": f"{MARK}.", "processors": [{"script": script}], "_meta": {"description": MARK}}


def index_files(shipment: Shipment) -> dict[str, str]:
    """Give the files that are put into Elasticsearch: names and texts."""
    files = {"lifecycle.json": policy(shipment), "pipeline.json": pipeline()}
    files |= {f"index-{template_name(name)}.json": template(name, kind) for name, kind in datasets().items()}
    return {name: _json(content) for name, content in files.items()}


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
