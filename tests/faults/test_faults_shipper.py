"""rsyslog tails the live log into a ``_bulk`` endpoint, on the configuration that ``export elk`` writes (fault 32).

It is stopped, killed, its endpoint goes away, refuses and hangs up, files are begun, copied, truncated and replaced:
each event that was logged is one document, under its id, as the mapping takes it and ECS names it.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from tests.elastic import Elastic
from tests.mapping import not_ecs, refusals

from mainstay.deploy import Shipment, elk_files
from mainstay.events import EventLog, EventsSettings, IdMaker, Prediction
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_MODEL,
    TestServer,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

pytestmark = pytest.mark.skipif(
    shutil.which("rsyslogd") is None or not any(Path("/usr/lib").glob("*/rsyslog/omelasticsearch.so")),
    reason="NOT TESTED with a real shipper: rsyslog and rsyslog-elasticsearch aren't installed",
)
Document = dict[str, Any]


class Shipper:
    """rsyslog, its files, and the endpoint it sends to.

    Parameters
    ----------
    folder : Path
        Where its configuration and state go.
    events : Path
        The log.

    """

    def __init__(self, folder: Path, events: Path) -> None:
        self.events = events
        self.folder = folder
        self.state = folder / "state" / "rsyslog"
        self.elastic = Elastic(self._judge)
        self.elastic.start()
        self._files = elk_files(
            Shipment(
                model="churn",
                events=str(events),
                state=str(folder / "state"),
                elasticsearch=self.elastic.address,
            )
        )
        folder.mkdir()
        for name in ("rsyslog.conf", "rsyslog.sh"):
            (folder / name).write_text(self._files[name])
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "said").open("ab") as said:
            self._process = subprocess.Popen(["sh", str(self.folder / "rsyslog.sh")], stdout=said, stderr=said)

    def end(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(30)
        self._process = None

    def _judge(self, index: str, document: Document) -> str:
        """Say what Elasticsearch would, with our templates."""
        for name, text in self._files.items():
            if name.startswith("index-"):
                content = json.loads(text)
                if index.startswith(content["index_patterns"][0].removesuffix("*")):
                    mappings = content["template"]["mappings"]
                    return "; ".join((*refusals(mappings, document), *not_ecs(document)))
        return f"{index} has no template"

    def logged(self) -> dict[str, Document]:
        """Read every line of the log, by its event's id."""
        lines = [line for path in self.events.glob("*/*.jsonl") for line in path.read_bytes().splitlines()]
        return {document["event.id"]: document for document in map(json.loads, lines)}

    def check(self, logged: dict[str, Document]) -> None:
        """Hold what came against what was logged: nothing lost, nothing twice, nothing else."""
        self.elastic.wait(len(logged), 180)
        came = self.elastic.documents
        names = self.elastic.ids()
        assert sorted(names) == sorted(logged)
        assert self.elastic.refused == []
        assert self.elastic.overwritten == 0
        for index, documents in came.items():
            for name, document in documents.items():
                assert document == logged[name]
                assert index == f"{document['event.dataset']}-{document['@timestamp'][:7].replace('-', '.')}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None:
            self.end(signal.SIGKILL)
        self.elastic.stop()


class Traffic:
    """Callers of a server: predictions, outcomes, and requests that are refused."""

    def __init__(self, server: TestServer) -> None:
        self.answered: list[str] = []
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        link = self._server.connection()
        while not self._over.is_set():
            several = [GOOD_RECORD | {"tenure": tenure, "charge": 900} for tenure in range(20)]
            answers = self._post(link, "predict", several)
            self.answered += [answer["id"] for answer in answers]
            told = [{"id": answer["id"], "label": "Yes", "kpis": {"revenue": 59}} for answer in answers[:3]]
            self._post(link, "feedback", told)
            self._post(link, "predict", {"tenure": "no"})
            time.sleep(0.01)
        link.close()

    def _post(self, link: Any, what: str, body: Any) -> Any:
        link.request("POST", f"/models/churn/{what}", json.dumps(body), {"Content-Type": "application/json"})
        return json.loads(link.getresponse().read())

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture
def written(tmp_path: Path) -> Iterator[tuple[Shipper, EventLog]]:
    """Give a shipper, and a log that the test writes itself."""
    log = EventLog(tmp_path / "events", EventsSettings(segment_bytes=20_000))
    with Shipper(tmp_path / "elk", tmp_path / "events") as shipper:
        yield shipper, log
    log.close()


def put(log: EventLog, many: int, more: dict[str, Any] | None = None) -> None:
    make = IdMaker()
    events = []
    for number in range(many):
        name = make()
        features: dict[str, Any] = {
            "tenure": number,
            "text": 'é "quoted"\u2028\t',
            "a.b": 0.1 + 0.2,
            "big": 2**53 + 1,
        } | (more or {})
        events.append(
            Prediction(
                id=name,
                at=dt.datetime.now(dt.UTC),
                model="churn",
                version=1,
                role="champion",
                score=1 / 3,
                prediction="No",
                decision="none",
                features=features,
            )
        )
    log.append("predictions", events)


def served(tmp_path: Path, seed: int, rounds: int, *words: str) -> None:
    """Let a server answer while everything happens to its shipper that can."""
    project = tiny_project(tmp_path, more="[events]\nsegment_bytes = 50000\n")
    release_now(project, register_model(project, TINY_MODEL))
    faults, draw = list(_FAULTS), random.Random(seed)  # noqa: S311 - an order
    with (
        Shipper(tmp_path / "elk", project.books / "events") as shipper,
        TestServer.start(project, words=words) as server,
    ):
        server.wait("/readyz")
        shipper.start()
        traffic = Traffic(server)
        try:
            for _ in range(rounds):
                draw.shuffle(faults)
                for fault in faults:
                    fault(shipper)
                    time.sleep(draw.uniform(0.05, 0.3))
        finally:
            traffic.stop()
        assert server.terminate() == 0
        logged = shipper.logged()
        assert set(traffic.answered) <= set(logged)
        assert {document["event.dataset"] for document in logged.values()} >= {
            "mainstay.predictions",
            "mainstay.feedback",
            "mainstay.refusals",
        }
        shipper.check(logged)
        assert shipper.elastic.conflicts > 0  # something was sent twice: it isn't for lack of that


def _terminated(shipper: Shipper) -> None:
    shipper.end(signal.SIGTERM)
    time.sleep(0.2)
    shipper.start()


def _killed(shipper: Shipper) -> None:
    shipper.end(signal.SIGKILL)
    time.sleep(0.2)
    shipper.start()  # by itself from the beginning


def _away(shipper: Shipper) -> None:
    shipper.elastic.stop()
    time.sleep(0.7)
    shipper.elastic.start()


def _killed_while_away(shipper: Shipper) -> None:
    shipper.elastic.stop()
    time.sleep(0.3)
    _killed(shipper)
    time.sleep(0.3)
    shipper.elastic.start()


def _overloaded(shipper: Shipper) -> None:
    shipper.elastic.delay_next = 200


def _hung_up(shipper: Shipper) -> None:
    shipper.elastic.hang_up_next = 2


def _copied_over(shipper: Shipper) -> None:
    """Give a finished file another inode, as a careless copy does: it is read again."""
    finished = sorted((shipper.events / "predictions").glob("*.jsonl"))[:-1]
    if finished:
        beside = finished[0].with_suffix(".copy")
        shutil.copy(finished[0], beside)
        beside.replace(finished[0])


_FAULTS = (
    _terminated,
    _killed,
    _away,
    _killed_while_away,
    _overloaded,
    _hung_up,
    _copied_over,
)


def test_nothing_is_lost_and_nothing_comes_twice(tmp_path: Path) -> None:
    served(tmp_path, seed=1, rounds=1)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_however_the_faults_fall(tmp_path: Path, seed: int) -> None:
    served(tmp_path, seed, 6, "--workers", "2")


@pytest.mark.parametrize("runs", [True, False], ids=["while it runs", "while it is stopped"])
def test_a_file_that_is_copied_and_truncated(written: tuple[Shipper, EventLog], *, runs: bool) -> None:
    """As logrotate does it by ``copytruncate``, its copy where the shipper reads."""
    shipper, log = written
    put(log, 30)
    shipper.start()
    shipper.elastic.wait(30)
    put(log, 5)
    if runs:
        shipper.elastic.wait(35)
    else:
        shipper.end(signal.SIGTERM)
    (current,) = (shipper.events / "predictions").glob("*.jsonl")
    logged = shipper.logged()
    shutil.copy(current, current.with_name(f"{current.stem}-20261128.jsonl"))
    os.truncate(current, 0)
    put(log, 10)
    if not runs:
        shipper.start()
    assert len(logged | shipper.logged()) == 45
    shipper.check(logged | shipper.logged())


def test_a_request_that_is_refused_as_a_whole_is_sent_again_as_documented(written: tuple[Shipper, EventLog]) -> None:
    """rsyslog puts it into a file instead of trying again; starting it anew, as the documentation says, brings it."""
    shipper, log = written
    shipper.elastic.refuse_next = 1
    put(log, 100)
    shipper.start()
    refused = shipper.state / "refused.json"
    end = time.monotonic() + 30
    while not refused.exists() or shipper.elastic.refuse_next:
        assert time.monotonic() < end
        time.sleep(0.05)
    put(log, 10)
    shipper.end(signal.SIGTERM)
    assert len(shipper.elastic.ids()) < 110
    shipper.start()
    shipper.check(shipper.logged())
    assert not refused.exists()


def test_a_line_of_half_a_megabyte_comes_whole(written: tuple[Shipper, EventLog]) -> None:
    shipper, log = written
    shipper.start()
    put(log, 3, more={f"text {number}": "ü" * 1000 for number in range(250)})
    shipper.check(shipper.logged())
    assert min(map(len, map(json.dumps, shipper.logged().values()))) > 500_000


def test_it_is_not_started_twice(written: tuple[Shipper, EventLog]) -> None:
    shipper, log = written
    put(log, 3)
    shipper.start()
    shipper.elastic.wait(3)
    again = subprocess.run(["sh", str(shipper.folder / "rsyslog.sh")], capture_output=True, text=True, check=False)
    assert (again.returncode, again.stderr) == (1, "rsyslog runs already.\n")
    put(log, 3)
    shipper.check(shipper.logged())
    assert shipper.elastic.conflicts == 0


def test_a_document_that_never_fits_is_kept_aside_and_holds_up_nothing(written: tuple[Shipper, EventLog]) -> None:
    shipper, log = written
    put(log, 3)
    log.writer("predictions", "other").append(
        b'{"event.dataset":"mainstay.predictions","event.id":"odd","@timestamp":"2026-11-28T00:00:00Z","mainstay.version":"three"}\n'
    )
    put(log, 3)
    shipper.start()
    shipper.elastic.wait(6)
    end = time.monotonic() + 30
    refused = shipper.state / "refused.json"
    while not refused.exists() or '"odd"' not in refused.read_text():
        assert time.monotonic() < end, shipper.elastic.refused
        time.sleep(0.05)
    assert len(shipper.elastic.ids()) == 6
