"""A source becomes a `Snapshot`: rows, split, fingerprint, and a ledger of every row that was left behind.

Reading (`read_source`), drafting a project for a table nobody has looked at yet (`draft_project`), the audit
(`leak_suspects`), and a simulated business whose truth is known (`mainstay.data.simulator`).
"""

from mainstay.data.answers import Answers
from mainstay.data.audit import data_findings, leak_suspects, row_loss
from mainstay.data.draft import Draft, draft_project, write_project
from mainstay.data.fingerprint import fingerprint
from mainstay.data.rows import Rows
from mainstay.data.settings import DataSettings, SplitBy
from mainstay.data.sieve import LedgerLine
from mainstay.data.snapshot import Snapshot, take_snapshot
from mainstay.data.source import read_source, resolve_source

__all__ = [
    "Answers",
    "DataSettings",
    "Draft",
    "LedgerLine",
    "Rows",
    "Snapshot",
    "SplitBy",
    "data_findings",
    "draft_project",
    "fingerprint",
    "leak_suspects",
    "read_source",
    "resolve_source",
    "row_loss",
    "take_snapshot",
    "write_project",
]
