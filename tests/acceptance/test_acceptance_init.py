"""`init` as its user meets it: worked examples that run, and files as people really write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.acceptance.conftest import Terminal


@pytest.mark.parametrize(
    "name", ["credit", *(pytest.param(name, marks=pytest.mark.full) for name in ("churn", "fraud", "demand"))]
)
def test_a_worked_example_trains_passes_its_gates_and_is_released(name: str, terminal: Terminal) -> None:
    said = terminal.run("init", "--template", name, "--dir", "it").err
    assert "README.md" in said
    project = type(terminal)(terminal.folder / "it")
    project.run("check")
    trained = project.run("train", "--json").json
    assert trained["verdict"]["ok"] is True, trained["verdict"]
    judged = {finding["measure"]: finding["ok"] for finding in trained["verdict"]["findings"]}
    assert judged["success"] is True
    project.run("release", "1", "--trial", "--reason", "first look")


def test_templates_are_listed(terminal: Terminal) -> None:
    for words in (("init", "--template"), ("init", "--template", "chrn")):
        said = terminal.run(*words, expect=2)
        assert all(f"\n  {name}" in said.err for name in ("churn", "fraud", "credit", "demand"))
    said = terminal.run("init", "--template", "churn", "--target", "x", "--value", "3", expect=2)
    assert "leave out --target, --value" in said.err
    assert "init DATA --target" in terminal.run("init", expect=2).err


def test_a_table_without_a_header(terminal: Terminal, shared_data: Callable[[str], Path]) -> None:
    data = str(shared_data("german-credit/german.csv"))
    said = terminal.run("init", data, "--target", "class", "--dir", "model", expect=2)
    assert "--no-header" in said.err
    names = (
        "checking_status,duration,credit_history,purpose,credit_amount,savings,employment_since,installment_rate,"
        "personal_status_sex,other_debtors,residence_since,property,age,other_installment_plans,housing,"
        "existing_credits,job,people_liable,telephone,foreign_worker,class"
    )
    words = ("init", data, "--no-header", "--names", names, "--target", "class", "--dir", "model")
    said = terminal.run(*words)
    assert "2 and 1 are codes, so look it up: --positive 1" in said.err
    text = (terminal.folder / "model" / "mainstay.toml").read_text()
    assert "header = false" in text
    project = type(terminal)(terminal.folder / "model")
    project.run("check")
    assert project.run("train", "--json").json["version"]["number"] == 1
    assert terminal.run(*words[:3], "--target", "column_21", "--positive", "2", "--dir", "other", "--json").json[
        "files"
    ]
    wrong = terminal.run("init", data, "--no-header", "--names", "a,b", "--target", "b", "--dir", "third", expect=2)
    assert "21 columns" in wrong.err


def test_a_spreadsheet_from_germany(terminal: Terminal) -> None:
    lines = ["Größe;Preis;Kunde seit;Raucher;gekündigt"]
    for k in range(120):
        price = f"{k % 7 + 1}.{100 + k},{k % 100:02d}"
        lines.append(
            f"{k % 40 + 150},{k % 10};{price};{k % 28 + 1:02d}.03.2024;{'JN'[k % 2]};{'Ja' if k % 3 else 'Nein'}"
        )
    (terminal.folder / "kunden.csv").write_bytes("\r\n".join(lines).encode("latin-1"))
    said = terminal.run("init", "kunden.csv", "--target", "gekündigt", "--dir", "model")
    assert "semicolon-separated" in said.err
    assert "decimal comma" in said.err
    contract = (terminal.folder / "model" / "contract.toml").read_text(encoding="utf-8")
    assert '["Größe"]\ntype = "number"' in contract
    assert '[Preis]\ntype = "number"' in contract
    assert 'decimal = ","' in (terminal.folder / "model" / "mainstay.toml").read_text(encoding="utf-8")
    project = type(terminal)(terminal.folder / "model")
    assert "120 kept" in project.run("check").out


def test_money_of_another_kind_is_refused(terminal: Terminal, telco_csv: Path) -> None:
    said = terminal.run(
        "init", str(telco_csv), "--target", "Churn", "--dir", "m", "--under", "3", "--over", "1", expect=2
    )
    assert "--under and --over can't be used: 'Churn' is a yes/no question" in said.err
    said = terminal.run("init", str(telco_csv), "--target", "tenure", "--dir", "m", "--value", "3", expect=2)
    assert "--value can't be used: 'tenure' is an amount" in said.err
    assert not (terminal.folder / "m").exists()
