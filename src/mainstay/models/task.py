"""`Task`: what is to be predicted."""

from __future__ import annotations

from typing import Literal

import msgspec


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be predicted.

    Parameters
    ----------
    kind : {"binary", "regression"}
        Yes or no, or an amount.
    target : str
        Column that holds the truth.
    positive, negative : str
        The two labels of a binary target, as text (``"Yes"``, ``"No"``); empty for regression.

    """

    kind: Literal["binary", "regression"]
    target: str
    positive: str = ""
    negative: str = ""
