"""Rounds of a simulated business in a log, as a server would have written them: asked, decided, acted on, told.

Who is acted on cancels less: the chance falls to ``1 - works`` of what it would have been. So the log shows outcomes of
two kinds, those of the world and those of the model's own actions, and the truth of both is known
(`mainstay.data.simulator`): what a retraining on such a log learns can be measured.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contract.table import as_served, check_table
from mainstay.data.simulator import ENTITY, HORIZON_DAYS, TIME, true_probability
from mainstay.events import Feedback, Prediction, Pseudonyms, encode_events
from mainstay.events.segments import segment_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.events import Event, EventLog
    from mainstay.events.log import Stream
    from mainstay.models.policy import Policy

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

WORKS = 0.7
"""Share of those who would have cancelled that an action keeps."""
_TOLD_AFTER = dt.timedelta(days=HORIZON_DAYS, hours=1)


@dataclass(frozen=True)
class Answering:
    """How customers are answered, and what an action does.

    Parameters
    ----------
    model : str
        Name of the model.
    scores : array, shape (n,)
        What it says of each customer.
    policy : Policy
        What turns that into decisions; of a yes/no question.
    control : float
        Share that is never acted on, drawn anew for each.
    works : float
        Share of those who would have cancelled that an action keeps, 0 to 1.
    version : int
        Which version answers.

    """

    model: str
    scores: Floats
    policy: Policy
    control: float = 0.0
    works: float = WORKS
    version: int = 1


def log_round(log: EventLog, contract: Contract, frame: pl.DataFrame, how: Answering, *, seed: int = 0) -> Flags:
    """Write answers about customers, and what became of them, at the times of their rows.

    Parameters
    ----------
    log : EventLog
        Where to.
    contract : Contract
        Of the model that answers.
    frame : DataFrame
        Customers, as `mainstay.data.simulator.simulate` gives them; every one keeps to the contract.
    how : Answering
        How they are answered.
    seed : int
        Of everything that is drawn.

    Returns
    -------
    array of bool, shape (n,)
        Who was acted on.

    """
    rng = np.random.default_rng(seed)
    answers = list(_answers(contract, frame, how, rng))
    acted = np.array([one.decision != how.policy.idle for one in answers], dtype=np.bool_)
    chance = true_probability(frame) * np.where(acted, 1 - how.works, 1.0)
    cancelled = (rng.random(frame.height) < chance).tolist()
    told = [_told(one, how, rng, cancelled=gone) for one, gone in zip(answers, cancelled, strict=True)]
    _write(log, "predictions", answers, answers[0].at, seed)
    _write(log, "feedback", told, answers[0].at, seed)
    return acted


def _answers(contract: Contract, frame: pl.DataFrame, how: Answering, rng: np.random.Generator) -> Iterator[Prediction]:
    served = as_served(contract, check_table(contract, frame).good).to_dicts()
    held = (rng.random(frame.height) < how.control).tolist()
    pseudonym = Pseudonyms(b"simulated" * 4)
    for at, whose, score, features, kept in zip(
        frame[TIME].to_list(), frame[ENTITY].to_list(), how.scores.tolist(), served, held, strict=True
    ):
        meant = how.policy.decide(score)
        decision, intended = how.policy.hold_back(meant) if kept else (meant, None)
        yield Prediction(
            id=_id(at, rng),
            at=at,
            model=how.model,
            version=how.version,
            role="champion",
            score=score,
            prediction=how.policy.predict(score),
            decision=decision,
            features=features,
            entity=pseudonym(whose),
            control=kept,
            intended=intended,
        )


def _told(answer: Prediction, how: Answering, rng: np.random.Generator, *, cancelled: bool) -> Feedback:
    at, task = answer.at + _TOLD_AFTER, how.policy.task
    label = task.positive if cancelled else task.negative
    return Feedback(id=answer.id, event=_id(at, rng), model=how.model, received=at, at=at, label=label)


def _id(at: dt.datetime, rng: np.random.Generator) -> str:
    """Make an id as of that time (UUIDv7), the same for the same draws."""
    stamp, drawn = f"{int(at.timestamp() * 1000):012x}", rng.bytes(10).hex()
    return f"{stamp[:8]}-{stamp[8:]}-7{drawn[:3]}-8{drawn[3:6]}-{drawn[6:18]}"


def _write(log: EventLog, stream: Stream, events: Sequence[Event], begun: dt.datetime, seed: int) -> None:
    path = log.root / stream / segment_name(begun, f"simulated-{seed}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_events(events))
