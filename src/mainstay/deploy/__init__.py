"""What leaves the house: files by which other tools watch a model.

`prometheus` writes what is scraped, added up and alarmed about; `grafana` a dashboard. Both name the server's metrics
(docs/how-to/metrics.md) and import nothing of it: a test holds each name against the server's own list. `elk` writes
what Elasticsearch, Kibana and the shippers between need for the event log.
"""

from mainstay.deploy.elk import MARK as ELK_MARK
from mainstay.deploy.elk import Shipment, elk_files
from mainstay.deploy.grafana import dashboard_json
from mainstay.deploy.places import write_file
from mainstay.deploy.prometheus import Watched, rules_yaml, scrape_yaml

__all__ = [
    "ELK_MARK",
    "Shipment",
    "Watched",
    "dashboard_json",
    "elk_files",
    "rules_yaml",
    "scrape_yaml",
    "write_file",
]
