"""`Profiles`: the stored profiles of a log, kept up with it, and windows as sums of them.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mainstay.events.profiles.catalogue import Sources, look_through
from mainstay.events.profiles.clock import DAY, HOUR, ODD, buckets, slice_of, start_of
from mainstay.events.profiles.heads import heads_of
from mainstay.events.profiles.material import EARLY, RETRIED, Chosen, between, read_material
from mainstay.events.profiles.profile import Profile, merge
from mainstay.events.profiles.store import Day, Head, Store
from mainstay.events.profiles.summarize import summarize, summarize_slices
from mainstay.events.read import read_feedback, read_predictions

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mainstay.events.log import EventLog
    from mainstay.events.profiles.catalogue import Catalogue
    from mainstay.events.profiles.lens import Lens
    from mainstay.events.profiles.material import Material

FOLDER = "profiles"
_AT_ONCE = 250_000  # rows read for one run of slices
_LONGEST = 7 * DAY  # slices of one run


class Profiles:
    """The profiles of a log's slices.

    Parameters
    ----------
    log : EventLog
        The log; they lie in its folder.
    lens : Lens
        How its rows are read.

    """

    def __init__(self, log: EventLog, lens: Lens) -> None:
        self._log = log
        self._lens = lens
        self._store = Store(log.root / FOLDER)
        self._days: dict[int, Day] = {}
        self._slices: dict[int, Material] = {}
        self._stamps: dict[int, pl.Series] = {}
        self.computed: tuple[int, ...] = ()
        """The slices that the last `refresh` computed anew."""
        self._whole = True
        self._predictions = Sources({})
        self._feedback = Sources({})
        self._refusals = Sources({})
        self._destroyed = 0

    @property
    def segments(self) -> tuple[str, ...]:
        """Features by whose values answers are counted apart."""
        return self._lens.segments

    def look(self) -> None:
        """Read what is new in the log, so far as to know which slices it is about."""
        known = self._store.catalogue()
        catalogue = look_through(self._log, known)
        if catalogue is not known:
            self._store.keep_catalogue(catalogue)
        self._read(catalogue)

    def lines(self, since: dt.datetime) -> int:
        """Give how many answers the log holds since about a moment, shadows and repetitions included."""
        first = slice_of(since)
        return sum(self._predictions.lines(place).count for place in self._predictions.places if place >= first)

    def refresh(self, since: dt.datetime | None = None, *, most: int | None = None, look: bool = True) -> bool:
        """Compute the slices that the log has changed since they were stored, and store them.

        Parameters
        ----------
        since : datetime, optional
            Older slices are left as they are.
        most : int, optional
            Stop before more rows than this are read, the newest slices first.
        look : bool
            Whether to `look` at the log first; not needed where that was done just now.

        Returns
        -------
        bool
            Whether every slice is as the log is now.

        """
        if look:
            self.look()
        dirty = [place for place in self._places() if (since is None or start_of(place + 1) > since)]
        dirty = [place for place in dirty if not self._is_current(place)]
        chosen = self._affordable(dirty, most)
        self._compute(chosen)
        self._forget()
        self.computed = tuple(chosen)
        self._whole = len(chosen) == len(dirty)
        return self._whole

    def window(self, since: dt.datetime, until: dt.datetime) -> Profile:
        """Give the summary of a span, `until` excluded, as of the last `refresh`.

        Slices that lie in it are added up; one that an end cuts in two is read from the log.
        """
        return merge(*self._parts(since, until))

    def newest(self, answers: int, until: dt.datetime) -> dt.datetime | None:
        """Give when the last so many answers before a moment began; None where there are fewer.

        Shadows don't count. The slices tell how many they hold, so that one of them is read.
        """
        left = answers
        for place in sorted(self._places(), reverse=True):
            if start_of(place) >= until:
                continue
            head = self._head(place)
            if head is not None and head.answers < left and head.last < until:
                left -= head.answers
                continue
            times = self._times(place, until=until)
            if times.len() >= left:
                found: dt.datetime = times[-left]
                return found
            left -= times.len()
        return None

    def oldest(self, answers: int, since: dt.datetime) -> dt.datetime | None:
        """Give the moment of the last of so many answers since a moment; None where there are fewer."""
        left = answers
        for place in sorted(self._places()):
            if start_of(place + 1) <= since:
                continue
            head = self._head(place)
            if head is not None and head.answers < left and head.first >= since:
                left -= head.answers
                continue
            times = self._times(place, since=since)
            if times.len() >= left:
                found: dt.datetime = times[left - 1]
                return found
            left -= times.len()
        return None

    def span(self) -> tuple[dt.datetime, dt.datetime] | None:
        """Give the times of the first and the last row; None where there is none."""
        heads = [head for place in self._places() if (head := self._head(place)) is not None]
        if not heads:
            return None
        return min(head.first for head in heads), max(head.last for head in heads)

    def _read(self, catalogue: Catalogue) -> None:
        self._days.clear()
        self._slices.clear()
        self._stamps.clear()
        self._predictions = catalogue.sources("predictions")
        self._feedback = catalogue.sources("feedback")
        self._refusals = catalogue.sources("refusals")
        self._destroyed = _destroyed_elsewhere(self._log)

    def _places(self) -> list[int]:
        return sorted(self._predictions.places | self._refusals.places)

    def _day(self, number: int) -> Day:
        if number not in self._days:
            self._days[number] = self._store.day(number)
        return self._days[number]

    def _head(self, place: int) -> Head | None:
        return self._day(place // DAY).heads.get(place)

    def _is_current(self, place: int) -> bool:
        head = self._head(place)
        return head is not None and head.mark == self._mark(place, head)

    def _mark(self, place: int, head: Head) -> str:
        """Digest what a slice is computed from: its own lines, and the feedback that may be about its answers."""
        parts: list[object] = [self._lens.mark, self._predictions.lines(place), self._refusals.lines(place)]
        first, last = head.buckets
        parts += [self._feedback.lines(bucket) for bucket in range(first, last + 1)]
        if head.odd:
            parts.append(self._feedback.lines(ODD))
        if head.early or head.odd:
            parts.append(self._predictions.lines(place - 1))
        if self._destroyed:
            parts.append(self._destroyed)
        return blake2b(repr(parts).encode(), digest_size=12).hexdigest()

    def _affordable(self, dirty: Sequence[int], most: int | None) -> list[int]:
        if most is None:
            return list(dirty)
        chosen: list[int] = []
        for place in sorted(dirty, reverse=True):
            most -= self._predictions.lines(place).count
            if most < 0 and chosen:
                break
            chosen.append(place)
        return sorted(chosen)

    def _compute(self, dirty: Sequence[int]) -> None:
        fresh: dict[int, dict[int, tuple[Head, Profile]]] = defaultdict(dict)
        for run in self._runs(dirty):
            material = self._material(start_of(run[0]), start_of(run[-1] + 1))
            found = summarize_slices(material, self._lens, HOUR)
            for place, head in heads_of(material, run).items():
                marked = msgspec.structs.replace(head, mark=self._mark(place, head))
                fresh[place // DAY][place] = marked, found.get(place, Profile())
        for number, slices in fresh.items():
            self._keep(number, slices)

    def _keep(self, number: int, fresh: Mapping[int, tuple[Head, Profile]]) -> None:
        day, there = self._day(number), set(self._places())
        kept = {place: (head, day.profile(place)) for place, head in day.heads.items() if place in there}
        slices = {**kept, **fresh}
        total = merge(*(profile for _, profile in slices.values()))
        self._days[number] = self._store.keep_day(number, slices, total)

    def _forget(self) -> None:
        """Take slices out of which nothing is in the log any more."""
        there = set(self._places())
        for number, day in list(self._days.items()):
            if day.heads.keys() - there:
                self._keep(number, {})

    def _runs(self, dirty: Sequence[int]) -> Iterator[list[int]]:
        """Put neighbours together, so that files are read once."""
        run: list[int] = []
        rows = 0
        for place in dirty:
            lines = self._predictions.lines(place).count
            apart = run and (place != run[-1] + 1 or rows + lines > _AT_ONCE or place - run[0] >= _LONGEST)
            if apart:
                yield run
                run, rows = [], 0
            run.append(place)
            rows += lines
        if run:
            yield run

    def _material(self, since: dt.datetime, until: dt.datetime) -> Material:
        """Read a span from the files that the catalogue names for it."""
        places = range(slice_of(since - RETRIED), slice_of(until) + 1)
        names = {"predictions": self._predictions.names(places), "refusals": self._refusals.names(places)}
        return read_material(Chosen(self._log, names), self._lens, since, until, lambda ids: self._told(ids, since))

    def _told(self, ids: pl.Series, since: dt.datetime) -> pl.DataFrame:
        """Read the feedback about answers, from the files that have any."""
        names = {"feedback": self._feedback.names(buckets(ids).fill_null(ODD).unique().to_list())}
        told = read_feedback(Chosen(self._log, names), since - EARLY, None, self._lens.model or None)
        return told.join(ids.to_frame("id"), on="id", how="semi", maintain_order="left")

    def _parts(self, since: dt.datetime, until: dt.datetime) -> Iterator[Profile]:
        by_day: dict[int, list[int]] = defaultdict(list)
        first, last = slice_of(since), slice_of(until)
        for place in self._places():
            if first <= place <= last:
                by_day[place // DAY].append(place)
        for number, places in by_day.items():
            day = self._day(number)
            inside = [place for place in places if _inside(day.heads.get(place), since, until)]
            if set(inside) == day.heads.keys():
                yield day.total()
            else:
                yield from (day.profile(place) for place in inside)
            yield from self._cut([place for place in places if place not in inside], since, until)

    def _cut(self, places: Iterable[int], since: dt.datetime, until: dt.datetime) -> Iterator[Profile]:
        for place in places:
            begin, end = max(since, start_of(place)), min(until, start_of(place + 1))
            head = self._head(place)
            missed = not self._whole if head is None else head.last < begin or head.first >= end
            if begin < end and not missed:
                yield summarize(between(self._slice(place), begin, end), self._lens)

    def _slice(self, place: int) -> Material:
        """Read a slice; once, where several windows end in it."""
        if place not in self._slices:
            self._slices[place] = self._material(start_of(place), start_of(place + 1))
        return self._slices[place]

    def _times(self, place: int, since: dt.datetime | None = None, until: dt.datetime | None = None) -> pl.Series:
        found = self._stamped(place)
        if since is not None:
            found = found.filter(found >= since)
        return found if until is None else found.filter(found < until)

    def _stamped(self, place: int) -> pl.Series:
        """Read the times of a slice's answers; once, where one window ends in it and another begins."""
        if place not in self._stamps:
            names = {"predictions": self._predictions.names(range(place - 1, place + 2))}
            log, begin, end = Chosen(self._log, names), start_of(place), start_of(place + 1)
            frame = read_predictions(
                log, self._lens.contract, begin - RETRIED, end, self._lens.model or None, columns=("time", "role")
            )
            chosen = frame.filter((pl.col("role") != "shadow") & (pl.col("time") >= begin))
            self._stamps[place] = chosen["time"].sort()
        return self._stamps[place]


def _destroyed_elsewhere(log: EventLog) -> int:
    """Count how often keys were destroyed that machines share: here lines may be left that nobody opens any more.

    Keys of this machine alone are destroyed with their lines, and an erasure removes the profiles itself.
    """
    with closing(log.persons) as persons:
        return persons.destructions() if persons.shared else 0


def _inside(head: Head | None, since: dt.datetime, until: dt.datetime) -> bool:
    return head is not None and head.first >= since and head.last < until
