"""Profiles on the disk: a file per day, replaced as a whole, that knows what each slice was computed from."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from mainstay.events.profiles.catalogue import Catalogue
from mainstay.events.profiles.clock import DAY, start_of
from mainstay.events.profiles.profile import Profile
from mainstay.state.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORM = 1
"""Form of the files; those of another one are made anew."""

_CATALOGUE = "catalogue"
_SUFFIX = ".json"


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a stored slice was computed from.

    Parameters
    ----------
    mark : str
        Digest of the lens and of the lines it was made of, in whatever files.
    first, last : datetime
        Of the rows in it.
    buckets : tuple of int
        First and last bucket that the ids of its answers were made in; feedback of these concerns it.
    odd : bool
        Whether there are ids that say no time.
    early : bool
        Whether there are ids of before it began, so that the slice before it may hold them, too.
    answers : int
        Lines of answers that somebody got.

    """

    mark: str
    first: dt.datetime
    last: dt.datetime
    buckets: tuple[int, int] = (0, -1)
    odd: bool = False
    early: bool = False
    answers: int = 0


class _Stored(msgspec.Struct, frozen=True):
    head: Head
    profile: msgspec.Raw


class _File(msgspec.Struct, frozen=True):
    form: int
    slices: dict[int, _Stored]
    total: msgspec.Raw


class Day:
    """The slices of one day; a profile is decoded when it is asked for."""

    def __init__(self, stored: Mapping[int, _Stored], total: msgspec.Raw) -> None:
        self._stored = stored
        self._total = total
        self.heads = {place: one.head for place, one in stored.items()}

    def profile(self, place: int) -> Profile:
        """Give the profile of a slice."""
        return _profile(self._stored[place].profile)

    def total(self) -> Profile:
        """Give all slices added up."""
        return _profile(self._total)


_decode = msgspec.json.Decoder(_File).decode
_profile = msgspec.json.Decoder(Profile).decode


class Store:
    """The folder of stored profiles. A cache of the log: deleting it loses nothing.

    Parameters
    ----------
    folder : Path
        Made with the first profile; where that can't be, nothing is kept.

    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def catalogue(self) -> Catalogue:
        """Give what is known of the files of the log; nothing where that can't be read."""
        try:
            return msgspec.json.decode(self._path(_CATALOGUE).read_bytes(), type=Catalogue)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return Catalogue()

    def keep_catalogue(self, catalogue: Catalogue) -> None:
        """Keep what is known of the files."""
        self._replace(_CATALOGUE, msgspec.json.encode(catalogue))

    def day(self, number: int) -> Day:
        """Give the slices of a day, counted from 1970; none where they can't be read."""
        try:
            found = _decode(self._path(_name(number)).read_bytes())
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return Day({}, _NOTHING)
        return Day(found.slices, found.total) if found.form == FORM else Day({}, _NOTHING)

    def keep_day(self, number: int, slices: Mapping[int, tuple[Head, Profile]], total: Profile) -> Day:
        """Keep the slices of a day and their sum."""
        stored = {place: _Stored(head, _raw(profile)) for place, (head, profile) in sorted(slices.items())}
        day = Day(stored, _raw(total))
        self._replace(_name(number), msgspec.json.encode(_File(FORM, stored, _raw(total))))
        return day

    def days(self) -> tuple[str, ...]:
        """Name the days that are kept, as in ``"2026-11-22"``."""
        with suppress(OSError):
            return tuple(sorted(path.stem for path in self._folder.glob(f"*-*{_SUFFIX}")))
        return ()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{_SUFFIX}"

    def _replace(self, name: str, data: bytes) -> None:
        # A page that can't keep what it summed up shows it all the same, and sums it up again the next time.
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            replace_file(self._path(name), data, 0o640, lasting=False)


_NOTHING = msgspec.Raw(msgspec.json.encode(Profile()))


def _raw(profile: Profile) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(profile))


def _name(number: int) -> str:
    return f"{start_of(number * DAY):%Y-%m-%d}"
