"""The example project on the simulated subscriptions: its problem and its money, as someone would answer at `init`."""

from __future__ import annotations

from mainstay.data.answers import Answers
from mainstay.data.simulator import POSITIVE

SAMPLE_ANSWERS = Answers(
    decision="Which customers are offered a discount before they cancel",
    action="offer",
    owner="retention@example.com",
    limitations="Consumer subscriptions only; no customer is refused anything because of a score",
    currency="EUR",
    value=300.0,
    success_rate=0.3,
    action_cost=15.0,
    positive=POSITIVE,
)
"""A saved customer is worth 300 EUR, an offer costs 15 EUR and works 3 times in 10: it pays above 15 / 90 = 0.17."""
