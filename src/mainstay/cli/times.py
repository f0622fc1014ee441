"""Moments and lengths of time on the command line."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import click

_LENGTH = re.compile(r"\d{1,6}(\.\d{1,3})?[smhdw]")


class Ago(click.ParamType):  # type: ignore[type-arg]  # the oldest click allowed has no argument here
    """A moment: ``2h`` or ``1d`` before now, or in ISO 8601; without an offset it is UTC."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """Read it, or say how one is written."""
        from mainstay.project.lengths import seconds_of  # noqa: PLC0415 - keeps --help fast

        if isinstance(value, dt.datetime):
            return value
        text = str(value)
        try:
            if text.isascii() and _LENGTH.fullmatch(text):
                return dt.datetime.now(dt.UTC) - dt.timedelta(seconds=seconds_of(text))
            read = dt.datetime.fromisoformat(text)
            return (read if read.tzinfo else read.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            self.fail(
                f"'{text[:40]}' is no moment: 2h, 1d, 2026-11-20T09:00 (UTC), 2026-11-20T09:00+01:00.", param, ctx
            )


class TimeLength(click.ParamType):  # type: ignore[type-arg]  # the oldest click allowed has no argument here
    """A length of time, as the project file writes them."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.timedelta:
        """Read it, or say how one is written."""
        from mainstay.project.lengths import seconds_of  # noqa: PLC0415 - keeps --help fast

        text = str(value)
        if not text.isascii() or _LENGTH.fullmatch(text) is None:
            self.fail(f"'{text[:40]}' is no length of time: 90d, 12h, 2w.", param, ctx)
        return dt.timedelta(seconds=seconds_of(text))


AGO = Ago()
LENGTH = TimeLength()
