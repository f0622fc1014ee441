"""The audit: what the rows themselves say against being learned from, as Findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.data.leaks import find_leaks
from mainstay.data.sieve import NO_LOSS, UNLABELLED, explain_losses
from mainstay.data.target import commonest
from mainstay.data.words import count, rows
from mainstay.measures.finding import Finding, Limit, judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.contract import Contract
    from mainstay.data.sieve import LedgerLine
    from mainstay.data.snapshot import Snapshot

MOST_LOST = 0.05
MOST_BENT = 0.05
"""Share of rows whose value in one column may break the contract and be accepted by a policy."""
MOST_TWINS = 0.02
POLICIES = "policies"
_GROUP = "data"
_DONE = ("clipped", "taken as another", "flagged", "filled in", "answered by the fallback")
_EXPECTED = ("missing, ", "filled in")
_OBEYED = "every row keeps to it"


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
    coded = [column.type in ("category", "boolean") for column, _ in snapshot.inputs.slots]
    names = snapshot.inputs.encoded_names
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
    """Audit a snapshot: lost rows, what policies did, leak suspects, rows on both sides, how rare the positives are."""
    suspects = leak_suspects(snapshot)
    clean = Finding(
        measure="leak",
        where="all",
        value=0.0,
        limit=Limit("at_most", 0.0),
        ok=True,
        n=len(snapshot.train),
        group=_GROUP,
        note=f"none of {snapshot.inputs.width} features knows the answer, alone or with another one",
    )
    bent = policy_findings(snapshot.flags, snapshot.rows_read, snapshot.contract)
    return (row_loss(snapshot), *bent, *(suspects or (clean,)), _twins(snapshot), _base_rate(snapshot))


def policy_findings(flags: Mapping[str, int], n: int, contract: Contract | None) -> tuple[Finding, ...]:
    """Give what policies did to accepted rows, column by column.

    Values that break the contract (of the wrong kind, beyond its limits, unknown labels, broken rules) fail beyond 5 %
    of the rows, as monitoring's `degraded_limit` does: the contract doesn't describe these rows, and a model would
    learn from what its policies made of them. Missing values are only reported: a policy for them was chosen because
    they are expected.

    Parameters
    ----------
    flags : mapping of str to int
        Rows per thing a policy did.
    n : int
        Rows in all.
    contract : Contract, optional
        Names the columns; without one there is nothing to say.

    """
    if contract is None or not n:
        return ()
    done: dict[str, list[tuple[str, int]]] = {}
    for flag, times in flags.items():
        name, what = _parted(flag, contract)
        if what.endswith(_DONE):  # else nothing was done: a column that isn't held to the contract
            done.setdefault(name, []).append((what, times))
    limit = Limit("at_most", MOST_BENT)
    if not done:
        note = "no policy had to do anything"
        return (Finding(measure=POLICIES, where="all", value=0.0, limit=limit, ok=True, n=n, group=_GROUP, note=note),)
    return tuple(_bent(name, whats, n, limit) for name, whats in done.items())


def _bent(name: str, whats: list[tuple[str, int]], n: int, limit: Limit) -> Finding:
    breaking = sum(times for what, times in whats if not what.startswith(_EXPECTED))
    expected = sum(times for what, times in whats if what.startswith(_EXPECTED))
    told = "; ".join(f"{what} ({rows(times)})" for what, times in whats)
    found = Finding(
        measure=POLICIES,
        where=name,
        value=min((breaking or expected) / n, 1.0),
        limit=limit if breaking else None,
        n=n,
        group=_GROUP,
        note=f"{told}, of {rows(n)}",
    )
    if not judge(found).failed:
        return judge(found)
    cure = "The contract doesn't describe these rows: mend them at their source, or contract.toml."
    return judge(msgspec.structs.replace(found, note=f"{found.note}. {cure}"))


def kept_words(flags: Mapping[str, int]) -> str:
    """Say what became of the rows that the contract accepts: that they keep to it, or what its policies did.

    Examples
    --------
    >>> kept_words({}), kept_words({"tenure: above 100, clipped": 3})
    ('every row keeps to it', 'accepted by a policy: tenure: above 100, clipped (3 rows)')

    """
    counted = sorted(((flag, n) for flag, n in flags.items() if flag.endswith(_DONE)), key=lambda pair: -pair[1])
    told = "; ".join(f"{flag} ({rows(n)})" for flag, n in counted)
    return f"accepted by a policy: {told}" if told else _OBEYED


def told_step(line: LedgerLine, flags: Mapping[str, int]) -> str:
    """Say a step of the ledger as a line; that of the contract with what its policies did."""
    reason = line.reason
    if line.step == "contract" and (words := kept_words(flags)) != _OBEYED:
        reason = words if reason == _OBEYED else f"{reason}; {words}"
    return f"{line.step}: {rows(line.rows_in)}, {count(line.rows_out)} kept. {reason}"


def _parted(flag: str, contract: Contract) -> tuple[str, str]:
    """Part a flag into the column or rule it is about, and what was done."""
    names = [name for name in contract.names if flag.startswith(f"{name}: ")]
    name = max(names, key=len, default="") or next(
        (f"rule '{rule.name}'" for rule in contract.rules if flag.startswith(f"rule '{rule.name}': ")), flag
    )
    return name, flag[len(name) :].removeprefix(": ")


def row_loss(snapshot: Snapshot) -> Finding:
    """Give the share of rows that were refused, against the most that can be lost without asking.

    A row without an outcome isn't lost: there was nothing to learn from it. Such rows are counted apart.
    """
    unlabelled = snapshot.rows_unlabelled
    labelled, lost = snapshot.rows_read - unlabelled, snapshot.rows_lost - unlabelled
    refusals = tuple(line for line in snapshot.ledger if line.step not in {UNLABELLED, *NO_LOSS})
    told = explain_losses(refusals) or f"every row of the source{' with an outcome' if unlabelled else ''} is used"
    where = f" ({snapshot.quarantine})" if snapshot.quarantine and lost else ""
    apart = f"; {rows(unlabelled)} without a {snapshot.task.target} left out, which is no loss" if unlabelled else ""
    found = Finding(
        measure="row_loss",
        where="all",
        value=lost / max(labelled, 1),
        limit=Limit("at_most", MOST_LOST),
        n=labelled,
        group=_GROUP,
        note=f"{count(lost)} of {rows(labelled)} lost: {told}{where}{apart}",
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
    measure = {"binary": "base_rate", "multiclass": "commonest_share", "regression": "mean"}[snapshot.task.kind]
    y = commonest(np.concatenate([snapshot.train.y, snapshot.test.y]), snapshot.task)
    note = snapshot.target_words
    if snapshot.positive_why:
        note += f"; '{snapshot.task.positive}' counts as yes: {snapshot.positive_why}"
    return Finding(
        measure=measure, where=snapshot.task.target, value=float(y.mean()), n=len(y), group=_GROUP, note=note
    )
