"""The README beside the files: what is put where, in order."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from mainstay.deploy.elk.fields import datasets
from mainstay.deploy.elk.index import PATTERN, PIPELINE, POLICY, template_name
from mainstay.deploy.elk.shipment import MARK

if TYPE_CHECKING:
    from mainstay.deploy.elk.shipment import Shipment


def readme(shipment: Shipment) -> str:
    """Write the README."""
    templates = "\n".join(_put(f"_index_template/{name}", f"index-{name}.json") for name in _templates())
    return f"""\
# {shipment.model}: its event log in Elasticsearch

{MARK}; write it again rather than change it. What it is and its limits: docs/how-to/elk.md of mainstay.

In this folder, in this order; once, and again after an upgrade. `$ES` is where Elasticsearch answers (with a password:
`curl -u elastic ...` or `curl -H "Authorization: ApiKey ..."`), `$KIBANA` where Kibana does.

```sh
export ES={shipment.elasticsearch} KIBANA=http://127.0.0.1:5601
put() {{ curl --fail-with-body -sS -X PUT "$ES/$1" -H 'Content-Type: application/json' --data-binary "@$2"; }}
{_put(f"_ilm/policy/{POLICY}", "lifecycle.json")}
{_put(f"_ingest/pipeline/{PIPELINE}", "pipeline.json")}
{templates}
curl --fail-with-body -sS "$KIBANA/api/saved_objects/_import?overwrite=true" -H 'kbn-xsrf: true' -F file=@kibana.ndjson
```

Then one shipper, never two: each notes how far it is in `{shipment.state}`.

```sh
mkdir -p {_path(shipment, "vector")} {_path(shipment, "fluent-bit")}
# one of these:
filebeat -e -c "$PWD/filebeat.yml" --path.data {_path(shipment, "filebeat")}
logstash -f logstash.conf
fluent-bit -c fluent-bit.yaml
vector --config vector.yaml
sh rsyslog.sh
```

It must be able to read `{shipment.events}/*/*.jsonl`, and nothing else.

What came: `curl "$ES/{PATTERN}/_count"`. An event is one document, under its own id, in the index of its month: sending
it again changes nothing. To send everything that is still in the files again, stop the shipper and remove its state.

A person who is erased (`mainstay events erase`) must be erased here as well:

```sh
curl -sS -X POST "$ES/{PATTERN}/_delete_by_query" -H 'Content-Type: application/json' \\
  -d '{{"query": {{"term": {{"user.hash": "PSEUDONYM"}}}}}}'
```
"""


def _templates() -> list[str]:
    return [template_name(dataset) for dataset in datasets()]


def _path(shipment: Shipment, name: str) -> str:
    return shlex.quote(f"{shipment.state}/{name}")


def _put(address: str, name: str) -> str:
    return f"put {address} {name}"
