"""Logstash: a pipeline that reads the files.

https://www.elastic.co/guide/en/logstash/8.17/plugins-outputs-elasticsearch.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.deploy.elk.shipment import MARK

if TYPE_CHECKING:
    from mainstay.deploy.elk.shipment import Shipment


def logstash_conf(shipment: Shipment) -> str:
    """Write Logstash's pipeline."""
    paths = ", ".join(map(_text, shipment.files))
    return f"""\
# {MARK}; write it again rather than change it.
input {{
  file {{
    path => [{paths}]
    mode => "tail"
    start_position => "beginning"
    sincedb_path => {_text(f"{shipment.state}/logstash.sincedb")}
    # It knows a file by its inode alone, which another file may have once this one is deleted.
    sincedb_clean_after => "1 day"
    codec => json
  }}
}}

filter {{
  mutate {{ remove_field => ["[event][original]", "[log]", "[host]", "@version"] }}
}}

output {{
  elasticsearch {{
    hosts => [{_text(shipment.elasticsearch)}]
    # api_key => "${{ELASTIC_API_KEY}}"
    index => "%{{[event.dataset]}}-%{{+YYYY.MM}}"
    document_id => "%{{[event.id]}}"
    action => "create"
    silence_errors_in_log => ["version_conflict_engine_exception"]
    data_stream => false
    manage_template => false
    ilm_enabled => false
  }}
}}
"""


def _text(text: str) -> str:
    """Write a text as Logstash reads it: there is no escape in it, unless its own settings say so.

    Examples
    --------
    >>> print(_text("/a b"), _text('/a "b"'))
    "/a b" '/a "b"'

    """
    return f"'{text}'" if '"' in text else f'"{text}"'
