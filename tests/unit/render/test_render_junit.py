"""JUnit XML: every gate a case, every text harmless."""

from __future__ import annotations

import datetime as dt
from xml.etree import ElementTree as ET

import pytest

from mainstay.measures.finding import Finding, Limit
from mainstay.render.junit import to_junit

NOW = dt.datetime(2026, 11, 22, 12, 30, 5, tzinfo=dt.UTC)
PASSED = Finding(measure="roc_auc", where="all", value=0.8, limit=Limit("at_least", 0.7), ok=True, n=500)
FAILED = Finding(measure="no_leaks", where="total", value=1.0, limit=Limit("at_most", 0.5), ok=False, note="It knows.")
OPEN = Finding(measure="success", where="all", value=None, note="[problem] success says no target.")
# What the schemas of GitLab and Jenkins (xunit-plugin, junit-10.xsd) allow of what is written here.
ALLOWED = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "testcase": {"classname", "name", "time"},
    "failure": {"message", "type"},
    "skipped": {"message"},
    "system-out": set(),
}


def parsed(*findings: Finding, suite: str = "churn version 3") -> ET.Element:
    root = ET.fromstring(to_junit(suite, findings, NOW).encode())  # noqa: S314 - our own text
    for element in root.iter():
        assert set(element.attrib) <= ALLOWED[element.tag]
    return root


def test_each_gate_is_a_case_with_its_verdict() -> None:
    root = parsed(PASSED, FAILED, OPEN)
    suite = root[0]
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped", "timestamp")}
    stamp = "2026-11-22T12:30:05"
    assert counts == {"tests": "3", "failures": "1", "errors": "0", "skipped": "1", "timestamp": stamp}
    assert [case.get("name") for case in suite] == ["AUC", "no leaks", "success"]
    assert [child.tag for case in suite for child in case] == ["system-out", "failure", "skipped"]
    failure = suite[1][0]
    assert failure.get("message") == "1 ≤ 0.5"
    assert failure.text == "total: 1 ≤ 0.5. It knows."
    assert suite[2][0].get("message") == "not measured. [problem] success says no target."


@pytest.mark.parametrize("evil", ["<script>&\"']]>", "a\x00b\x1b[31m", "\ud800", "line\nbreak", "\ufffe"])
def test_nothing_in_a_text_can_break_it(evil: str) -> None:
    finding = Finding(measure=evil, where=evil, value=1.0, ok=False, unit=evil, note=evil)
    root = parsed(finding, suite=evil)
    name = root[0][0].get("name") or ""
    assert "\x00" not in name
    assert "\x1b" not in name


def test_no_gates_are_an_empty_suite() -> None:
    assert parsed()[0].get("tests") == "0"
