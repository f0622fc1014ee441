from __future__ import annotations

import multiprocessing
import os
import signal
from typing import TYPE_CHECKING

import pytest

from mainstay.serving.measuring.cells import SHARED, UNSET, Cells, Full

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def shared() -> Iterator[Callable[[int], Cells]]:
    made: list[Cells] = []

    def make(places: int) -> Cells:
        made.append(Cells.shared(places))
        return made[-1]

    yield make
    for cells in made:
        cells.close()


def _sums(cells: Cells) -> dict[tuple[str, tuple[str, ...]], int]:
    found: dict[tuple[str, tuple[str, ...]], int] = {}
    for _, series, numbers in cells.read():
        key = (series.name, series.labels)
        found[key] = found.get(key, 0) + sum(numbers)
    return found


def test_what_other_processes_count_is_read_here(shared: Callable[[int], Cells]) -> None:
    here = shared(3)
    first, second = Cells(here.file, 0, 3), Cells(here.file, 1, 3)
    for cells, n in ((first, 3), (second, 4)):
        cells.numbers[cells.reserve("a", ("x",), 1)] += n
    second.numbers[second.reserve("b", ("ü", ""), 2) + 1] += 5
    for reader in (here, first, second):
        assert _sums(reader) == {("a", ("x",)): 7, ("b", ("ü", "")): 5}


def test_a_series_is_reserved_once() -> None:
    cells = Cells()
    at = cells.reserve("a", (), 3)
    assert cells.reserve("b", (), 1) == at + 3
    assert cells.reserve("a", (), 3) == at


def test_a_thousand_successors_go_on_with_the_counts_and_take_no_room(shared: Callable[[int], Cells]) -> None:
    here = shared(2)
    size = os.fstat(here.file).st_blocks
    for turn in range(1000):
        worker = Cells(here.file, 0, 2)
        at = worker.reserve("answers", ("churn", "1"), 1)
        assert worker.numbers[at] == turn
        worker.numbers[at] += 1
        here.vacate(0)
    assert _sums(here) == {("answers", ("churn", "1")): 1000}
    assert os.fstat(here.file).st_blocks <= size + 24  # a page of names, one of cells, one of the head


def test_what_passes_goes_with_its_process(shared: Callable[[int], Cells]) -> None:
    here = shared(2)
    worker = Cells(here.file, 0, 2)
    at = worker.reserve("level", (), 1, passing=True)
    assert worker.numbers[at] == UNSET
    worker.numbers[at] = 7
    assert here.pids() == {0: os.getpid(), 1: os.getpid()}
    here.vacate(0)
    assert here.pids() == {1: os.getpid()}
    assert Cells(here.file, 0, 2).numbers[at] == UNSET


def test_a_process_that_is_killed_has_counted_what_it_counted(shared: Callable[[int], Cells]) -> None:
    here = shared(2)
    context = multiprocessing.get_context("fork")
    ready = context.Event()

    def work() -> None:
        worker = Cells(here.file, 0, 2)
        at = worker.reserve("answers", (), 1)
        for _ in range(12345):
            worker.numbers[at] += 1
        ready.set()
        signal.pause()

    child = context.Process(target=work)
    child.start()
    assert ready.wait(10)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert _sums(here) == {("answers", ()): 12345}


def _too_many_names(cells: Cells) -> None:
    for number in range(100_000):
        cells.reserve("a", (f"{number:0100}",), 1)


def _too_many_cells(cells: Cells) -> None:
    for number in range(100_000):
        cells.reserve("a", (str(number),), 1000)


@pytest.mark.parametrize("fill", [_too_many_names, _too_many_cells])
def test_a_place_is_full_some_day_and_what_is_there_stays_right(fill: Callable[[Cells], None]) -> None:
    cells = Cells()
    cells.numbers[cells.reserve("first", (), 1)] += 1
    with pytest.raises(Full):
        fill(cells)
    assert _sums(cells)["first", ()] == 1
    assert sum(_sums(cells).values()) == 1


def test_the_environment_says_which_place(monkeypatch: pytest.MonkeyPatch, shared: Callable[[int], Cells]) -> None:
    here = shared(3)
    monkeypatch.setenv(SHARED, here.word_for(1))
    worker = Cells.of_environment()
    assert (worker.place, worker.places) == (1, 3)
    monkeypatch.delenv(SHARED)
    assert Cells.of_environment().places == 1
