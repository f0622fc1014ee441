"""Whole audits: of the public tables, whose quirks are known, and of small ones with one thing wrong."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl
import pytest

from mainstay.contract import Category, Contract, Number
from mainstay.data.auditing import Audit, Brief, audit_table
from mainstay.data.auditing.document import audit_document
from mainstay.data.auditing.keeping import MOST_KEPT, baseline, keep, kept, last_audit, read_audit
from mainstay.data.auditing.score import score_of
from mainstay.data.source import read_source
from mainstay.errors import CorruptError, DataError, NotFoundError
from mainstay.measures.finding import Finding
from mainstay.render.html import to_html
from mainstay.render.markdown import to_markdown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def audited(
    frame: pl.DataFrame, target: str = "", *, last: Audit | None = None, size: int | None = None, **more: Any
) -> Audit:
    step = size or frame.height or 1
    batches = (frame[start : start + step] for start in range(0, frame.height, step))
    brief = Brief(name="table", source="table.csv", target=target, **more)
    return audit_table(batches, brief, now=NOW, last=last)


def _simple(rows: int = 600, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    y = np.where(rng.random(rows) < 1 / (1 + np.exp(-x)), "yes", "no")
    plan = rng.choice(["a", "b", "c"], rows)
    return pl.DataFrame({"x": x.round(4), "plan": plan, "z": rng.gamma(2, 3, rows).round(3), "y": y}).cast(pl.String)


def measures(audit: Audit) -> dict[str, float | None]:
    return {finding.measure: finding.value for finding in audit.findings}


def test_the_parts_of_the_bike_rentals_fail_the_audit(shared_data: Callable[[str], Path]) -> None:
    audit = audited(read_source(shared_data("bike-sharing/hour.csv")), "cnt")
    assert [finding.where for finding in audit.failed] == ["casual + registered"]
    assert [each.what for each in audit.deductions] == ["leak suspects"]


@pytest.mark.parametrize(("name", "repeats"), [("winequality-red.csv", 240), ("winequality-white.csv", 937)])
def test_the_repeated_wines_are_counted(shared_data: Callable[[str], Path], name: str, repeats: int) -> None:
    audit = audited(read_source(shared_data(f"wine-quality/{name}")), "quality")
    assert (audit.repeats.whole, audit.repeats.apart, audit.repeats.ids) == (repeats, repeats, ())
    assert not audit.failed


def test_the_player_with_49_854_rounds_is_named(shared_data: Callable[[str], Path]) -> None:
    audit = audited(read_source(shared_data("ab-cookie-cats/cookie_cats.csv")), "retention_7")
    rounds = audit.column("sum_gamerounds")
    assert rounds is not None
    assert rounds.outliers is not None
    assert [(each.value, each.row) for each in rounds.outliers.alone] == [(49854.0, 57702)]
    assert "alone: 49854 in row 57702" in to_markdown(audit_document(audit)).replace("\\", "")
    assert audit.repeats.common  # few different rows: these are no copies
    assert [each.what for each in audit.deductions] == ["lonely outliers"]


def test_the_blank_charges_of_telco_are_counted(telco_csv: Path) -> None:
    audit = audited(read_source(telco_csv), "Churn")
    charges = audit.column("TotalCharges")
    assert charges is not None
    assert (charges.missing, charges.kind, charges.strays) == (11, "number", 0)
    assert audit.repeats.ids == ("customerID",)
    assert not audit.failed
    assert audit.noise is not None
    assert not audit.noise.sure


def test_the_repeated_credit_cards_are_counted_apart_from_their_id(shared_data: Callable[[str], Path]) -> None:
    frame = read_source(shared_data("credit-default/UCI_Credit_Card.csv"))
    target = "default.payment.next.month"
    audit = audited(frame, target)
    assert (audit.repeats.whole, audit.repeats.apart, audit.repeats.ids) == (0, 35, ("ID",))
    assert not audit.broken
    assert not audit.failed
    assert all(not column.sentinels for column in audit.columns)  # -2, -1 and 0 are codes
    book = Contract((Category(name="EDUCATION", values=("1", "2", "3", "4"), unknown="reject"),))
    held = audited(frame, target, contract=book)
    assert sum(held.broken.values()) == 14 + 280 + 51
    assert "EDUCATION" in next(iter(held.broken))
    assert held.ledger[-1].rows_out == 30_000 - 345


def test_a_mismatch_of_page_and_arm_is_a_matter_for_a_rule(shared_data: Callable[[str], Path]) -> None:
    audit = audited(read_source(shared_data("ab-landing-page/ab_data.csv")), "converted", time="timestamp")
    assert not audit.failed
    assert audit.rows == 294_478
    assert audit.looked_at < audit.rows
    assert "200 000 rows of 294 478" in audit.notes[-1]


def test_capped_houses_pass_and_their_gaps_are_counted(shared_data: Callable[[str], Path]) -> None:
    audit = audited(read_source(shared_data("california-housing/housing.csv")), "median_house_value")
    bedrooms = audit.column("total_bedrooms")
    assert bedrooms is not None
    assert bedrooms.missing == 207
    assert not audit.failed


def test_german_credit_is_audited_without_a_header(shared_data: Callable[[str], Path]) -> None:
    frame = read_source(shared_data("german-credit/german.csv"), header=False)
    audit = audited(frame, frame.columns[-1], positive="2")
    assert (audit.rows, len(audit.columns)) == (1000, 21)
    assert not audit.failed
    assert audit.noise is not None


def test_a_clean_table_keeps_its_points_whatever_its_batches() -> None:
    frame = _simple()
    whole, parts = audited(frame, "y"), audited(frame, "y", size=77)
    assert whole == parts
    assert (whole.score, whole.failed, whole.deductions) == (100.0, (), ())


def test_the_score_is_the_sum_of_its_lines() -> None:
    frame = _simple().with_columns(
        x=pl.when(pl.int_range(pl.len()) < 60).then(None).otherwise("x"),
        z=pl.when(pl.int_range(pl.len()) > 593).then(pl.lit("oops")).otherwise("z"),
        one=pl.lit("same"),
        again=pl.col("plan"),
    )
    audit = audited(pl.concat([frame, frame[:12]]), "y")
    lost = {each.what: each.points for each in audit.deductions}
    assert lost["repeated rows"] == pytest.approx(20 * 12 / 612, abs=0.01)
    assert lost["missing cells"] == pytest.approx(40 * (72 / 612) / 5, abs=0.01)
    assert lost["mixed types"] == pytest.approx(100 * (6 / 612) / 5, abs=0.01)
    assert lost["idle columns"] == pytest.approx(5)  # 20 x 2 of 5 columns, capped
    assert audit.score == score_of(audit.deductions) == pytest.approx(100 - sum(lost.values()), abs=0.06)


def test_refused_rows_are_counted_by_rule_and_kept(tmp_path: Path) -> None:
    frame = _simple().with_columns(x=pl.when(pl.int_range(pl.len()) % 10 == 0).then(pl.lit("n/a")).otherwise("x"))
    contract = Contract((Number(name="x"), Category(name="plan", values=("a", "b", "c")), Number(name="z", max=20)))
    brief = Brief(name="t", source="t.csv", target="y", contract=contract, fingerprint="f" * 32)
    audit = audit_table([frame[:300], frame[300:]], brief, now=NOW, quarantine=tmp_path)
    assert audit.broken == {"x: not a finite number": 60, "z: above 20": 4}
    assert [line.step for line in audit.ledger] == ["read", "target", "contract"]
    for before, after in zip(audit.ledger[:-1], audit.ledger[1:], strict=True):
        assert before.rows_out == after.rows_in
    refused = pl.read_csv(audit.quarantine, infer_schema=False)
    assert refused.height == audit.rows - audit.ledger[-1].rows_out
    assert {"0", "310", "590"} <= set(refused["row"])  # rows of the source, across batches
    assert [finding.measure for finding in audit.failed] == ["row_loss"]
    assert {column.name: column.unowned for column in audit.columns}["z"]


def test_a_column_only_known_afterwards_fails_the_audit() -> None:
    frame = _simple(2000)
    left = (pl.col("y") == "yes") & (pl.int_range(pl.len()) % 2 == 0)
    audit = audited(frame.with_columns(reason=pl.when(left).then(pl.lit("price"))), "y")
    assert [finding.where for finding in audit.failed] == ["reason"]
    assert "only written afterwards" in audit.failed[0].note


def test_what_moved_since_the_last_audit_is_told_and_fails_when_much() -> None:
    first = audited(_simple(2000, seed=1), "y")
    same = audited(_simple(2000, seed=2), "y", last=first)
    assert not same.failed
    assert (same.before, same.before_at) == (first.score, NOW)
    moved = _simple(2000, seed=3).with_columns(z=(pl.col("z").cast(pl.Float64) * 3).cast(pl.String))
    after = audited(moved, "y", last=first)
    assert ("moved", "z") in {(finding.measure, finding.where) for finding in after.failed}
    assert {finding.where for finding in after.failed} == {"z", "all"}  # the score fell
    assert "drift" in {each.what for each in after.deductions}


def test_a_fallen_score_fails() -> None:
    first = audited(_simple(), "y")
    worse = _simple().with_columns(x=None, z=pl.lit(1).cast(pl.String), twin="plan")
    after = audited(worse, "y", last=first)
    assert {"data_quality_change"} <= {finding.measure for finding in after.failed}


def test_a_table_without_a_target_is_audited_as_far_as_it_goes() -> None:
    audit = audited(_simple())
    assert "leak" not in measures(audit)
    assert "weren't looked at" in audit.notes[0]
    several = audited(_simple().with_columns(kind=pl.format("k{}", pl.int_range(pl.len()))), "kind")
    assert "at most 50 can be told apart" in several.notes[0]
    with pytest.raises(DataError, match="not one row"):
        audited(pl.DataFrame({"a": pl.Series([], dtype=pl.String)}))


def test_strange_tables_are_audited() -> None:
    frame = pl.DataFrame(
        {
            "": ["1", "2", None, "4"] * 20,
            "<script>alert(1)</script>": ["</style><img src=x>", "NaN", "inf", "1e400"] * 20,
            "nothing": pl.Series([None] * 80, dtype=pl.String),
            "big": [str(2**70), "-0", "0", "1"] * 20,
            "y": ["a", "b"] * 40,
        }
    )
    audit = audited(frame, "y")
    assert msgspec.json.decode(msgspec.json.encode(audit), type=Audit) == audit
    page = to_html(audit_document(audit, before=audit, pictures=True))
    assert "<script" not in page
    assert "<img" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    typed = pl.DataFrame({"d": [dt.date(2024, 1, 1)] * 60, "b": [True, None] * 30, "f": [float("nan"), 1.0] * 30})
    assert [column.kind for column in audited(typed).columns] == ["date", "truth", "number"]
    assert [column.missing for column in audited(typed).columns] == [0, 30, 30]


def test_audits_are_kept_in_number(tmp_path: Path) -> None:
    audit = audited(_simple(), "y")
    assert last_audit(tmp_path) is None
    for hour in range(MOST_KEPT + 5):
        keep(msgspec.structs.replace(audit, at=NOW + dt.timedelta(hours=hour)), tmp_path)
    assert len(kept(tmp_path)) == MOST_KEPT
    newest = last_audit(tmp_path)
    assert newest is not None
    assert newest.at == NOW + dt.timedelta(hours=MOST_KEPT + 4)
    kept(tmp_path)[-1].write_text("{", encoding="utf-8")
    before = last_audit(tmp_path)
    assert before is not None
    assert before.at == NOW + dt.timedelta(hours=MOST_KEPT + 3)
    with pytest.raises(CorruptError, match="holds no audit"):
        read_audit(kept(tmp_path)[-1])
    with pytest.raises(NotFoundError):
        read_audit(tmp_path / "none.json")


@pytest.mark.full
def test_a_table_of_ten_thousand_columns_is_audited() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(rng.normal(size=(500, 10_000)).round(3)).cast(pl.String)
    frame = frame.with_columns(y=pl.Series(rng.choice(["yes", "no"], 500)))
    audit = audited(frame, "y")
    assert len(audit.columns) == 10_001
    assert not [finding for finding in audit.failed if finding.measure == "leak"]
    page = to_html(audit_document(audit, pictures=True))
    assert len(page) < 1_000_000


def test_clean_columns_read_as_one_thing() -> None:
    frame = pl.DataFrame(
        {
            "price": ["1", "2.5", "3.25", "4.75"] * 20,
            "lines": ["Yes", "No", "No phone service", "No"] * 20,
            "odd": ["1", "2", "3", "oops"] * 5 + ["1", "2", "3", "4"] * 15,
            "y": ["a", "b"] * 40,
        }
    )
    page = to_markdown(audit_document(audited(frame, "y"))).replace("\\", "")
    lines = {cells[1].strip(): cells[3].strip() for row in page.splitlines() if len(cells := row.split("|")) > 7}
    assert lines["price"] == "number"
    assert lines["lines"] == "text"
    assert lines["odd"].startswith("integer 9")


def test_what_policies_did_is_counted_by_column() -> None:
    frame = _simple(400).with_columns(x=pl.when(pl.int_range(pl.len()) % 10 == 0).then(None).otherwise("x"))
    contract = Contract(
        (
            Number(name="x", missing="impute", fill=0.0),
            Category(name="plan", values=("a", "b")),
            Number(name="z", max=25, outside="clip"),
        )
    )
    brief = Brief(name="t", source="t.csv", target="y", contract=contract, fingerprint="f" * 32)
    audit = audit_table([frame[:150], frame[150:]], brief, now=NOW)
    said = {finding.where: finding for finding in audit.findings if finding.measure == "policies"}
    others = frame["plan"].eq("c").sum()
    assert audit.flags["plan: not one of its values, taken as another"] == others
    assert (said["plan"].value, said["plan"].ok) == (others / 400, False)
    assert "doesn't describe these rows" in said["plan"].note
    assert (said["x"].value, said["x"].ok, said["x"].limit) == (0.1, None, None)  # missing values are expected
    page = to_markdown(audit_document(audit)).replace("\\", "")
    assert "contract: 400 rows, 400 kept. accepted by a policy: " in page
    assert "x: filled in (40 rows)" in page


def test_the_audit_that_passed_is_never_thrown_away(tmp_path: Path) -> None:
    good = audited(_simple(), "y")
    bad = msgspec.structs.replace(good, findings=(Finding(measure="moved", where="x", value=1.0, ok=False),))
    keep(good, tmp_path)
    for hour in range(1, MOST_KEPT + 5):
        keep(msgspec.structs.replace(bad, at=NOW + dt.timedelta(hours=hour)), tmp_path)
    assert baseline(tmp_path) == good
    assert len(kept(tmp_path)) == MOST_KEPT + 1
