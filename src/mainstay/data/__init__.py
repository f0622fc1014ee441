"""A source becomes a `Snapshot`: rows, split, fingerprint, and a ledger of every row that was left behind.

Reading (`read_source`), drafting a project for a table nobody has looked at yet (`draft_project`), the audit
(`leak_suspects`), and a simulated business whose truth is known (`mainstay.data.simulator`).
"""

from mainstay.data.answers import Answers
from mainstay.data.audit import data_findings, leak_suspects, row_loss
from mainstay.data.draft import Draft, draft_project, write_project
from mainstay.data.fingerprint import fingerprint
from mainstay.data.frames import as_frame
from mainstay.data.judged import judged_on
from mainstay.data.logged import Logged, Span, from_events, read_span
from mainstay.data.roles import with_roles
from mainstay.data.rows import Rows
from mainstay.data.settings import DataSettings, SplitBy
from mainstay.data.sieve import LedgerLine
from mainstay.data.snapshot import Snapshot, take_snapshot
from mainstay.data.source import Source, open_source, read_source, resolve_source, source_of

__all__ = [
    "Answers",
    "DataSettings",
    "Draft",
    "LedgerLine",
    "Logged",
    "Rows",
    "Snapshot",
    "Source",
    "Span",
    "SplitBy",
    "as_frame",
    "data_findings",
    "draft_project",
    "fingerprint",
    "from_events",
    "judged_on",
    "leak_suspects",
    "open_source",
    "read_source",
    "read_span",
    "resolve_source",
    "row_loss",
    "source_of",
    "take_snapshot",
    "with_roles",
    "write_project",
]
