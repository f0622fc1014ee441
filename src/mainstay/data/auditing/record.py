"""`Audit`: everything the rows say about themselves, as values: kept, compared, drawn."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from mainstay.contract.profile import ColumnProfile
from mainstay.data.auditing.label_noise import Noise
from mainstay.data.auditing.outliers import Fences
from mainstay.data.auditing.sentinels import Sentinel
from mainstay.data.auditing.shapes import Shift
from mainstay.data.sieve import LedgerLine
from mainstay.measures.finding import Finding

Kind = Literal["number", "date", "truth", "text", "empty"]


class ReadsAs(msgspec.Struct, frozen=True):
    """How many cells of a column read as what."""

    integer: int = 0
    number: int = 0
    date: int = 0
    boolean: int = 0
    text: int = 0


class Extreme(msgspec.Struct, frozen=True):
    """A number far out, and the first row it is in (from 0)."""

    value: float
    row: int
    count: int = 1


class Outliers(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers far from the rest of their column.

    Parameters
    ----------
    fences : Fences
        The rule, and between what values it takes numbers for usual.
    count, n : int
        Numbers beyond the fences, of how many looked at.
    furthest : tuple of Extreme
        The furthest ones of all rows, the furthest first.
    alone : tuple of Extreme
        Those with a wide gap to everything else.

    """

    fences: Fences
    count: int
    n: int
    furthest: tuple[Extreme, ...] = ()
    alone: tuple[Extreme, ...] = ()


class Spread(msgspec.Struct, frozen=True):
    """Smallest, quartiles, largest and mean of a column's numbers."""

    low: float
    q1: float
    median: float
    q3: float
    high: float
    mean: float


class ColumnAudit(msgspec.Struct, frozen=True, kw_only=True):
    """One column.

    Parameters
    ----------
    name, role : str
        Its name, and its role in the contract; ``"—"`` where the contract doesn't know it.
    kind : {"number", "date", "truth", "text", "empty"}
        What most of its cells read as.
    rows, missing : int
        Cells, and those with nothing in them.
    reads_as : ReadsAs
        What the others read as.
    strays : int
        Cells that don't read as what nearly all others do: words among numbers or dates.
    stray_values : tuple of str
        Some of them.
    distinct : int
        Different values.
    distinct_exact : bool
        Whether that is counted or estimated (2.2 % standard error).
    common : tuple of (str, int)
        The most frequent values.
    constant : {"", "constant", "nearly"}
        Whether one value fills it, or all but one row in a thousand.
    spread : Spread, optional
        Of a column of numbers.
    outliers : Outliers, optional
        Of a column of amounts.
    sentinels : tuple of Sentinel
        Values that may stand for a missing one.
    shape : ColumnProfile, optional
        Counts per decile or label; what the next audit compares with.
    bars : ColumnProfile, optional
        Counts of numbers per even bar, to be drawn.
    shift : Shift, optional
        How far it moved since the audit it is measured from.
    same_as : str
        An earlier column that says the same in every row.
    recoded : bool
        Whether it says so in other words.
    unowned : bool
        Whether a feature has no owner or no source in the contract.

    """

    name: str
    role: str
    kind: Kind
    rows: int
    missing: int
    reads_as: ReadsAs
    strays: int = 0
    stray_values: tuple[str, ...] = ()
    distinct: int = 0
    distinct_exact: bool = True
    common: tuple[tuple[str, int], ...] = ()
    constant: Literal["", "constant", "nearly"] = ""
    spread: Spread | None = None
    outliers: Outliers | None = None
    sentinels: tuple[Sentinel, ...] = ()
    shape: ColumnProfile | None = None
    bars: ColumnProfile | None = None
    shift: Shift | None = None
    same_as: str = ""
    recoded: bool = False
    unowned: bool = False

    @property
    def heaped(self) -> bool:
        """Whether so many numbers lie beyond the fences that they are a heap of their own and no outliers."""
        return self.outliers is not None and self.outliers.count > 0.05 * self.outliers.n

    @property
    def judged(self) -> bool:
        """Whether it counts for the score: a model sees it, or nobody has said yet."""
        return self.role in ("feature", "—")


class RepeatedRows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that are there more than once.

    Parameters
    ----------
    whole : int
        Rows that repeat an earlier one in every column.
    apart : int
        Rows that repeat an earlier one in every column but `ids`.
    ids : tuple of str
        Columns that are different in each row by their nature.
    conflicts : int
        Rows whose features are there with another target as well.
    rows : int
        Rows that were read.
    exact : bool
        Whether counted or, beyond millions of rows, scaled up from a part of them.

    """

    whole: int
    apart: int
    ids: tuple[str, ...]
    conflicts: int
    rows: int
    exact: bool = True

    @property
    def common(self) -> bool:
        """Whether most rows repeat another: then there are few different ones, and repeats are no copies."""
        return self.apart > self.rows / 2


class Deduction(msgspec.Struct, frozen=True):
    """Points the score loses for one thing.

    Parameters
    ----------
    what : str
        For what.
    points, most : float
        How many, and how many it could be at worst.
    why : str
        The numbers behind it.

    """

    what: str
    points: float
    most: float
    why: str


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found.

    Parameters
    ----------
    name : str
        The model, or the table.
    at : datetime
        When, UTC.
    source, words : str
        Where the rows came from, and how they are written.
    fingerprint : str
        Of the rows' content.
    rows, looked_at : int
        Rows of the source, and those that were looked at together (leaks, noise, quantiles, drift): chosen by the row's
        number alone, so that the same rows give the same audit.
    columns : tuple of ColumnAudit
        In the order of the source.
    repeats : RepeatedRows
        Rows that are there more than once.
    noise : Noise, optional
        Labels that seem wrong.
    findings : tuple of Finding
        What was judged; a failed one fails the audit.
    deductions : tuple of Deduction
        What the score lost.
    score : float
        Data quality, 0 to 100.
    before : float, optional
        The score of the audit just before this one.
    before_at : datetime, optional
        When that one was.
    measured_from : datetime, optional
        When the audit was whose columns drift is measured from: the last that passed, or the one asked for.
    measured_why : str
        Why from that one: ``"the last that passed"``.
    ledger : tuple of LedgerLine
        Every step of the rows, with what it kept.
    broken : dict of str to int
        Rows refused, by rule.
    flags : dict of str to int
        Accepted rows per thing a policy did to them: clipped, filled in, taken as another, left to the fallback.
    quarantine : str
        File of the refused rows; empty where there are none.
    notes : tuple of str
        What wasn't looked at, and why.

    """

    name: str
    at: dt.datetime
    source: str
    words: str
    fingerprint: str
    rows: int
    looked_at: int
    columns: tuple[ColumnAudit, ...]
    repeats: RepeatedRows
    noise: Noise | None = None
    findings: tuple[Finding, ...] = ()
    deductions: tuple[Deduction, ...] = ()
    score: float = 100.0
    before: float | None = None
    before_at: dt.datetime | None = None
    measured_from: dt.datetime | None = None
    measured_why: str = ""
    ledger: tuple[LedgerLine, ...] = ()
    broken: dict[str, int] = {}
    flags: dict[str, int] = {}
    quarantine: str = ""
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> ColumnAudit | None:
        """Give a column by its name; None where there is none."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """What fails the audit."""
        return tuple(finding for finding in self.findings if finding.failed)
