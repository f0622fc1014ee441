"""The lines of `docs/how-to/read-the-log.md` read the tables, as they stand on the page."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.contract import Contract, Number, Text
from mainstay.events import EventLog, Feedback, IdMaker, Prediction
from mainstay.events.table.shipping import ship

if TYPE_CHECKING:
    from collections.abc import Sized

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "read-the-log.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
NAMES = ("predictions", "predictions", "decided", "joined")
CONTRACT = Contract((Number(name="charge"), Text(name="plan")))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    log, make = EventLog(folder / ".mainstay" / "events"), IdMaker()
    now = dt.datetime.now(dt.UTC)
    answers = [
        Prediction(
            id=make(), at=now, model="churn", version=1, role="champion", score=0.25, prediction="No", decision="none",
            features={"charge": 19.5, "plan": "basic"},
        )
        for _ in range(3)
    ]  # fmt: skip
    log.append("predictions", answers)
    log.append(
        "feedback",
        [Feedback(id=each.id, event=make(), model="churn", received=now, at=now, label="Yes") for each in answers],
    )
    log.close()
    ship(log, contract_of=lambda _: CONTRACT)
    return folder


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_a_block_of_the_page_reads_the_log(number: int, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("duckdb", reason="NOT TESTED: duckdb isn't installed")
    pytest.importorskip("pyarrow", reason="NOT TESTED: pyarrow isn't installed")
    assert len(BLOCKS) == len(NAMES)
    monkeypatch.chdir(project)
    names: dict[str, Any] = {}
    exec(BLOCKS[number], names)  # noqa: S102 - the page's own lines
    found: Sized = names[NAMES[number]]
    assert len(found) == (1 if NAMES[number] == "decided" else 3)
