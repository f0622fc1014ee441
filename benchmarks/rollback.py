"""How long from a release or rollback to the first answer of the other version, under load from four connections.

    python benchmarks/rollback.py [--rounds 50]

Two linear versions take turns. Each round appends a row to the history (as `mainstay rollback` does) and waits for the
first answer of the other version; every failed answer is counted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path

from mainstay.models.frameworks.linear import LinearModel
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

CLIENTS = 4
BODY = json.dumps(GOOD_RECORD)


class Client(threading.Thread):
    """Asks without a pause and notes when each version answered first."""

    def __init__(self, server: TestServer) -> None:
        super().__init__(daemon=True)
        self.link = server.connection()
        self.stopped = False
        self.answers = self.failed = 0
        self.seen: tuple[int, float] = (0, 0.0)

    def run(self) -> None:
        while not self.stopped:
            self.link.request("POST", "/predict", BODY, {"Content-Type": "application/json"})
            answer = self.link.getresponse()
            said = json.loads(answer.read())
            self.answers += 1
            self.failed += answer.status != 200
            if said.get("version") != self.seen[0]:
                self.seen = (said.get("version", 0), time.perf_counter())


def first_answer(clients: list[Client], version: int) -> float:
    """Wait for the first answer of a version; gives the moment."""
    while True:
        moments = [moment for number, moment in (client.seen for client in clients) if number == version]
        if moments:
            return min(moments)
        time.sleep(0.001)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=50)
    rounds = words.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        project = tiny_project(Path(folder))
        models = [LinearModel(base, TINY_MODEL.terms, logistic=True) for base in (-1.0, 1.0)]
        versions = [register_model(project, model) for model in models]
        release_now(project, versions[0])
        with TestServer.start(project) as server:
            server.wait_for_version(versions[0])
            clients = [Client(server) for _ in range(CLIENTS)]
            for client in clients:
                client.start()
            waits = []
            for round_ in range(rounds):
                time.sleep(0.3)
                target = versions[(round_ + 1) % 2]
                started = time.perf_counter()
                release_now(project, target)
                waits.append(first_answer(clients, target) - started)
            for client in clients:
                client.stopped = True
            for client in clients:
                client.join()
    answers, failed = sum(client.answers for client in clients), sum(client.failed for client in clients)
    print("| rounds | median s | longest s | answers | failed |")
    print("|---|---|---|---|---|")
    print(f"| {rounds} | {statistics.median(waits):.3f} | {max(waits):.3f} | {answers} | {failed} |")


if __name__ == "__main__":
    main()
