"""The way of one answer, step by step: what the log holds of each step beside what the version makes of it today.

Each step takes what was stored of the step before it, so that a difference shows where it came about.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from mainstay.contract import Contract, compile_request
from mainstay.contract.personal import personal_in
from mainstay.errors import RecordError
from mainstay.models.explain import encode_values
from mainstay.models.features import FILE, FeaturesError
from mainstay.registry import tolerance_of
from mainstay.serving.cases import FAILED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.events import Prediction, Value
    from mainstay.models.features import Features
    from mainstay.models.model import Score
    from mainstay.models.policy import Policy
    from mainstay.registry import Bundle

State = Literal["same", "near", "differs", "unknown"]
Held = str | float | dict[str, Any] | None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an answer.

    Parameters
    ----------
    name : {"bundle", "record", "features.py", "score", "prediction", "decision"}
        Which one.
    state : {"same", "near", "differs", "unknown"}
        Whether the same came out: to the bit, within the model's tolerance, not, or nobody can say.
    stored, found : str, float or dict, optional
        What the log holds, and what came out now; of several values only those that differ.
    note : str
        A sentence about it.

    """

    name: str
    state: State
    stored: Held = None
    found: Held = None
    note: str = ""


def retrace(bundle: Bundle, answer: Prediction) -> tuple[Step, ...]:
    """Walk an answer's way again.

    Parameters
    ----------
    bundle : Bundle
        Of the version that answered, loaded to answer.
    answer : Prediction
        As it was logged.

    """
    withheld = _withheld(bundle.contract, answer)
    if withheld:
        return _without(bundle, answer, withheld)
    record = _record(bundle.contract, answer)
    if record.state == "differs":
        return (record, *(_untaken(name, "the record can't be read") for name in ("score", "prediction", "decision")))
    score = _stored_score(bundle.policy, answer)
    last = (_prediction(bundle.policy, answer, score), _decision(bundle, answer, score))
    return (record, *_inputs(bundle, answer), _scored(bundle, answer, score), *last)


def _withheld(contract: Contract, answer: Prediction) -> list[str]:
    """Name the personal features that the log doesn't give: never written, or their person's key is destroyed."""
    return sorted(personal_in(contract).names.difference(answer.features))


def _without(bundle: Bundle, answer: Prediction, withheld: list[str]) -> tuple[Step, ...]:
    """Walk what can be walked without some features: from the stored score on."""
    why = f"the log doesn't hold what is personal ({', '.join(withheld)})"
    policy, score = bundle.policy, _stored_score(bundle.policy, answer)
    decision = _decision(bundle, answer, score) if policy.pricing is None else _untaken("decision", why)
    return (_untaken("record", why), _untaken("score", why), _prediction(policy, answer, score), decision)


def _untaken(name: str, why: str) -> Step:
    return Step(name=name, state="unknown", note=f"Not computed: {why}.")


def _record(contract: Contract, answer: Prediction) -> Step:
    """Hold the features as served against the contract; where no policy had a hand in them, read them again."""
    given, wanted = set(answer.features), set(contract.feature_names)
    if given != wanted:
        lacks, odd = sorted(wanted - given), sorted(given - wanted)
        told = [f"it lacks '{name}'" for name in lacks] + [f"it holds '{name}', which is no column" for name in odd]
        return Step(name="record", state="differs", note=f"The logged record isn't one of this contract: {told[0]}.")
    values = typed_values(contract, answer.features)
    for column in contract.features:
        value = values[column.name]
        if value is not None and column.parse(value) is None:
            note = f"'{column.name}' is {value!r} in the log, and the contract expects {column.allowed()}."
            return Step(name="record", state="differs", stored={column.name: answer.features[column.name]}, note=note)
    if answer.degraded or answer.warnings:
        note = "Read as it was served, after the contract's policies: " + "; ".join(answer.warnings)
        return Step(name="record", state="same", note=note.rstrip(": ") + ".")
    return _read_again(contract, answer, values)


def _read_again(contract: Contract, answer: Prediction, values: dict[str, Any]) -> Step:
    try:
        row = compile_request(without_ids(contract)).read_record(dict(values))
    except RecordError as error:
        return Step(name="record", state="differs", note=f"The contract refuses the logged record: {error.message}")
    changed = {name: _plain(value) for name, value in row.features.items() if _plain(value) != _plain(values[name])}
    if changed or row.deeds:
        said = "; ".join(row.warnings) or f"'{next(iter(changed))}' comes out otherwise"
        stored = {name: answer.features[name] for name in changed}
        note = f"The contract's policies change the logged record now, and didn't then: {said}."
        return Step(name="record", state="differs", stored=stored, found=changed, note=note)
    return Step(name="record", state="same")


def without_ids(contract: Contract) -> Contract:
    """Demand no id: the log holds a pseudonym of it alone, and no model sees it."""
    columns = (
        msgspec.structs.replace(column, missing="allow") if column.role == "id" else column
        for column in contract.columns
    )
    return Contract(tuple(columns), contract.rules)


def typed_values(contract: Contract, values: Mapping[str, Value]) -> dict[str, Any]:
    """Give logged values as they were in the hand: a time is text in the log."""
    return {column.name: _moment(values.get(column.name), column.type) for column in contract.features}


def _moment(value: Value, kind: str) -> object:
    if kind != "datetime" or not isinstance(value, str):
        return value
    try:
        return dt.datetime.fromisoformat(value)
    except ValueError:
        return value  # is told as a value of the wrong kind


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _inputs(bundle: Bundle, answer: Prediction) -> tuple[Step, ...]:
    """Run the version's feature code again, and compare what it gives with what the model saw."""
    if bundle.features is None:
        if answer.inputs is None:
            return ()
        return (Step(name=FILE, state="differs", note=f"The log holds inputs of a {FILE}, and the version has none."),)
    failed_then = FAILED in answer.warnings
    if answer.fallback and not failed_then:
        return (_untaken(FILE, "the contract left the record to the fallback"),)
    return (_run_again(bundle.features, bundle, answer, failed_then=failed_then),)


def _run_again(features: Features, bundle: Bundle, answer: Prediction, *, failed_then: bool) -> Step:
    try:
        seen = features.runner.records([typed_values(bundle.contract, answer.features)])
    except FeaturesError as error:
        state: State = "same" if failed_then else "differs"
        return Step(name=FILE, state=state, note=f"It fails at this record: {error.message}")
    if failed_then:
        return Step(name=FILE, state="differs", note="It failed at this record then, and doesn't now.")
    if answer.inputs is None:
        return Step(name=FILE, state="differs", note="The log doesn't hold what the model saw.")
    return _compared(bundle.inputs, answer.inputs, seen.values[0])


def _compared(inputs: Contract, stored: Mapping[str, Value], found: Mapping[str, Any]) -> Step:
    then, now = typed_values(inputs, stored), typed_values(inputs, found)
    changed = [name for name in now if _plain(then[name]) != _plain(now[name])]
    odd = sorted(set(stored) - set(now))
    if not changed and not odd:
        return Step(name=FILE, state="same", note=f"{len(now)} values, equal to the bit.")
    return Step(
        name=FILE,
        state="differs",
        stored={name: stored.get(name) for name in [*changed, *odd]},
        found={name: found.get(name) for name in changed},
        note=f"It gives another '{[*changed, *odd][0]}' for this record.",
    )


def _stored_score(policy: Policy, answer: Prediction) -> Score | None:
    """Give the score as a model gives it; None where the log doesn't hold it so."""
    if policy.task.kind != "multiclass":
        return answer.score
    if answer.scores is None or set(answer.scores) != set(policy.task.labels):
        return None
    return np.asarray([answer.scores[label] for label in policy.task.labels])


def _scored(bundle: Bundle, answer: Prediction, stored: Score | None) -> Step:
    if stored is None:
        note = f"The log doesn't hold a probability for each of {', '.join(bundle.policy.task.labels)}."
        return Step(name="score", state="differs", stored=answer.score, note=note)
    if isinstance(stored, np.ndarray) and answer.score != float(stored.max()):
        note = "The score in the log isn't the highest of the logged probabilities."
        return Step(name="score", state="differs", stored=answer.score, found=float(stored.max()), note=note)
    if answer.fallback:
        if bundle.policy.fallback is None:
            return Step(name="score", state="differs", note="The fallback answered, and this version has none.")
        found, note = bundle.policy.one_left_to_fallback(), "The fallback's: the model wasn't asked."
        return _held(bundle, stored, found, note)
    values = answer.features if answer.inputs is None else answer.inputs
    try:
        encoded = encode_values(bundle.inputs, values)
    except (TypeError, ValueError) as error:
        return Step(name="score", state="differs", note=f"What the model saw can't be encoded: {error}.")
    found = bundle.model.score_one(encoded)
    if not _equal(stored, found) and _equal(stored, many := bundle.model.scores(encoded[np.newaxis])[0]):
        found = many  # a request of several records asks the model for all of them at once
    return _held(bundle, stored, found, "")


def _held(bundle: Bundle, stored: Score, found: Score, note: str) -> Step:
    tolerance = tolerance_of(bundle.model)
    state: State = "differs"
    if _equal(stored, found):
        state = "same"
    elif np.allclose(stored, found, rtol=tolerance, atol=tolerance):
        state, note = "near", f"{note} Within {tolerance:g}, as far as this kind of model may be.".strip()
    labels = bundle.policy.task.labels
    return Step(name="score", state=state, stored=_shown(stored, labels), found=_shown(found, labels), note=note)


def _equal(one: Score, other: Score) -> bool:
    return np.shape(one) == np.shape(other) and bool(np.all(np.asarray(one) == np.asarray(other)))


def _shown(score: Score, labels: tuple[str, ...]) -> Held:
    values = np.asarray(score).tolist()
    return dict(zip(labels, values, strict=False)) if isinstance(values, list) else float(values)


def _prediction(policy: Policy, answer: Prediction, score: Score | None) -> Step:
    if score is None:
        return _untaken("prediction", "the log lacks the score")
    found = policy.predict(score)
    return Step(name="prediction", state=_state(answer.prediction, found), stored=answer.prediction, found=found)


def _decision(bundle: Bundle, answer: Prediction, score: Score | None) -> Step:
    """Decide again; a row of a file without the pace, which belongs to requests."""
    if score is None:
        return _untaken("decision", "the log lacks the score")
    in_file, policy = answer.duration is None, bundle.policy
    capped = policy.task.kind == "binary" and bundle.money.capacity is not None
    if in_file and capped:
        policy = msgspec.structs.replace(policy, pace=None)
    found, _ = policy.settle(score, typed_values(bundle.contract, answer.features))
    if answer.control:
        found, _ = policy.hold_back(found)
    stored = answer.decision
    if in_file and capped and found == policy.action != stored:
        note = "Not computed: a file acts on the best of its rows up to the capacity, so it depends on the others."
        return Step(name="decision", state="unknown", stored=stored, found=found, note=note)
    return Step(name="decision", state=_state(stored, found), stored=stored, found=found)


def _state(stored: str | float, found: str | float) -> State:
    if stored == found:
        return "same"
    both = isinstance(stored, float | int) and isinstance(found, float | int)
    return "near" if both and math.isclose(stored, found, rel_tol=1e-12) else "differs"  # type: ignore[arg-type]
