"""Numbers and times in words: three significant digits, narrow spaces, intervals, days, durations. UTC always.

An interval decides how far its estimate is printed: the half-width gets two significant digits and the estimate
stops at the same decimal place, so no digit is shown that the data can't carry.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainstay.measures.finding import Finding, Interval, Limit
    from mainstay.render.overview import Amount

THIN = "\u202f"  # narrow no-break space: groups digits, never breaks a line
MINUS = "\u2212"
DASH = "–"  # noqa: RUF001 - an en dash is meant: nothing to show
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HARDLY = 1e-9  # a limit this close to 0 is there to say "more than nothing"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NAMES = {
    "money_per_1000": "money per 1 000",
    "roc_auc": "AUC",
    "auc": "AUC",
    "log_loss": "log loss",
    "average_precision": "average precision",
    "ece": "calibration error",
    "rmse": "RMSE",
    "mae": "MAE",
    "mape": "MAPE",
    "r2": "R²",
    "f1": "F1",
    "psi": "PSI",
    "mean_abs_shap": "mean |SHAP|",
}


def count(n: int) -> str:
    """Print a count exactly, in groups of three.

    Examples
    --------
    >>> count(1234567).replace(THIN, " ")
    '1 234 567'

    """
    return f"{n:,}".replace(",", THIN).replace("-", MINUS)


def number(value: float | None, digits: int = 3) -> str:
    """Print a number to `digits` significant digits; a dash where there is none.

    Examples
    --------
    >>> [number(x).replace(THIN, " ") for x in (7543, 0.79123, 0.5, 12.0, 1234567)]
    ['7 540', '0.791', '0.5', '12', '1 230 000']
    >>> number(-3.14159) == MINUS + "3.14"
    True

    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else MINUS + "∞"
    if value == 0:
        return "0"
    if abs(value) < 1e-4 or abs(value) >= 1e15:
        return f"{value:.{digits - 1}e}".replace("-", MINUS)
    return _fixed(value, digits - 1 - math.floor(math.log10(abs(value))), strip=True)


def amount(value: float | None, unit: str = "", *, decimals: int | None = None, digits: int = 3) -> str:
    """Print a number with its unit, to `digits` significant digits: money with its sign in front, all else behind.

    Examples
    --------
    >>> [amount(x, unit).replace(THIN, " ") for x, unit in ((1900, "EUR"), (6.04, "ms"), (9, "%"))]
    ['€ 1 900', '6.04 ms', '9 %']
    >>> amount(-1900, "EUR").replace(THIN, " ") == MINUS + "€ 1 900"
    True

    """
    if value is None or math.isnan(value):
        return "unknown"
    text = number(value, digits) if decimals is None else _fixed(value, decimals)
    if not unit:
        return text
    if not is_currency(unit):
        return f"{text}{THIN}{unit}"
    sign, bare = (MINUS, text[1:]) if text.startswith(MINUS) else ("", text)
    return f"{sign}{_SYMBOLS.get(unit, unit)}{THIN}{bare}"


def is_currency(unit: str) -> bool:
    """Whether a unit is an ISO 4217 code (three capitals)."""
    return len(unit) == 3 and unit.isascii() and unit.isalpha() and unit.isupper()


def with_interval(value: float | None, interval: Interval | None, unit: str = "") -> str:
    """Print an estimate with its interval, no finer than the interval can carry.

    Symmetric intervals become ``±``; lopsided ones are written out.

    Examples
    --------
    >>> from mainstay.measures.finding import Interval
    >>> with_interval(7543.2, Interval(6921.0, 8165.4), "EUR").replace(THIN, " ")
    '€ 7 540 ± 620'
    >>> with_interval(0.4, Interval(0.2, 1.4))
    '0.40 (0.20 to 1.40)'

    """
    if value is None or interval is None or not all(map(math.isfinite, (value, interval.low, interval.high))):
        return amount(value, unit)
    half = (interval.high - interval.low) / 2
    if half <= 0:
        return amount(value, unit)
    decimals = 1 - math.floor(math.log10(half))
    shown = amount(value, unit, decimals=decimals)
    lopsided = abs((interval.high + interval.low) / 2 - value) > 0.1 * half
    if lopsided:
        return f"{shown} ({_fixed(interval.low, decimals)} to {_fixed(interval.high, decimals)})"
    return f"{shown} ± {_fixed(half, decimals)}"


def amount_words(value: Amount) -> str:
    """Print an `Amount`: number, interval, window; with the measure's name in front where it isn't money."""
    words = with_interval(value.value, value.interval, value.unit) + per_words(value.per)
    return words if value.in_money else f"{measure_name(value.measure)} {words}"


def per_words(per: str) -> str:
    """Print a window: ``" a day"``, ``" per 1 000 predictions"``."""
    if not per:
        return ""
    return f" a {per}" if per in {"day", "week", "month", "year", "minute"} else f" per {per}"


def measure_name(measure: str) -> str:
    """Name a measure as a person would.

    Examples
    --------
    >>> measure_name("roc_auc"), measure_name("p99_latency")
    ('AUC', 'p99 latency')

    """
    return _NAMES.get(measure, measure.replace("_", " ")).replace("1 000", f"1{THIN}000")


def finding_value(finding: Finding) -> str:
    """Print the number of a finding, with interval and unit; the reason belongs beside it where there is none."""
    if finding.value is None:
        return "not measured"
    return with_interval(finding.value, finding.interval, finding.unit)


def limit_words(limit: Limit | None, unit: str = "") -> str:
    """Print a limit: ``≥ 0.7``."""
    if limit is None:
        return ""
    if limit.sense == "at_least" and 0 < limit.value < _HARDLY:
        return f"> {amount(0.0, unit)}"
    return f"{'≥' if limit.sense == 'at_least' else '≤'} {amount(limit.value, unit)}"


def counted(n: int, word: str) -> str:
    """Count things in a sentence.

    Examples
    --------
    >>> counted(1, "note"), counted(2, "note")
    ('1 note', '2 notes')

    """
    return f"{n} {word}{'' if n == 1 else 's'}"


def duration(seconds: float) -> str:
    """Print a length of time in its natural unit.

    Examples
    --------
    >>> [duration(s).replace(THIN, " ") for s in (0.006, 4, 150, 7200, 86_400, 17 * 86_400)]
    ['6 ms', '4 s', '2 min', '2 h', '1 day', '17 days']

    """
    seconds = abs(seconds)
    if seconds < 1:
        return f"{number(seconds * 1000, 2)}{THIN}ms"
    if seconds < 120:
        return f"{seconds:.0f}{THIN}s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f}{THIN}min"
    if seconds < 86_400:
        return f"{seconds / 3600:.0f}{THIN}h"
    days = round(seconds / 86_400)
    return f"{count(days)}{THIN}day{'' if days == 1 else 's'}"


def day(at: dt.datetime, now: dt.datetime | None = None) -> str:
    """Print a day in words, UTC; the year only where it isn't this one.

    Examples
    --------
    >>> day(dt.datetime(2026, 11, 5, 9, tzinfo=dt.UTC))
    'Thu 5 Nov 2026'
    >>> day(dt.datetime(2026, 11, 5, tzinfo=dt.UTC), dt.datetime(2026, 11, 22, tzinfo=dt.UTC))
    'Thu 5 Nov'

    """
    at = at.astimezone(dt.UTC)
    year = "" if now is not None and now.astimezone(dt.UTC).year == at.year else f" {at.year}"
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}{year}"


def moment(at: dt.datetime, now: dt.datetime | None = None) -> str:
    """Print a moment in words, to the minute: ``today 14:20 UTC``, ``Thu 5 Nov 14:20 UTC``."""
    at = at.astimezone(dt.UTC)
    clock = f"{at:%H:%M} UTC"
    if now is not None:
        gap = (now.astimezone(dt.UTC).date() - at.date()).days
        if gap in {0, 1}:
            return f"{('today', 'yesterday')[gap]} {clock}"
    return f"{day(at, now)} {clock}"


def since(at: dt.datetime, now: dt.datetime) -> str:
    """Print since when, shortly: the clock for the last two days, else the day and for how long."""
    age = (now - at).total_seconds()
    if age < 2 * 86_400:
        return f"since {moment(at, now)}, {duration(age)}"
    return f"since {day(at, now)}, {duration(age)}"


def tick(at: dt.datetime, step: float) -> str:
    """Print a tick of the time axis, as fine as the step needs."""
    at = at.astimezone(dt.UTC)
    if step < 60:
        return f"{at:%H:%M:%S}"
    if step < 86_400 and (at.hour or at.minute):
        return f"{at:%H:%M}"
    return f"{at.day} {_MONTHS[at.month - 1]}"


def _fixed(value: float, decimals: int, *, strip: bool = False) -> str:
    text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    if strip and "." in text:
        text = text.rstrip("0").rstrip(".")
    if not text.strip("-0.,"):  # never "minus nothing"
        text = text.lstrip("-")
    return text.replace(",", THIN).replace("-", MINUS)
