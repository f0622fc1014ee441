"""`Task`: what is to be predicted."""

from __future__ import annotations

import msgspec

from mainstay.measures.measure import Kind


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be predicted.

    Parameters
    ----------
    kind : {"binary", "multiclass", "regression"}
        Yes or no, one of several classes, or an amount.
    target : str
        Column that holds the truth.
    positive, negative : str
        The two labels of a binary target, as text (``"Yes"``, ``"No"``); else empty.
    labels : tuple of str
        The labels of a target with several classes, as text: the label at place c has the code c, and its probability
        stands in column c of the scores. Else empty.

    """

    kind: Kind
    target: str
    positive: str = ""
    negative: str = ""
    labels: tuple[str, ...] = ()
