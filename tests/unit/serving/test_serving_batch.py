from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.contract import Contract, Text, compile_request, load_contract
from mainstay.data import read_source
from mainstay.data.simulator import TARGET
from mainstay.errors import DataError, InputError, RecordError
from mainstay.events import open_log
from mainstay.events.read import read_predictions
from mainstay.measures.money import Capacity, Money
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.models.task import Task
from mainstay.release import open_books
from mainstay.serving.batch import score_file
from mainstay.serving.dataplane import ScoringError
from mainstay.serving.testing import TINY_CONTRACT, TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.models.model import Model
    from mainstay.project import Project
    from mainstay.serving.batch import Scored

HEADER = "customer,tenure,charge,plan\n"


def released_with(project: Project, model: Model = TINY_MODEL, **kinds: Any) -> Project:
    release_now(project, register_model(project, model, **kinds))
    return project


def run(project: Project, text: str, out: str = "out.parquet") -> tuple[Scored, pl.DataFrame]:
    folder = project.root.parent
    (folder / "rows.csv").write_text(text, encoding="utf-8")
    scored = lifecycle.predict_file(project, folder / "rows.csv", folder / out)
    return scored, pl.read_parquet(folder / out)


def logged(project: Project, contract: Contract = TINY_CONTRACT) -> pl.DataFrame:
    return read_predictions(open_log(project), contract, model=project.name)


def simulated_model(contract: Contract) -> LinearModel:
    """Make a model with an uneven number per term, so that no two rows score alike by chance."""
    terms: list[Slope | Labels] = []
    for place, column in enumerate(contract.features):
        weight = math.sqrt(place + 2) / 97
        values = getattr(column, "values", None)
        labels = Labels(tuple(weight * k for k in range(len(values) + 1)), 0.1) if values else None
        terms.append(labels or Slope(weight, -weight, 0.3))
    return LinearModel(-0.7, tuple(terms), logistic=True)


def test_a_file_is_answered_bit_for_bit_as_requests_are(
    tmp_path: Path, small_project: Path, simulated_csv: Path
) -> None:
    contract = load_contract(small_project / "contract.toml")
    model = simulated_model(contract)
    project = released_with(tiny_project(tmp_path / "p"), model, contract=contract)
    frame = read_source(simulated_csv)
    assert TARGET in frame.columns
    odd = {"tenure_months": ["201", "-1", "x", "1_0", None], "plan": ["gold", "premium", " basic", None, "basic"]}
    worse = frame.head(5).with_columns(pl.Series(name, cells) for name, cells in odd.items())
    whole = pl.concat([frame, worse, frame.head(3).with_columns(pl.lit("gold").alias("plan"))])
    whole.write_csv(tmp_path / "rows.csv")
    frame = read_source(tmp_path / "rows.csv")

    decoder = compile_request(contract)
    expected, refused = [], []
    for place, record in enumerate(frame.iter_rows(named=True)):
        try:
            (row,) = decoder.decode(json.dumps(record).encode())
        except RecordError:
            refused.append(place)
        else:
            expected.append((row, model.score_one(row.encoded)))
    assert len(refused) >= 4

    scored = lifecycle.predict_file(project, tmp_path / "rows.csv", tmp_path / "out.parquet")
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert (scored.rows, scored.scored, scored.refused) == (frame.height, len(expected), len(refused))
    assert out["score"].to_list() == [score for _, score in expected]
    assert pl.read_csv(scored.refused_to)["row"].to_list() == refused
    assert out.columns == [*frame.columns, "id", "prediction", "score", "decision", "version", "degraded", "warnings"]
    assert out.select(frame.columns).equals(frame.filter(~pl.int_range(frame.height).is_in(refused)))

    lines = logged(project, contract)
    assert lines["id"].to_list() == out["id"].to_list()
    assert lines["score"].to_list() == out["score"].to_list()
    assert lines["degraded"].to_list() == [row.degraded for row, _ in expected]
    assert lines["warnings"].to_list() == [list(row.warnings) for row, _ in expected]
    for name in contract.feature_names:
        assert lines[f"f:{name}"].to_list() == [row.features[name] for row, _ in expected]
    assert lines["entity"].n_unique() > 1900
    assert not set(lines["entity"]) & set(frame["customer_id"])  # pseudonyms


def test_refused_rows_stand_in_their_own_file_with_the_rules(released: Project) -> None:
    scored, out = run(released, f"{HEADER}a,3,1,basic\nb,101,1,basic\nc,x,,basic\n")
    assert (scored.scored, scored.refused) == (1, 2)
    assert out["customer"].to_list() == ["a"]
    refused = pl.read_csv(scored.refused_to)
    assert refused["row"].to_list() == [1, 2]
    assert refused["rules"].to_list() == ["tenure: above 100", "tenure: not a whole number; charge: missing"]
    assert refused["customer"].to_list() == ["b", "c"]


def test_a_file_of_which_nothing_is_left_is_still_a_file(released: Project) -> None:
    scored, out = run(released, f"{HEADER}a,x,1,basic\n")
    assert (scored.scored, scored.refused, out.height) == (0, 1, 0)
    assert out.schema["score"] == pl.Float64
    assert out.schema["decision"] == pl.String
    assert logged(released).height == 0


def test_what_a_policy_did_is_in_the_log(released: Project) -> None:
    run(released, f"{HEADER}a,3,600,basic\nb,3,1,basic\n")
    lines = logged(released)
    assert lines["degraded"].to_list() == [True, False]
    (over_http,) = compile_request(TINY_CONTRACT).decode(
        b'{"customer": "a", "tenure": 3, "charge": 600, "plan": "basic"}'
    )
    assert over_http.degraded
    assert lines["warnings"].to_list() == [list(over_http.warnings), []]


@pytest.mark.parametrize("capacity", [Capacity(2, "week"), Capacity(share=0.4)])
def test_only_the_best_are_acted_on_where_there_is_a_capacity(
    released: Project, tmp_path: Path, capacity: Capacity
) -> None:
    rows = "".join(f"{name},{tenure},100,basic\n" for name, tenure in zip("abcde", (40, 1, 30, 2, 20), strict=True))
    (tmp_path / "rows.csv").write_text(HEADER + rows, encoding="utf-8")
    with open_books(released) as books:
        bundle = books.champion()
        assert bundle is not None
        scarce = dataclasses.replace(bundle, money=Money(capacity=capacity))
        for capable, name in ((bundle, "all.parquet"), (scarce, "out.parquet")):
            score_file(capable, tmp_path / "rows.csv", tmp_path / name, log=books.log, books=released.books)
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert pl.read_parquet(tmp_path / "all.parquet")["decision"].to_list() == ["offer"] * 5
    assert out.filter(pl.col("decision") == "offer")["customer"].to_list() == ["b", "d"]
    assert out.filter(pl.col("decision") == "none").height == 3
    assert logged(released)["decision"].to_list()[5:] == out["decision"].to_list()


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl", ".CSV"])
def test_every_format_holds_the_same(released: Project, suffix: str) -> None:
    folder = released.root.parent
    (folder / "rows.csv").write_text(f"{HEADER}a,3,1.5,basic\nb,4,2.5,full\n", encoding="utf-8")
    out = folder / f"answers{suffix}"
    lifecycle.predict_file(released, folder / "rows.csv", out)
    readers: dict[str, Callable[[Path], pl.DataFrame]] = {
        ".csv": pl.read_csv,
        ".parquet": pl.read_parquet,
        ".jsonl": pl.read_ndjson,
    }
    frame = readers[suffix.lower()](out)
    assert frame["id"].to_list() == logged(released)["id"].to_list()
    assert frame["score"].to_list() == logged(released)["score"].to_list()
    assert [path.name for path in folder.glob(".*")] == []


@pytest.mark.parametrize("name", ["out.xlsx", "out", "out.csv.gz"])
def test_an_unknown_suffix_is_refused_before_anything_is_answered(released: Project, name: str) -> None:
    with pytest.raises(InputError, match=r"Name it \.parquet, \.csv, \.jsonl"):
        run(released, f"{HEADER}a,3,1,basic\n", name)
    assert logged(released).height == 0


def test_a_place_that_cannot_be_written_logs_nothing(released: Project) -> None:
    with pytest.raises(DataError, match="can't be written"):
        run(released, f"{HEADER}a,3,1,basic\n", "rows.csv/out.parquet")
    (released.root.parent / "folder.csv").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        run(released, f"{HEADER}a,3,1,basic\n", "folder.csv")
    assert logged(released).height == 0


def test_the_source_is_never_overwritten(released: Project) -> None:
    with pytest.raises(InputError, match=r"would overwrite rows\.csv"):
        run(released, f"{HEADER}a,3,1,basic\n", "rows.csv")
    assert (released.root.parent / "rows.csv").read_text(encoding="utf-8") == f"{HEADER}a,3,1,basic\n"


def test_columns_called_as_ours_are_kept_and_ours_make_way(released: Project) -> None:
    scored, out = run(released, "id,score,version,customer,tenure,charge,plan\n7,0.9,old,a,3,1,basic\n")
    assert (out["id"].item(), out["score"].item(), out["version"].item()) == ("7", "0.9", "old")
    assert scored.id_column == "id_"
    assert out["id_"].to_list() == logged(released)["id"].to_list()
    assert out["score_"].to_list() == logged(released)["score"].to_list()
    assert out["version_"].item() == 1


def test_a_score_that_is_no_number_answers_nothing(project: Project) -> None:
    model = LinearModel(0.0, (Slope(0.0, 1e308), Slope(0.0, 1e308), Labels((0.0, 0.0, 0.0))), logistic=False)
    task = Task(kind="regression", target="sold")
    released_with(project, model, task=task)
    with np.errstate(over="ignore"), pytest.raises(ScoringError, match="finite"):
        run(project, f"{HEADER}a,99,99,basic\n")
    assert logged(project).height == 0
    assert not (project.root.parent / "out.parquet").exists()


def test_amounts_are_amounts(project: Project) -> None:
    model = LinearModel(10.0, TINY_MODEL.terms, logistic=False)
    released_with(project, model, task=Task(kind="regression", target="sold"))
    _, out = run(project, f"{HEADER}a,30,64,basic\n")
    assert out["prediction"].to_list() == out["score"].to_list() == [10.2]
    assert out.schema["decision"] == pl.Float64


def test_a_contract_without_an_entity_needs_none(project: Project) -> None:
    contract = Contract(tuple(column for column in TINY_CONTRACT.columns if not isinstance(column, Text)))
    released_with(project, contract=contract)
    _, out = run(project, "tenure,charge,plan\n3,1,basic\n")
    assert out.height == 1
    assert logged(project, contract)["entity"].to_list() == [None]
