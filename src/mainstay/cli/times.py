"""Moments and lengths of time on the command line."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

import click

_LENGTH = re.compile(r"\d{1,6}(\.\d{1,3})?[smhdw]")


class Ago(click.ParamType):  # type: ignore[type-arg]  # the oldest click allowed has no argument here
    """A moment: ``2h`` or ``1d`` before now, or in ISO 8601; without an offset it is UTC.

    With `past` it is none that is still to come.
    """

    name = "when"

    def __init__(self, *, past: bool = False) -> None:
        self._past = past

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """Read it, or say how one is written."""
        if isinstance(value, dt.datetime):
            return value
        text, now = str(value), dt.datetime.now(dt.UTC)
        try:
            at = _moment(text, now)
        except (ValueError, OverflowError):
            self.fail(
                f"'{text[:40]}' is no moment: 2h, 1d, 2026-11-20T09:00 (UTC), 2026-11-20T09:00+01:00.", param, ctx
            )
        if self._past and at > now:
            self.fail(f"{at:%Y-%m-%d %H:%M} UTC is still to come, and nobody can say what will be then.", param, ctx)
        return at


def _moment(text: str, now: dt.datetime) -> dt.datetime:
    from mainstay.project.lengths import seconds_of  # noqa: PLC0415 - keeps --help fast

    if text.isascii() and _LENGTH.fullmatch(text):
        return now - dt.timedelta(seconds=seconds_of(text))
    read = dt.datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)


class TimeLength(click.ParamType):  # type: ignore[type-arg]  # the oldest click allowed has no argument here
    """A length of time, as the project file writes them.

    Parameters
    ----------
    such : str
        What whoever gets it wrong is told to write.
    least, most : float
        How many seconds it is.

    """

    name = "length"

    def __init__(self, such: str = "90d, 12h, 2w", *, least: float = 0, most: float = math.inf) -> None:
        self._such = such
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.timedelta:
        """Read it, or say how one is written."""
        from mainstay.project.lengths import seconds_of  # noqa: PLC0415 - keeps --help fast

        text = str(value)
        seconds = seconds_of(text) if text.isascii() and _LENGTH.fullmatch(text) else -1
        if not self._least <= seconds <= self._most:
            self.fail(f"'{text[:40]}' is no length of time: {self._such}.", param, ctx)
        return dt.timedelta(seconds=seconds)


AGO = Ago()
LENGTH = TimeLength()
