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
from mainstay.deploy.elk.shipped import MARK, Shipped
from mainstay.deploy.elk.vector import vector_yaml

__all__ = ["MARK", "Shipped", "elk_files"]


def elk_files(shipped: Shipped) -> dict[str, str]:
    """Give all files: names and texts.

    Examples
    --------
    >>> files = elk_files(Shipped(model="churn", events="/books/events", state="/books/shippers"))
    >>> [name for name in files if not name.startswith("index-")][:4]
    ['README.md', 'lifecycle.json', 'pipeline.json', 'kibana.ndjson']

    """
    return {
        "README.md": readme(shipped),
        **index_files(shipped),
        "kibana.ndjson": kibana_ndjson(shipped.model),
        "filebeat.yml": filebeat_yaml(shipped),
        "logstash.conf": logstash_conf(shipped),
        "fluent-bit.yaml": fluent_bit_yaml(shipped),
        "vector.yaml": vector_yaml(shipped),
        "rsyslog.conf": rsyslog_conf(shipped),
        "rsyslog.sh": rsyslog_sh(shipped),
    }
