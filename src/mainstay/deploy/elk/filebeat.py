"""Filebeat: the files are read as they are, and the id of an event becomes the id of its document.

https://www.elastic.co/guide/en/beats/filebeat/8.17/filebeat-input-filestream.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.deploy.elk.shipment import MARK, listed, quoted

if TYPE_CHECKING:
    from mainstay.deploy.elk.shipment import Shipment


def filebeat_yaml(shipment: Shipment) -> str:
    """Write Filebeat's configuration."""
    return f"""\
# {MARK}; write it again rather than change it.
filebeat.inputs:
  - type: filestream
    id: {quoted(f"mainstay-{shipment.model}")}
    paths: {listed(shipment.files)}
    # A file's name is its own for ever; an inode is used again, and a young file is too short for a fingerprint.
    file_identity.path: ~
    prospector.scanner.fingerprint.enabled: false
    parsers:
      - ndjson:
          target: ""
          overwrite_keys: true
          expand_keys: true
          add_error_key: true

processors:
  - copy_fields:
      fields: [{{from: event.id, to: "@metadata._id"}}]
      fail_on_error: false
      ignore_missing: true

output.elasticsearch:
  hosts: [{quoted(shipment.elasticsearch)}]
  # api_key: "${{ELASTIC_API_KEY}}"
  index: "%{{[event.dataset]}}-%{{+yyyy.MM}}"

# The templates and the policy beside this file are put in by hand: see README.md.
setup.template.enabled: false
setup.ilm.enabled: false
"""
