"""`Report`: everything measured about a candidate, and `Verdict`: what the gates say of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Literal

import msgspec

from mainstay.measures.finding import Finding
from mainstay.measures.thresholds import BreakEven, Margin
from mainstay.models.ablation import Ablated
from mainstay.models.difference import Difference
from mainstay.models.expectation import Spread
from mainstay.models.policy import Policy
from mainstay.models.pricing import Pricing
from mainstay.models.studies import AgePoint, LearningPoint, ReliabilityBin, Trial


class Contender(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table of candidates.

    Parameters
    ----------
    name : str
        Name of the candidate.
    chosen : bool
        Whether this is the one the report is about.
    primary : Finding
        The primary measure on the held-out rows, with its interval.
    others : tuple of Finding
        Further measures.
    seconds : float
        Training time.
    parameters : dict
        What it was made with.

    """

    name: str
    chosen: bool
    primary: Finding
    others: tuple[Finding, ...] = ()
    seconds: float = 0.0
    parameters: dict[str, str | int | float | bool | None] = {}


class Influence(msgspec.Struct, frozen=True):
    """How much a feature matters: loss added when it is shuffled, with its standard error."""

    feature: str
    value: float
    error: float


class MoneyAt(msgspec.Struct, frozen=True):
    """Money where the best `share` of the records is acted on."""

    share: float
    money: Finding


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything measured about a candidate on held-out rows.

    Parameters
    ----------
    candidate : str
        Name of the chosen candidate.
    primary : str
        Name of the primary measure.
    in_money : bool
        Whether that measure is money.
    better : {"higher", "lower"}
        Which way it is good; empty in reports that were made before it was said.
    currency : str
        Currency of all amounts.
    policy : Policy
        From score to decision.
    pricing : Pricing, optional
        How amounts are worked out, where they differ between records.
    compared_with : str
        Fingerprint of the report of the champion it was compared with on the same rows; empty where it wasn't.
    contenders : tuple of Contender
        All candidates, simplest first.
    measures : tuple of Finding
        Measures of the chosen one, each with interval and n.
    segments : tuple of Finding
        The primary measure by declared segment.
    comparisons : tuple of Finding
        By how much the primary measure of the chosen one is better than another's on the same held-out rows, positive
        is better: ``where`` says which (``"over do-nothing"``, ``"over linear"``, ``"over champion"``). Those of the
        group ``"segment"`` compare with doing nothing in one segment each.
    checks : tuple of Finding
        What was checked about the data: leak suspects, lost rows, ...
    influences : tuple of Influence
        Features by importance, most important first.
    attributions : tuple of Finding
        Features by the mean size of their parts in explanations, largest first.
    train_rows, test_rows : int
        How many rows each.
    base_rate : float
        Share of positives, of the commonest of several labels, or mean of the target, in the training rows.
    break_even : tuple of BreakEven
        Binary without money: what acting above several thresholds needs to pay.
    margins : tuple of Margin
        Amounts without money: how much to plan beyond the forecast for several ratios of costs.
    sensitivity : tuple of Finding
        Money at other amounts, and how far each can move before the model stops paying (`evaluation.sensitivity`).
    curve : tuple of MoneyAt
        Money over the share that is acted on, best records first.
    records_per_day : float, optional
        How many records come in, where the times of the rows say it: what makes money per week of money per 1 000.
    capacity_share : float, optional
        At most this share of the records can be acted on.
    score_quantiles : tuple of float
        101 quantiles (0 % to 100 %) of the held-out scores (of several classes those of the predicted label): the
        reference for score drift.
    inclusion : tuple of Finding
        Rates of each group of a sensitive column (group ``"inclusion"``), and the widest gaps between any two groups
        (``"inclusion_gap"``).
    shares : tuple of float
        Several classes: share of each label in the training rows.
    predicted_shares : tuple of float
        Several classes: how often each label is predicted on held-out rows, the reference for drift of the predictions.
    confusion : tuple of tuple of int
        Several classes: held-out rows by true label (rows) and predicted label (columns).
    labels : tuple of Finding
        Several classes: recall and precision of each label.
    behaviour : tuple of Finding
        Declared tests of behaviour and scenarios: the share of records that pass.
    robustness : tuple of Finding
        What noise, a missing column or a slip of the finger costs, in the primary measure; positive is lost.
    ablation : tuple of Ablated
        What each feature is good for, and what it costs; empty where the model can't be fitted again.
    spread : Spread or None
        How far single records are spread in what they bring; None where money isn't known.
    difference : Difference or None
        What changes for whom against the champion, on the same rows; None where there was none to compare with.
    optimization : tuple of Finding
        Of a faster form of another version: what was compared with it, those with a limit first, then time, size and
        measures ``"before"`` and ``"after"``.
    data_until : datetime or None
        How new the newest row is, UTC; None where nothing says.
    data_until_of : str
        What says so: ``"signed_up"``, or that it is the time of the file.
    slices : tuple of Finding
        Slices found where the loss is surely higher than elsewhere (group ``"slice"``), and for each how much better
        than doing nothing the model is there (group ``"slice_worth"``).
    reliability : tuple of ReliabilityBin
        Binary: what was said and what happened, by score, on the held-out records.
    learning_curve : tuple of LearningPoint
        How well the chosen recipe does with fewer rows.
    learning : str
        Would more rows help? A sentence.
    staleness : tuple of AgePoint
        Time-ordered rows: what a model loses with every period it isn't trained again.
    ageing : str
        How often to train again, a sentence.
    trials : tuple of Trial
        What was tried to find the parameters.
    why : str
        Why this candidate, in sentences.
    notes : tuple of str
        What a reader must know: "not money", break-even costs, limits of the split.
    in_sample : bool
        Whether the chosen one may have learned from the held-out rows: it was fitted elsewhere.
    unmeasured : str
        Why its decisions were measured on no rows, so that figures are of the policy it was made from; empty where they
        were.

    """

    candidate: str
    primary: str
    in_money: bool
    currency: str
    policy: Policy
    pricing: Pricing | None = None
    contenders: tuple[Contender, ...]
    measures: tuple[Finding, ...]
    segments: tuple[Finding, ...] = ()
    comparisons: tuple[Finding, ...] = ()
    checks: tuple[Finding, ...] = ()
    influences: tuple[Influence, ...] = ()
    attributions: tuple[Finding, ...] = ()
    train_rows: int = 0
    test_rows: int = 0
    base_rate: float = 0.0
    compared_with: str = ""
    break_even: tuple[BreakEven, ...] = ()
    margins: tuple[Margin, ...] = ()
    sensitivity: tuple[Finding, ...] = ()
    curve: tuple[MoneyAt, ...] = ()
    records_per_day: float | None = None
    capacity_share: float | None = None
    score_quantiles: tuple[float, ...] = ()
    better: Literal["", "higher", "lower"] = ""
    slices: tuple[Finding, ...] = ()
    inclusion: tuple[Finding, ...] = ()
    shares: tuple[float, ...] = ()
    predicted_shares: tuple[float, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    labels: tuple[Finding, ...] = ()
    behaviour: tuple[Finding, ...] = ()
    robustness: tuple[Finding, ...] = ()
    ablation: tuple[Ablated, ...] = ()
    spread: Spread | None = None
    difference: Difference | None = None
    optimization: tuple[Finding, ...] = ()
    data_until: dt.datetime | None = None
    data_until_of: str = ""
    reliability: tuple[ReliabilityBin, ...] = ()
    learning_curve: tuple[LearningPoint, ...] = ()
    learning: str = ""
    staleness: tuple[AgePoint, ...] = ()
    ageing: str = ""
    trials: tuple[Trial, ...] = ()
    why: str = ""
    notes: tuple[str, ...] = ()
    in_sample: bool = False
    unmeasured: str = ""

    def measure(self, name: str) -> Finding | None:
        """Find a measure of the chosen candidate by name."""
        return next((finding for finding in self.measures if finding.measure == name), None)

    @property
    def fingerprint(self) -> str:
        """What tells this report from any other."""
        return hashlib.blake2b(msgspec.json.encode(self), digest_size=16).hexdigest()

    def comparison(self, where: str) -> Finding | None:
        """Find a comparison by what it compares with: ``"over do-nothing"``."""
        return next((finding for finding in self.comparisons if finding.where == where), None)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the gates say of a version.

    Parameters
    ----------
    ok : bool
        Whether every gate passed.
    findings : tuple of Finding
        Each gate: a number against a limit.
    at : datetime
        When it was judged, UTC.
    by : str
        Who asked.

    """

    ok: bool
    findings: tuple[Finding, ...]
    at: dt.datetime
    by: str = ""

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The gates that failed."""
        return tuple(finding for finding in self.findings if finding.failed)
