"""Everything mainstay raises on purpose, in one tree.

::

    MainstayError                  catch this one to catch them all
    ├── InputError                 what was given can't be used                        (exit 2)
    │   ├── ProjectError           the project file is wrong: file, line, key, cure
    │   ├── ContractError          the contract contradicts itself
    │   ├── DataError              the source can't be read, or can't be learned from
    │   │   └── FeaturesError      features.py failed (lives in mainstay.models.features)
    │   ├── RecordError            a record was refused; lists every problem by field
    │   ├── BodyError              a request's body isn't JSON (lives in mainstay.contract)
    │   ├── ExpressionError        a rule can't be read: says where (lives in mainstay.measures.expression)
    │   └── NotFoundError          no such version, model, prediction or file
    ├── CheckError                 everything was readable, the answer is no           (exit 1)
    │   ├── GateError              a gate failed
    │   └── ReleaseError           this release or rollback is refused
    ├── StoreError                 the books can't be read or written                  (exit 2)
    │   ├── LockedError            another process holds them
    │   └── CorruptError           a file isn't what was once written
    └── SetupError                 this machine lacks something: an extra, a port      (exit 2)
        └── TrustError             a version's own code isn't trusted here, so it isn't run
            └── SignatureError     no key that is trusted here signed this version, so it isn't loaded

Each carries one clear sentence, and the cure as a second one.
"""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING, ClassVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


# C0 and C1 controls but tab and newline, and the characters that reverse the reading direction: what a file says of
# itself must not be able to colour, erase or reorder what a person reads.
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class MainstayError(Exception):
    """The root: one sentence that says what happened, and the cure.

    Parameters
    ----------
    message : str
        What happened, as a sentence a stranger understands.
    cure : str
        What to do about it, as a sentence.

    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, cure: str = "") -> None:
        self.message = UNSAFE.sub("\ufffd", message)
        self.cure = UNSAFE.sub("\ufffd", cure)
        super().__init__(f"{self.message} {self.cure}".strip())


class InputError(MainstayError):
    """What was given can't be used."""


class ProjectError(InputError):
    """The project file is wrong; the message names file, line and key."""


class ContractError(InputError):
    """The contract contradicts itself."""


class DataError(InputError):
    """The source can't be read, or nothing can be learned from it."""


class Problem(msgspec.Struct, frozen=True):
    """One reason why a record was refused.

    Parameters
    ----------
    record : int
        Position of the record in its request or file, from 0.
    field : str
        Name of the column.
    found : str
        The value as it came, shortened to 80 characters.
    message : str
        What is wrong, and what is allowed.

    """

    record: int
    field: str
    found: str
    message: str


class RecordError(InputError):
    """A record was refused; `problems` lists why, by record and field.

    Parameters
    ----------
    problems : sequence of Problem
        At least one.
    total : int, optional
        How many there were, where the list was cut short.

    """

    def __init__(self, problems: Sequence[Problem], total: int | None = None) -> None:
        first = problems[0]
        self.problems = tuple(problems)
        self.total = len(self.problems) if total is None else total
        rest = self.total - 1
        more = f" ({rest} more problem{'s' * (rest > 1)}.)" if rest else ""
        super().__init__(f"Record {first.record}, field '{first.field}': {first.message}{more}")


class NotFoundError(InputError):
    """No such version, model, prediction or file."""


class CheckError(MainstayError):
    """Everything was readable; the answer is no."""

    exit_code: ClassVar[int] = 1


class GateError(CheckError):
    """A gate failed."""


class ReleaseError(CheckError):
    """This release or rollback is refused."""


class StoreError(MainstayError):
    """The books can't be read or written."""


def store_error(error: OSError) -> StoreError:
    """Say in a sentence why the system refused a file or a folder.

    Examples
    --------
    >>> print(store_error(PermissionError(13, "Permission denied", "/books/events")))
    /books/events can't be read or written: Permission denied. Give this user its rights, or see if its disk is well.

    """
    what = os.fspath(error.filename) if isinstance(error.filename, str | os.PathLike) else "A file"
    return StoreError(
        f"{what} can't be read or written: {os.strerror(error.errno or errno.EIO)}.",
        "Give this user its rights, or see if its disk is well.",
    )


class LockedError(StoreError):
    """Another process holds the books."""


class CorruptError(StoreError):
    """A file isn't what was once written."""


class SetupError(MainstayError):
    """This machine lacks something: an optional extra, a free port, a permission."""


class TrustError(SetupError):
    """A version's own code isn't trusted here, so it isn't run."""


class SignatureError(TrustError):
    """No key that is trusted here signed this version, so it isn't loaded."""
