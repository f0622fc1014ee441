from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from mainstay.client.keys import answer_ids, is_key, new_key
from mainstay.events import id_time


@given(st.integers(0, 40), st.integers(0, 40))
def test_ids_are_the_keys_own_and_say_its_time(few: int, more: int) -> None:
    key = new_key()
    ids = answer_ids(key, few)
    assert len(ids) == len(set(ids)) == few
    assert answer_ids(key, few + more)[:few] == ids
    assert ids[:1] == [key][:few]
    for each in ids:
        assert is_key(each)
        assert uuid.UUID(each).version == 7
        assert id_time(each) == id_time(key)
    assert not set(ids) & set(answer_ids(new_key(), few + more))


def test_keys_are_not_made_twice() -> None:
    assert len({new_key() for _ in range(1000)}) == 1000


def test_only_a_uuid7_names_answers() -> None:
    assert not is_key(str(uuid.uuid4()))
    assert not is_key(new_key().upper())
    assert not is_key(new_key() + "\n")
