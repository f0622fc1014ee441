"""version policy: another policy on the same model, measured on the same rows, or saying that it wasn't."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.cli.program import main
from mainstay.errors import DataError, InputError
from mainstay.measures.money import Capacity, Cost
from mainstay.project import open_project
from mainstay.release import open_books

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.registry import Bundle

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def quick(trained: Project, configure: Callable[[Project, str], Project]) -> Project:
    """Give the trained project, judged without starting a worker each time."""
    return configure(trained, "[evaluation]\nrehearse = false\nrobustness = false\nablation = false")


def make(project: Project, number: int = 1, **wanted: Any) -> lifecycle.Repoliced:
    return lifecycle.repolicy(project, number, lifecycle.Wanted(**wanted), now=NOW, by="anna")


def bundle_of(project: Project, number: int) -> Bundle:
    with open_books(project) as books:
        return books.registry.load_bundle(project.name, number)


def test_a_threshold_is_a_version_with_the_same_model_file_measured_on_the_same_rows(quick: Project) -> None:
    made = make(quick, threshold=0.9)
    assert (made.version.number, made.version.parent, made.version.made) == (2, 1, "policy")
    assert made.after.threshold == 0.9
    assert made.note == ""
    assert json.loads((quick.root / "churn.mainstay.json").read_text())["version"] == 2
    before, after = bundle_of(quick, 1), bundle_of(quick, 2)
    assert after.policy.threshold == 0.9
    assert after.policy.basis == "Acts on scores of 0.9 and above, set by hand."
    for path in (before.folder / "model").iterdir():
        same = after.folder / "model" / path.name
        assert same.read_bytes() == path.read_bytes()
        assert same.stat().st_ino == path.stat().st_ino
    assert after.golden == before.golden
    assert after.lineage.data_fingerprint == before.lineage.data_fingerprint
    assert after.lineage.parameters["made_from_version"] == 1
    assert after.lineage.parameters["threshold"] == 0.9
    old, new = before.report.measure("share_acted_on"), after.report.measure("share_acted_on")
    assert old is not None
    assert new is not None
    assert new.value is not None
    assert old.value is not None
    assert new.value < old.value
    assert (new.n, after.report.test_rows) == (old.n, before.report.test_rows)
    assert before.report.measure("log_loss") == after.report.measure("log_loss")  # of scores alone
    assert "with another policy" in after.card
    assert "set by hand" in after.card
    assert [one.name for one in after.report.contenders] == ["do-nothing", "version 1", "linear"]
    assert any("Nothing was trained" in note or "nothing was trained" in note for note in after.report.notes)


def test_it_is_released_like_any_version_and_decides_so(quick: Project, tmp_path: Path, simulated_csv: Path) -> None:
    made = make(quick, threshold=0.0)
    lifecycle.release(quick, made.version.number, reason="try", by="anna", trial=True)
    lifecycle.predict_file(quick, simulated_csv, tmp_path / "out.parquet")
    assert set(pl.read_parquet(tmp_path / "out.parquet")["decision"]) == {made.after.action}


def test_a_capacity_paces_the_decisions(quick: Project) -> None:
    made = make(quick, capacity=Capacity(share=0.1))
    bundle = bundle_of(quick, 2)
    assert bundle.money.capacity == Capacity(share=0.1)
    assert bundle.policy.pace is not None
    assert bundle.policy.threshold == bundle_of(quick, 1).policy.threshold
    acted = made.report.measure("share_acted_on")
    assert acted is not None
    assert acted.value is not None
    assert acted.value <= 0.1
    low = make(quick, 2, threshold=0.01)
    assert any("to keep to the capacity" in note for note in low.report.notes)
    free = make(quick, 2, capacity="none")
    assert free.after.pace is None
    assert bundle_of(quick, free.version.number).money.capacity is None


def test_todays_money_moves_the_threshold(quick: Project) -> None:
    dearer = msgspec.structs.replace(quick.money, value=None, cost=Cost(tp=10.0, fp=10.0, fn=50.0, tn=0.0))
    made = make(quick, money=dearer)
    assert made.after.threshold == pytest.approx(0.2)
    assert bundle_of(quick, 2).money == dearer
    assert made.report.in_money
    with pytest.raises(InputError, match="decides by that policy already"):
        make(quick, 2, money=dearer)


def test_an_amount_that_is_an_expression_becomes_a_policy_record_by_record(quick: Project) -> None:
    price = next(name for name in bundle_of(quick, 1).contract.feature_names if "price" in name)
    priced = msgspec.structs.replace(quick.money, value=f"12 * {price}")
    made = make(quick, money=priced)
    assert made.after.pricing is not None
    assert made.after.margin == 0.0
    with pytest.raises(InputError, match="has no threshold"):
        make(quick, 2, threshold=0.4)
    assert make(quick, 2, margin=50.0).after.margin == 50.0
    assert make(quick, 2, capacity=Capacity(share=0.05)).after.pace is not None


def test_without_its_rows_the_report_says_whose_figures_these_are_and_a_gate_fails(
    quick: Project, simulated_csv: Path
) -> None:
    other = quick.root / "other.csv"
    pl.read_csv(simulated_csv)[:-100].write_csv(other)
    file = quick.root / "mainstay.toml"
    file.write_text(file.read_text().replace(str(simulated_csv), str(other)))
    project = open_project(quick.root)
    made = make(project, threshold=0.7)
    assert "isn't what version 1 was trained on" in made.report.unmeasured
    assert made.report.notes[0].startswith("NOT MEASURED")
    money, loss = made.report.measure("money_per_1000"), made.report.measure("log_loss")
    assert money is not None
    assert money.note.startswith("Of the policy of version 1, not of this one.")
    assert loss is not None
    assert "policy of version" not in loss.note
    assert not made.verdict.ok
    assert "not_in_sample" in {one.measure for one in made.verdict.failed}
    assert not any(one.note.endswith("..") for one in made.verdict.failed)
    assert "NOT MEASURED" in bundle_of(project, made.version.number).card
    paced = make(project, capacity=Capacity(share=0.2))  # the report keeps how scores are spread
    assert paced.after.pace is not None
    priced = msgspec.structs.replace(project.money, value="12 * tenure_months")
    with pytest.raises(DataError, match="needs amounts that differ"):
        make(project, money=priced)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({}, "Nothing is to change"),
        ({"margin": 3.0}, "has no margin"),
        ({"shift": 3.0}, "has no shift"),
        ({"threshold": float("nan")}, "threshold of nan is no number"),
        ({"capacity": "none"}, "decides by that policy already"),
    ],
)
def test_what_the_policy_hasnt_got_is_refused(quick: Project, wanted: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make(quick, **wanted)
    with pytest.raises(InputError, match="decides by that policy already"):
        make(quick, threshold=bundle_of(quick, 1).policy.threshold)
    with pytest.raises(InputError, match="Either --threshold or --money"):
        make(quick, threshold=0.3, money=quick.money)
    assert len(lifecycle.versions(quick)) == 1


def other_kind(root: Path, shown: Callable[[Any], Any], money: str) -> Project:
    root.mkdir()
    dice = np.random.default_rng(0)
    a, b, noise = dice.normal(size=(3, 300))
    pl.DataFrame({"a": a, "b": b, "out": shown(a + 0.5 * b + 0.3 * noise)}).write_csv(root / "rows.csv")
    (root / "contract.toml").write_text('[a]\ntype = "number"\n\n[b]\ntype = "number"\n')
    (root / "mainstay.toml").write_text(
        '[problem]\nname = "churn"\naction = "call"\n[data]\nsource = "rows.csv"\ntarget = "out"\n'
        "[evaluation]\nrehearse = false\nablation = false\n"
        f'[training]\ncandidates = ["do-nothing", "linear"]\n{money}'
    )
    return open_project(root)


def test_amounts_have_a_shift_and_costs(tmp_path: Path) -> None:
    project = other_kind(tmp_path / "churn", lambda known: known + 20, "[money]\ncost = { under = 3.0, over = 1.0 }\n")
    lifecycle.train(project, now=NOW, by="anna")
    made = make(project, shift=5.0)
    assert made.after.shift == 5.0
    with pytest.raises(InputError, match="has no threshold"):
        make(project, threshold=0.5)
    again = make(project, money=msgspec.structs.replace(project.money, cost=Cost(under=1.0, over=9.0)))
    assert again.after.shift < made.before.shift
    assert any("a little too good" in note for note in again.report.notes)


def test_several_classes_have_a_matrix(tmp_path: Path) -> None:
    matrix = "[money.matrix]\nlow = { wait = 0, go = 5 }\nmid = { wait = 2, go = 2 }\nhigh = { wait = 9, go = 0 }\n"
    project = other_kind(
        tmp_path / "churn", lambda known: np.array(["low", "mid", "high"])[np.digitize(known, (-0.5, 0.5))], matrix
    )
    lifecycle.train(project, now=NOW, by="anna")
    with pytest.raises(InputError, match="has no capacity"):
        make(project, capacity=Capacity(share=0.5))
    with pytest.raises(InputError, match="decides by that policy already"):
        make(project, money=project.money)
    costs = {label: dict(row) for label, row in project.money.matrix.items()}
    costs["low"]["go"] = 50.0
    made = make(project, money=msgspec.structs.replace(project.money, matrix=costs))
    assert made.after.classes.costs != made.before.classes.costs
    assert made.report.in_money


def test_the_verb(quick: Project, capsys: pytest.CaptureFixture[str]) -> None:
    main(["version", "policy", "1", "--threshold", "0.8", "--project", str(quick.root)])
    said = capsys.readouterr()
    assert "the model of version 1 with another policy" in said.out
    rows = said.out.partition("Side by side")[2].splitlines()
    assert sum("version 1 " in row or "version 2 " in row for row in rows) == 2, "each by its number"
    assert "it had not seen" not in said.out
    assert "version 2 is registered" in said.err
    main(["version", "policy", "1", "--capacity", "5%", "--json", "--project", str(quick.root)])
    assert json.loads(capsys.readouterr().out)["version"]["made"] == "policy"
    for words in (["--capacity", "many"], ["--threshold", "2"], []):
        with pytest.raises(SystemExit) as leave:
            main(["version", "policy", "1", *words, "--project", str(quick.root)])
        assert leave.value.code == 2
    assert "is no capacity" in capsys.readouterr().err
    assert lifecycle.read_capacity("500/week") == Capacity(n=500)
