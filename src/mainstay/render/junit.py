"""Findings as JUnit XML, as GitLab, Jenkins and GitHub's reporters read it: a gate is a test case."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # writes, and reads nothing

from mainstay.render.numbers import finding_value, limit_words, measure_name

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mainstay.measures.finding import Finding

_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold, however it is escaped."""


def to_junit(suite: str, findings: Sequence[Finding], at: dt.datetime) -> str:
    """Write findings as a JUnit report.

    A finding that failed is a failure; one without a judgement is skipped, with what was seen or why not.

    Parameters
    ----------
    suite : str
        Name of the suite: ``"churn version 3"``.
    findings : sequence of Finding
        One test case each.
    at : datetime
        When they were judged, UTC.

    Examples
    --------
    >>> import datetime as dt
    >>> from mainstay.measures.finding import Finding
    >>> bad = Finding(measure="no_leaks", where="a < b", value=1.0, ok=False)
    >>> text = to_junit("churn version 3", [bad], dt.datetime(2026, 11, 22, tzinfo=dt.UTC))
    >>> 'failures="1"' in text, "a &lt; b" in text
    (True, True)

    """
    counts = {
        "tests": str(len(findings)),
        "failures": str(sum(finding.failed for finding in findings)),
        "errors": "0",
        "skipped": str(sum(finding.ok is None for finding in findings)),
        "time": "0",
    }
    root = ET.Element("testsuites", {"name": "mainstay", **counts})
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S")
    box = ET.SubElement(root, "testsuite", {"name": _clean(suite), "timestamp": stamp, **counts})
    for finding in findings:
        _case(box, suite, finding)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(box: ET.Element, suite: str, finding: Finding) -> None:
    where = "" if finding.where == "all" else f"{finding.where}: "
    name = _clean(measure_name(finding.measure))  # the same from run to run, whatever was found
    classname = _clean(f"mainstay.{suite}".replace(" ", "."))
    case = ET.SubElement(box, "testcase", {"classname": classname, "name": name, "time": "0"})
    seen = _clean(f"{finding_value(finding)} {limit_words(finding.limit, finding.unit)}".strip())
    told = _clean(f"{where}{seen}. {finding.note}".strip())
    if finding.failed:
        ET.SubElement(case, "failure", {"message": seen, "type": _clean(finding.measure)}).text = told
    elif finding.ok is None:
        ET.SubElement(case, "skipped", {"message": told})
    else:
        ET.SubElement(case, "system-out").text = told


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
