"""What a server answers, typed; fields a newer server adds are ignored."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec


class Reason(msgspec.Struct, frozen=True):
    """One of the largest reasons for an answer, in words.

    Parameters
    ----------
    text : str
        A sentence; plain text, to be escaped where it is shown.
    feature : str
        The feature it is about.
    points : float, optional
        What it adds to a probability, in percentage points.
    amount : float, optional
        What it adds to an amount.

    """

    text: str
    feature: str
    points: float | None = None
    amount: float | None = None


class Part(msgspec.Struct, frozen=True):
    """What one feature has to do with a score.

    Parameters
    ----------
    feature : str
        Its name.
    value : any value of JSON
        As the model saw it; None where it is missing.
    part, effect : float
        What it adds on the explanation's scale, and to the answer.
    error : float, optional
        Standard error of `part`, where it was sampled.

    """

    feature: str
    value: Any
    part: float
    effect: float
    error: float | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a record got its score: ``base``, the parts and ``rest`` add up to ``score`` on ``scale``."""

    target: str
    label: str
    base: float
    score: float
    scale: str
    typical: float
    answer: float
    parts: tuple[Part, ...]
    method: str
    exact: bool
    reasons: tuple[Reason, ...]
    rest: float = 0.0
    samples: int = 0
    seconds: float = 0.0
    complete: bool = True
    note: str = ""
    unit: str = ""


class Answer(msgspec.Struct, frozen=True):
    """The answer for one record.

    Parameters
    ----------
    id : str
        UUIDv7; feedback joins by it.
    prediction : str or float
        The likelier label, the likeliest of several, or the amount.
    score : float
        Probability of the positive label, of the predicted one of several, or the amount.
    decision : str or float
        What to do, ``"none"`` for nothing; for amounts, the amount to plan.
    version : int
        Who answered.
    degraded : bool
        Whether a policy had to help, or a fallback answers.
    warnings : tuple of str
        What it did.
    control : bool
        Whether the record is in the share that is never acted on; then the decision is to do nothing.
    scores : dict of str to float, optional
        Probability of each of several labels.
    reasons : tuple of Reason
        Where they were asked for.
    explanation : Explanation, optional
        Where it was asked for.

    """

    id: str
    prediction: str | float
    score: float
    decision: str | float
    version: int
    degraded: bool = False
    warnings: tuple[str, ...] = ()
    control: bool = False
    scores: dict[str, float] | None = None
    reasons: tuple[Reason, ...] = ()
    explanation: Explanation | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What really happened after an answer.

    Parameters
    ----------
    id : str
        Id of the answer.
    label : str, float or bool, optional
        The truth: a label, or an amount.
    at : datetime, optional
        When it became true, with its time zone; now where it isn't said.
    kpis : dict of str to float, optional
        Business numbers that belong to it.
    followed : bool, optional
        Whether the decision was followed.

    """

    id: str
    label: str | float | bool | None = None
    at: dt.datetime | None = None
    kpis: dict[str, float] | None = None
    followed: bool | None = None


class ModelSummary(msgspec.Struct, frozen=True):
    """A model that is served: its name, its champion (None where nothing is released), and whether it is a trial."""

    name: str
    version: int | None = None
    trial: bool = False


class Limits(msgspec.Struct, frozen=True):
    """What one request may hold.

    Parameters
    ----------
    max_records, max_explained : int
        Records; records that are to be explained.
    max_body : int
        Bytes.

    """

    max_records: int = 1000
    max_explained: int = 100
    max_body: int = 16 * 1024 * 1024


class ModelInfo(msgspec.Struct, frozen=True):
    """One model: who answers, and what a record must look like, as JSON Schema (None where nothing is released)."""

    name: str
    version: int | None = None
    trial: bool = False
    schema: dict[str, Any] | None = None
    limits: Limits = Limits()


class ModelState(msgspec.Struct, frozen=True):
    """Whether a model is answered, and what is wrong even if it is."""

    ready: bool
    version: int | None = None
    detail: str = ""


class Readiness(msgspec.Struct, frozen=True):
    """Whether the server answers, and of each model whether it does; true where all is ready.

    Who has no API key that opens ``read``, where keys are asked for, is told nothing of the models.

    Examples
    --------
    >>> bool(Readiness("not ready", {"churn": ModelState(False, None, "No version is released yet.")}))
    False

    """

    status: str
    models: dict[str, ModelState] = {}

    def __bool__(self) -> bool:
        return self.status == "ready"
