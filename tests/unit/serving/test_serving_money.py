"""Amounts that differ between records, from the project file to the answer, the log and the look at the log."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.data.templates import fraud, write_template
from mainstay.errors import DataError, ProjectError
from mainstay.events.window import take_window
from mainstay.measures.money import Capacity
from mainstay.monitoring.served import read_served
from mainstay.monitoring.worth import expected_worth, realised_worth
from mainstay.project import open_project
from mainstay.release import open_books
from mainstay.serving import App, Served
from mainstay.serving.batch import score_file
from mainstay.serving.testing import release_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.lifecycle import Trained
    from mainstay.project import Project
    from mainstay.serving.testing import Got

PLAIN = 'value = "amount + 40"'
QUICK = '\n[training]\ncandidates = ["do-nothing", "linear"]\n'
FEATURES = (
    "amount", "merchant", "entry", "country_matches", "payments_last_hour", "payments_last_day", "card_age_days",
    "device_risk",
)  # fmt: skip


def project_of(folder: Path, value: str = '"amount + 20"', rows: int = 12_000) -> Project:
    """Write the fraud template with money by the payment's own amount, on fewer rows."""
    write_template("fraud", folder)
    file = folder / "mainstay.toml"
    text = file.read_text(encoding="utf-8")
    assert PLAIN in text
    file.write_text(text.replace(PLAIN, f"value = {value}") + QUICK, encoding="utf-8")
    frame = fraud.simulate(rows, seed=5).with_columns(pl.col("asked_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    frame.write_csv(folder / "data" / "payments.csv")
    return open_project(folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Trained]:
    project = project_of(tmp_path_factory.mktemp("money") / "fraud")
    done = lifecycle.train(project, now=dt.datetime.now(dt.UTC), by="anna")
    release_now(project, done.version.number)
    return project, done


@pytest.fixture(scope="module")
def payments() -> list[dict[str, Any]]:
    frame = fraud.simulate(300, seed=9)
    # Both ends of what a payment can be: hardly worth a look, and dear.
    some = frame.with_columns(amount=pl.when(pl.int_range(pl.len()) % 3 == 0).then(4000.0).otherwise(pl.col("amount")))
    return [{name: row[name] for name in FEATURES} for row in some.iter_rows(named=True)]


def test_the_report_says_that_each_payment_is_decided_on_by_its_own_amount(made: tuple[Project, Trained]) -> None:
    report = made[1].report
    assert report.in_money
    assert report.policy.pricing is not None
    assert report.policy.basis.startswith("Acts where the expected gain")
    assert any("worked out for each record" in note and "value = amount + 20" in note for note in report.notes)
    money = report.measure("money_per_1000")
    assert money is not None
    assert money.value is not None
    assert money.interval is not None
    assert money.interval.low < money.value < money.interval.high


def test_a_dear_payment_is_held_at_a_lower_score_than_a_cheap_one(made: tuple[Project, Trained]) -> None:
    policy = made[1].report.policy
    cheap, dear = {"amount": 1.0}, {"amount": 4000.0}
    # Holding gains more than it costs where 90 % of the amount and 20, times the probability, are above 4.
    assert policy.decide(0.01, dear) == "hold"
    assert policy.decide(0.01, cheap) == "none"
    assert policy.decide(0.5, cheap) == "hold"


def test_the_answer_the_file_and_the_log_agree(
    made: tuple[Project, Trained], payments: list[dict[str, Any]], ask: Callable[..., Got], tmp_path: Path
) -> None:
    project = made[0]
    served = Served(project, loopback=True)
    served.look()
    app = App([served], loopback=True)
    answers = [*ask(app, "/predict", payments).json, ask(app, "/predict", payments[0]).json]
    served.close()
    pl.DataFrame(payments).with_columns(payment_id=pl.int_range(pl.len()).cast(pl.String)).write_csv(
        tmp_path / "in.csv"
    )
    lifecycle.predict_file(project, tmp_path / "in.csv", tmp_path / "out.parquet")
    scored = pl.read_parquet(tmp_path / "out.parquet")
    assert scored["score"].to_list() == [each["score"] for each in answers[:-1]]
    assert scored["decision"].to_list() == [each["decision"] for each in answers[:-1]]
    assert answers[-1]["decision"] == answers[0]["decision"]
    assert {"hold", "none"} == set(scored["decision"].to_list())
    # Some payment is held that a constant threshold would let pass, and the other way round.
    held = scored.filter(pl.col("decision") == "hold")["score"].min()
    passed = scored.filter(pl.col("decision") == "none")["score"].max()
    assert held < passed  # type: ignore[operator]
    with open_books(project) as books:
        bundle = books.champion()
        assert bundle is not None
        now = dt.datetime.now(dt.UTC)
        task = bundle.policy.task
        window = take_window(books.log, bundle.contract, task, now - dt.timedelta(hours=1), now, model=project.name)
        seen = read_served(window.frame, bundle)
        expected = expected_worth(seen, bundle.money, bundle.report)
    assert seen.acted.tolist()[: len(payments)] == [each["decision"] == "hold" for each in answers[:-1]]
    assert expected is not None
    dear = np.array([payment["amount"] for payment in payments])
    gain = seen.scores[: dear.size] * (0.9 * (dear + 20) - 4) + (1 - seen.scores[: dear.size]) * -4
    assert expected.mean[: dear.size] == pytest.approx(np.where(gain > 0, gain, 0.0))
    known = np.where(seen.labels == seen.labels, seen.labels, 1.0)
    realised = realised_worth(type(seen)(**{**_fields(seen), "labels": known}), bundle.money, bundle.report)
    assert realised is not None
    assert realised[: dear.size] == pytest.approx(np.where(gain > 0, 0.9 * (dear + 20) - 4, 0.0))


def test_online_actions_keep_to_the_pace_and_a_file_takes_the_best(
    made: tuple[Project, Trained], payments: list[dict[str, Any]], tmp_path: Path
) -> None:
    project, done = made
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, done.version.number)
        policy = msgspec.structs.replace(bundle.policy, pace=40.0)
        scores = np.linspace(0.001, 0.9, len(payments))
        gain = [s * (0.9 * (p["amount"] + 20) - 4) + (1 - s) * -4 for s, p in zip(scores, payments, strict=True)]
        online = [policy.decide(float(s), p) for s, p in zip(scores, payments, strict=True)]
        assert online == ["hold" if each >= 40.0 else "none" for each in gain]
        # A file sees all its records, so the pace is not asked: the best that pay are acted on.
        scarce = dataclasses.replace(
            bundle,
            policy=policy,
            money=msgspec.structs.replace(bundle.money, capacity=Capacity(n=12)),
        )
        table = pl.DataFrame(payments).with_columns(payment_id=pl.int_range(pl.len()).cast(pl.String))
        table.write_parquet(tmp_path / "in.parquet")
        score_file(scarce, tmp_path / "in.parquet", tmp_path / "out.parquet", log=books.log, books=project.books)
    out = pl.read_parquet(tmp_path / "out.parquet")
    expected = out["score"] * (0.9 * (out["amount"] + 20) - 4) + (1 - out["score"]) * -4
    best = set(np.argsort(-expected.to_numpy(), kind="stable")[:12].tolist())
    held = set(np.flatnonzero((out["decision"] == "hold").to_numpy()).tolist())
    assert held == {place for place in best if expected[place] > 0}
    assert len(held) > 3


def _fields(seen: Any) -> dict[str, Any]:
    return {name: getattr(seen, name) for name in seen.__dataclass_fields__}


def test_an_amount_that_is_missing_counts_with_the_mean_and_the_answer_says_so(
    tmp_path: Path, payments: list[dict[str, Any]], ask: Callable[..., Got]
) -> None:
    # device_risk may be missing: such a payment counts with the mean of the training rows.
    project = project_of(tmp_path / "fraud", '"100 * device_risk + 50"')
    # Most payments have no device risk, which is no way to say what a payment is worth.
    with pytest.raises(DataError, match=r"value = '100 \* device_risk \+ 50' can't be worked out for .* training rows"):
        lifecycle.train(project, now=dt.datetime.now(dt.UTC), by="anna")
    file = project.root / "contract.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('[amount]\ntype = "number"', '[amount]\ntype = "number"\nmissing = "allow"'), "utf-8")
    file = project.root / "mainstay.toml"
    file.write_text(file.read_text("utf-8").replace('"100 * device_risk + 50"', '"amount"'), "utf-8")
    project = open_project(project.root)
    done = lifecycle.train(project, now=dt.datetime.now(dt.UTC), by="anna")
    release_now(project, done.version.number)
    served = Served(project, loopback=True)
    served.look()
    app = App([served], loopback=True)
    (plain, gone) = ask(app, "/predict", [payments[1], {**payments[1], "amount": None}]).json
    served.close()
    assert plain["warnings"] == []
    assert gone["warnings"][0].startswith("[money] value: can't be worked out of this record, so the mean")
    out = tmp_path / "out.parquet"
    pl.DataFrame([payments[1] | {"payment_id": "a"}, {**payments[1], "amount": None, "payment_id": "b"}]).write_csv(
        tmp_path / "in.csv"
    )
    lifecycle.predict_file(project, tmp_path / "in.csv", out)
    assert pl.read_parquet(out)["warnings"].to_list() == ["", gone["warnings"][0]]
    assert pl.read_parquet(out)["decision"].to_list() == [plain["decision"], gone["decision"]]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('"amuont * 2"', r"line 15: \[money\] value can't be worked out .*no 'amuont'.*Did you mean 'amount'"),
        ('"amount +"', r"line 15: \[money\] value can't be worked out of 'amount \+'\. Character 9: it ends too early"),
        ('"asked_at"', r"'asked_at' has the role 'time'"),
        ('"merchant"', "comes to no number"),
        ('"140"', "names no column; write a number without quotes"),
        ('"-1 - amount"', "never above -1, and value can't be negative"),
        ("[140]", "value is .*Allowed: a number or a text in quotes"),
    ],
)  # fmt: skip
def test_an_amount_that_can_not_be_meant_is_refused_with_its_line(tmp_path: Path, value: str, said: str) -> None:
    project = project_of(tmp_path / "fraud", value, rows=10)
    with pytest.raises(ProjectError) as caught:
        lifecycle.check(project)
    assert re.search(said, str(caught.value), re.DOTALL), str(caught.value)
