"""What predict and feedback refuse: wrong fields, and a model that can't answer yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.serving.replies import Refused
from mainstay.serving.served import champion_of

if TYPE_CHECKING:
    from mainstay.errors import RecordError
    from mainstay.serving.served import Served

RETRY = ((b"retry-after", b"1"),)


def fields_refused(error: RecordError) -> Refused:
    """Refuse a request for its wrong fields."""
    first = error.problems[0]
    # A problem of the request as a whole (too many records, none) has no field to name.
    detail = error.message if first.field else first.message[:1].upper() + first.message[1:]
    return Refused(422, "fields", detail, error.cure, errors=error.problems, total=error.total)


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
