"""How times are written: one grammar, read the same way in a request and in a table.

ISO 8601 with or without a time, seconds, a fraction and a zone, or a format in the notation of ``strptime``. Each
becomes one regular expression over ASCII digits, which Python and Polars understand alike; what it finds becomes a
moment here for one text, and in `mainstay.contract.moment_cells` for a column.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND: Final = dt.timedelta(microseconds=1)
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
CENTURY_TURNS = 69
"""Two-digit years from 69 on are of the last century, as POSIX has it."""

_BLANKS = " \t\n\r\x0b\x0c"
_BLANK = rf"[{_BLANKS}]*"
_ZONE = r"(?P<zone>[Zz]|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)"
_FRACTION = r"(?:[.,](?P<fraction>[0-9]{1,9}))?"
_DATE = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
_TIME = rf"(?P<hour>[0-9]{{1,2}}):(?P<minute>[0-9]{{1,2}})(?::(?P<second>[0-9]{{1,2}}){_FRACTION})?"
ISO: Final = rf"{_BLANK}{_DATE}(?:[Tt ]{_TIME}(?: ?{_ZONE})?)?{_BLANK}"
_LOGGED = rf"{_BLANK}{_DATE}T{_TIME}{_ZONE}{_BLANK}"
"""How a served time is written into the log; read whatever the format says."""


def _letters(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter}]" for letter in word)


_DIRECTIVES: Final = {
    "Y": r"(?P<year>[0-9]{4})",
    "y": r"(?P<short>[0-9]{2})",
    "m": r"(?P<month>[0-9]{1,2})",
    "b": rf"(?P<name>{'|'.join(map(_letters, MONTHS))})",
    "B": rf"(?P<name>{'|'.join(map(_letters, _NAMES))})",
    "d": r"(?P<day>[0-9]{1,2})",
    "e": r" ?(?P<day>[0-9]{1,2})",
    "H": r"(?P<hour>[0-9]{1,2})",
    "I": r"(?P<hour>[0-9]{1,2})",
    "p": r"(?P<half>[AaPp][Mm])",
    "M": r"(?P<minute>[0-9]{1,2})",
    "S": r"(?P<second>[0-9]{1,2})",
    "f": r"(?P<fraction>[0-9]{1,9})",
    ".f": _FRACTION,
    ".3f": _FRACTION,
    ".6f": _FRACTION,
    ".9f": _FRACTION,
    "z": _ZONE,
    ":z": _ZONE,
    "#z": _ZONE,
    "%": "%",
}
_SHORTHANDS: Final = {"F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "h": "%b", "P": "%p"}
_DIRECTIVE = re.compile(r"%(\.[369]?f|[:#]z|.)", re.DOTALL)
KNOWN: Final = "%Y %y %m %b %B %d %e %H %I %p %M %S %f %.f %z %F %T %R %D"


def seconds_of(moment: dt.datetime) -> float:
    """Give the seconds since 1970 of a moment in UTC; whole ones are exact.

    Examples
    --------
    >>> seconds_of(dt.datetime(1970, 1, 2, tzinfo=dt.UTC))
    86400.0

    """
    whole, rest = divmod((moment - EPOCH) // MICROSECOND, 1_000_000)
    return whole + rest * 1e-6


class FormatError(ValueError):
    """A format can't be read, or says too little or too much about a moment."""


@dataclass(frozen=True)
class Grammar:
    """How texts spell moments.

    Parameters
    ----------
    format : str
        In the notation of ``strptime``; empty for ISO 8601.

    Examples
    --------
    >>> Grammar("%m/%d/%y").read("2/29/24")
    datetime.datetime(2024, 2, 29, 0, 0, tzinfo=datetime.timezone.utc)
    >>> Grammar("").read("2024-02-29T12:00:00+02:00").hour, Grammar("").read("2023-02-29") is None
    (10, True)

    """

    format: str = ""

    @cached_property
    def patterns(self) -> tuple[str, ...]:
        """Regular expressions for whole texts; the first that gives a moment counts. FormatError where none can be."""
        return (_of_format(self.format.strip(_BLANKS)), _LOGGED) if self.format else (ISO,)

    @cached_property
    def _compiled(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(pattern) for pattern in self.patterns)

    def read(self, text: str) -> dt.datetime | None:
        """Read a text; None where it spells no moment of the years 1 to 9999."""
        for pattern in self._compiled:
            found = pattern.fullmatch(text)
            moment = found and _moment(found.groupdict())
            if moment:
                return moment
        return None

    def faults(self) -> str:
        """Say what is wrong with the format, as the end of a sentence; empty where nothing is."""
        try:
            patterns = self.patterns
        except FormatError as error:
            return str(error)
        for probe in ("2001-02-03T04:05:06Z", "2001-02-03T04:05:06.070000Z"):
            found = re.fullmatch(patterns[0], probe)
            if found and _moment(found.groupdict()) != Grammar().read(probe):
                return "reads ISO 8601 with day and month the other way round: texts could be taken for each other."
        return ""


def _moment(found: dict[str, str | None]) -> dt.datetime | None:
    """Make a moment of the parts a pattern found."""
    year, short, name, zone = found.get("year"), found.get("short"), found.get("name"), found.get("zone")
    if year is None and short is not None:
        year = f"{'20' if int(short) < CENTURY_TURNS else '19'}{short}"
    month = MONTHS.index(name[:3].lower()) + 1 if name else int(found.get("month") or 0)
    hour = int(found.get("hour") or 0)
    half = found.get("half")
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in ("PM", "pm", "Pm", "pM") else 0)
    try:
        moment = dt.datetime(
            int(year or 0),
            month,
            int(found.get("day") or 0),
            hour,
            int(found.get("minute") or 0),
            int(found.get("second") or 0),
            int(((found.get("fraction") or "") + "000000")[:6]),
            tzinfo=dt.UTC,
        )
        return moment - _offset(zone) if zone and zone[0] in "+-" else moment
    except (ValueError, OverflowError):
        return None


def _offset(zone: str) -> dt.timedelta:
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError("no such offset")
    size = dt.timedelta(hours=hours, minutes=minutes)
    return -size if zone[0] == "-" else size


@lru_cache(maxsize=128)
def _of_format(form: str) -> str:
    """Translate a format into a regular expression."""
    for short, long in _SHORTHANDS.items():
        form = re.sub(rf"(?<!%)((?:%%)*)%{short}", lambda found, long=long: found[1] + long, form)  # type: ignore[misc]
    parts, at, said = [], 0, []
    for found in _DIRECTIVE.finditer(form):
        if found[1] not in _DIRECTIVES:
            raise FormatError(f"holds {found[0]}, which isn't known here: {KNOWN}.")
        parts += [_literally(form[at : found.start()]), _DIRECTIVES[found[1]]]
        said += re.findall(r"\?P<(\w+)>", _DIRECTIVES[found[1]])
        at = found.end()
    parts.append(_literally(form[at:]))
    _check(said, form)
    return f"{_BLANK}{''.join(parts)}{_BLANK}"


def _check(said: list[str], form: str) -> None:
    twice = {"year": "short", "month": "name"}
    known = [twice.get(part, part) for part in said]
    for part in known:
        if known.count(part) > 1:
            words = {"short": "the year", "name": "the month", "fraction": "the fraction"}.get(part, f"the {part}")
            raise FormatError(f"says {words} twice.")
    for part, words in (("short", "a year (%Y)"), ("name", "a month (%m)"), ("day", "a day (%d)")):
        if part not in known:
            raise FormatError(f"lacks {words}.")
    if ("%I" in form) != ("half" in known):
        raise FormatError("uses only one of %I and %p: a half day needs both, a whole one is %H.")


def _literally(text: str) -> str:
    if "%" in text:
        raise FormatError("ends with a single %.")
    return re.sub(r"[ \t]+", "[ \\\\t]+", re.sub(r"([^\w \t])", r"\\\1", text, flags=re.ASCII))
