"""The scores of a file's rows, the decisions on them, and both as a table and as events of the log."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from mainstay.contract.table import as_served
from mainstay.events import Prediction
from mainstay.measures.amounts import UNSAID
from mainstay.measures.classes import top_scores
from mainstay.models.features.run import encode_rows
from mainstay.models.policy import NO_ACTION
from mainstay.serving.dataplane import ScoringError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.contract.table import Checked
    from mainstay.events import Value
    from mainstay.measures.money import Capacity
    from mainstay.models.pricing import Priced
    from mainstay.registry import Bundle
    from mainstay.serving.batch.rows import Note, Seen

SCORE_OF = "score "
"""What the column of a label's probability begins with."""


@dataclass(frozen=True)
class Results:
    """What became of the accepted rows: scores, which of them are the fallback's, what feature code derived, notes."""

    scores: NDArray[np.float64]
    fallen: NDArray[np.bool_]
    inputs: list[dict[str, Value] | None]
    notes: list[Note]


def score_rows(bundle: Bundle, seen: Seen, notes: list[Note]) -> Results:
    """Score the rows as a request would be: what is left to the fallback is answered by it."""
    checked = seen.checked
    fallen = checked.fallback.to_numpy()
    inputs: list[dict[str, Value] | None] = [None] * checked.good.height
    if bundle.features is None or seen.derived is None:
        encoded = encode_rows(bundle.contract, None, checked.good.filter(~checked.fallback))
    else:
        encoded = bundle.features.runner.encode(seen.derived)
        for place, values in zip(np.flatnonzero(~fallen).tolist(), seen.derived.iter_rows(named=True), strict=True):
            inputs[place] = values
    scores = bundle.policy.left_to_fallback(checked.good.height)
    said = bundle.model.scores(encoded)
    if said.shape != scores[~fallen].shape:
        raise ScoringError(
            f"Version {bundle.version.number} can't answer: its scores have the shape {said.shape}, and not "
            f"{scores[~fallen].shape}."
        )
    scores[~fallen] = said
    if not np.isfinite(scores).all():
        raise ScoringError(f"Version {bundle.version.number} can't answer: a score isn't a finite number.")
    return Results(scores, fallen, inputs, notes)


def decide(bundle: Bundle, scores: NDArray[np.float64], priced: Priced | None) -> list[str | float]:
    """Decide for each row; with a capacity, only the best of the file are acted on."""
    policy, capacity = bundle.policy, bundle.money.capacity
    amounts = UNSAID if priced is None else priced.amounts
    if policy.task.kind == "multiclass":
        return policy.decisions(scores, amounts)
    if policy.task.kind == "regression":
        return cast("list[str | float]", policy.plans(scores, amounts).tolist())
    acted = policy.acts(scores, amounts, paced=False)
    if capacity is not None:
        best = np.argsort(-policy.worth(scores, amounts), kind="stable")
        acted[best[_most(capacity, scores.size) :]] = False
    return [policy.action if act else NO_ACTION for act in acted.tolist()]


def _most(capacity: Capacity, rows: int) -> int:
    """Say how many rows of a file can be acted on: a file is one period's."""
    return capacity.n if capacity.n is not None else int((capacity.share or 1.0) * rows + 1e-9)


@dataclass(frozen=True)
class Decided:
    """What was decided on each row; of those in the control share what would have been, where that is something else.

    `held` is None where there is no control share.
    """

    decisions: list[str | float]
    held: list[bool] | None
    intended: list[str | None]


def hold_back(bundle: Bundle, decisions: list[str | float], held: list[bool] | None) -> Decided:
    """Keep the rows of the control share from being acted on; nobody else takes their places of a capacity."""
    if held is None:
        return Decided(decisions, None, [None] * len(decisions))
    pairs = [
        bundle.policy.hold_back(decision) if kept else (decision, None)
        for decision, kept in zip(decisions, held, strict=True)
    ]
    return Decided([decision for decision, _ in pairs], held, [intended for _, intended in pairs])


def answer_table(bundle: Bundle, results: Results, decided: Decided, ids: list[str]) -> pl.DataFrame:
    """Give the answers as the columns that are written behind those of the file."""
    policy, scores = bundle.policy, results.scores
    several = scores.ndim == 2
    said = pl.Float64 if bundle.policy.task.kind == "regression" else pl.String  # known even where no row is left
    return pl.DataFrame(
        {
            "id": ids,
            "prediction": [policy.predict(score) for score in (scores if several else scores.tolist())],
            "score": top_scores(scores),
            "decision": decided.decisions,
            "version": [bundle.version.number] * len(ids),
            "degraded": [degraded for _, degraded in results.notes],
            "warnings": ["; ".join(warnings) for warnings, _ in results.notes],
            **({"control": decided.held} if decided.held is not None else {}),
            **{f"{SCORE_OF}{label}": scores[:, code] for code, label in enumerate(policy.task.labels)},
        },
        schema={
            "id": pl.String,
            "prediction": said,
            "score": pl.Float64,
            "decision": said,
            "version": pl.Int64,
            "degraded": pl.Boolean,
            "warnings": pl.String,
            **({"control": pl.Boolean} if decided.held is not None else {}),
            **{f"{SCORE_OF}{label}": pl.Float64 for label in policy.task.labels},
        },
    )


def predictions(
    bundle: Bundle,
    checked: Checked,
    answers: pl.DataFrame,
    entities: list[str | None],
    results: Results,
    *,
    decided: Decided,
    role: str,
) -> Iterator[Prediction]:
    """Give the answers as events of the log."""
    served = as_served(bundle.contract, checked.good).iter_rows(named=True)
    labels = bundle.policy.task.labels
    # Now, not when the file was opened: by then the window of that moment may have been looked at already.
    now = dt.datetime.now(dt.UTC)
    rows = zip(answers.iter_rows(named=True), served, results.inputs, results.fallen.tolist(), strict=True)
    for (answer, features, inputs, fallen), entity, (warnings, degraded), intended in zip(
        rows, entities, results.notes, decided.intended, strict=True
    ):
        yield Prediction(
            id=answer["id"],
            at=now,
            model=bundle.version.model,
            version=answer["version"],
            role=role,
            score=answer["score"],
            scores={label: answer[f"{SCORE_OF}{label}"] for label in labels} or None,
            prediction=answer["prediction"],
            decision=answer["decision"],
            features=features,
            inputs=inputs,
            entity=entity,
            degraded=degraded,
            fallback=fallen,
            warnings=warnings,
            control=answer.get("control", False),
            intended=intended,
        )
