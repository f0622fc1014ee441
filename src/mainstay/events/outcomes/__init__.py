"""Outcomes in a table: read as feedback over HTTP is, matched to the answers they are about, told apart from old news.

Imports Polars; a serving worker never imports this package.
"""

from mainstay.events.outcomes.known import Known
from mainstay.events.outcomes.layout import Layout, lay_out
from mainstay.events.outcomes.matching import Matcher, read_answers
from mainstay.events.outcomes.table import TableRead, TableReader, feedback_lines

__all__ = [
    "Known",
    "Layout",
    "Matcher",
    "TableRead",
    "TableReader",
    "feedback_lines",
    "lay_out",
    "read_answers",
]
