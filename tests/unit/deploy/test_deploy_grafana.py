from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from mainstay.deploy import dashboard_json
from mainstay.deploy.grafana import panels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_every_picture_shows_what_the_server_gives(hold: Callable[[str], None], known: dict[str, set[str]]) -> None:
    for panel in panels():
        for query, called in panel.queries:
            hold(query)
            (by,) = re.findall(r"by \(([^)]*)\)", query)[-1:] or [""]
            of = set(by.split(", ")) | ({"instance", "worker"} if not by else set())
            assert set(re.findall(r"\{\{(\w+)\}\}", called)) <= of - {"le"}, (query, called)
    shown = " ".join(query for panel in panels() for query, _ in panel.queries)
    assert {"mainstay_requests_total", "mainstay_request_seconds_bucket"} <= {name for name in known if name in shown}


def test_the_dashboard_has_a_place_for_each_picture() -> None:
    board = json.loads(dashboard_json("churn"))
    assert [panel["title"] for panel in board["panels"]] == [panel.title for panel in panels()]
    places = [tuple(panel["gridPos"].values()) for panel in board["panels"]]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in board["panels"]}) == len(places)
    assert board["templating"]["list"][1]["current"]["value"] == "churn"
    assert len(json.loads(dashboard_json("x" * 100))["uid"]) <= 40  # Grafana takes no longer one


@pytest.mark.skipif(shutil.which("promtool") is None, reason="the distribution's package prometheus isn't installed")
def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    board = json.loads(dashboard_json("churn"))
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    queries += [each["expr"] for each in board["annotations"]["list"]]
    plain = [query.replace("$__rate_interval", "5m").replace("$model", "churn") for query in queries]
    rules = [{"record": f"test:rule{place}", "expr": query} for place, query in enumerate(plain)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", str(tmp_path / "rules.yml")], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "$" not in "".join(plain)
