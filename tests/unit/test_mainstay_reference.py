"""What an operator sets and watches stands in the reference: each variable of the environment, each metric."""

from __future__ import annotations

import re
from pathlib import Path

from mainstay.serving.measuring.metrics import Metrics

TOP = Path(__file__).parents[2]


def test_each_variable_of_the_environment_is_in_the_reference() -> None:
    said = (TOP / "docs" / "reference" / "project.md").read_text("utf-8")
    texts = [file.read_text("utf-8") for file in (TOP / "src").rglob("*.py")]
    read = {name for text in texts for name in re.findall(r"\bMAINSTAY_[A-Z]\w+", text)}
    assert len(read) > 5
    assert {name for name in read if f"`{name}`" not in said} == set()


def test_each_metric_is_in_the_reference_with_its_labels() -> None:
    said = (TOP / "docs" / "how-to" / "metrics.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `(mainstay_\w+?|process_\w+?)(?:_total)?` \|([^|]*)\|", said, flags=re.MULTILINE))
    metrics = Metrics(lambda: [("churn", 1, "champion", 1.0)], lambda: [("churn", True, 0.0)])
    page = metrics.page().decode()
    there = set(re.findall(r"^# TYPE (\w+?)(?:_total)? ", page, flags=re.MULTILINE))
    assert set(told) == there
    for made in metrics.families:
        labels = [*made.labelnames, *(["worker"] if made.passing else [])]
        assert told[made.name].strip() == ", ".join(f"`{label}`" for label in labels)
