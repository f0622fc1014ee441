"""Why, from the command line: files, standard input, logged answers, and what is written."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay import lifecycle
from mainstay.cli.program import main
from mainstay.errors import DataError, InputError, NotFoundError, RecordError
from mainstay.events import open_log
from mainstay.events.read import read_predictions
from mainstay.models import Task
from mainstay.models.explain import Explanation
from mainstay.models.frameworks.linear import LinearModel
from mainstay.project import open_project
from mainstay.release import open_books
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_CONTRACT,
    TINY_MODEL,
    TestServer,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

ROWS = "customer,tenure,charge,plan\na,3,29.85,basic\nb,50,10,full\n"


@pytest.fixture
def released(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text(pl.read_csv(tmp_path / "rows.csv").write_ndjson(), encoding="utf-8")
    pl.read_csv(tmp_path / "rows.csv").write_parquet(tmp_path / "rows.parquet")
    return project


def standard_input(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    try:
        main(words)
        code = 0
    except SystemExit as leave:
        code = int(leave.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_every_kind_of_file_is_explained_alike(released: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = released.root.parent
    told = [lifecycle.explain_file(released, folder / f"rows.{kind}") for kind in ("csv", "jsonl", "parquet")]
    for text in (ROWS, json.dumps(pl.read_csv(folder / "rows.csv").to_dicts()), (folder / "rows.jsonl").read_text()):
        standard_input(monkeypatch, text)
        told.append(lifecycle.explain_file(released, None))
    parts = [[[part.part for part in one.parts] for one in each.explanations] for each in told]
    assert all(np.allclose(each, parts[0]) for each in parts)
    assert told[0].explanations[0].parts[0].value == 3
    assert read_predictions(open_log(released), TINY_CONTRACT).is_empty()  # nobody was answered


def test_another_version_explains_where_it_is_named(released: Project) -> None:
    other = register_model(released, LinearModel(0.0, TINY_MODEL.terms, logistic=True))
    told = lifecycle.explain_file(released, released.root.parent / "rows.csv", number=other)
    assert told.version == other
    assert told.explanations[0].base == pytest.approx(TINY_MODEL.intercept * 0 - 0.016)


def test_an_answer_in_the_log_is_explained_as_it_was_given(released: Project) -> None:
    with TestServer.start(released) as server:
        server.wait("/readyz")
        answer = server.post("/predict", GOOD_RECORD).json
        why = server.post("/explain", GOOD_RECORD).json["explanation"]
        clipped = server.post("/predict", GOOD_RECORD | {"charge": 900}).json
    release_now(released, register_model(released, LinearModel(3.0, TINY_MODEL.terms, logistic=True)))
    told = lifecycle.explain_prediction(released, answer["id"])
    assert told.same
    assert (told.version, told.score, told.prediction) == (1, answer["score"], answer["prediction"])
    assert [part.part for part in told.explanation.parts] == [part["part"] for part in why["parts"]]
    other = lifecycle.explain_prediction(released, answer["id"], label="No")
    assert other.same
    assert other.explanation.answer == pytest.approx(1 - answer["score"])
    after = lifecycle.explain_prediction(released, clipped["id"])
    assert after.explanation.parts[1].value == 500  # as it was served, not as it was sent
    assert after.degraded
    assert "clipped" in str(lifecycle.replayed_document(after))


def test_what_feature_code_made_of_a_record_is_what_is_explained(
    trained_with_features: tuple[Project, dict[str, Any]],
) -> None:
    project, record = trained_with_features
    told = lifecycle.explain(project, record)
    names = [part.feature for part in told.explanations[0].parts]
    assert "length" in names
    assert "note" not in names
    with TestServer.start(project) as server:
        server.wait("/readyz")
        answer = server.post("/explain", record).json
    assert answer["explanation"]["parts"] == list(msgspec.to_builtins(told.explanations[0].parts))
    again = lifecycle.explain_prediction(project, answer["id"])
    assert again.same
    assert again.explanation.parts == told.explanations[0].parts


@pytest.fixture
def trained_with_features(tmp_path: Path) -> tuple[Project, dict[str, Any]]:
    import datetime as dt  # noqa: PLC0415 - this fixture alone

    root = tmp_path / "noted"
    root.mkdir()
    (root / "contract.toml").write_text('[note]\ntype = "text"\n\n[amount]\ntype = "number"\n')
    (root / "features.py").write_text(
        "import polars as pl\n\ndef features(frame: pl.DataFrame) -> pl.DataFrame:\n"
        '    return frame.with_columns(pl.col("note").str.len_chars().alias("length")).drop("note")\n'
    )
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 9, 400)
    rows = pl.DataFrame(
        {
            "note": ["x" * n for n in lengths],
            "amount": rng.normal(size=400),
            "left": np.where(lengths + rng.normal(size=400) > 5, "Yes", "No"),
        }
    )
    rows.write_csv(root / "rows.csv")
    (root / "mainstay.toml").write_text(
        '[problem]\nname = "noted"\naction = "call"\n[data]\nsource = "rows.csv"\ntarget = "left"\npositive = "Yes"\n'
        '[training]\ncandidates = ["do-nothing", "linear"]\n'
    )
    project = open_project(root)
    trained = lifecycle.train(project, now=dt.datetime.now(dt.UTC), by="a test")
    release_now(project, trained.version.number)
    return project, {"note": "xxxxxxxx", "amount": 0.1}


def test_explanations_are_written_as_lines_as_csv_and_as_a_page(released: Project) -> None:
    folder = released.root.parent
    told = lifecycle.explain_file(released, folder / "rows.csv").explanations
    for name in ("why.jsonl", "why.csv", "why.html"):
        lifecycle.write_explained(told, folder / name, "two")
    lines = (folder / "why.jsonl").read_text().splitlines()
    assert [json.loads(line)["label"] for line in lines] == ["Yes", "Yes"]
    sheet = pl.read_csv(folder / "why.csv")
    assert sheet.height == 6
    assert sheet["part"].to_list()[:3] == [part.part for part in told[0].parts]
    page = (folder / "why.html").read_text()
    assert page.count("<svg") == 2
    with pytest.raises(InputError, match=r"can't be written as '\.docx'"):
        lifecycle.write_explained(told, folder / "why.docx", "two")


def test_a_bundle_and_the_package_explain_in_a_notebook(released: Project) -> None:
    with open_books(released) as books:
        bundle = books.registry.load_bundle("churn", 1)
    one = bundle.explain(GOOD_RECORD)
    assert isinstance(one, Explanation)
    assert "<svg" in one._repr_html_()
    (same,) = mainstay.explain(released, GOOD_RECORD).explanations
    assert same.parts == one.parts
    with pytest.raises(RecordError, match="tenure"):
        bundle.explain(GOOD_RECORD | {"tenure": None})
    with pytest.raises(InputError, match="no way of explaining"):
        bundle.explain(GOOD_RECORD, method="magic")  # type: ignore[arg-type]


def test_the_verb_prints_reasons_numbers_or_json(
    released: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(released.root)
    code, out, _ = run(["explain", str(released.root.parent / "rows.csv")], capsys)
    assert code == 0
    assert "explains 2 records" in out
    assert "raises the chance of churn" in out
    standard_input(monkeypatch, json.dumps(GOOD_RECORD))
    code, out, _ = run(["explain", "-", "--method", "lime", "--json"], capsys)
    assert code == 0
    assert json.loads(out)["explanations"][0]["method"] == "lime"
    out_file = released.root.parent / "why.csv"
    code, out, err = run(["explain", str(released.root.parent / "rows.csv"), "--out", str(out_file)], capsys)
    assert (code, out) == (0, "")
    assert "2 explanations written" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["explain"], "Give FILE"),
        (["explain", "rows.csv", "--id", "x"], "Give FILE"),
        (["explain", "--id", "x", "--version", "1"], "leave --version out"),
        (["explain", "--id", "nobody"], "nothing by the id 'nobody'"),
        (["explain", "absent.csv"], "absent.csv"),
        (["explain", "absent.jsonl"], "can't be read"),
        (["explain", "rows.csv", "--version", "9"], "no version 9"),
        (["explain", "rows.csv", "--label", "Perhaps"], "no label 'Perhaps'"),
        (["explain", "rows.csv", "--method", "magic"], "magic"),
        (["explain", "bad.jsonl"], "holds no records"),
        (["explain", "empty.jsonl"], "no record to explain"),
        (["explain", "refused.jsonl"], "tenure"),
        (["explain", "other.csv"], "other.csv has no column that the contract knows. Its columns are: x, y."),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(
    words: list[str],
    said: str,
    released: Project,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(released.root.parent)
    for name, text in (("bad", '{"a": }'), ("empty", ""), ("refused", '{"tenure": 3000, "charge": 1, "plan": "full"}')):
        (released.root.parent / f"{name}.jsonl").write_text(text)
    (released.root.parent / "other.csv").write_text("x,y\n1,2\n")
    code, _, err = run([*words, "--project", str(released.root)], capsys)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_an_id_that_is_no_answers_is_told_apart(released: Project) -> None:
    with pytest.raises(NotFoundError, match="nothing by the id"):
        lifecycle.explain_prediction(released, "nobody")
    path = released.root.parent / "latin.jsonl"
    path.write_bytes(b'{"a": "\xe9"}')
    with pytest.raises(DataError, match="isn't UTF-8"):
        lifecycle.explain_file(released, path)


def test_a_forecast_is_explained_in_its_unit(tmp_path: Path) -> None:
    project = tiny_project(tmp_path, "bikes")
    model = LinearModel(100.0, TINY_MODEL.terms, logistic=False)
    release_now(project, register_model(project, model, task=Task(kind="regression", target="rentals")))
    (one,) = lifecycle.explain(project, GOOD_RECORD).explanations
    assert one.scale == "amount"
    assert one.reasons[0].amount == pytest.approx(0.54)
    assert "the rentals by 0.54" in one.reasons[0].text
