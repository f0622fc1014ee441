"""The ``[events]`` section."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from mainstay.project.lengths import Length, seconds_of
from mainstay.project.stores import is_object_store

_LONGEST = 36_525 * 86_400  # seconds; what is longer leads out of the calendar
_KEPT = 300 * 86_400  # seconds; a table remembers for a year which files it holds, and an older one would come twice


class EventsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How safely, and in what portions, events are written; where they go, and how long they stay.

    Parameters
    ----------
    durability : {"process", "disk", "async"}
        What an acknowledged event survives: the death of the process (one write to the page cache), or a power cut
        as well (answers wait for a sync that all answers of the moment share), or neither: written behind the answers,
        never waited for, at most `buffer_bytes` of them lost with the process.
    when_full : {"refuse", "answer"}
        What the server does while events can't be written: refuse with 503, or answer and count the loss.
    buffer_bytes : int
        Under "async": how much may wait to be written; beyond that `when_full` decides.
    mode : {"all", "sample"}
        Whether every prediction is written down, or a share of them.
    rate : float
        That share, 0 to 1. Which predictions is read off their ids, so that their feedback is known, too.
    encoded : bool
        Whether a prediction holds what the model saw as numbers, too. It can be computed from the features and the
        contract, so that it costs space and tells nothing new.
    segment_bytes : int
        A file is sealed and the next one begun at this size.
    segment_seconds : int
        ... or at this age. Sealed files are committed to the table.
    table : str
        Where the Delta tables are, one for each kind of event: a folder or ``"s3://bucket/path"``; beside the files
        where it is empty.
    keep_segments : str
        How long a file stays after it was committed, for log shippers that are behind: ``"7d"``; ``"300d"`` at most.
    keep : str
        How long events stay at all: ``"400d"``; for ever where it is empty.

    """

    durability: Literal["process", "disk", "async"] = "process"
    when_full: Literal["refuse", "answer"] = "refuse"
    buffer_bytes: Annotated[int, msgspec.Meta(ge=65_536)] = 1024 * 1024
    mode: Literal["all", "sample"] = "all"
    rate: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    encoded: bool = False
    segment_bytes: Annotated[int, msgspec.Meta(ge=4096)] = 64 * 1024 * 1024
    segment_seconds: Annotated[int, msgspec.Meta(ge=1)] = 3600
    table: str = ""
    keep_segments: Length = "7d"
    keep: Length | Literal[""] = ""

    def __post_init__(self) -> None:
        """Refuse what can't be meant; whoever decodes the project file adds the line."""
        if self.rate < 1 and self.mode == "all":
            raise ValueError(f'rate is {self.rate:g}, and mode is "all"; set mode = "sample"')
        if self.keep and seconds_of(self.keep) <= seconds_of(self.keep_segments):
            raise ValueError(f"keep is {self.keep}, no longer than keep_segments, {self.keep_segments}")
        if _KEPT < seconds_of(self.keep_segments) <= _LONGEST:
            raise ValueError(f"keep_segments is {self.keep_segments}; 300d is the most, and the tables keep the events")
        for name, length in (("keep", self.keep), ("keep_segments", self.keep_segments)):
            if length and seconds_of(length) > _LONGEST:
                raise ValueError(f"{name} is {length}, longer than a hundred years; without keep events stay for ever")
        if self.table:
            _check_place(self.table)


def _check_place(table: str) -> None:
    """Refuse what would quietly become a folder of a strange name."""
    if is_object_store(table):
        if not urlsplit(table).netloc:
            raise ValueError(f'table is {table!r}, which names no bucket; write "s3://bucket/path"')
    elif ":/" in table:
        raise ValueError(f'table is {table!r}; an object store is "s3://bucket/path", and a folder is its path alone')
    elif table.startswith("~"):
        raise ValueError(f"table is {table!r}; nobody opens ~ here, so write the folder out")
