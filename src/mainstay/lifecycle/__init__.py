"""THE ORDER: only the verbs that cross stages.

::

    order        train, gate, release, rollback, monitor, operate: read this one first
    controller   the loop around `operate`: one leader, told to stop by a signal
    processes    server, controller and dashboard as processes
    start        up: all of it from a table or a project
    files        scoring a file, taking in outcomes
    checking     check: the project held against its data
    documents    what the verbs print
"""

from mainstay.lifecycle.checking import Checked, check, check_document
from mainstay.lifecycle.documents import (
    card,
    describe_release,
    history,
    history_document,
    look_document,
    report_document,
    verdict_document,
    versions,
    versions_document,
    write_report,
)
from mainstay.lifecycle.files import Taken, predict_file, take_feedback
from mainstay.lifecycle.looking import Seen
from mainstay.lifecycle.order import (
    Trained,
    gate,
    monitor,
    operate,
    release,
    rollback,
    rollback_destination,
    train,
)
from mainstay.lifecycle.start import project_from_table, start, up
from mainstay.release import Books, open_books

__all__ = [
    "Books",
    "Checked",
    "Seen",
    "Taken",
    "Trained",
    "card",
    "check",
    "check_document",
    "describe_release",
    "gate",
    "history",
    "history_document",
    "look_document",
    "monitor",
    "open_books",
    "operate",
    "predict_file",
    "project_from_table",
    "release",
    "report_document",
    "rollback",
    "rollback_destination",
    "start",
    "take_feedback",
    "train",
    "up",
    "verdict_document",
    "versions",
    "versions_document",
    "write_report",
]
