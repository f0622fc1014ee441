"""The audit: everything the rows say about themselves, with a score, compared with the last time.

::

    inspection   the audit itself: read this one first
    gathering    one pass over the rows: tallies, repeats, the contract's rules, the sample
    tally        what one column says, mergeable
    sampling     the rows that are looked at together
    describing   from counts to what is said about a column
    outliers, sentinels, copies, repeats, label_noise, shapes
                 one question each
    judging      what fails, as Findings
    score        the data-quality score and its formula
    record       the types
    keeping      audits kept for the next one
    document     an audit to read
"""

from mainstay.data.auditing.gathering import Brief
from mainstay.data.auditing.inspection import audit_table
from mainstay.data.auditing.record import Audit, ColumnAudit, Deduction

__all__ = ["Audit", "Brief", "ColumnAudit", "Deduction", "audit_table"]
