"""What a call can end in, all of it below `MainstayError`.

::

    CallError                 a call wasn't answered: status, cause, key
    ├── RefusedError          it can't be answered as it is; asking again doesn't help       (also InputError)
    │   ├── FieldsError       a record was refused: `errors` by record and field             (also RecordError)
    │   ├── NoSuchError       no such model, version or call                                 (also NotFoundError)
    │   └── DeniedError       the API key is missing, unknown, or may not do this
    └── UnavailableError      the server wasn't reached, is busy or failed; asking later may help
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.errors import InputError, MainstayError, NotFoundError, RecordError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.client.answers import Answer
    from mainstay.errors import Problem


class CallError(MainstayError):
    """A call wasn't answered.

    Parameters
    ----------
    message, cure : str
        What happened, and what to do about it: the server's own words where it said any.
    status : int
        HTTP status; 0 where there was no answer at all.
    cause : str
        The server's word for it (``"fields"``, ``"syntax"``, ``"busy"``, …); empty where there is none.
    key : str
        The Idempotency-Key of the request: an answer that was given and never arrived is in the log under the ids
        ``answer_ids(key, records)``. Empty where nothing was asked of a model.
    request : str
        Id of the request, for the server's operator.
    retry_after : float, optional
        Seconds after which the server says it is worth another try.
    errors : sequence of Problem
        What is wrong by record and field; records are counted over everything that the call was given.

    """

    def __init__(
        self,
        message: str,
        cure: str = "",
        *,
        status: int = 0,
        cause: str = "",
        key: str = "",
        request: str = "",
        retry_after: float | None = None,
        errors: Sequence[Problem] = (),
    ) -> None:
        MainstayError.__init__(self, message, cure)
        self.status = status
        self.cause = cause
        self.key = key
        self.request = request
        self.retry_after = retry_after
        self.errors = tuple(errors)
        self.answered: tuple[Answer, ...] = ()
        """Answers to the records before those of the failed request, where a call needed several requests."""


class RefusedError(CallError, InputError):
    """The request can't be answered as it is; asking again doesn't help."""


class FieldsError(RefusedError, RecordError):
    """A record was refused; `errors` says why, by record and field."""

    @property
    def problems(self) -> tuple[Problem, ...]:  # type: ignore[override]
        """The same as `errors`."""
        return self.errors

    @property
    def total(self) -> int:  # type: ignore[override]
        """How many errors are listed."""
        return len(self.errors)


class NoSuchError(RefusedError, NotFoundError):
    """No such model, version or call."""


class DeniedError(RefusedError):
    """The API key is missing, unknown, or may not do this."""


class UnavailableError(CallError):
    """The server wasn't reached, is busy, or failed; asking later may help."""
