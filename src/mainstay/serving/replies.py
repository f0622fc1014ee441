"""`Reply`: what goes back; every refusal is a problem document (RFC 9457) that names the cure and nothing internal."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.release import Route

Headers = tuple[tuple[bytes, bytes], ...]
_encode = msgspec.json.Encoder().encode
JSON: Headers = ((b"content-type", b"application/json"),)
"""The headers of what is answered nearly always."""
RETRY: Headers = ((b"retry-after", b"1"),)
"""What is refused may be sent again, a second later."""
_PROBLEM = (b"content-type", b"application/problem+json")


class Reply(msgspec.Struct, frozen=True):
    """A status, a body, and the headers beside its length."""

    status: int
    body: bytes
    headers: Headers = JSON


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal, as RFC 9457 writes it.

    Parameters
    ----------
    type : str
        ``urn:mainstay:problem:`` and the cause: stable, for programs.
    title : str
        The status in words.
    status : int
        HTTP status.
    detail : str
        What happened, one sentence.
    cure : str
        What to do about it.
    instance : str
        Id of the request, to be found in the log.
    errors : tuple of Problem
        What is wrong by record and field: found, and what is allowed.
    total : int
        How many errors there were, where the list was cut short.

    """

    type: str
    title: str
    status: int
    detail: str
    cure: str = ""
    instance: str = ""
    errors: tuple[Problem, ...] = ()
    total: int = 0


class Refused(Exception):  # noqa: N818 - not an error of ours: the request is answered with it
    """A request that gets a problem document.

    Parameters
    ----------
    status : int
        HTTP status.
    cause : str
        A word for programs, metrics and the log.
    detail, cure : str
        For people.
    errors : sequence of Problem
        By field.
    total : int
        How many errors there were.
    headers : tuple
        Further headers: ``Allow``, ``Retry-After``.

    Attributes
    ----------
    route : Route or None
        The arm whose contract refused, where it came that far.

    """

    def __init__(
        self,
        status: int,
        cause: str,
        detail: str,
        cure: str = "",
        *,
        errors: Sequence[Problem] = (),
        total: int = 0,
        headers: Headers = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.cause = cause
        self.detail = clean(detail)
        self.cure = cure
        self.errors = tuple(
            Problem(record=each.record, field=clean(each.field), found=clean(each.found), message=clean(each.message))
            for each in errors
        )
        self.total = total or len(self.errors)
        self.headers = headers
        self.route: Route | None = None

    @property
    def phrase(self) -> bytes:
        """The status in words, for a status line."""
        return HTTPStatus(self.status).phrase.encode()

    def reply(self, instance: str = "") -> Reply:
        """Draw the problem document."""
        details = ProblemDetails(
            type=f"urn:mainstay:problem:{self.cause}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            cure=self.cure,
            instance=instance,
            errors=self.errors,
            total=self.total if self.total > len(self.errors) else 0,
        )
        return Reply(self.status, _encode(details), (_PROBLEM, *self.headers))


def clean(text: str) -> str:
    r"""Make a text from outside fit for UTF-8: JSON can spell half a character, which nobody can write.

    Examples
    --------
    >>> clean("a\ud800b")
    'a?b'

    """
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def json_reply(value: object, status: int = 200) -> Reply:
    """Answer with a value as JSON."""
    return Reply(status, _encode(value))


def method_refused(method: str, allowed: str) -> Refused:
    """Refuse a method this address doesn't know."""
    return Refused(
        405,
        "method",
        f"{method[:20]} isn't understood here.",
        f"Use {allowed}.",
        headers=((b"allow", allowed.encode()),),
    )


def whole(problem: Problem) -> str:
    """Say a problem that has no field to name: of a record as a whole, or of the request (too many records, none).

    Examples
    --------
    >>> from mainstay.errors import Problem
    >>> whole(Problem(3, "", "5", "is no feedback.")), whole(Problem(0, "", "[]", "there is no record."))
    ('Record 3 is no feedback.', 'There is no record.')

    """
    if problem.message.startswith("is "):
        return f"Record {problem.record} {problem.message}"
    return problem.message[:1].upper() + problem.message[1:]
