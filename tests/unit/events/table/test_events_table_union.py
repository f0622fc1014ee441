"""A table is opened once as long as nothing is committed to it, and is never seen as it was."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import CorruptError
from mainstay.events import EventLog, Prediction
from mainstay.events.profiles.catalogue import Catalogue, look_through
from mainstay.events.read import read_predictions
from mainstay.events.segments import remove_segment
from mainstay.events.table.place import open_table, see_table, sizes_of
from mainstay.events.table.shipping import ship
from mainstay.events.table.union import view

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.contract import Contract


def shipped(log: EventLog, contract: Contract, *events: Prediction) -> None:
    """Commit events as another process does, and delete the files they were in."""
    other = EventLog(log.root)
    other.append("predictions", events)
    other.close()
    ship(other, contract_of=lambda _: contract)
    for path in other.segments("predictions"):
        remove_segment(path)


def test_a_table_is_opened_once_until_somebody_commits(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    assert see_table(log, "predictions") is None
    shipped(log, contract, prediction())
    first = view(log, "predictions")
    assert view(log, "predictions").table is first.table
    shipped(log, contract, prediction())
    assert view(log, "predictions").table is not first.table
    assert first.rows().collect().height == 1  # type: ignore[union-attr]
    assert read_predictions(log, contract).height == 2


def test_a_table_that_was_put_in_the_place_of_another_is_opened(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    shipped(log, contract, prediction(), prediction())
    assert read_predictions(log, contract).height == 2
    shutil.rmtree(log.root / "table")
    (log.root / "predictions" / "shipped").unlink(missing_ok=True)
    assert read_predictions(log, contract).height == 0
    shipped(log, contract, prediction())
    assert read_predictions(log, contract).height == 1


def test_a_segment_that_is_committed_between_two_looks_is_read_once(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    shipped(log, contract, prediction())
    log.append("predictions", [prediction(), prediction()])
    log.close()
    assert len(view(log, "predictions").paths) == 1
    assert read_predictions(log, contract).height == 3
    ship(EventLog(log.root), contract_of=lambda _: contract)
    assert view(log, "predictions").paths == ()
    assert read_predictions(log, contract).height == 3


def test_a_file_of_the_table_that_is_gone_or_damaged_is_never_read_as_no_rows(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    shipped(log, contract, prediction())
    (file,) = (log.root / "table" / "predictions").rglob("*.parquet")
    assert sizes_of(open_table(log, "predictions")) == {  # type: ignore[arg-type]
        str(file.relative_to(log.root / "table" / "predictions")): file.stat().st_size
    }
    file.write_bytes(bytes(file.stat().st_size))
    with pytest.raises(CorruptError, match="A file of the event log's table can't be read"):
        read_predictions(log, contract)
    with pytest.raises(CorruptError):
        look_through(log, Catalogue())
    file.unlink()
    with pytest.raises(CorruptError, match="A file of the event log's table can't be read"):
        read_predictions(log, contract)
    with pytest.raises(CorruptError):
        look_through(log, Catalogue())
