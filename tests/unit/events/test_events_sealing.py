from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.contract import Contract, Datetime, Number, Text
from mainstay.contract.personal import Personal
from mainstay.events import EventLog, Prediction, encode_events, find_prediction
from mainstay.events.persons import EmbeddedPersons
from mainstay.events.read import read_predictions
from mainstay.events.sealing import seal, unseal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = dt.datetime(2026, 11, 22, 17, 3, tzinfo=dt.UTC)
WHO = "f0c905ff6aeb7d527da87c55da2dcd05"
SOME = Personal(frozenset({"income", "born"}), frozenset({"email"}))
CONTRACT = Contract(
    (
        Text(name="customer", role="id"),
        Number(name="income", personal=True),
        Datetime(name="born", personal=True),
        Text(name="email", personal="drop"),
        Number(name="tenure"),
    )
)


@pytest.fixture
def persons(tmp_path: Path) -> Iterator[EmbeddedPersons]:
    with EventLogOf(tmp_path) as log:
        persons = log.persons
        assert isinstance(persons, EmbeddedPersons)
        yield persons
        persons.close()


class EventLogOf(EventLog):
    def __init__(self, books: Path) -> None:
        super().__init__(books / "events")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def prediction(**more: object) -> Prediction:
    told = {
        "id": "1", "at": AT, "model": "m", "version": 1, "role": "champion", "score": 0.5, "prediction": "Yes",
        "decision": "offer", "entity": WHO, "raw": {"income": "98765.43210"}, "encoded": (98765.4321, 1.0),
        "features": {"income": 98765.4321, "born": AT, "email": "a@b.example", "tenure": 3.0},
        "warnings": ("income: clipped from 98765.4321 to 9", "tenure: clipped from 8 to 3"),
    }  # fmt: skip
    return Prediction(**{**told, **more})  # type: ignore[arg-type]


def test_what_is_personal_is_in_no_byte_of_the_line_and_comes_back(persons: EmbeddedPersons) -> None:
    (hidden,) = seal([prediction()], Personal(SOME.names), persons)
    line = encode_events([hidden])
    assert not [mark for mark in (b"98765", b"a@b.example", b"2026-11-22T17:03:00Z,") if mark in line]
    assert hidden.features == {"tenure": 3.0}
    assert (hidden.raw, hidden.inputs, hidden.encoded) == (None, None, None)
    assert hidden.warnings == (
        "income: a policy stepped in; what was found is personal",
        "tenure: clipped from 8 to 3",
    )
    back = unseal(hidden, persons)
    assert back.features["income"] == 98765.4321
    assert back.features["email"] == "a@b.example"
    assert back.raw == {"income": "98765.43210"}
    assert back.encoded == (98765.4321, 1.0)


def test_what_is_dropped_is_nowhere_and_neither_is_what_may_be_derived_from_it(persons: EmbeddedPersons) -> None:
    (hidden,) = seal([prediction(inputs={"domain": "b.example"})], SOME, persons)
    back = unseal(hidden, persons)
    assert sorted(back.features) == ["born", "income", "tenure"]
    assert (back.inputs, back.encoded) == (None, None)


def test_a_record_about_nobody_loses_its_personal_features_and_says_so(persons: EmbeddedPersons) -> None:
    (hidden,) = seal([prediction(entity=None)], SOME, persons)
    assert hidden.sealed is None
    assert hidden.features == {"tenure": 3.0}
    assert hidden.warnings[-1] == "not logged, since the record doesn't say whom it is about: born, income"
    assert not persons.path.exists()


def test_the_same_is_never_sealed_alike(persons: EmbeddedPersons) -> None:
    one, two = seal([prediction(), prediction()], SOME, persons)
    assert one.sealed != two.sealed


def test_a_destroyed_key_opens_nothing(persons: EmbeddedPersons) -> None:
    (hidden,) = seal([prediction()], SOME, persons)
    persons.destroy([WHO])
    assert unseal(hidden, persons) == hidden


@pytest.mark.parametrize("changed", [{"id": "2"}, {"model": "other"}, {"sealed": "AAAA"}, {"sealed": "\u2028"}])
def test_a_blob_opens_in_its_own_line_alone(persons: EmbeddedPersons, changed: dict[str, str]) -> None:
    (hidden,) = seal([prediction()], SOME, persons)
    moved = msgspec.structs.replace(hidden, **changed)
    assert unseal(moved, persons) == moved


@given(
    features=st.dictionaries(
        st.sampled_from(["income", "born", "email", "tenure"]),
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    ),
    sealed=st.frozensets(st.sampled_from(["income", "born", "tenure"]), min_size=1),
)
def test_sealing_and_opening_is_the_identity_where_nothing_is_dropped(
    tmp_path_factory: pytest.TempPathFactory, features: dict[str, object], sealed: frozenset[str]
) -> None:
    persons = EmbeddedPersons(tmp_path_factory.getbasetemp() / "law.sqlite")
    event = prediction(features=features, warnings=(), raw=None)
    (hidden,) = seal([event], Personal(sealed), persons)
    assert not sealed & set(hidden.features)
    assert unseal(hidden, persons) == event
    persons.close()


def test_tables_and_single_answers_have_them_where_the_key_lives(tmp_path: Path) -> None:
    with EventLogOf(tmp_path) as log:
        persons = log.persons
        events = [prediction(id=str(n), entity=f"{n:032x}") for n in range(3)]
        events.append(prediction(id="3", entity=None))
        log.append("predictions", seal(events, SOME, persons))
        persons.destroy([f"{1:032x}"])
        frame = read_predictions(log, CONTRACT)
        assert frame["f:income"].to_list() == [98765.4321, None, 98765.4321, None]
        assert frame["f:born"].to_list() == [AT, None, AT, None]
        assert frame["f:email"].to_list() == [None] * 4
        assert frame["f:tenure"].to_list() == [3.0] * 4
        assert "sealed" not in frame.columns
        assert find_prediction(log, "0").features["income"] == 98765.4321
        assert "income" not in find_prediction(log, "1").features
        persons.close()
