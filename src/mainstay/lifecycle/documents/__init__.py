"""What the verbs print, and hand to other tools.

::

    printed  history, versions, verdicts, looks
    owner    the owner's page
    comment  what a pull request is told
    metrics  numbers of a check or a training, for other tools
"""

from mainstay.lifecycle.documents.metrics import write_check, write_training
from mainstay.lifecycle.documents.owner import owner_page, write_report
from mainstay.lifecycle.documents.printed import (
    card,
    describe_release,
    held_words,
    history,
    history_document,
    look_document,
    report_document,
    trained_document,
    verdict_document,
    versions,
    write_verdict,
)

__all__ = [
    "card",
    "describe_release",
    "held_words",
    "history",
    "history_document",
    "look_document",
    "owner_page",
    "report_document",
    "trained_document",
    "verdict_document",
    "versions",
    "write_check",
    "write_report",
    "write_training",
    "write_verdict",
]
