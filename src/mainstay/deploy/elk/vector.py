"""Vector: a source, a transform and a sink.

https://vector.dev/docs/reference/configuration/sinks/elasticsearch/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.deploy.elk.shipment import MARK, listed, quoted

if TYPE_CHECKING:
    from mainstay.deploy.elk.shipment import Shipment


def vector_yaml(shipment: Shipment) -> str:
    """Write Vector's configuration."""
    return f"""\
# {MARK}; write it again rather than change it.
data_dir: {quoted(f"{shipment.state}/vector")}

sources:
  mainstay_files:
    type: file
    include: {listed(shipment.files)}
    read_from: beginning
    max_line_bytes: 1048576
    # The first line of a file holds an id that no other file has.
    fingerprint: {{strategy: checksum, lines: 1}}

transforms:
  mainstay_events:
    type: remap
    inputs: [mainstay_files]
    drop_on_error: true
    source: |
      . = object!(parse_json!(string!(.message)))
      .timestamp = parse_timestamp!(."@timestamp", "%+")
      .document = ."event.id"
      .dataset = ."event.dataset"

sinks:
  mainstay_elasticsearch:
    type: elasticsearch
    inputs: [mainstay_events]
    endpoints: [{quoted(shipment.elasticsearch)}]
    # auth: {{strategy: basic, user: elastic, password: "${{ELASTIC_PASSWORD}}"}}
    mode: bulk
    bulk: {{action: create, index: "{{{{ dataset }}}}-%Y.%m"}}
    id_key: document
    encoding: {{except_fields: [timestamp, dataset, document]}}
    # Of a request only what was refused for now is sent again.
    request_retry_partial: true
    acknowledgements: {{enabled: true}}
    buffer: {{type: disk, max_size: 1073741824, when_full: block}}
"""
