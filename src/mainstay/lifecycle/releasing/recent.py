"""What a version's contract would say to what callers asked lately: the logged requests, sent through it again.

The log holds features as they were served, after the policies of the version that answered: a value that was filled
in is there as it was filled in, one that was clipped as it was clipped. So this finds what a contract refuses of the
values models are asked about; what it refuses of gaps and of values beyond the limits is found by comparing the
contracts themselves (`mainstay.release.differences`). Refused requests can't be sent again: the log keeps no value of
them.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import compile_request
from mainstay.errors import MainstayError, RecordError
from mainstay.events import Prediction, tail
from mainstay.events.unsealing import unsealed
from mainstay.lifecycle.replaying import typed_values, without_ids

if TYPE_CHECKING:
    from mainstay.contract import Contract
    from mainstay.release import Books

MOST = 1000
"""Requests that are sent again, the newest first."""
_SECONDS = 2.0
_NAMED = 5


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a contract says to the requests that were answered lately.

    Parameters
    ----------
    asked : int
        Requests that were sent through it.
    refused : int
        Those it refuses.
    fields : tuple of (str, int)
        Which fields it refuses, the most frequent first, and in how many requests.
    example : str
        What it says to one of them.
    since : datetime or None
        When the oldest of them was answered, UTC; None where there are none.
    left_out : int
        Requests it refuses that prove nothing, because the version that answered them isn't to be had, or wouldn't take
        what it logged either.

    """

    asked: int = 0
    refused: int = 0
    fields: tuple[tuple[str, int], ...] = ()
    example: str = ""
    since: dt.datetime | None = None
    left_out: int = 0

    @property
    def share(self) -> float:
        """Share of the requests that would be refused."""
        return self.refused / self.asked if self.asked else 0.0

    def words(self) -> str:
        """Say it in a sentence, without a full stop."""
        if not self.asked:
            return "the log holds no request to try its contract on"
        tried = f"the last {self.asked} requests" if self.asked > 1 else "the last request"
        if not self.refused:
            return f"its contract takes {tried}" if self.asked == 1 else f"its contract takes all of {tried}"
        named = ", ".join(f"'{name}' in {count}" for name, count in self.fields[:_NAMED])
        return f"its contract refuses {self.refused} of {tried} ({100 * self.share:.3g} %): {named}"


def try_recent(books: Books, contract: Contract, *, most: int = MOST, seconds: float = _SECONDS) -> Tried:
    """Send the newest logged requests through a contract; nothing is logged, no model is asked.

    Parameters
    ----------
    books : Books
        Whose log.
    contract : Contract
        Of the version that may answer them from now on.
    most : int
        How many at most.
    seconds : float
        How long at most.

    """
    name, until = books.project.name, time.monotonic() + seconds
    mine, theirs = _Reader(contract), _Readers(books)
    asked = refused = left_out = 0
    since: dt.datetime | None = None
    fields: Counter[str] = Counter()
    example = ""
    last = tail(books.log, most, ("predictions",))
    ours = [event for event in last if isinstance(event, Prediction) and event.model == name and event.role != "shadow"]
    for event in reversed(unsealed(books.log, ours)):
        if time.monotonic() > until:
            break
        error = mine.refusal(event)
        # Only then the version that answered is looked at: its bundle may be large, and far away.
        if error is not None and not theirs.took(event):
            left_out += 1
            continue
        asked, since = asked + 1, event.at
        if error is not None:
            refused += 1
            fields.update({problem.field for problem in error.problems})
            example = example or error.message
    return Tried(
        asked=asked,
        refused=refused,
        fields=tuple(fields.most_common()),
        example=example,
        since=since,
        left_out=left_out,
    )


class _Reader:
    """Reads logged requests by one contract."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._decoder = compile_request(without_ids(contract))

    def refusal(self, event: Prediction) -> RecordError | None:
        """Say why a request would be refused; None where it wouldn't."""
        try:
            self._decoder.read_record({**event.features, **typed_values(self._contract, event.features)})
        except RecordError as error:
            return error
        return None


class _Readers:
    """Reads logged requests by the contracts of those who answered them."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._known: dict[int, _Reader | None] = {}

    def took(self, event: Prediction) -> bool:
        """Whether the version that answered takes what it logged; not where it is damaged, or was removed."""
        if event.version not in self._known:
            self._known[event.version] = self._reader(event.version)
        reader = self._known[event.version]
        return reader is not None and reader.refusal(event) is None

    def _reader(self, version: int) -> _Reader | None:
        try:
            return _Reader(self._books.registry.load_contract(self._books.project.name, version))
        except MainstayError:
            return None
