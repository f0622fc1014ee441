"""The data-quality score: 100 minus points, each with its reason.

With every share between 0 and 1, and "columns" those a model sees (or all but ids where there is no contract):

====================  =====================================================  ========
what                  points                                                 at most
====================  =====================================================  ========
refused rows          100 x share of rows the contract refuses                     30
leak suspects         15 for each column or pair                                   30
missing cells         40 x share of missing cells, mean over columns               20
mixed types           100 x share of stray cells, mean over columns                10
repeated rows         20 x share of rows that repeat an earlier one                10
conflicting labels    50 x share of rows with equal features, another label        10
label noise           200 x share of labels found wrong beyond chance              10
sentinels             40 x share of cells that hold one, mean over columns         10
drift                 20 x share of columns that moved since an audit that passed  10
idle columns          20 x share of constant, nearly constant, copied columns       5
lonely outliers       1 for each column with a number far beyond all others         5
unowned columns       5 x share of columns without owner or source                  5
====================  =====================================================  ========

Where most rows repeat another one, there are few different rows, and neither repeats nor conflicts cost anything. The
score never falls below 0. The points are a convention, made so that what can silently ruin a model (refused rows,
leaks) weighs most; they aren't estimated from anything, so a score is best compared with the same table's earlier one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.data.auditing.record import Audit, ColumnAudit, Deduction
from mainstay.data.words import count, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LEAK = "leak"


def deductions(audit: Audit, *, labelled: bool) -> tuple[Deduction, ...]:
    """Give what a score loses, in the order of the table above; what costs nothing is left out.

    Parameters
    ----------
    audit : Audit
        With its columns, repeats, noise and leak findings.
    labelled : bool
        Whether the target has labels, two or more: only then can they conflict.

    """
    columns = [column for column in audit.columns if column.judged]
    found = [*_of_rows(audit, labelled=labelled), *_of_columns(columns)]
    return tuple(each for each in found if each.points > 0)


def score_of(lost: Sequence[Deduction]) -> float:
    """Give the score: 100 minus all points, not below 0, to a tenth.

    Examples
    --------
    >>> score_of([Deduction("missing cells", 12.5, 20, "")])
    87.5

    """
    return round(max(0.0, 100.0 - sum(each.points for each in lost)), 1)


def _of_rows(audit: Audit, *, labelled: bool) -> Iterator[Deduction]:
    total = max(audit.rows, 1)
    refused = audit.ledger[0].rows_in - audit.ledger[-1].rows_out if audit.ledger else 0
    yield _lost("refused rows", 100 * refused / total, 30, f"{count(refused)} of {rows(audit.rows)}")
    suspects = [each.where for each in audit.findings if each.measure == LEAK and each.failed]
    yield _lost("leak suspects", 15 * len(suspects), 30, ", ".join(suspects[:3]))
    repeats = audit.repeats
    apart = f" apart from {', '.join(repeats.ids[:3])}" if repeats.ids else ""
    copies = 0 if repeats.common else repeats.apart
    yield _lost("repeated rows", 20 * copies / total, 10, f"{rows(repeats.apart)} repeat an earlier one{apart}")
    if labelled and not repeats.common:
        words = f"{rows(repeats.conflicts)} with equal features and another label"
        yield _lost("conflicting labels", 50 * repeats.conflicts / total, 10, words)
    if audit.noise is not None and audit.noise.sure:
        words = f"about {100 * audit.noise.share:.2g} % of labels, beyond what chance explains"
        yield _lost("label noise", 200 * audit.noise.share, 10, words)


def _of_columns(columns: Sequence[ColumnAudit]) -> Iterator[Deduction]:
    n = max(len(columns), 1)

    def mean(of: Callable[[ColumnAudit], int]) -> float:
        return sum(of(column) / max(column.rows, 1) for column in columns) / n

    def named(chosen: list[str]) -> str:
        return f"{count(len(chosen))} of {count(n)} columns: {', '.join(chosen[:3])}" + ("…" if len(chosen) > 3 else "")

    gone = [column.name for column in columns if column.missing]
    yield _lost("missing cells", 40 * mean(lambda column: column.missing), 20, named(gone))
    mixed = [column.name for column in columns if column.strays]
    yield _lost("mixed types", 100 * mean(lambda column: column.strays), 10, named(mixed))
    posing = [column.name for column in columns if column.sentinels]
    yield _lost("sentinels", 40 * mean(lambda column: sum(s.count for s in column.sentinels)), 10, named(posing))
    moved = [column.name for column in columns if column.shift is not None and column.shift.moved]
    yield _lost("drift", 20 * len(moved) / n, 10, named(moved))
    idle = [column.name for column in columns if column.constant or column.same_as]
    yield _lost("idle columns", 20 * len(idle) / n, 5, named(idle))
    alone = [column.name for column in columns if column.outliers is not None and column.outliers.alone]
    yield _lost("lonely outliers", 1.0 * len(alone), 5, named(alone))
    unowned = [column.name for column in columns if column.unowned]
    yield _lost("unowned columns", 5 * len(unowned) / n, 5, named(unowned))


def _lost(what: str, points: float, most: float, why: str) -> Deduction:
    points = min(points, most)
    return Deduction(what, max(round(points, 2), 0.01) if points > 0 else 0.0, most, why)  # little is not nothing
