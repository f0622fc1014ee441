from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mainstay.serving.measuring.metrics import Metrics
from mainstay.serving.measuring.now import tell_now

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def known() -> dict[str, set[str]]:
    """Give the names of every series the server gives, with the labels they have."""
    found: dict[str, set[str]] = {}
    for told in Metrics(lambda: tell_now(())).page.tell():
        ends = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}[told.kind]
        for end in ends:
            found[told.name + end] = {*told.labels, *({"le"} if end == "_bucket" else ())}
    return found


@pytest.fixture(scope="session")
def hold(known: dict[str, set[str]]) -> Callable[[str], None]:
    """Hold each metric of an expression, and each label, against what there is."""

    def check(expr: str) -> None:
        used = re.findall(r"\b((?:mainstay|process)_\w+)(?:\{([^}]*)\})?", expr)
        labels = {"instance", "job"}
        for name, inside in used:
            assert name in known, expr
            labels |= known[name]
            assert set(re.findall(r"(\w+)(?:=~|!=|=)", inside)) <= known[name] | {"job"}, expr
        for by in re.findall(r"by \(([^)]*)\)", expr):
            assert set(by.split(", ")) <= labels, expr

    return check
