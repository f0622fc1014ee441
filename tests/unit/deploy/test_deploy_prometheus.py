from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mainstay.deploy import Watched, rules_yaml, scrape_yaml
from mainstay.deploy.prometheus import RULES, alerts_of, rules_of

if TYPE_CHECKING:
    from collections.abc import Callable


WATCHED = Watched("churn", "retention@example.com", 0.25)


def test_every_rule_names_what_the_server_gives(hold: Callable[[str], None]) -> None:
    rules = rules_of(WATCHED)
    for rule in rules:
        hold(rule.expr)
    kept = {rule.record for rule in rules}
    for alert in alerts_of(WATCHED):
        assert set(re.findall(r"\bmainstay:\w+:\w+", alert.expr + alert.cure)) <= kept
        hold(alert.expr)


def test_without_a_limit_no_alert_looks_at_the_latency() -> None:
    named = {alert.alert for alert in alerts_of(Watched("churn"))}
    assert {alert.alert for alert in alerts_of(WATCHED)} - named == {"MainstaySlow"}
    assert "owner" not in rules_yaml(Watched("churn"))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="the distribution's package prometheus isn't installed")
def test_promtool_passes_what_is_written(tmp_path: Path) -> None:
    for name in ("churn", "ünlike-any.other"):
        watched = Watched(name, 'the "owner"', 0.5)
        (tmp_path / RULES.format(name)).write_text(rules_yaml(watched), encoding="utf-8")
        (tmp_path / "key").write_text("ms_key", encoding="utf-8")
        config = scrape_yaml(watched, ["127.0.0.1:8000", "[::1]:8000"], str(tmp_path / "key"))
        (tmp_path / "prometheus.yml").write_text(config, encoding="utf-8")
        words = ["promtool", "check", "config", "--lint-fatal", str(tmp_path / "prometheus.yml")]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{len(rules_of(watched)) + len(list(alerts_of(watched)))} rules found" in done.stdout


@pytest.mark.skipif(shutil.which("promtool") is None, reason="the distribution's package prometheus isn't installed")
def test_alerts_fire_when_they_should(tmp_path: Path) -> None:
    """Prometheus' own engine runs the rules over made-up numbers."""
    (tmp_path / "rules.yml").write_text(rules_yaml(WATCHED), encoding="utf-8")
    arm = 'model="churn",version="1",role="champion",route="predict"'
    series = {
        f'mainstay_requests_total{{{arm},code="200",cause=""}}': "0+600x20",
        f'mainstay_requests_total{{{arm},code="503",cause="model"}}': "0+0x10 0+60x10",
        'mainstay_events_lost_total{model="churn",stream="predictions"}': "0x10 3x10",
        'mainstay_ready{model="churn"}': "1x20",
        'mainstay_breaker_trips_total{model="churn",version="2",role="canary"}': "0x20",
    }

    def fires(alert: str, minute: int, found: list[dict[str, dict[str, str]]]) -> dict[str, object]:
        return {"eval_time": f"{minute}m", "alertname": alert, "exp_alerts": found}

    about = {"owner": "retention@example.com", "model": "churn"}
    told = {
        alert.alert: {"summary": f"churn: {alert.summary}", "description": alert.cure} for alert in alerts_of(WATCHED)
    }
    failing = {"exp_labels": about | {"severity": "critical"}, "exp_annotations": told["MainstayErrors"]}
    losing = {
        "exp_labels": about | {"severity": "critical", "stream": "predictions"},
        "exp_annotations": told["MainstayEventsLost"],
    }
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            fires("MainstayErrors", 9, []),
            fires("MainstayErrors", 19, [failing]),
            fires("MainstayEventsLost", 9, []),
            fires("MainstayEventsLost", 13, [losing]),
            fires("MainstayNoRelease", 19, []),
            fires("MainstayBreakerOpen", 19, []),
        ],
    }
    case = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "test.yml").write_text(json.dumps(case), encoding="utf-8")
    words = ["promtool", "test", "rules", "test.yml"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_questions_in_the_docs_are_about_what_there_is(hold: Callable[[str], None]) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "metrics.md").read_text("utf-8")
    (block,) = re.findall(r"```text\n(.*?)```", page, flags=re.DOTALL)
    asked = [line for line in block.splitlines() if not line.startswith("#")]
    assert len(asked) > 3
    for line in asked:
        hold(line)
    told = set(re.findall(r"`(Mainstay[A-Z]\w+)`", page))
    assert told == {alert.alert for alert in alerts_of(WATCHED)}
