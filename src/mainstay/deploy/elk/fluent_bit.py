"""Fluent Bit: one input and one output for each kind of event, since its index is named by a prefix and the month.

https://docs.fluentbit.io/manual/pipeline/outputs/elasticsearch
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.deploy.elk.fields import datasets
from mainstay.deploy.elk.shipment import MARK, quoted

if TYPE_CHECKING:
    from mainstay.deploy.elk.shipment import Shipment


def fluent_bit_yaml(shipment: Shipment) -> str:
    """Write Fluent Bit's configuration (3.2 and later, which reads parsers in YAML)."""
    inputs = "".join(_input(shipment, dataset) for dataset in datasets())
    outputs = "".join(_output(shipment, dataset) for dataset in datasets())
    return f"""\
# {MARK}; write it again rather than change it.
service:
  flush: 1
  storage.path: {quoted(f"{shipment.state}/fluent-bit")}

parsers:
  - name: mainstay
    format: json
    time_key: "@timestamp"
    time_format: "%Y-%m-%dT%H:%M:%S.%LZ"
    time_keep: on

pipeline:
  inputs:
{inputs}
  outputs:
{outputs}"""


def _input(shipment: Shipment, dataset: str) -> str:
    stream = dataset.rpartition(".")[2]
    return f"""\
    - name: tail
      tag: {dataset}
      path: {quoted(f"{shipment.events}/{stream}/*.jsonl")}
      parser: mainstay
      read_from_head: on
      db: {quoted(f"{shipment.state}/fluent-bit.{stream}.db")}
      db.compare_filename: on
      buffer_max_size: 1M
      storage.type: filesystem
"""


def _output(shipment: Shipment, dataset: str) -> str:
    return f"""\
    - name: es
      match: {dataset}
      host: {quoted(shipment.host)}
      port: {shipment.port}
      tls: {"on" if shipment.tls else "off"}
      # http_user: elastic
      # http_passwd: ${{ELASTIC_PASSWORD}}
      logstash_format: on
      logstash_prefix: {dataset}
      logstash_dateformat: "%Y.%m"
      # The time of the event stays as it is; this is when it was sent.
      time_key: event.ingested
      id_key: event.id
      write_operation: create
      suppress_type_name: on
      retry_limit: no_limits
"""
