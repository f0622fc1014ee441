"""Who answers: champion, canary, arms of an A/B test, shadow; the append-only history; rollback.

::

    plan:        history + wish      -> the next Release, or why not       (pure)
    places:      shares of arms      -> which keys each answers            (pure)
    rollback:    history             -> where a rollback goes, or why not  (pure)
    gate:        Version + Verdict   -> why it must not be released        (pure)
    compatible:  two contracts       -> what callers would notice          (pure)
    control:     who asks            -> whether it is never acted on       (pure)
    route:       routes + who asks   -> which version answers              (pure)
    approvals:   who said yes to a version, in which role, and why
    holds:       whether something other than a person may change who answers
    history:     Releases            -> appended to by one winner at a time
    presence:    which release each worker of each server answers by
    books:       a project           -> both books, opened together
"""

from mainstay.release.approvals import APPROVED, Approvals, Approved, judged_since, unfilled, why_no_approval
from mainstay.release.books import Books, open_books, place_of, store_of
from mainstay.release.compatible import differences, other_question
from mainstay.release.control import is_control
from mainstay.release.gate import why_not
from mainstay.release.history import Releases
from mainstay.release.holds import Hold, Holds
from mainstay.release.plan import at_moment, explain, only_ends, plan_release, propose_release
from mainstay.release.presence import AGAIN, BEAT, GONE, Listener, Presence, Worker, lagging
from mainstay.release.release import BESIDE, Approval, Release, Route, canary_of, champion, newcomers
from mainstay.release.retention import answering, removable
from mainstay.release.rollback import leaving, propose_rollback, rollback_target, rollback_targets
from mainstay.release.route import assign, salt_of, shadows
from mainstay.release.settings import ReleaseSettings

__all__ = [
    "AGAIN",
    "APPROVED",
    "BEAT",
    "BESIDE",
    "GONE",
    "Approval",
    "Approvals",
    "Approved",
    "Books",
    "Hold",
    "Holds",
    "Listener",
    "Presence",
    "Release",
    "ReleaseSettings",
    "Releases",
    "Route",
    "Worker",
    "answering",
    "assign",
    "at_moment",
    "canary_of",
    "champion",
    "differences",
    "explain",
    "is_control",
    "judged_since",
    "lagging",
    "leaving",
    "newcomers",
    "only_ends",
    "open_books",
    "other_question",
    "place_of",
    "plan_release",
    "propose_release",
    "propose_rollback",
    "removable",
    "rollback_target",
    "rollback_targets",
    "salt_of",
    "shadows",
    "store_of",
    "unfilled",
    "why_no_approval",
    "why_not",
]
