"""What an operator sets and watches stands in the reference: each variable of the environment, each metric."""

from __future__ import annotations

import re
from pathlib import Path

from mainstay.serving.measuring.metrics import Metrics
from mainstay.serving.measuring.now import tell_now

TOP = Path(__file__).parents[2]


def test_each_variable_of_the_environment_is_in_the_reference() -> None:
    said = (TOP / "docs" / "reference" / "project.md").read_text("utf-8")
    texts = [file.read_text("utf-8") for file in (TOP / "src").rglob("*.py")]
    read = {name for text in texts for name in re.findall(r"\bMAINSTAY_[A-Z]\w+", text)}
    assert len(read) > 5
    assert {name for name in read if f"`{name}`" not in said} == set()


def test_each_metric_is_in_the_reference_with_its_labels() -> None:
    said = (TOP / "docs" / "how-to" / "metrics.md").read_text("utf-8")
    rows = re.findall(r"^\| `(mainstay_\w+|process_\w+)` \|([^|]*)\|([^|]+)\|", said, flags=re.MULTILINE)
    told = {name.removesuffix("_total"): labels.strip() for name, labels, _ in rows}
    there = {
        told.name: ", ".join(f"`{label}`" for label in told.labels)
        for told in Metrics(lambda: tell_now(())).page.tell()
    }
    assert told == there
