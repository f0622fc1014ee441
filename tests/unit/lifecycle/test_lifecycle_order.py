from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mainstay import lifecycle
from mainstay.contract import Contract, Integer, load_contract
from mainstay.errors import CorruptError, NotFoundError, ReleaseError, StoreError
from mainstay.models.report import Verdict
from mainstay.project import open_project
from mainstay.release import open_books
from mainstay.serving.testing import TINY_CONTRACT, TINY_MODEL, register_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.lifecycle import Trained
    from mainstay.project import Project

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def rewrite(project: Project, old: str, new: str, file: str = "mainstay.toml") -> Project:
    path = project.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return open_project(project.root)


def tamper(project: Project, number: int) -> None:
    path = project.books / "store" / project.name / str(number) / "model" / "model.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))


def test_train_registers_version_1_with_verdict_and_lineage(first_training: tuple[Project, Trained]) -> None:
    project, made = first_training
    assert (made.version.number, made.version.by, made.version.parent, made.version.ok) == (1, "anna", None, True)
    with open_books(project) as books:
        assert books.registry.versions(project.name) == (made.version,)
        assert books.registry.verdicts(project.name, 1) == (made.verdict,)
        bundle = books.registry.load_bundle(project.name, 1)
    assert bundle.report == made.report
    assert bundle.lineage.rows == 2000
    assert bundle.lineage.source.endswith("subscriptions.csv")
    assert bundle.lineage.data_fingerprint == made.version.data_fingerprint == lifecycle.check(project).fingerprint
    assert bundle.contract.names == load_contract(project.root / "contract.toml").names
    assert bundle.money.value == 300
    assert bundle.golden


def test_a_store_that_cannot_be_written_leaves_nothing(
    untrained: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("MAINSTAY_STORE", str(tmp_path / "file" / "store"))
    with pytest.raises(StoreError):
        lifecycle.train(untrained, now=NOW, by="anna")
    assert lifecycle.versions(untrained) == ()
    monkeypatch.delenv("MAINSTAY_STORE")
    assert lifecycle.versions(untrained) == ()


def test_a_kill_while_training_leaves_nothing(untrained: Project) -> None:
    script = (
        "import datetime as dt, os, signal, sys; from pathlib import Path\n"
        "from mainstay import lifecycle; from mainstay.project import open_project\n"
        "die = lambda line: os.kill(os.getpid(), signal.SIGKILL)\n"
        "lifecycle.train(open_project(Path(sys.argv[1])), now=dt.datetime.now(dt.UTC), by='a', progress=die)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(untrained.root)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert lifecycle.versions(untrained) == ()
    store = untrained.books / "store"
    assert [name for _, folders, files in os.walk(store) for name in (*folders, *files)] in ([], [untrained.name])


def test_gate_appends_a_verdict_and_the_last_one_counts(trained: Project) -> None:
    stricter = rewrite(trained, "[problem]", '[problem]\nsuccess = { measure = "roc_auc", at_least = 0.999 }')
    verdict = lifecycle.gate(stricter, 1, now=NOW, by="ben")
    assert not verdict.ok
    with open_books(trained) as books:
        assert [(each.ok, each.by) for each in books.registry.verdicts(trained.name, 1)] == [
            (True, "anna"),
            (False, "ben"),
        ]
    assert lifecycle.versions(trained)[0].ok is False
    with pytest.raises(ReleaseError, match=r"fails .*mainstay gate 1"):
        lifecycle.release(stricter, 1, reason="because", by="ben")
    assert lifecycle.release(stricter, 1, reason="a look", by="ben", trial=True).trial


def test_a_release_needs_a_reason(two: Project) -> None:
    with pytest.raises(ReleaseError, match="--reason"):
        lifecycle.release(two, 1, reason="  ", by="anna")
    assert lifecycle.history(two) == ()


def test_a_release_names_each_empty_field_of_the_problem(two: Project) -> None:
    project = rewrite(two, 'owner = "a@b.example"', 'owner = ""')
    project = rewrite(project, 'decision = "Whom to call"\n', "")
    with pytest.raises(ReleaseError, match=r"decision, owner|owner, decision"):
        lifecycle.release(project, 1, reason="because", by="anna")
    assert lifecycle.history(two) == ()
    assert lifecycle.release(project, 1, reason="a look", by="anna", trial=True).trial


def test_a_version_without_a_verdict_is_refused(two: Project) -> None:
    number = register_model(two, TINY_MODEL)
    with pytest.raises(ReleaseError, match=r"never judged.*mainstay gate 3"):
        lifecycle.release(two, number, reason="because", by="anna")


def test_a_narrower_contract_is_refused_by_column(two: Project) -> None:
    lifecycle.release(two, 1, reason="because", by="anna")
    narrow = Integer(name="tenure", min=0, max=50)
    columns = tuple(narrow if column.name == "tenure" else column for column in TINY_CONTRACT.columns)
    number = register_model(two, TINY_MODEL, contract=Contract(columns))
    with open_books(two) as books:
        books.registry.add_verdict(two.name, number, Verdict(ok=True, findings=(), at=NOW, by="anna"))
    with pytest.raises(ReleaseError, match="tenure"):
        lifecycle.release(two, number, reason="because", by="anna")
    assert lifecycle.release(two, number, reason="a look", by="anna", trial=True).champion == number


def test_canary_shadow_and_rollback_are_rows_of_the_history(two: Project) -> None:
    lifecycle.release(two, 1, reason="first", by="anna")
    lifecycle.release(two, 2, reason="watch it", by="anna", shadow=True)
    lifecycle.release(two, 2, reason="some", by="anna", canary=0.1)
    lifecycle.release(two, 2, reason="all", by="anna")
    assert lifecycle.rollback_destination(two) == 1
    lifecycle.rollback(two, reason="worse", by="ben")
    rows = tuple(reversed(lifecycle.history(two)))
    assert [(row.id, row.kind, row.champion, row.reason) for row in rows] == [
        (1, "release", 1, "first"),
        (2, "shadow", 1, "watch it"),
        (3, "canary", 1, "some"),
        (4, "release", 2, "all"),
        (5, "rollback", 1, "worse"),
    ]
    assert [(route.role, route.weight) for route in rows[2].routes] == [("champion", 0.9), ("canary", 0.1)]
    assert lifecycle.answered_at(two, rows[3].at).release == rows[3]
    assert lifecycle.answered_at(two, NOW - dt.timedelta(days=3650)).release is None


def test_a_rollback_to_a_tampered_bundle_is_refused_and_changes_nothing(two: Project) -> None:
    lifecycle.release(two, 1, reason="first", by="anna")
    lifecycle.release(two, 2, reason="better", by="anna")
    before = lifecycle.history(two)
    tamper(two, 1)
    with pytest.raises(CorruptError, match=r"model\.json"):
        lifecycle.rollback(two, reason="worse", by="anna")
    assert lifecycle.history(two) == before


@pytest.mark.parametrize("gone", [False, True], ids=["tampered", "deleted"])
def test_a_damaged_champion_blocks_neither_training_nor_its_replacement(trained: Project, *, gone: bool) -> None:
    lifecycle.release(trained, 1, reason="first", by="anna")
    if gone:
        place = trained.books / "store" / trained.name
        (place / "1").rename(trained.root / "elsewhere")
    else:
        tamper(trained, 1)
    made = lifecycle.train(trained, now=NOW, by="anna")
    assert made.version.number == 2
    assert made.verdict.ok
    lifecycle.gate(trained, 2, now=NOW, by="anna")
    assert lifecycle.release(trained, 2, reason="the first is damaged", by="anna").champion == 2


def test_a_second_training_knows_its_parent(trained: Project) -> None:
    lifecycle.release(trained, 1, reason="first", by="anna")
    made = lifecycle.train(trained, now=NOW, by="ben")
    assert (made.version.number, made.version.parent) == (2, 1)


def test_monitor_changes_nothing_on_disk(two: Project, traffic: Callable[[Project], Any]) -> None:
    lifecycle.release(two, 1, reason="first", by="anna")
    traffic(two).serve(dt.datetime.now(dt.UTC))

    def lie() -> dict[str, bytes]:
        # SQLite's own side files come and go with each reader.
        return {
            str(path): path.read_bytes()
            for path in sorted(two.root.rglob("*"))
            if path.is_file() and not path.name.endswith(("-wal", "-shm"))
        }

    before = lie()
    seen = lifecycle.monitor(two, now=dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
    assert {finding.n for finding in seen.findings if finding.measure == "degraded"} == {200}
    assert lie() == before


@pytest.mark.parametrize("verb", ["monitor", "operate"])
def test_a_look_before_any_release_says_so(two: Project, verb: str) -> None:
    with pytest.raises(NotFoundError, match=r"No version of churn is released yet\."):
        getattr(lifecycle, verb)(two, now=NOW)
