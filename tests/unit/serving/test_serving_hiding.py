from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from mainstay.contract import Contract, Number, Text, dumps
from mainstay.contract.personal import Personal
from mainstay.errors import SetupError
from mainstay.events import EventsSettings
from mainstay.project import open_project
from mainstay.serving.hiding import Hiding, demand_hiding

if TYPE_CHECKING:
    from pathlib import Path

WHO = Text(name="customer", role="id")
PERSONAL = Contract((WHO, Number(name="income", personal=True)))
DROPPED = Contract((WHO, Number(name="income", personal="drop"), Number(name="tenure")))


def hiding(books: Path, *contracts: Contract) -> Hiding:
    made = Hiding(books, EventsSettings())
    made.learn(contracts)
    return made


def test_what_any_version_calls_personal_stays_so(tmp_path: Path) -> None:
    one = hiding(tmp_path, PERSONAL)
    one.learn([Contract((WHO, Number(name="income")))])
    assert one.personal.sealed == {"income"}
    one.learn([DROPPED])
    assert one.personal == Personal(frozenset(), frozenset({"income"}))


def test_fields_that_a_caller_made_up_are_in_no_refusal(tmp_path: Path) -> None:
    fields = ("income", "anna.smith@b.example", "label", "kpis.anna", "anna")
    assert hiding(tmp_path, PERSONAL).known(fields) == ("income", "label", "kpis")
    assert hiding(tmp_path, Contract((Number(name="tenure"),))).known(fields) == fields


@pytest.fixture
def without_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)


@pytest.mark.usefixtures("without_cryptography")
def test_a_server_says_what_to_install_when_it_starts_and_only_where_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "mainstay.toml").write_text('[problem]\nname = "churn"\n', encoding="utf-8")
    project = open_project(tmp_path)
    demand_hiding([project])
    (tmp_path / "contract.toml").write_text(dumps(DROPPED), encoding="utf-8")
    demand_hiding([project])
    (tmp_path / "contract.toml").write_text(dumps(PERSONAL), encoding="utf-8")
    with pytest.raises(SetupError, match=r"pip install 'mainstay\[privacy\]'"):
        demand_hiding([project])
    with pytest.raises(SetupError, match="Sealing personal features needs cryptography"):
        hiding(tmp_path, PERSONAL)
