"""What predict and feedback refuse: wrong fields, and a model that can't answer yet."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from mainstay.contract import BodyError
from mainstay.errors import RecordError
from mainstay.serving.cases import ArmRecordError
from mainstay.serving.replies import RETRY, Refused, whole
from mainstay.serving.served import champion_of, say

if TYPE_CHECKING:
    from mainstay.serving.call import Call
    from mainstay.serving.dataplane import ScoringError
    from mainstay.serving.replies import Reply
    from mainstay.serving.served import Served

BEHIND = Refused(
    503, "behind", "The server is behind with what it has to answer.", "Try again later.", headers=RETRY
).reply()
"""What a request gets that nothing is read of."""


def problem_of(error: Refused | RecordError | BodyError | ScoringError) -> Refused:
    """Turn what went wrong with a request into what its caller is told; the operator is told more."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, RecordError):
        return fields_refused(error)
    if isinstance(error, BodyError):
        return Refused(400, "syntax", error.message, error.cure)
    say(str(error))
    return Refused(503, "model", "The model can't answer now.", "Try again.", headers=RETRY)


def fields_refused(error: RecordError) -> Refused:
    """Refuse a request for its wrong fields."""
    first = error.problems[0]
    detail = error.message if first.field else whole(first)
    refused = Refused(422, "fields", detail, error.cure, errors=error.problems, total=error.total)
    refused.route = error.route if isinstance(error, ArmRecordError) else None
    return refused


def unreleased(served: Served) -> Refused:
    """Refuse a request nobody can answer yet: 503 with the reason."""
    if served.refused is not None:
        return Refused(
            503,
            "unloaded",
            f"Version {champion_of(served.refused)} of {served.name} is released, but can't be loaded here.",
            "See /readyz for the reason.",
            headers=RETRY,
        )
    if served.trouble:
        return Refused(
            503, "unreleased", f"{served.name} can't answer yet.", "See /readyz for the reason.", headers=RETRY
        )
    return Refused(
        503,
        "unreleased",
        f"No version of {served.name} is released yet.",
        'Release one, and it answers within a second: mainstay release 1 --trial --reason "first look"',
        headers=RETRY,
    )


def fault(call: Call, error: Exception) -> Reply:
    """Answer where mainstay itself failed, the last net: the operator is told why, the caller is told nothing more."""
    say_fault(error)
    refused = Refused(500, "fault", "The server failed at this request.", "The operator's log says why.")
    return refused.reply(call.id or "")


def say_fault(error: Exception) -> None:
    """Tell the operator of a fault in mainstay itself."""
    told = "".join(traceback.format_exception(error, limit=-3))
    say(f"A fault in mainstay itself, please report it: {told}")
