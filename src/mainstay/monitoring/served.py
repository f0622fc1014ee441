"""`Served`: the rows of a window as arrays. The one place in this room that knows the window's columns.

Imports Polars, as windows do.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl

from mainstay.contract.personal import personal_in
from mainstay.contract.table import encode_table
from mainstay.errors import DataError
from mainstay.events.read import FEATURE, INPUT, SHARE
from mainstay.models.features.run import encode_rows
from mainstay.models.policy import NO_ACTION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contract import Contract, Profile
    from mainstay.measures.amounts import Amounts
    from mainstay.measures.measure import Measure
    from mainstay.models.policy import Policy
    from mainstay.registry import Bundle

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


CHOSEN = (pl.col("role") == "champion") | ((pl.col("role") != "shadow") & (pl.col("share") < 1))
"""Answers that count: the champion's, and those of arms that were drawn. Whoever names another version tries it out."""


@dataclass(frozen=True)
class Served:
    """Answers that somebody got (shadows left out), as arrays with one entry per answer.

    Parameters
    ----------
    at : array of float, shape (n,)
        Time of the answer, seconds since 1970.
    versions : array of int, shape (n,)
        Version that answered.
    encoded : array of float, shape (n, width)
        What the model saw.
    readable : array of bool, shape (n,)
        Whether that is known: not where the version has feature code, and another one or the fallback answered; nor
        where the record didn't say whom it is about, and some of it is personal.
    scores : array of float, shape (n,)
        Its scores; of several classes the probability of the predicted label.
    acted : array of bool, shape (n,)
        Whether the decision was to act: of several classes, to do something else than without a model. All False for
        amounts.
    planned : array of float, shape (n,)
        Amounts: the decision. NaN for yes/no.
    labels : array of float, shape (n,)
        What happened: 1, 0, the code of one of several labels, or the amount; NaN while unknown.
    degraded : array of bool, shape (n,)
        Whether a policy had to help.
    latency_ms : array of float, shape (n,)
        Time to the answer.
    amounts : Amounts, optional
        What answers on these records are worth, where that differs between records.
    by_label : array of float, shape (n, k), optional
        Several classes: the probability of each label; NaN where another set of labels was answered.
    decisions : array of str, shape (n,), optional
        Several classes: what was decided.
    drawn : array of bool, shape (n,), optional
        Whether who answers was drawn; False where the caller named a version, and where nobody answers beside the
        champion.

    """

    at: Floats
    versions: NDArray[np.int64]
    encoded: Floats
    readable: Flags
    scores: Floats
    acted: Flags
    planned: Floats
    labels: Floats
    degraded: Flags
    latency_ms: Floats
    amounts: Amounts | None = None
    by_label: Floats | None = None
    decisions: NDArray[np.object_] | None = None
    drawn: Flags | None = None

    @property
    def rows(self) -> int:
        """How many answers."""
        return int(self.scores.size)

    @property
    def known(self) -> Flags:
        """Whose truth is known."""
        known = ~np.isnan(self.labels)
        return np.asarray(known if self.by_label is None else known & np.isfinite(self.by_label).all(axis=1))

    def judged_by(self, measure: Measure) -> tuple[Floats, float]:
        """Give scores and threshold for a measure: one of decisions judges those that were made."""
        said = self.scores if self.by_label is None else self.by_label
        return (self.acted.astype(np.float64) if measure.of_decisions else said), 0.5

    def only(self, which: Flags | slice) -> Served:
        """Take some of the answers."""
        named = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "amounts"}
        arrays: dict[str, Any] = {name: None if array is None else array[which] for name, array in named.items()}
        return Served(**arrays, amounts=None if self.amounts is None else self.amounts.take(which))


def read_served(frame: pl.DataFrame, bundle: Bundle) -> Served:
    """Read the frame of a `Window` with the eyes of one version."""
    frame = frame.filter(CHOSEN)
    policy = bundle.report.policy
    amounts, labels = policy.task.kind == "regression", policy.task.labels
    nobody = np.full(frame.height, np.nan)
    encoded, readable = _encode(frame, bundle)
    return Served(
        at=frame["time"].dt.epoch("us").to_numpy().astype(np.float64) / 1e6,
        versions=frame["version"].to_numpy().astype(np.int64),
        encoded=encoded,
        readable=readable,
        scores=_floats(frame["score"]),
        acted=_acted(frame, policy),
        planned=_floats(frame["decision"]) if amounts else nobody,
        labels=_floats(frame["label"]),
        degraded=frame["degraded"].to_numpy().astype(bool),
        latency_ms=_floats(frame["latency_us"]) / 1000,
        amounts=_amounts(frame, bundle),
        by_label=_shares(frame, labels) if labels else None,
        decisions=np.asarray(frame["decision"].to_list(), dtype=object) if labels else None,
        drawn=(frame["share"] < 1).to_numpy(),
    )


def logged_profile(bundle: Bundle) -> Profile:
    """Give what the log can be held against of a version's reference: without what is never written there.

    Where feature code derives what the model sees, none of that is written once one feature isn't.
    """
    dropped, profile = personal_in(bundle.contract).dropped, bundle.profile
    if not dropped:
        return profile
    if bundle.features is not None:
        return msgspec.structs.replace(profile, columns=())
    slots = {place for place, (column, _) in enumerate(bundle.contract.slots) if column.name in dropped}
    kept = []
    for place, column in enumerate(profile.columns):
        first, end = column.slots or (place, place + 1)
        if first not in slots:
            kept.append(msgspec.structs.replace(column, slots=(first, end)))
    return msgspec.structs.replace(profile, columns=tuple(kept))


def count_askers(frame: pl.DataFrame) -> dict[int, int]:
    """Count how many different ones each version answered over HTTP: entities, else requests.

    Those alone whose arm was drawn: a caller who names a version is no draw.

    Whoever asks twice gets the same arm twice, so that answers aren't as many draws as they are lines; and a file is
    scored by the version that is named.
    """
    asked = frame.filter(CHOSEN & (pl.col("share") < 1) & pl.col("latency_us").is_not_null())
    counted = asked.group_by("version").agg(pl.coalesce("entity", "id").n_unique().alias("askers"))
    return dict(zip(counted["version"].to_list(), counted["askers"].to_list(), strict=True))


def _acted(frame: pl.DataFrame, policy: Policy) -> Flags:
    if policy.task.kind == "regression":
        return np.zeros(frame.height, dtype=bool)
    if policy.task.kind == "multiclass":
        return policy.classes.acts(frame["decision"].to_list())
    return (frame["decision"] != NO_ACTION).to_numpy()


def _shares(frame: pl.DataFrame, labels: tuple[str, ...]) -> Floats:
    return np.column_stack([_floats(frame[SHARE + label]) for label in labels])


def _amounts(frame: pl.DataFrame, bundle: Bundle) -> Amounts | None:
    pricing = bundle.report.pricing
    return None if pricing is None else pricing.of_table(_columns(frame, FEATURE, bundle.contract)).amounts


def _encode(frame: pl.DataFrame, bundle: Bundle) -> tuple[Floats, Flags]:
    """Encode the answers as the version sees them; says which could be.

    With feature code its own answers are read as they were logged; those of other versions are computed from their
    features, where the code may run here. What the fallback answered was never derived.
    """
    served = _columns(frame, FEATURE, bundle.contract)
    features, told = bundle.features, _told(frame, bundle)
    if features is None:
        return encode_table(bundle.contract, served), told
    fallen, own = frame["fallback"].to_numpy(), (frame["version"] == bundle.version.number).to_numpy() & told
    encoded, readable = np.full((frame.height, features.inputs.width), np.nan), own & ~fallen
    encoded[readable] = encode_table(
        features.inputs, _columns(frame.filter(pl.Series(readable)), INPUT, features.inputs)
    )
    others = told & ~own & ~fallen
    if others.any() and features.running is not None:
        with suppress(DataError):  # records that another version was made for
            encoded[others] = encode_rows(bundle.contract, features, served.filter(pl.Series(others)))
            readable = readable | others
    return encoded, readable


def _told(frame: pl.DataFrame, bundle: Bundle) -> Flags:
    """Say which answers the log holds wholly: of a record about nobody what is personal was never written."""
    personal = personal_in(bundle.contract)
    if personal.dropped and bundle.features is not None:
        return np.zeros(frame.height, dtype=bool)
    return frame["entity"].is_not_null().to_numpy() if personal.sealed else np.ones(frame.height, dtype=bool)


def _columns(frame: pl.DataFrame, prefix: str, contract: Contract) -> pl.DataFrame:
    return frame.select(pl.col(prefix + column.name).alias(column.name) for column in contract.features)


def _floats(series: pl.Series) -> Floats:
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
