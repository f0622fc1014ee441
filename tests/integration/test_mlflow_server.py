"""A real MLflow server over a database: told of versions and of who answers, and nothing of ours depends on it."""

from __future__ import annotations

import http.server
import json
import select
import socket
import socketserver
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.mlflow_servers import free_port, serve_mlflow, serve_model

from mainstay import lifecycle
from mainstay.data import draft_project, write_project
from mainstay.data.sample import SAMPLE_ANSWERS
from mainstay.data.simulator import TARGET
from mainstay.lifecycle.controller import run
from mainstay.lifecycle.tracking.verb import Mirror
from mainstay.models.report import Verdict
from mainstay.project import open_project
from mainstay.registry.mlflow import DIGEST, VERDICT, VERSION, TrackingError
from mainstay.release import open_books
from mainstay.render.markdown import to_markdown
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.project import Project

mlflow = pytest.importorskip("mlflow")
pd = pytest.importorskip("pandas")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]  # MLflow's own warnings

QUICK = """
[training]
candidates = ["do-nothing", "linear"]

[evaluation]
rehearse = false
robustness = false
"""


@pytest.fixture
def client(mlflow_server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Name the server; gives a client of its own."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
    monkeypatch.setattr(mlflow.tracking._tracking_service.utils, "_tracking_uri", None)
    return mlflow.MlflowClient(tracking_uri=mlflow_server)


@pytest.fixture
def two(tmp_path: Path, request: pytest.FixtureRequest) -> Project:
    """Make a project with two versions and a name of its own; nothing is released."""
    project = tiny_project(tmp_path, f"model-{abs(hash(request.node.name)) % 10**9}")
    for _ in range(2):
        register_model(project, TINY_MODEL)
    return project


def versions(client: Any, project: Project) -> dict[str, Any]:
    """Give MLflow's versions by ours; each of ours must be there once."""
    found = client.search_model_versions(f"name='{project.name}'")
    by = {each.tags[VERSION]: each for each in found}
    assert len(by) == len(found) == len({each.tags[DIGEST] for each in found})
    return by


def runs(client: Any, project: Project) -> list[Any]:
    experiment = client.get_experiment_by_name(project.name)
    return [] if experiment is None else list(client.search_runs([experiment.experiment_id]))


def aliases(client: Any, project: Project) -> dict[str, str]:
    """Give our versions by MLflow's aliases."""
    ours = {each.version: number for number, each in versions(client, project).items()}
    return {alias: ours[number] for alias, number in client.get_registered_model(project.name).aliases.items()}


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mainstay", *words], capture_output=True, text=True, check=False, timeout=120
    )


def caught_up(project: Project, done: subprocess.CompletedProcess[str]) -> None:
    """Tell what a verb left to the next time, on a machine that is too busy to be heard within seconds."""
    if "wasn't told everything within" in done.stderr:
        lifecycle.sync_mlflow(project)


def test_a_training_is_a_run_and_a_version_that_mlflow_loads(
    client: Any, simulated_csv: Path, tmp_path: Path, mlflow_server: str
) -> None:
    folder = tmp_path / "subscriptions"
    write_project(draft_project(simulated_csv, TARGET, folder, SAMPLE_ANSWERS), folder)
    with (folder / "mainstay.toml").open("a", encoding="utf-8") as file:
        file.write(QUICK)
    done = command("train", "--project", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    project = open_project(folder)
    caught_up(project, done)
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, 1)
    (run,) = runs(client, project)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == f"{project.name} version 1"
    primary = bundle.report.measure(bundle.report.primary)
    assert primary is not None
    assert primary.interval is not None
    measured = run.data.metrics
    assert measured[primary.measure] == primary.value
    assert measured[f"{primary.measure} low"] == primary.interval.low
    assert measured[f"{primary.measure} high"] == primary.interval.high
    assert run.data.params["seed"] == str(bundle.lineage.parameters["seed"])
    assert run.data.params["candidate"] == bundle.report.candidate
    (data,) = run.inputs.dataset_inputs
    assert data.dataset.digest == bundle.lineage.data_fingerprint[:36]
    assert simulated_csv.name in data.dataset.source
    assert json.loads(data.dataset.profile) == {"num_rows": bundle.lineage.rows}
    assert run.data.tags[DIGEST] == bundle.version.digest
    assert run.data.tags["mlflow.user"] == bundle.version.by
    assert {each.path for each in client.list_artifacts(run.info.run_id)} == {
        "card.md",
        "model",
        "report.html",
        "report.md",
    }
    (version,) = versions(client, project).values()
    assert version.run_id == run.info.run_id
    assert version.tags[VERDICT] == ("pass" if bundle.version.ok else "fail")
    released = command("release", "1", "--trial", "--reason", "first", "--wait", "0", "--project", str(folder))
    assert released.returncode == 0, released.stderr
    caught_up(project, released)
    assert aliases(client, project) == {"champion": "1"}
    mlflow.set_tracking_uri(mlflow_server)
    model = mlflow.pyfunc.load_model(f"models:/{project.name}@champion")
    frame = pd.read_csv(simulated_csv).head(5)
    assert len(model.predict(frame)) == 5


def test_aliases_follow_who_answers(client: Any, two: Project) -> None:
    third = register_model(two, TINY_MODEL)
    steps: list[tuple[int, dict[str, Any], dict[str, str]]] = [
        (1, {}, {"champion": "1"}),
        (2, {"canary": 0.1}, {"champion": "1", "challenger": "2"}),
        (2, {}, {"champion": "2"}),
        (third, {"ab": 0.5}, {"champion": "2", "challenger": "3"}),
        (third, {"ab": 0.0}, {"champion": "2"}),
        (1, {"shadow": True}, {"champion": "2", "shadow": "1"}),
    ]
    for number, how, wanted in steps:
        lifecycle.release(two, number, reason="because", by="a test", trial=True, **how)
        assert lifecycle.mirror(two, pytest.fail, seconds=60)
        assert aliases(client, two) == wanted
    back = command("rollback", "--reason", "worse", "--wait", "0", "--project", str(two.root))
    assert back.returncode == 0, back.stderr
    caught_up(two, back)
    assert aliases(client, two) == {"champion": "1"}


def test_what_was_made_before_a_server_was_named_is_caught_up_with_and_nothing_is_told_twice(
    client: Any, two: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_now(two, 2)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert lifecycle.mirror(two, pytest.fail)
    assert runs(client, two) == []
    monkeypatch.setenv("MLFLOW_TRACKING_URI", client.tracking_uri)
    done = command("export", "mlflow", "--project", str(two.root), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["told"], said["aliases"], said["versions"]) == ([1, 2], {"champion": 2}, {"1": "1", "2": "2"})
    assert "telling MLflow of version 2" in done.stderr
    again = lifecycle.sync_mlflow(two)
    assert (again.told, again.changed, again.verdicts) == ((), (), ())
    assert len(runs(client, two)) == len(versions(client, two)) == 2
    with open_books(two) as books:
        now = books.release_in_force().at
        books.registry.add_verdict(two.name, 1, Verdict(ok=True, findings=(), at=now, by="a test"))
    assert lifecycle.sync_mlflow(two).verdicts == (1,)
    assert {number: each.tags[VERDICT] for number, each in versions(client, two).items()} == {
        "1": "pass",
        "2": "not judged",
    }


def test_a_damaged_version_keeps_no_other_from_being_told(client: Any, two: Project) -> None:
    with open_books(two) as books:
        file = books.registry.folder(two.name, 1) / "policy.json"
    file.chmod(0o600)
    file.write_bytes(b"{}")
    release_now(two, 2)
    done = lifecycle.sync_mlflow(two)
    assert (done.told, list(done.untold)) == ((2,), [1])
    assert "'policy.json'" in done.untold[1]
    assert "Can't be told of version 1" in to_markdown(lifecycle.synced_document(two.name, done))
    assert aliases(client, two) == {"champion": "2"}


@pytest.mark.parametrize(
    "step", [4, 29, 50, *(pytest.param(each, marks=pytest.mark.full) for each in (0, 2, 6, 8, 11, 26, 27, 28, 35, 53))]
)
def test_whatever_request_it_stops_at_the_next_time_completes_it_and_doubles_nothing(
    step: int, client: Any, two: Project
) -> None:
    left = step

    def demand_time() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise TrackingError("The connection is gone.")

    release_now(two, 1)
    with pytest.raises(TrackingError, match="The connection is gone"):
        lifecycle.sync_mlflow(two, demand_time=demand_time)
    lifecycle.sync_mlflow(two)
    assert len(runs(client, two)) == len(versions(client, two)) == 2
    assert {run.info.status for run in runs(client, two)} == {"FINISHED"}
    assert aliases(client, two) == {"champion": "1"}
    for version in versions(client, two).values():
        folder = mlflow.artifacts.download_artifacts(artifact_uri=version.source, tracking_uri=client.tracking_uri)
        mlflow.pyfunc.load_model(folder).predict(pd.DataFrame([GOOD_RECORD]))


def test_a_server_that_is_down_fails_no_release_and_is_caught_up_with(
    client: Any, two: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:very-secret@127.0.0.1:{free_port()}")
    done = command("release", "1", "--trial", "--reason", "first", "--wait", "0", "--project", str(two.root))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("MLflow at http://127.0.0.1:") == 1
    assert "the next time, or by mainstay export mlflow" in done.stderr
    assert "secret" not in done.stderr + done.stdout
    with pytest.raises(TrackingError, match="can't be told") as refused:
        lifecycle.sync_mlflow(two)
    assert (refused.value.exit_code, "secret" in str(refused.value)) == (2, False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", client.tracking_uri)
    assert lifecycle.mirror(two, pytest.fail, seconds=60)
    assert aliases(client, two) == {"champion": "1"}


@contextmanager
def cut_after(address: str, most: int) -> Iterator[str]:
    """Stand before a server, and hang up on everybody once so many bytes went to it."""
    host, _, port = address.removeprefix("http://").partition(":")
    sent = 0

    class Through(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            nonlocal sent
            if sent > most:
                return
            with socket.create_connection((host, int(port))) as server:
                while ready := select.select([self.request, server], [], [], 10)[0]:
                    for one, other in ((self.request, server), (server, self.request)):
                        if one not in ready:
                            continue
                        content = one.recv(65536)
                        sent += len(content) if one is self.request else 0
                        if not content or sent > most:
                            return
                        other.sendall(content)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Through) as before:
        before.daemon_threads = True
        threading.Thread(target=before.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{before.server_address[1]}"
        before.shutdown()


@pytest.mark.parametrize("most", [9_000, 40_000])
def test_a_connection_that_is_cut_in_the_middle_is_one_sentence_and_is_caught_up_with(
    most: int, client: Any, two: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_now(two, 1)
    said: list[str] = []
    with cut_after(client.tracking_uri, most) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        assert not lifecycle.mirror(two, said.append, seconds=60)
    assert len(said) == 1
    assert len(versions(client, two)) < 2
    monkeypatch.setenv("MLFLOW_TRACKING_URI", client.tracking_uri)
    done = command("export", "mlflow", "--project", str(two.root))  # MLflow's client keeps a run's address in a process
    assert done.returncode == 0, done.stderr
    assert len(runs(client, two)) == len(versions(client, two)) == 2
    assert aliases(client, two) == {"champion": "1"}


def test_a_server_that_never_answers_is_waited_for_a_moment_only(two: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        said: list[str] = []
        began = time.monotonic()
        assert not lifecycle.mirror(two, said.append, seconds=1.0)
        assert time.monotonic() - began < 5
    assert len(said) == 1
    assert "MLflow at http://127.0.0.1:" in said[0]


@contextmanager
def answering(status: int) -> Iterator[str]:
    """Run a server that answers everything with one status."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"no")

        do_POST = do_PUT = do_GET  # noqa: N815 - as above

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("status", [403, 503])
def test_a_server_that_refuses_is_one_sentence(status: int, two: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(status) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address.replace("//", "//me:very-secret@"))
        said: list[str] = []
        assert not lifecycle.mirror(two, said.append, seconds=20)
    assert len(said) == 1
    assert str(status) in said[0]
    assert "secret" not in said[0]


def test_without_the_client_it_is_said_how_it_is_installed(two: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "mlflow.entities", None)
    said: list[str] = []
    assert not lifecycle.mirror(two, said.append)
    assert said == ["Telling MLflow needs mlflow-skinny, which isn't here. pip install 'mainstay[mlflow]'"]


def test_the_controller_tells_what_anybody_did_and_a_trouble_once(
    client: Any, two: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_now(two, 1)
    said: list[str] = []
    mirror = Mirror(said.append)
    with answering(403) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        mirror.look(two)
        mirror.look(two)
    assert len(said) == 1
    assert "403" in said[0]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", client.tracking_uri)
    until_heard(mirror, two)
    assert aliases(client, two) == {"champion": "1"}
    lifecycle.release(two, 2, reason="because", by="a test", trial=True)
    lifecycle.rollback(two, reason="worse", by="a test")
    lifecycle.release(two, 2, reason="again", by="a test", trial=True)
    run(two, every=0.1, once=True, tell=said.append)
    if any("wasn't told everything" in each for each in said):
        lifecycle.sync_mlflow(two)
    assert aliases(client, two) == {"champion": "2"}


def until_heard(mirror: Mirror, project: Project) -> None:
    """Look again and again, as a controller does on a machine that is too busy to be heard within seconds."""
    for _ in range(20):
        mirror.look(project)
        if mirror._told is not None:
            return


@pytest.mark.full
def test_two_that_tell_a_server_at_once_tell_it_once(client: Any, two: Project) -> None:
    words = [sys.executable, "-m", "mainstay", "export", "mlflow", "--project", str(two.root), "--json"]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [each.communicate(timeout=120) for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    assert sorted(json.loads(out)["told"] for out, _ in said) == [[], [1, 2]]
    assert len(runs(client, two)) == len(versions(client, two)) == 2


def test_mlflows_own_server_serves_a_version(two: Project, tmp_path: Path) -> None:
    release_now(two, 1)
    with open_books(two) as books:
        folder = books.registry.folder(two.name, 1)
    columns = list(GOOD_RECORD)
    with serve_model(folder, tmp_path) as address, TestServer.start(two) as ours:
        theirs = TestServer(two, ours.process, int(address.rpartition(":")[2]))
        expected = ours.post("/predict", [GOOD_RECORD, GOOD_RECORD | {"tenure": 90}]).json
        split = [[GOOD_RECORD[name] for name in columns], [(GOOD_RECORD | {"tenure": 90})[name] for name in columns]]
        for body in (
            {"dataframe_split": {"columns": columns, "data": split}},
            {"dataframe_records": [GOOD_RECORD, GOOD_RECORD | {"tenure": 90}]},
            {"inputs": {name: [row[place] for row in split] for place, name in enumerate(columns)}},
            {"instances": [GOOD_RECORD, GOOD_RECORD | {"tenure": 90}]},
        ):
            got = theirs.post("/invocations", body)
            assert got.status == 200, got.body
            for one, other in zip(got.json["predictions"], expected, strict=True):
                assert {name: other[name] for name in one if name != "warnings"} == {
                    name: value for name, value in one.items() if name != "warnings"
                }
        refused = theirs.post("/invocations", {"dataframe_records": [GOOD_RECORD | {"tenure": 1000}]})
        assert refused.status == 400
        assert "field 'tenure'" in refused.json["message"]
        assert theirs.get("/version").status == 200


@pytest.mark.full
def test_a_server_over_postgresql_is_told_the_same(
    postgres: str, two: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = postgres.replace("postgresql://", "postgresql+psycopg://")
    with serve_mlflow(database, tmp_path) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        release_now(two, 2)
        assert lifecycle.sync_mlflow(two).told == (1, 2)
        assert lifecycle.sync_mlflow(two).told == ()
        assert aliases(mlflow.MlflowClient(tracking_uri=address), two) == {"champion": "2"}
