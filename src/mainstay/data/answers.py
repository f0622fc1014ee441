"""`Answers`: what only a person knows about a new project."""

from __future__ import annotations

import msgspec


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What only a person knows about a new project; what stays empty is left in the file to be filled in.

    Parameters
    ----------
    name : str
        Name of the model; the folder's name where empty.
    decision, action, owner, limitations : str
        The ``[problem]`` section.
    currency : str
        ISO 4217 code of all amounts.
    value, success_rate, action_cost : float, optional
        What an action that works is worth, how often it works (0 to 1), what it costs.
    under, over : float, optional
        Cost of each unit planned too little and too much (regression).
    fp, fn : float, optional
        Cost of acting on a negative and of leaving a positive alone, instead of value, success rate and action cost.
    positive : str
        Label that counts as yes; guessed where empty.
    classes : bool
        Whether numbers in the target are labels.

    """

    name: str = ""
    decision: str = ""
    action: str = ""
    owner: str = ""
    limitations: str = ""
    currency: str = "EUR"
    value: float | None = None
    success_rate: float | None = None
    action_cost: float | None = None
    under: float | None = None
    over: float | None = None
    fp: float | None = None
    fn: float | None = None
    positive: str = ""
    classes: bool = False
