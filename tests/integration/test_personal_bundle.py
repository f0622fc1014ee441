"""A version learned from persons: nothing of any of them is in its bundle, in the registry, or on a page."""

from __future__ import annotations

import csv
import datetime as dt
import random
from typing import TYPE_CHECKING

import pytest

from mainstay import lifecycle
from mainstay.errors import ContractError, ProjectError
from mainstay.project import open_project
from mainstay.registry import golden_failures
from mainstay.release import open_books
from mainstay.serving.testing import TestServer, release_now

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 240
PROJECT = """
[problem]
name = "marked"
action = "call"
limitations = "a test"
[data]
source = "people.csv"
target = "churned"
positive = "yes"
entity = "customer"
segments = [{segments}]
[training]
candidates = ["linear"]
[evaluation]
inclusion = ["income"]
"""
CONTRACT = """
[customer]
type = "text"
role = "id"
personal = true

[email]
type = "text"
personal = "drop"
missing = "allow"

[note]
type = "text"
personal = true
missing = "impute"
malformed = "impute"
{fill}

[income]
type = "number"
personal = true
missing = "impute"
malformed = "impute"

[born]
type = "datetime"
personal = true
missing = "impute"
malformed = "impute"

[tenure]
type = "integer"

[churned]
type = "category"
role = "target"
values = ["no", "yes"]
"""
FEATURES = """
import polars as pl


def features(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        pl.col("tenure"), pl.col("income"), (pl.col("income") * 2).alias("double"),
        pl.col("born").dt.year().alias("year"),
        pl.col("note").str.len_chars().alias("words"), pl.col("email").str.len_chars().alias("long"),
    )
"""


def people() -> list[dict[str, object]]:
    dice = random.Random(3)  # noqa: S311 - a sample, not a secret
    rows = []
    for n in range(ROWS):
        tenure = dice.randrange(100)
        rows.append(
            {
                "customer": f"mark-id-{n}",
                "email": f"mark{n}@b.example",
                "note": f"mark-note-{n % 3}",
                "income": round(700_000 + dice.random() * 99_999, 6),
                "born": f"19{50 + n % 40}-0{1 + n % 9}-1{n % 10}T11:{n % 60:02d}:17Z",
                "tenure": tenure,
                "churned": "yes" if dice.random() < 0.2 + 0.005 * tenure else "no",
            }
        )
    return rows


def write(folder: Path, *, segments: str = '"income", "tenure"', fill: str = 'fill = "nothing"') -> Path:
    folder.mkdir()
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(people()[0]))
        writer.writeheader()
        writer.writerows(people())
    (folder / "mainstay.toml").write_text(PROJECT.format(segments=segments), encoding="utf-8")
    (folder / "contract.toml").write_text(CONTRACT.format(fill=fill), encoding="utf-8")
    (folder / "features.py").write_text(FEATURES, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write(tmp_path_factory.mktemp("people") / "marked")
    lifecycle.train(open_project(folder), now=dt.datetime.now(dt.UTC), by="anna")
    return folder


def found(text: bytes) -> list[object]:
    rows = people()
    marks = [b"mark-", b"mark1", *(f"{row[name]}".encode() for row in rows for name in ("income", "born"))]
    marks += [f"{2 * float(str(row['income'])):.5f}".encode() for row in rows]
    return [mark for mark in marks if mark in text]


def test_no_byte_of_a_bundle_or_of_the_books_is_anybodys(trained: Path) -> None:
    files = [path for path in (trained / ".mainstay").rglob("*") if path.is_file()]
    assert any(path.name == "golden.json" for path in files)
    assert [(path.name, marks) for path in files if (marks := found(path.read_bytes()))] == []


def test_its_golden_records_still_prove_it(trained: Path) -> None:
    with open_books(open_project(trained)) as books:
        bundle = books.registry.load_bundle("marked", 1)
    assert len(bundle.golden) > 0
    assert golden_failures(bundle.contract, bundle.model, bundle.golden, bundle.features) == ()
    assert {column.name for column in bundle.inputs.columns if column.personal} == {
        "income", "double", "year", "words", "long",
    }  # fmt: skip


def test_no_page_of_a_server_shows_anybody(trained: Path) -> None:
    project = open_project(trained)
    release_now(project, 1)
    with TestServer.start(project) as server:
        for path in ("/openapi.json", "/models/marked", "/docs", "/v2/models/marked"):
            got = server.get(path)
            assert (path, got.status, found(got.body)) == (path, 200, [])


def test_what_would_spell_somebody_out_is_refused_with_the_cure(tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    with pytest.raises(ProjectError, match="names 'note', a personal text"):
        lifecycle.train(open_project(write(tmp_path / "a", segments='"note"')), now=now, by="anna")
    with pytest.raises(ContractError, match="some person's own text"):
        lifecycle.train(open_project(write(tmp_path / "b", fill="")), now=now, by="anna")
