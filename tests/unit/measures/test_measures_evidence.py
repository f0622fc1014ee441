from __future__ import annotations

from mainstay.measures.evidence import Evidence, accumulate


def test_one_odd_window_is_only_watched() -> None:
    assert accumulate("quiet", 0.15, 0.1, 1e-4) == "suspected"
    assert accumulate("suspected", 0.02, 0.1, 0.3) == "quiet"


def test_two_odd_windows_in_a_row_are_an_alarm() -> None:
    assert accumulate("suspected", 0.12, 0.1, 5e-4) == "confirmed"


def test_an_effect_without_significance_is_nothing() -> None:
    assert accumulate("suspected", 5.0, 0.1, 0.01) == "quiet"


def test_significance_without_an_effect_is_nothing() -> None:
    assert accumulate("suspected", 0.01, 0.1, 1e-80) == "quiet"


def test_one_overwhelming_window_is_enough() -> None:
    assert accumulate("quiet", 0.5, 0.1, 1e-9) == "confirmed"
    assert accumulate("quiet", 0.5, 0.1, 1e-5) == "suspected"
    assert accumulate("quiet", 0.15, 0.1, 1e-90) == "suspected"


def test_an_alarm_near_its_limit_does_not_flap() -> None:
    state: Evidence = "quiet"
    seen = []
    for effect in (0.12, 0.11, 0.09, 0.12, 0.08, 0.04, 0.09):
        state = accumulate(state, effect, 0.1, 1e-6 * 2)
        seen.append(state)
    assert seen == ["suspected", "confirmed", "confirmed", "confirmed", "confirmed", "quiet", "quiet"]
