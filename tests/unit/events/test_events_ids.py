from __future__ import annotations

import datetime as dt
import uuid

from mainstay.events import IdMaker, id_time


def test_ids_are_uuids_of_version_7_that_grow() -> None:
    make = IdMaker()
    ids = [make() for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert {(uuid.UUID(name).version, uuid.UUID(name).variant) for name in ids} == {(7, uuid.RFC_4122)}


def test_an_id_says_when_it_was_made() -> None:
    made = id_time(IdMaker()())
    assert made is not None
    assert abs(made - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=5)


def test_what_is_no_id_has_no_time() -> None:
    for name in ("", "x" * 36, "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "zzzf22e2-79b0-7cc3-98c4-dc0c0c07398f"):
        assert id_time(name) is None


def test_half_of_an_id_is_drawn_and_never_twice() -> None:
    make = IdMaker()
    drawn = [make()[19:].replace("-", "") for _ in range(5000)]
    assert len(set(drawn)) == 5000
    assert [len({name[at] for name in drawn}) for at in range(16)] == [4] + [16] * 15
