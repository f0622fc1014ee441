"""`Continuity`: whether the registry still is the one that said who answers here.

See ``docs/decisions/0011-who-answers-while-the-registry-is-away.md``.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mainstay.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.release import Release, Releases
    from mainstay.serving.following.known import Known


class Continuity:
    """Follows a history that goes on; stays with who answers where the registry tells another one.

    Parameters
    ----------
    releases : Releases
        The history as the registry tells it.
    colleague : callable
        Reads what another worker of this machine took up last.

    """

    def __init__(self, releases: Releases, colleague: Callable[[], Known | None]) -> None:
        self._releases = releases
        self._colleague = colleague
        self._strange: tuple[Release | None] | None = None
        """The last row of a history that isn't ours, as it was when it was seen first; None in it: an empty one."""

    def settled(self) -> None:
        """Take note that the registry's last row is what is served."""
        self._strange = None

    def why_stay(self, mine: Known, last: Release | None) -> str:
        """Say why the registry's last row isn't taken up, as a sentence with the cure; empty where it is.

        Parameters
        ----------
        mine : Known
            What is served here.
        last : Release or None
            The registry's last row, which is another one; None where it has none.

        Raises
        ------
        StoreError
            Where the history can't be read.

        """
        if self._goes_on(mine.release, last):
            self._strange = None
            return ""
        if self._strange is None:
            kin = mine.first is not None and same(mine.first, self._row(mine, mine.first.id))
            if kin and last is not None and last.at > mine.release.at:
                return ""  # restored from a backup, and somebody has released since
            self._strange = (last,)
        elif last is not None and not same(last, self._strange[0]):
            self._strange = None
            return ""  # somebody released there while we watched
        with suppress(StoreError):
            told = self._colleague()
            if told is not None and last is not None and same(told.release, last):
                return ""  # another worker saw it come
        return _sentence(mine, last)

    def _goes_on(self, mine: Release, last: Release | None) -> bool:
        return last is not None and last.id > mine.id and same(mine, self._releases.numbered(mine.model, mine.id))

    def _row(self, mine: Known, number: int) -> Release | None:
        return self._releases.numbered(mine.release.model, number)


def same(one: Release, other: Release | None) -> bool:
    """Say whether two rows are one and the same."""
    if other is None:
        return False
    return (one.id, one.at, one.by, one.routes) == (other.id, other.at, other.by, other.routes)


def _sentence(mine: Known, last: Release | None) -> str:
    name, number, version = mine.release.model, mine.release.id, mine.release.champion
    if last is None:
        what = f"knows no release of {name}: it was emptied, or is another one"
    elif last.id < number:
        what = f"ends at release {last.id} of {name}: it was restored from an older backup, or is another one"
    else:
        what = f"tells another history of {name}: its release {number} isn't the one that is served here"
    return (
        f"The registry {what}. Version {version} (release {number}) goes on answering. "
        f"Restore it, or release again: the next release made there is taken up."
    )
