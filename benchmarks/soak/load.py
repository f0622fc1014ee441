"""Asks a server without a pause over several connections, and keeps of each answer when, by whom, and what."""

from __future__ import annotations

import json
import re
import socket
import time
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event, Semaphore
    from pathlib import Path

COLUMNS = ("sent", "received", "status", "version", "score", "record")
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_VERSION = re.compile(rb'"version":(\d+)')
_SCORE = re.compile(rb'"score":([-+.0-9eE]+)')
_CONNECTIONS_LAST = 2000  # requests, so that every worker gets its share of connections


class Connection:
    """One connection that is kept open, and its one request under way."""

    def __init__(self, port: int) -> None:
        self._link = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = 0.0
        self.record = 0

    def ask(self, request: bytes, record: int) -> None:
        self.record, self.sent = record, time.monotonic()
        self._link.sendall(request)

    def answer(self) -> tuple[int, bytes]:
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more()
        head, _, body = got.partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        length = int(found[1]) if found else 0
        while len(body) < length:
            body += self._more()
        return int(head[9:12]), body

    def _more(self) -> bytes:
        part = self._link.recv(65536)
        if not part:
            raise ConnectionError("the server closed")
        return part

    def close(self) -> None:
        self._link.close()


def run(  # noqa: PLR0917 - given to a process by place
    port: int, connections: int, records: list[dict[str, object]], into: Path, begun: Semaphore, stop: Event
) -> None:
    """Ask until told to stop; write the answers as rows of `COLUMNS`, status 0 where none came."""
    requests = [_request(record) for record in records]
    links = [Connection(port) for _ in range(connections)]
    rows = array("d")
    turn = 0
    while not stop.is_set():
        for place, link in enumerate(links):
            link.ask(requests[(turn + place) % len(requests)], (turn + place) % len(requests))
        for place, link in enumerate(links):
            try:
                status, body = link.answer()
                version, score = _VERSION.search(body), _SCORE.search(body)
            except OSError:
                status, version, score = 0, None, None
            said = (float(version[1]) if version else 0.0, float(score[1]) if score else -1.0)
            rows.extend((link.sent, time.monotonic(), float(status), *said, float(link.record)))
            if status == 0 or (turn + place * 97) % _CONNECTIONS_LAST == 0:
                link.close()
                links[place] = Connection(port)
        turn += 1
        if turn == 1:
            begun.release()
    for link in links:
        link.close()
    into.write_bytes(rows.tobytes())


def _request(record: dict[str, object]) -> bytes:
    body = json.dumps(record).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
