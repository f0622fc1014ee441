"""Events as log records, received by a collector over a real socket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
from click.testing import CliRunner
from tests.collectors import LogCollector, plain
from tests.unit.deploy.kinds import AT, ID, bare, full

from mainstay import lifecycle
from mainstay.cli.program import program
from mainstay.errors import InputError, LockedError, StoreError
from mainstay.events import STREAMS, encode_events, open_log
from mainstay.events.cursor import Cursor
from mainstay.serving.testing import free_port, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.events import Event, EventLog
    from mainstay.project import Project


@pytest.fixture
def collector() -> Iterator[LogCollector]:
    with LogCollector() as made:
        yield made


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return tiny_project(tmp_path)


@pytest.fixture
def log(project: Project) -> Iterator[EventLog]:
    log = open_log(project)
    yield log
    log.close()


def put(log: EventLog, *events: Event) -> None:
    for stream, event in zip(STREAMS, events, strict=False):
        log.append(stream, [event])


def send(project: Project, collector: LogCollector, waits: list[float] | None = None) -> lifecycle.Sent:
    to = lifecycle.Collector(collector.address)
    return lifecycle.send_events(project, to, once=True, pause=([] if waits is None else waits).append)


def test_a_line_is_a_record_with_every_field(project: Project, log: EventLog, collector: LogCollector) -> None:
    events = full()
    put(log, *events)
    assert send(project, collector) == lifecycle.Sent(sent=len(events))
    assert collector.resource["service.name"] == "mainstay"
    records = {plain(record.attributes)["event.id"]: record for record in collector.records}
    for event in events:
        line: dict[str, Any] = json.loads(encode_events([event]))
        record = records[line["event.id"]]
        assert record.event_name == line["event.dataset"]
        assert record.trace_id.hex() == line.pop("trace.id", "")
        assert record.body.string_value == line.pop("message", line["event.dataset"])
        line.pop("event.hash")
        line.pop("@timestamp")
        assert plain(record.attributes) == line
    prediction = records[ID.format(1)]
    assert prediction.time_unix_nano == int(AT.timestamp()) * 10**9 + 123_456_000
    assert (prediction.severity_number, prediction.severity_text) == (9, "INFO")
    assert {records[ID.format(number)].severity_text for number in (3, 4)} == {"WARN"}  # a refusal; a finding beyond


def test_what_was_sent_is_not_sent_again_and_what_is_new_is(
    project: Project, log: EventLog, collector: LogCollector
) -> None:
    put(log, *full())
    send(project, collector)
    assert send(project, collector) == lifecycle.Sent()
    put(log, *bare())
    send(project, collector)
    assert sorted(collector.ids()) == sorted(event_id for event_id in map(ID.format, (*range(1, 7), *range(11, 17))))


def test_a_collector_that_is_away_is_waited_for_and_told_once(project: Project, log: EventLog) -> None:
    put(log, *full())
    waits: list[float] = []
    said: list[str] = []
    away = lifecycle.Collector(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StoreError, match="doesn't take events"):
        lifecycle.send_events(project, away, once=True, tell=said.append, pause=waits.append)
    assert waits == [1, 2, 4, 8]
    assert len(said) == 1
    assert "Connection refused" in said[0]
    assert "Errno" not in said[0]


def test_a_collector_that_is_busy_is_asked_again_when_it_says(
    project: Project, log: EventLog, collector: LogCollector
) -> None:
    put(log, *full())
    collector.statuses, collector.retry_after = [429, 503], "7"
    waits: list[float] = []
    assert send(project, collector, waits).sent == 6
    assert waits == [7, 7]


def test_one_event_that_is_refused_holds_up_no_other(project: Project, log: EventLog, collector: LogCollector) -> None:
    put(log, *full())
    log.append("predictions", bare()[:1])
    collector.poison = ID.format(1)
    found = send(project, collector)
    assert (found.sent, found.refused) == (6, 1)
    assert ID.format(11) in collector.ids()


def test_what_the_collector_says_it_left_out_is_counted(
    project: Project, log: EventLog, collector: LogCollector
) -> None:
    put(log, full()[0])
    collector.reject = 1
    words = ["events", "send", "--once", "--project", str(project.root), "--otel", collector.address]
    done = CliRunner().invoke(program, words)
    assert "refused 1 (too old)" in done.output
    assert "refused 1 events for good" in str(done.exception)


def test_a_wrong_key_is_told_and_nothing_is_noted_as_sent(
    project: Project, log: EventLog, collector: LogCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(log, *full())
    collector.statuses = [401]
    with pytest.raises(StoreError, match="answers 401"):
        send(project, collector)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=right%20one")
    assert send(project, collector).sent == 6
    assert collector.headers["Api-Key"] == "right one"


def test_damaged_lines_are_left_out_and_counted(project: Project, log: EventLog, collector: LogCollector) -> None:
    log.append("predictions", [full()[0], bare()[0]])
    (path,) = log.segments("predictions")
    path.write_bytes(path.read_bytes().replace(b'"offer"', b'"offex"') + b'not JSON\n{"@timestamp":1}\n{"half')
    assert send(project, collector) == lifecycle.Sent(sent=1, damaged=3)


def test_a_file_that_is_cut_or_replaced_is_read_again(project: Project, log: EventLog, collector: LogCollector) -> None:
    log.append("predictions", [full()[0]])
    send(project, collector)
    (path,) = log.segments("predictions")
    path.write_bytes(encode_events([bare()[0], full()[0], bare()[0]]))
    send(project, collector)
    assert set(collector.ids()) == {ID.format(1), ID.format(11)}
    path.unlink()
    assert send(project, collector) == lifecycle.Sent()


def test_there_is_one_sender_at_a_time(project: Project, log: EventLog, collector: LogCollector) -> None:
    with Cursor(log, "otel"), pytest.raises(LockedError, match="already"):
        send(project, collector)


def test_the_environment_names_the_collector(
    project: Project, log: EventLog, collector: LogCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(log, *full())
    words = ["events", "send", "--once", "--json", "--project", str(project.root)]
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert isinstance(CliRunner().invoke(program, words).exception, InputError)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{collector.address}/")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "churn-server")
    done = CliRunner().invoke(program, words)
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["sent"] == 6
    assert collector.resource["service.name"] == "churn-server"


@pytest.mark.parametrize("address", ["collector:4318", "grpc://collector", "http://:4318", "http://a:port"])
def test_what_is_no_address_of_a_collector_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="no address"):
        lifecycle.Collector(address)
