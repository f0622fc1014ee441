"""`Ablated`: what a feature is good for, and what it costs."""

from __future__ import annotations

from typing import Literal

import msgspec

from mainstay.measures.finding import Finding

Use = Literal["helps", "unused", "duplicate", "harmful"]


class Ablated(msgspec.Struct, frozen=True, kw_only=True):
    """One feature.

    Parameters
    ----------
    feature : str
        Its name.
    use : {"helps", "unused", "duplicate", "harmful"}
        What was found: the loss surely rises without it; nothing is lost without it; nothing is lost, because another
        feature says the same; the loss surely falls without it.
    lost : Finding or None
        Loss added on held-out rows by a model fitted without it; None where shuffling showed already that it helps.
    twin : str
        The feature that says the same; empty where none does.
    missing : float or None
        Share of its values that are missing in the training rows.
    owner, source : str
        Who answers for it, and where it comes from, as the contract says.

    """

    feature: str
    use: Use
    lost: Finding | None = None
    twin: str = ""
    missing: float | None = None
    owner: str = ""
    source: str = ""
