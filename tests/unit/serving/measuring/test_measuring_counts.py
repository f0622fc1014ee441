from __future__ import annotations

import sys
import threading

import pytest

from mainstay.serving.measuring.cells import Cells
from mainstay.serving.measuring.counts import Counter, Gauge, Histogram
from mainstay.serving.measuring.page import read_sums


def test_threads_count_everything() -> None:
    cells = Cells()
    counter = Counter(cells, "a", "A.", ("x",))
    spread = Histogram(cells, "b", "B.", bounds=(1, 2))
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def count() -> None:
        for _ in range(2000):
            counter.labels("y").inc()
            spread.labels().observe(2)

    try:
        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert read_sums(cells, {"a": 1, "b": 4}) == {"a": {("y",): [8000]}, "b": {(): [0, 8000, 0, 16000]}}


def test_label_sets_are_bounded_and_the_rest_is_counted_by_model() -> None:
    cells = Cells()
    counter = Counter(cells, "a", "A.", ("model", "field"), most=3)
    for number in range(10):
        counter.labels("churn" if number % 2 else "credit", number).inc()
    found = read_sums(cells, {"a": 1})["a"]
    assert found == {
        ("credit", "0"): [1],
        ("churn", "1"): [1],
        ("credit", "2"): [1],
        ("churn", "other"): [4],
        ("credit", "other"): [3],
    }


def test_where_no_room_is_left_counting_goes_on_unread() -> None:
    cells = Cells()
    counter = Counter(cells, "a", "A.", ("x",), most=10**6)
    for number in range(6000):
        counter.labels(f"{number:0100}").inc()
    found = read_sums(cells, {"a": 1})["a"]
    assert 2000 < len(found) < 6000
    assert {value for (value,) in found.values()} == {1}


def test_a_gauge_says_what_is_now_and_by_whom() -> None:
    here = Cells.shared(3)
    first, second = (Gauge(Cells(here.file, place, 3), "g", "G.", ("model",)) for place in (0, 1))
    first.labels("churn").set(5)
    second.labels("churn").set(7)
    assert read_sums(here, {"g": 1})["g"] == {("churn", "0"): [5], ("churn", "1"): [7]}
    second.labels("churn").clear()
    assert read_sums(here, {"g": 1})["g"] == {("churn", "0"): [5]}
    here.vacate(0)
    assert read_sums(here, {"g": 1}).get("g", {}) == {}
    here.close()


def test_a_wrong_number_of_labels_is_told() -> None:
    with pytest.raises(TypeError, match="a has the labels x, y"):
        Counter(Cells(), "a", "A.", ("x", "y")).labels("only one")


def test_what_another_program_counted_differently_is_left_out() -> None:
    here = Cells.shared(3)
    before = Cells(here.file, 0, 3)
    Histogram(before, "a", "A.", bounds=(1, 2)).labels().observe(1)
    Counter(before, "gone", "G.").labels().inc()
    for place in (0, 1):
        Histogram(Cells(here.file, place, 3), "a", "A.", bounds=(1, 2, 3)).labels().observe(3)
    assert read_sums(here, {"a": 5}) == {"a": {(): [0, 0, 2, 0, 6]}}
    here.close()
