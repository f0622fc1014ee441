"""Elasticsearch and Kibana: what they must know of the event log, and how five shippers read its files.

Everything is computed from the kinds of events and their fields; nothing is asked of any server.
"""

from mainstay.deploy.elk.filebeat import filebeat_yaml
from mainstay.deploy.elk.fluent_bit import fluent_bit_yaml
from mainstay.deploy.elk.index import index_files
from mainstay.deploy.elk.kibana import kibana_ndjson
from mainstay.deploy.elk.logstash import logstash_conf
from mainstay.deploy.elk.readme import readme
from mainstay.deploy.elk.rsyslog import rsyslog_conf, rsyslog_sh
from mainstay.deploy.elk.shipment import MARK, Shipment
from mainstay.deploy.elk.vector import vector_yaml

__all__ = ["MARK", "Shipment", "elk_files"]


def elk_files(shipment: Shipment) -> dict[str, str]:
    """Give all files: names and texts.

    Examples
    --------
    >>> files = elk_files(Shipment(model="churn", events="/books/events", state="/books/shippers"))
    >>> [name for name in files if not name.startswith("index-")][:4]
    ['README.md', 'lifecycle.json', 'pipeline.json', 'kibana.ndjson']

    """
    return {
        "README.md": readme(shipment),
        **index_files(shipment),
        "kibana.ndjson": kibana_ndjson(shipment.model),
        "filebeat.yml": filebeat_yaml(shipment),
        "logstash.conf": logstash_conf(shipment),
        "fluent-bit.yaml": fluent_bit_yaml(shipment),
        "vector.yaml": vector_yaml(shipment),
        "rsyslog.conf": rsyslog_conf(shipment),
        "rsyslog.sh": rsyslog_sh(shipment),
    }
