"""Lines of files are overwritten where they are, with as many bytes that say nothing.

Not a new file in the old one's place: a log shipper would take that for a new log and send everything once more, and a
file that a server is writing can't be replaced under it. In place, every offset stays what it was, the bytes on the
disk really change, and whoever appends isn't disturbed.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from zlib import crc32

from mainstay.errors import StoreError
from mainstay.events.lines import ERASED
from mainstay.events.log import STREAMS
from mainstay.events.records import MARK, TAIL, is_marked
from mainstay.events.segments import SUFFIX, is_sealed, read_seal, write_seal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mainstay.events.erasing.traces import Traces
    from mainstay.events.log import EventLog, Stream

_KEPT = ("findings", "actions", "audit")
"""Streams whose lines stay, with the ids in them overwritten: they are about what was done."""


def files_of(log: EventLog) -> list[tuple[Stream, Path]]:
    """List the files of lines below a log, with their streams: segments, and damaged lines that were kept aside.

    Those of answers come last: until they are overwritten, the ids in them can be found again.
    """
    order = sorted(STREAMS, key=lambda stream: stream == "predictions")
    return [(stream, path) for stream in order for path in sorted((log.root / stream).rglob(f"*{SUFFIX}"))]


def lines_in(path: Path, traces: Traces) -> int:
    """Count the lines of a file that hold traces."""
    with mapped(path) as data:
        return len(traces.lines(data))


def erase_lines(stream: Stream, path: Path, traces: Traces) -> int:
    """Overwrite the lines of a file that hold traces; gives how many.

    The last line of a file that is still written is left alone until it is whole.

    Raises
    ------
    StoreError
        Where the file can't be written.

    """
    try:
        with mapped(path) as data:
            whole = len(data) if is_sealed(path) else data.rfind(b"\n") + 1
            places = [(start, end) for start, end in traces.lines(data) if end <= whole]
            written = [(start, _instead(data[start:end], traces, stays=stream in _KEPT)) for start, end in places]
        if written:
            _overwrite(path, written)
    except OSError as error:
        raise StoreError(
            f"{path} can't be overwritten: {error.strerror}.", "Mend its permissions, and erase again."
        ) from None
    return len(written)


def seal_anew(paths: Iterable[Path]) -> None:
    """Write the checksums of segments anew that were overwritten after they were sealed.

    A segment that is written still gets its first when its writer lets it go.
    """
    for path in paths:
        if not path.exists() or read_seal(path) is None:
            continue
        handle = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            write_seal(path)
        finally:
            os.close(handle)


@contextmanager
def mapped(path: Path) -> Iterator[bytes | mmap.mmap]:
    """Give the bytes of a file without reading them into memory; none where it is gone."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield b""
        return
    with file:
        if not os.fstat(file.fileno()).st_size:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def _instead(line: bytes, traces: Traces, *, stays: bool) -> bytes:
    if not stays or not is_marked(line):
        return ERASED.ljust(len(line))[: len(line)]
    head = bytearray(line[:-TAIL])
    for at, word in traces.found(bytes(head)):
        head[at : at + len(word)] = b"0" * len(word)
    return bytes(head) + MARK + b"%08x" % crc32(head) + b'"}'


def _overwrite(path: Path, written: list[tuple[int, bytes]]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        for start, line in written:
            os.pwrite(handle, line, start)
        os.fsync(handle)
    finally:
        os.close(handle)
