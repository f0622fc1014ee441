"""The audit itself: batches in, an `Audit` out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from mainstay.contract.table import check_table, encode_table, learn_fills
from mainstay.data.afterwards import later_than, one_sided
from mainstay.data.audit import policy_findings
from mainstay.data.auditing.copies import copied_columns
from mainstay.data.auditing.describing import describe, numbers_of
from mainstay.data.auditing.gathering import gather
from mainstay.data.auditing.judging import column_findings, leak_findings, row_findings, score_findings
from mainstay.data.auditing.label_noise import find_noise
from mainstay.data.auditing.record import Audit, RepeatedRows
from mainstay.data.auditing.score import deductions, score_of
from mainstay.data.auditing.shapes import compare
from mainstay.data.leaks import find_leaks
from mainstay.data.logged.columns import traceless
from mainstay.data.quarantine import write_quarantine
from mainstay.data.target import encode_target
from mainstay.data.words import count, rows

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.data.auditing.gathering import Brief, Gathered
    from mainstay.data.auditing.label_noise import Noise
    from mainstay.data.auditing.record import ColumnAudit
    from mainstay.measures.finding import Finding

_MOST_CODES = 1_000  # labels a column may have to be looked at without a contract


@dataclass(frozen=True)
class _Encoded:
    """The sample as a model would see it."""

    X: NDArray[np.float64]
    names: tuple[str, ...]
    coded: tuple[bool, ...]
    y: NDArray[np.float64]
    index: NDArray[np.int64]


def audit_table(
    batches: Iterable[pl.DataFrame],
    brief: Brief,
    *,
    now: dt.datetime,
    last: Audit | None = None,
    before: Audit | None = None,
    why: str = "",
    quarantine: Path | None = None,
) -> Audit:
    """Audit a table.

    Parameters
    ----------
    batches : iterable of polars.DataFrame
        Its rows in the order of the source; read once.
    brief : Brief
        What is known about it.
    now : datetime
        When this is, UTC.
    last : Audit, optional
        What drift is measured from.
    before : Audit, optional
        What the score is compared with; the same by default.
    why : str
        Why drift is measured from that one, in words.
    quarantine : Path, optional
        Folder for the refused rows; without one they are only counted.

    Returns
    -------
    Audit
        The same for the same rows, contract and last audit, however the rows are cut into batches.

    """
    found = gather(batches, brief)
    before = before or last
    encoded = _encode(found, brief)
    columns = _moved(_columns(found, brief, last), last)
    sample = found.sample
    notes = list(found.notes)
    if not sample.whole:
        notes.append(
            f"Quantiles, outlier counts, drift, copies, leaks and labels were looked at in {rows(sample.frame.height)} "
            f"of {count(sample.of)}, chosen by their number; everything else is counted over all."
        )
    file = None
    if quarantine is not None and found.refused.height:
        file = write_quarantine(traceless(found.refused), quarantine, brief.fingerprint[:16] or "audit")
    audit = Audit(
        name=brief.name,
        at=now,
        source=brief.source,
        words=brief.words,
        fingerprint=brief.fingerprint,
        rows=sample.of,
        looked_at=sample.frame.height,
        columns=columns,
        repeats=_repeats(found),
        noise=_noise(encoded, found),
        findings=_leaks(encoded, found, brief),
        before=before.score if before is not None else None,
        before_at=before.at if before is not None else None,
        measured_from=last.at if last is not None else None,
        measured_why=why if last is not None else "",
        ledger=found.ledger,
        broken=dict(sorted(found.broken.items(), key=lambda pair: (-pair[1], pair[0]))),
        flags=dict(sorted(found.flags.items(), key=lambda pair: (-pair[1], pair[0]))),
        quarantine=str(file) if file is not None else "",
        notes=tuple(notes),
    )
    return _scored(audit, found, brief)


def _scored(audit: Audit, found: Gathered, brief: Brief) -> Audit:
    lost = deductions(audit, labelled=found.task is not None and found.task.kind != "regression")
    audit = msgspec.structs.replace(audit, deductions=lost, score=score_of(lost))
    judged = (
        *score_findings(audit, brief.least),
        *audit.findings,
        *row_findings(audit),
        *policy_findings(audit.flags, audit.rows, brief.contract),
        *column_findings(audit.columns, audit.measured_from),
    )
    return msgspec.structs.replace(audit, findings=judged)


def _columns(found: Gathered, brief: Brief, last: Audit | None) -> list[ColumnAudit]:
    known = {column.name: column for column in brief.contract.columns} if brief.contract is not None else {}
    before = {column.name: column for column in last.columns} if last is not None else {}
    copies = copied_columns(found.sample.frame)
    columns = []
    for tallied in found.tallies:
        name = tallied.name
        role = _role(name, found, brief, known[name].role if name in known else "—")
        column = describe(tallied, found.sample.frame[name], known.get(name), before.get(name), role)
        if name in copies:
            same_as, recoded = copies[name]
            column = msgspec.structs.replace(column, same_as=same_as, recoded=recoded)
        columns.append(column)
    return columns


def _role(name: str, found: Gathered, brief: Brief, said: str) -> str:
    if name == brief.target:
        return "target"
    if name in found.repeats.ids:
        return "id"
    if name in brief.times and said != "feature":
        return "time"
    return said if brief.contract is None or said != "—" else "ignored"


def _moved(columns: list[ColumnAudit], last: Audit | None) -> tuple[ColumnAudit, ...]:
    """Compare the columns with how they were, all together: their number decides what chance can do."""
    before = {column.name: column.shape for column in last.columns} if last is not None else {}
    pairs = {
        column.name: (old, column.shape)
        for column in columns
        if column.role not in ("id", "time")
        and column.shape is not None
        and (old := before.get(column.name)) is not None
        and (old.kind, old.edges, old.labels) == (column.shape.kind, column.shape.edges, column.shape.labels)
    }
    shifts = dict(zip(pairs, compare(list(pairs.values())), strict=True))
    return tuple(msgspec.structs.replace(column, shift=shifts.get(column.name)) for column in columns)


def _repeats(found: Gathered) -> RepeatedRows:
    seen = found.repeats
    return RepeatedRows(
        whole=seen.whole, apart=seen.apart, ids=seen.ids, conflicts=seen.conflicts, rows=seen.rows, exact=seen.exact
    )


def _encode(found: Gathered, brief: Brief) -> _Encoded | None:
    """Encode the sampled rows that say what the target was."""
    if found.task is None:
        return None
    frame, index = found.sample.frame, found.sample.index
    y = encode_target(frame[found.task.target], found.task)
    known = ~np.isnan(y)
    frame, y, index = frame.filter(pl.Series(known)), y[known], index[known]
    if not len(y):
        return None
    if brief.contract is None:
        return _encode_plainly(frame, y, index, found, brief)
    checked = check_table(brief.contract, frame)
    good = checked.rows.to_numpy()
    contract = learn_fills(brief.contract, checked.good)
    return _Encoded(
        X=encode_table(contract, checked.good),
        names=contract.encoded_names,
        coded=tuple(column.type in ("category", "boolean") for column, _ in contract.slots),
        y=y[good],
        index=index[good],
    )


def _encode_plainly(
    frame: pl.DataFrame, y: NDArray[np.float64], index: NDArray[np.int64], found: Gathered, brief: Brief
) -> _Encoded | None:
    """Encode without a contract: numbers as they are, labels by their rank; ids and free text are left out."""
    skip = {brief.target, *brief.times, *found.repeats.ids}
    blocks, names, coded = [], [], []
    for tallied in found.tallies:
        if tallied.name in skip or not tallied.known:
            continue
        cells = frame[tallied.name]
        if tallied.numeric > tallied.known / 2:
            blocks.append(numbers_of(cells))
        elif tallied.distinct_about <= min(_MOST_CODES, len(y) / 2):
            blocks.append(cells.cast(pl.String).rank("dense").cast(pl.Float64).fill_null(np.nan).to_numpy())
        else:
            continue
        names.append(tallied.name)
        coded.append(tallied.numeric <= tallied.known / 2)
    if not blocks:
        return None
    return _Encoded(np.column_stack(blocks), tuple(names), tuple(coded), y, index)


def _noise(encoded: _Encoded | None, found: Gathered) -> Noise | None:
    if encoded is None or found.task is None or found.task.kind != "binary":
        return None
    labels = (found.task.negative, found.task.positive)
    return find_noise(encoded.X, encoded.coded, encoded.y, encoded.index, labels)


def _leaks(encoded: _Encoded | None, found: Gathered, brief: Brief) -> tuple[Finding, ...]:
    if encoded is None or found.task is None:
        return ()
    task = found.task
    leaks = find_leaks(encoded.X, encoded.names, encoded.coded, encoded.y, task.kind)
    traces = []
    if task.kind == "binary":
        traces += list(one_sided(encoded.X, encoded.names, encoded.y, (task.negative, task.positive)))
    if brief.times:  # what lies after the most significant part lies after the whole
        features = brief.contract.feature_names if brief.contract is not None else found.sample.frame.columns
        traces += list(later_than(found.sample.frame, brief.times[0], features))
    return tuple(leak_findings(leaks, traces, len(encoded.y), len(encoded.names)))
