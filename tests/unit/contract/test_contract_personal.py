from __future__ import annotations

import pytest

from mainstay.contract import Category, Contract, Number, Text, dumps, from_json, loads, to_json
from mainstay.contract.personal import Personal, personal_in, personal_notes
from mainstay.errors import ContractError

MIXED = Contract(
    (
        Text(name="customer", role="id", personal=True),
        Number(name="income", personal=True),
        Text(name="email", personal="drop"),
        Number(name="tenure"),
    )
)


def test_features_alone_are_sealed_or_dropped_and_ids_are_neither() -> None:
    assert personal_in(MIXED) == Personal(frozenset({"income"}), frozenset({"email"}))


def test_what_either_drops_is_dropped() -> None:
    both = Personal(frozenset({"a", "b"})) | Personal(frozenset({"c"}), frozenset({"a"}))
    assert both == Personal(frozenset({"b", "c"}), frozenset({"a"}))


def test_it_survives_the_file_and_the_bundle() -> None:
    assert loads(dumps(MIXED)) == MIXED
    assert from_json(to_json(MIXED)) == MIXED


def test_another_word_is_told_with_what_is_allowed() -> None:
    with pytest.raises(ContractError, match=r"personal is 'encrypt'. Allowed: true or false, or 'drop'"):
        loads('[email]\ntype = "text"\npersonal = "encrypt"\n')


def test_it_is_told_what_becomes_of_what_is_personal() -> None:
    sealed, dropped = personal_notes(MIXED)
    assert "income, each under the key of its record's customer" in sealed
    assert "email" in dropped
    nobody = Contract((Number(name="income", personal=True),))
    assert "no column has the role 'id'" in personal_notes(nobody)[0]
    towns = Contract((Category(name="town", values=("Ulm", "Bonn"), personal="drop"),))
    assert "every bundle" in personal_notes(towns)[-1]
    assert personal_notes(Contract((Number(name="tenure"),))) == ()
