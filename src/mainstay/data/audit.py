"""The audit: what the rows themselves say against being learned from, as Findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.data.leaks import find_leaks
from mainstay.data.sieve import explain_losses
from mainstay.data.words import count, rows
from mainstay.measures.finding import Finding, Limit, judge

if TYPE_CHECKING:
    from mainstay.data.snapshot import Snapshot

MOST_LOST = 0.05
MOST_TWINS = 0.02
_GROUP = "data"


def leak_suspects(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Find the features that know the answer, alone or two together.

    Parameters
    ----------
    snapshot : Snapshot
        Its training rows are looked at; the held-out rows stay untouched.

    Returns
    -------
    tuple of Finding
        One failed finding per suspect, measured as AUC or R² on rows that weren't fitted; empty where there is none.

    """
    features = snapshot.contract.features
    coded = [column.type in ("category", "boolean") for column in features]
    names = [column.name for column in features]
    leaks = find_leaks(snapshot.train.X, names, coded, snapshot.train.y, snapshot.task.kind)
    return tuple(
        Finding(
            measure="leak",
            where=leak.label,
            value=leak.value,
            limit=Limit("at_most", leak.limit),
            ok=False,
            n=leak.n,
            group=_GROUP,
            note=f'{leak.words}. If it isn\'t known before the prediction, set role = "ignored" in contract.toml.',
        )
        for leak in leaks
    )


def data_findings(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Audit a snapshot: lost rows, leak suspects, rows on both sides of the split, and how rare the positives are."""
    suspects = leak_suspects(snapshot)
    clean = Finding(
        measure="leak",
        where="all",
        value=0.0,
        limit=Limit("at_most", 0.0),
        ok=True,
        n=len(snapshot.train),
        group=_GROUP,
        note=f"none of {len(snapshot.contract.features)} features knows the answer, alone or with another one",
    )
    return (row_loss(snapshot), *(suspects or (clean,)), _twins(snapshot), _base_rate(snapshot))


def row_loss(snapshot: Snapshot) -> Finding:
    """Give the share of rows that are in quarantine, against the most that can be lost without asking."""
    share = snapshot.rows_lost / snapshot.rows_read
    told = explain_losses(snapshot.ledger) or "every row of the source is used"
    where = f" ({snapshot.quarantine})" if snapshot.quarantine else ""
    found = Finding(
        measure="row_loss",
        where="all",
        value=share,
        limit=Limit("at_most", MOST_LOST),
        n=snapshot.rows_read,
        group=_GROUP,
        note=f"{count(snapshot.rows_lost)} of {rows(snapshot.rows_read)} lost: {told}{where}",
    )
    return judge(found)


def _twins(snapshot: Snapshot) -> Finding:
    """Give the share of held-out rows whose features and target are in the training rows as well; only reported."""
    seen = {row.tobytes() for row in np.column_stack([snapshot.train.X, snapshot.train.y])}
    test = np.column_stack([snapshot.test.X, snapshot.test.y])
    twins = sum(row.tobytes() in seen for row in test)
    note = f"{count(twins)} of {rows(len(test))} held out are also among those learned from"
    if len(seen) < len(snapshot.train) / 2:
        note += ": there are few different rows, so these are no copies"
    elif twins > MOST_TWINS * len(test):
        note += ": the measured quality may be too good"
    return Finding(measure="repeated_rows", where="test", value=twins / len(test), n=len(test), group=_GROUP, note=note)


def _base_rate(snapshot: Snapshot) -> Finding:
    measure = "base_rate" if snapshot.task.kind == "binary" else "mean"
    y = np.concatenate([snapshot.train.y, snapshot.test.y])
    note = snapshot.target_words
    if snapshot.positive_why:
        note += f"; '{snapshot.task.positive}' counts as yes: {snapshot.positive_why}"
    return Finding(
        measure=measure, where=snapshot.task.target, value=float(y.mean()), n=len(y), group=_GROUP, note=note
    )
