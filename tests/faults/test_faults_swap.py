"""Releases under load with several workers, and their end: every request that was sent is answered."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import closing
from typing import TYPE_CHECKING

from mainstay.models.frameworks.constant import ConstantModel
from mainstay.serving.testing import GOOD_RECORD, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

BODY = json.dumps(GOOD_RECORD).encode()
JSON = {"Content-Type": "application/json"}


class Callers:
    """Four callers that ask without a pause, until they are told to stop or the server says that it is leaving."""

    def __init__(self, server: TestServer) -> None:
        self.answers: list[tuple[int, int]] = []
        self.broken: list[str] = []
        self._server = server
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(4)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._stop.set()
        self.wait()

    def wait(self) -> None:
        for thread in self._threads:
            thread.join(30)

    def _call(self) -> None:
        while not self._stop.is_set():
            with closing(self._server.connection()) as connection:
                try:
                    connection.connect()
                except OSError:  # the door is closed: nothing was sent
                    return
                try:
                    while not self._stop.is_set() and self._ask(connection):
                        pass
                except (OSError, http.client.HTTPException) as error:
                    self.broken.append(repr(error))

    def _ask(self, connection: http.client.HTTPConnection) -> bool:
        connection.request("POST", "/predict", BODY, JSON)
        response = connection.getresponse()
        told = json.loads(response.read())
        self.answers.append((response.status, told.get("version", 0)))
        return not response.will_close


def test_swaps_under_load_fail_no_request_and_neither_does_the_end(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    versions = [register_model(project, ConstantModel(score)) for score in (0.1, 0.5, 0.9)]
    release_now(project, versions[0])
    with TestServer.start(project, words=["--workers", "2"]) as server:
        server.wait("/readyz")
        callers = Callers(server)
        for version in (versions[1], versions[2], versions[0], versions[1]):
            release_now(project, version)
            server.wait_for_version(version)
        assert server.terminate() == 0
        callers.end()
    assert callers.broken == []
    assert {status for status, _ in callers.answers} == {200}
    found = {version for _, version in callers.answers}
    assert found <= set(versions)
    assert len(found) > 1  # a release may be over before a caller's worker has taken it up
