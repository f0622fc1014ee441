"""The ``[events]`` section."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class EventsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How safely, and in what portions, events are written.

    Parameters
    ----------
    durability : {"process", "disk"}
        What an acknowledged event survives: the death of the process (one write to the page cache), or a power cut
        as well (a sync before each answer, some milliseconds on most disks).
    when_full : {"refuse", "answer"}
        What the server does while events can't be written: refuse with 503, or answer and count the loss.
    segment_bytes : int
        A file is sealed and the next one begun at this size.
    segment_seconds : int
        ... or at this age.

    """

    durability: Literal["process", "disk"] = "process"
    when_full: Literal["refuse", "answer"] = "refuse"
    segment_bytes: Annotated[int, msgspec.Meta(ge=4096)] = 64 * 1024 * 1024
    segment_seconds: Annotated[int, msgspec.Meta(ge=1)] = 86_400
