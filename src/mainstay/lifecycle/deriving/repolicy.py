"""What a version decides by, changed: a threshold by hand, another capacity, or today's ``[money]``. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contract.table import as_served
from mainstay.data.volume import capacity_share
from mainstay.errors import DataError, InputError
from mainstay.measures.amounts import UNSAID
from mainstay.measures.money import Capacity, Money
from mainstay.models.deriving import keep_pace
from mainstay.models.pricing import expressions_of, learn_pricing
from mainstay.models.yardstick import choose_yardstick
from mainstay.training.policy import derive_policy

if TYPE_CHECKING:
    from mainstay.data import Snapshot
    from mainstay.models.policy import Policy
    from mainstay.models.yardstick import Yardstick
    from mainstay.registry import Bundle


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change; what isn't said stays.

    Parameters
    ----------
    threshold : float, optional
        Yes/no, the same amounts for all: act on scores at or above it, 0 to 1.
    margin : float, optional
        Yes/no, amounts that differ between records: act where the expected gain is above it, in the currency.
    shift : float, optional
        Amounts, the same costs for all: what to add to the forecast.
    capacity : Capacity or "none", optional
        At most so many actions; ``"none"`` takes the limit away.
    money : Money, optional
        What answers are worth now: everything is derived from it again.

    """

    threshold: float | None = None
    margin: float | None = None
    shift: float | None = None
    capacity: Capacity | str | None = None
    money: Money | None = None

    @property
    def told(self) -> dict[str, str | float]:
        """What was said, for the lineage."""
        said = {name: getattr(self, name) for name in ("threshold", "margin", "shift")}
        told: dict[str, str | float] = {name: value for name, value in said.items() if value is not None}
        if self.capacity is not None:
            told["capacity"] = self.capacity if isinstance(self.capacity, str) else capacity_words(self.capacity)
        return told if self.money is None else {**told, "money": "as the project said then"}


@dataclass(frozen=True)
class Decided:
    """What a version is to decide by, and what it is worth then.

    Parameters
    ----------
    policy : Policy
        The new one.
    money : Money
        The section that goes with it.
    notes : tuple of str
        What a reader must know of how it came about.

    """

    policy: Policy
    money: Money
    notes: tuple[str, ...] = ()


def change(bundle: Bundle, wanted: Wanted, snapshot: Snapshot | None) -> Decided:
    """Change what a version decides by.

    Parameters
    ----------
    bundle : Bundle
        The version.
    wanted : Wanted
        What is to change.
    snapshot : Snapshot or None
        Its rows; None where they can't be had.

    Raises
    ------
    InputError
        Where its kind of policy has no such part, nothing is said, or the same would come out.
    DataError
        Where the rows are needed, and can't be had.

    """
    _refuse_unfit(bundle.policy, wanted)
    decided = Decided(bundle.policy, bundle.money)
    if wanted.money is not None:
        decided = _by_money(bundle, wanted.money, snapshot)
    decided = _by_hand(decided, wanted)
    if isinstance(wanted.capacity, Capacity) or wanted.capacity == "none":
        capacity = wanted.capacity if isinstance(wanted.capacity, Capacity) else None
        decided = replace(decided, money=msgspec.structs.replace(decided.money, capacity=capacity))
    if wanted.capacity is not None or wanted.money is not None:
        decided = _paced(bundle, decided, snapshot)
    if _alike(bundle.policy, decided.policy) and decided.money.capacity == bundle.money.capacity:
        raise InputError(
            f"Version {bundle.version.number} decides by that policy already.", "Say another; nothing was registered."
        )
    return decided


def read_capacity(text: str) -> Capacity | str:
    """Read ``"500/week"``, ``"5%"``, ``"0.05"`` or ``"none"``.

    Raises
    ------
    InputError
        Where it is none of them.

    Examples
    --------
    >>> read_capacity("500/week"), read_capacity("5%").share
    (Capacity(n=500, per='week', share=None), 0.05)

    """
    said = text.strip().lower()
    if said == "none":
        return "none"
    count, slash, per = said.partition("/")
    try:
        if slash:
            return msgspec.convert({"n": int(count), "per": per.removeprefix("per ").strip()}, Capacity)
        share = float(said.removesuffix("%")) / (100 if said.endswith("%") else 1)
        return msgspec.convert({"share": share}, Capacity)
    except (ValueError, msgspec.ValidationError):
        cure = "Say how many per day, week or month (500/week), which share of the records (5%), or none."
        raise InputError(f"'{text}' is no capacity.", cure) from None


def capacity_words(capacity: Capacity) -> str:
    """Write a capacity as `read_capacity` reads it."""
    return f"{capacity.share:g}" if capacity.n is None else f"{capacity.n}/{capacity.per}"


def _refuse_unfit(policy: Policy, wanted: Wanted) -> None:
    """Refuse what this kind of policy hasn't got."""
    priced, kind = policy.pricing is not None, policy.task.kind
    has = {
        "threshold": kind == "binary" and not priced,
        "margin": kind == "binary" and priced,
        "shift": kind == "regression" and not priced,
        "capacity": kind == "binary",
    }
    asked = [name for name in has if getattr(wanted, name) is not None]
    can = ", ".join([f"--{name}" for name, there in has.items() if there] + ["--money (today's [money])"])
    if not asked and wanted.money is None:
        raise InputError("Nothing is to change.", f"This version's policy has: {can}.")
    for name in asked:
        if not has[name]:
            raise InputError(f"The policy of this version has no {name}.", f"It has: {can}.")
        value = getattr(wanted, name)
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"A {name} of {value} is no number to decide by.", "Say a number; nothing was registered.")
    by_hand = [name for name in asked if name != "capacity"]
    if by_hand and wanted.money is not None:
        raise InputError(f"Either --{by_hand[0]} or --money: each says where acting begins.", "Give one of them.")


def _by_hand(decided: Decided, wanted: Wanted) -> Decided:
    policy = decided.policy
    if wanted.threshold is not None:
        words = f"Acts on scores of {wanted.threshold:g} and above, set by hand."
        policy = msgspec.structs.replace(policy, threshold=wanted.threshold, basis=words)
    elif wanted.margin is not None:
        words = f"Acts where the expected gain of the record is above {wanted.margin:g}, set by hand."
        policy = msgspec.structs.replace(policy, margin=wanted.margin, basis=words)
    elif wanted.shift is not None:
        words = f"Plans the forecast {wanted.shift:+g}, set by hand."
        policy = msgspec.structs.replace(policy, shift=wanted.shift, basis=words)
    notes = decided.notes
    held = wanted.threshold is not None and wanted.capacity is None
    if held and policy.pace is not None and policy.pace > policy.threshold:
        told = f"Acting begins at {policy.pace:g} all the same, to keep to the capacity: --capacity changes that."
        notes = (*notes, told)
    return replace(decided, policy=policy, notes=notes)


def _by_money(bundle: Bundle, money: Money, snapshot: Snapshot | None) -> Decided:
    """Derive the policy from today's amounts; from scores of held-out rows where it needs scores at all.

    A threshold comes from the costs alone: out-of-fold scores, by which training may find a better one, aren't kept.
    """
    was, report = bundle.policy, bundle.report
    pricing = None
    if any(expressions_of(money)):
        rows = _demand(snapshot, "amounts that differ between records").train
        served = as_served(bundle.contract, rows.frame)
        pricing = learn_pricing(money, bundle.contract, served, None)
    stick = choose_yardstick(was.task, money, report.base_rate, pricing=pricing, shares=report.shares)
    if was.task.kind == "regression" and stick.measure is None:
        return _planned(bundle, money, stick, _demand(snapshot, "the errors of the forecast"))
    here = stick.on(None if pricing is None else pricing.at_the_mean, None)
    nothing = np.empty(0)
    policy = derive_policy(nothing, nothing, here, was.action, idle=False)
    if pricing is not None:
        policy = msgspec.structs.replace(policy, basis="Acts where the expected gain is above 0, for each record.")
    return Decided(msgspec.structs.replace(policy, fallback=was.fallback), money)


def _planned(bundle: Bundle, money: Money, stick: Yardstick, snapshot: Snapshot) -> Decided:
    rows = snapshot.test
    pricing = stick.pricing
    priced = None if pricing is None else pricing.of_table(as_served(bundle.contract, rows.frame)).amounts
    policy = derive_policy(
        rows.y, bundle.model.scores(rows.X), stick.on(priced, None), bundle.policy.action, idle=False
    )
    note = "How much to plan beyond the forecast was chosen on the held-out rows it is measured on: a little too good."
    return Decided(msgspec.structs.replace(policy, fallback=bundle.policy.fallback), money, (note,))


def _paced(bundle: Bundle, decided: Decided, snapshot: Snapshot | None) -> Decided:
    """Keep to the capacity: from which score on, by how scores are spread over the held-out rows, truth unread."""
    policy = msgspec.structs.replace(decided.policy, pace=None)
    capacity = decided.money.capacity
    if capacity is None or policy.task.kind != "binary":
        return replace(decided, policy=policy)
    if snapshot is None:
        return replace(decided, policy=_paced_by_quantiles(bundle, policy, capacity))
    rows, amounts = snapshot.test, UNSAID
    if policy.pricing is not None:
        amounts = policy.pricing.of_table(as_served(bundle.contract, rows.frame)).amounts
    weights = snapshot.stand_for(rows)
    share = capacity_share(capacity, snapshot)
    return replace(decided, policy=keep_pace(policy, bundle.model.scores(rows.X), amounts, share, weights))


def _paced_by_quantiles(bundle: Bundle, policy: Policy, capacity: Capacity) -> Policy:
    """Take the spread of scores that the report keeps, where the rows themselves are gone."""
    if policy.pricing is not None or not bundle.report.score_quantiles:
        _demand(None, "the spread of what records are ranked by")
    share = capacity.share
    if share is None and capacity.n is not None and bundle.report.records_per_day:
        days = {"day": 1.0, "week": 7.0, "month": 365.25 / 12}[capacity.per]
        share = min(1.0, capacity.n / (bundle.report.records_per_day * days))
    return keep_pace(policy, np.asarray(bundle.report.score_quantiles), UNSAID, share)


def _demand(snapshot: Snapshot | None, what: str) -> Snapshot:
    if snapshot is None:
        raise DataError(f"This policy needs {what}, and the version's rows can't be had.", "Bring the rows back.")
    return snapshot


def _alike(one: Policy, other: Policy) -> bool:
    """Say whether two policies decide alike, whatever they say of where they come from."""
    plain = msgspec.structs.replace(other, basis=one.basis, threshold=_same(one.threshold, other.threshold))
    return plain == one


def _same(one: float, other: float) -> float:
    return one if math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-15) else other
