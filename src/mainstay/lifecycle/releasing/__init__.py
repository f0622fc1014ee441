"""`release`, `rollback`, `hold`, `resume`: who answers, and what is looked at before anybody else does.

::

    verb        release, after everything it is held against: read this one first
    foreseen    what that says, before anything is changed; recent: the logged requests it is asked
    going_back  rollback, hold, resume
    following   who answers by a release: every worker of every server
    answering   history --at: what answered at a moment
"""

from mainstay.lifecycle.releasing.answering import Answered, answered_at, answered_document
from mainstay.lifecycle.releasing.following import WAIT, Followed, describe_followed, follow
from mainstay.lifecycle.releasing.foreseen import Foreseen, Wish, foreseen_document, foreseen_plain
from mainstay.lifecycle.releasing.going_back import (
    foresee_rollback,
    held,
    hold,
    removed,
    resume,
    rollback,
    rollback_destination,
    rollback_seen,
)
from mainstay.lifecycle.releasing.verb import first_step, foresee, foresee_release, release, release_seen

__all__ = [
    "WAIT",
    "Answered",
    "Followed",
    "Foreseen",
    "Wish",
    "answered_at",
    "answered_document",
    "describe_followed",
    "first_step",
    "follow",
    "foresee",
    "foresee_release",
    "foresee_rollback",
    "foreseen_document",
    "foreseen_plain",
    "held",
    "hold",
    "release",
    "release_seen",
    "removed",
    "resume",
    "rollback",
    "rollback_destination",
    "rollback_seen",
]
