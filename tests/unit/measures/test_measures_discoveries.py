from __future__ import annotations

import numpy as np

from mainstay.measures.discoveries import adjust


def test_the_example_of_the_paper_rejects_the_four_smallest() -> None:
    # Benjamini and Hochberg (1995), section 3.2: fifteen tests of a heart study, four rejected at 0.05.
    p = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
        0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
    ]  # fmt: skip
    assert int((adjust(p) <= 0.05).sum()) == 4


def test_order_is_kept_and_nothing_gets_smaller() -> None:
    p = np.array([0.5, 0.001, 0.2, 0.04])
    adjusted = adjust(list(p))
    assert (adjusted >= p).all()
    assert (np.argsort(adjusted, kind="stable") == np.argsort(p, kind="stable")).all()


def test_one_test_stays_as_it_is_and_none_is_fine() -> None:
    assert adjust([0.03]).tolist() == [0.03]
    assert adjust([]).size == 0


def test_a_test_that_could_not_be_done_discovers_nothing() -> None:
    assert adjust([float("nan"), 0.001]).tolist() == [1.0, 0.002]
