"""The real dvc, unmodified, on what mainstay wrote; and mainstay on what the real dvc wrote."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from tests.peers import peer

from mainstay import lifecycle
from mainstay.data.draft import draft_project, write_project
from mainstay.data.sample import SAMPLE_ANSWERS
from mainstay.data.simulator import TARGET
from mainstay.data.versions import add, restore
from mainstay.errors import DataError
from mainstay.project import Project, open_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.lifecycle import Trained

UP_TO_DATE = "Data and pipelines are up to date."
QUICK = '\n[training]\ncandidates = ["do-nothing", "linear"]\n'


@dataclass(frozen=True)
class Shell:
    """A terminal that has git, the real dvc and mainstay, and nobody's settings."""

    env: dict[str, str]

    def run(self, folder: Path, *words: str) -> str:
        done = subprocess.run(words, cwd=folder, env=self.env, capture_output=True, text=True, check=False, timeout=180)
        assert done.returncode == 0, f"$ {' '.join(words)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def dvc(self, folder: Path, *words: str) -> str:
        return self.run(folder, "dvc", *words)

    def git(self, folder: Path, *words: str) -> str:
        return self.run(folder, "git", *words)

    def commit(self, folder: Path, message: str) -> str:
        self.git(folder, "add", "--all", ".")
        self.git(folder, "commit", "--quiet", "--message", message)
        return self.git(folder, "rev-parse", "HEAD").strip()

    def mainstay(self, folder: Path, *words: str) -> Any:
        return json.loads(self.run(folder, "mainstay", *words, "--json"))


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    home = tmp_path_factory.mktemp("home")
    ours = Path(sys.executable).parent
    named = {"GIT_AUTHOR_NAME": "Anna", "GIT_COMMITTER_NAME": "Anna"}
    mailed = {"GIT_AUTHOR_EMAIL": "anna@example.com", "GIT_COMMITTER_EMAIL": "anna@example.com"}
    return Shell(
        {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "AWS_", "DVC_"))}
        | named
        | mailed
        | {
            "PATH": os.pathsep.join([str(peer("dvc")), str(ours), os.environ["PATH"]]),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "AWS_ACCESS_KEY_ID": "anybody",
            "AWS_SECRET_ACCESS_KEY": "anything",
            "AWS_DEFAULT_REGION": "us-east-1",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(home / "site"),
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }
    )


@pytest.fixture
def churn(simulated_csv: Path, tmp_path: Path, shell: Shell) -> Project:
    """Make a project in git whose data lies in it; nothing is trained."""
    folder = tmp_path / "churn"
    (folder / "data").mkdir(parents=True)
    shutil.copy(simulated_csv, folder / "data" / "rows.csv")
    write_project(draft_project(folder / "data" / "rows.csv", TARGET, folder, SAMPLE_ANSWERS), folder)
    with (folder / "mainstay.toml").open("a", encoding="utf-8") as file:
        file.write(QUICK)
    (folder / ".gitignore").write_text(".mainstay/\n", encoding="utf-8")
    shell.git(folder, "init", "--quiet")
    return open_project(folder)


def train(project: Project) -> Trained:
    return lifecycle.train(open_project(project.root), now=dt.datetime.now(dt.UTC), by="anna")


def model_of(project: Project, number: int) -> dict[str, str]:
    folder = project.root / ".mainstay" / "store" / "churn" / str(number) / "model"
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def a_folder(at: Path) -> Path:
    (at / "sub").mkdir(parents=True)
    for name, text in (("x.csv", "1"), ("sub/y.csv", "2"), ("ä b.csv", "2"), ("# [1]!.csv", ""), ("z.csv", "3\r\n")):
        (at / name).write_bytes(text.encode())
    return at


def test_dvc_would_have_written_the_very_same_files(churn: Project, shell: Shell) -> None:
    train(churn)
    a_folder(churn.root / "data" / "more")
    odd = churn.root / "data" / "yes: no #1 [a]!.csv"
    odd.write_text("a,b\n", encoding="utf-8")
    for path in (churn.root / "data" / "more", odd):
        add(path, churn.root)
    shell.commit(churn.root, "all")
    ours = contents(churn.root / ".dvc") | contents(churn.root / "data")
    shutil.rmtree(churn.root / ".dvc")
    for pointer in (*(churn.root / "data").glob("*.dvc"), churn.root / "data" / ".gitignore"):
        pointer.unlink()
    shell.dvc(churn.root, "init", "--quiet", "--force")
    shell.dvc(churn.root, "add", "--quiet", "data/rows.csv", "data/more", str(odd))
    theirs = contents(churn.root / ".dvc") | contents(churn.root / "data")
    names = {name for name in theirs if not name.startswith("tmp/")}
    assert names == set(ours)
    same = {name for name in names if ours[name] == theirs[name]}
    # the order of the lines of .gitignore is that of adding; the name in quotes may be quoted in another way
    assert names - same <= {".gitignore", f"{odd.name}.dvc"}
    assert shell.dvc(churn.root, "status").strip() == UP_TO_DATE
    assert shell.git(churn.root, "status", "--porcelain", "data/more.dvc", "data/rows.csv.dvc", ".dvc").strip() == ""


def test_dvc_takes_it_from_there(churn: Project, shell: Shell, tmp_path: Path) -> None:
    train(churn)
    add(a_folder(churn.root / "data" / "more"), churn.root)
    shell.commit(churn.root, "one")
    assert shell.dvc(churn.root, "status").strip() == UP_TO_DATE
    in_git = shell.git(churn.root, "ls-files", "data").split()
    assert in_git == ["data/.gitignore", "data/more.dvc", "data/rows.csv.dvc"]
    before = contents(churn.root / "data")
    (churn.root / "data" / "rows.csv").unlink()
    shutil.rmtree(churn.root / "data" / "more")
    shell.dvc(churn.root, "checkout")
    assert contents(churn.root / "data") == before

    shell.dvc(churn.root, "remote", "add", "--default", "there", str(tmp_path / "remote"))
    shell.dvc(churn.root, "push")
    clone = tmp_path / "clone"
    shell.commit(churn.root, "a remote")
    shell.git(tmp_path, "clone", "--quiet", str(churn.root), str(clone))
    with pytest.raises(DataError, match=r"dvc pull data/rows\.csv\.dvc"):
        train(open_project(clone))
    shell.dvc(clone, "pull")
    assert contents(clone / "data") == before
    assert train(open_project(clone)).version.data_pointer == "data/rows.csv.dvc"
    assert shell.dvc(clone, "status").strip() == UP_TO_DATE


def test_s3(churn: Project, shell: Shell, storage: str) -> None:
    train(churn)
    rows = (churn.root / "data" / "rows.csv").read_bytes()
    shell.dvc(churn.root, "remote", "add", "--default", "s3", "s3://versions/churn")
    shell.dvc(churn.root, "remote", "modify", "s3", "endpointurl", storage)
    shell.dvc(churn.root, "push")
    shutil.rmtree(churn.root / ".dvc" / "cache")
    (churn.root / "data" / "rows.csv").unlink()
    shell.dvc(churn.root, "pull")
    assert (churn.root / "data" / "rows.csv").read_bytes() == rows
    assert not shell.dvc(churn.root, "status", "--cloud", "--json").strip().strip("{}")


@pytest.fixture(scope="session")
def storage(shell: Shell) -> Iterator[str]:
    """Start an S3 of our own on loopback, with a bucket in it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [str(peer("dvc") / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, env=shell.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(urllib.request.Request(f"{url}/versions", method="PUT"), timeout=5).close()  # noqa: S310 - our own server
                break
            except (OSError, urllib.error.URLError):
                assert time.monotonic() < end, "moto did not start"
                assert process.poll() is None, "moto ended"
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def test_an_old_commit_gives_the_old_training_back(churn: Project, shell: Shell, tmp_path: Path) -> None:
    rows = churn.root / "data" / "rows.csv"
    first = train(churn)
    one = shell.commit(churn.root, "one")
    table = pl.read_csv(rows, infer_schema=False)
    table.head(1500).write_csv(rows)
    second = train(churn)
    two = shell.commit(churn.root, "two")
    assert second.version.data_fingerprint != first.version.data_fingerprint
    assert model_of(churn, 2) != model_of(churn, 1)
    # The name changes too, and the old rows turn up elsewhere as another format.
    elsewhere = tmp_path / "copy.parquet"
    shell.git(churn.root, "checkout", "--quiet", one)
    shell.dvc(churn.root, "checkout")
    pl.read_csv(rows, infer_schema=False).write_parquet(elsewhere)
    again = train(churn)
    assert again.version.data_fingerprint == first.version.data_fingerprint
    assert again.version.data_md5 == first.version.data_md5
    assert model_of(churn, 3) == model_of(churn, 1)
    assert again.report.measures == first.report.measures
    # The tree's model is version 3 now, which is all that differs.
    assert shell.git(churn.root, "status", "--porcelain").strip() == "M churn.mainstay.json"
    assert not again.version.dirty

    origins = [lifecycle.origin(churn, number) for number in (1, 2, 3)]
    assert [each.pointer_commit for each in origins] == [one, two, one]
    assert [each.rows for each in origins] == [2000, 1500, 2000]
    shown = shell.mainstay(churn.root, "version", "show", "1")
    assert shown["data"]["md5"] == hashlib.md5(rows.read_bytes(), usedforsecurity=False).hexdigest()
    assert shown["data"]["pointer"] == "data/rows.csv.dvc"
    asked = shell.mainstay(churn.root, "data", "list", str(elsewhere))
    assert [(each["version"], each["same"]) for each in asked["matches"]] == [(3, "rows"), (1, "rows")]
    asked = shell.mainstay(churn.root, "data", "list", "data/rows.csv")
    assert [(each["version"], each["same"]) for each in asked["matches"]] == [(3, "file"), (1, "file")]


def test_git_and_dvc_and_the_registry_agree_on_what_the_model_was(churn: Project, shell: Shell, tmp_path: Path) -> None:
    rows, features = churn.root / "data" / "rows.csv", churn.root / "features.py"
    features.write_text("def features(frame):\n    return frame\n", encoding="utf-8")
    shell.git(churn.root, "add", "features.py", "mainstay.toml", "contract.toml", ".gitignore")
    shell.git(churn.root, "commit", "--quiet", "--message", "nothing trained")
    train(churn)
    one = shell.commit(churn.root, "one")
    pl.read_csv(rows, infer_schema=False).head(1500).write_csv(rows)
    features.write_text("def features(frame):\n    return frame.select(frame.columns[1:])\n", encoding="utf-8")
    train(churn)
    two = shell.commit(churn.root, "two")
    train(churn)
    three = shell.commit(churn.root, "three")
    for revision, version in ((one, 1), (two, 2), (three, 3)):
        shell.git(churn.root, "checkout", "--quiet", "--detach", revision)
        shell.dvc(churn.root, "checkout")
        told = shell.mainstay(churn.root, "status")["tree"]
        assert (told["state"], told["version"]) == ("same", version)
        made = lifecycle.made(churn, version).lineage
        digest = hashlib.md5(rows.read_bytes(), usedforsecurity=False).hexdigest()
        assert made.data_md5 == digest
        assert {each.path: each.sha256 for each in made.code}["features.py"] == _sha256(features)
        found = {each["measure"]: each["ok"] for each in shell.mainstay(churn.root, "check")["findings"]}
        assert found["model_version"] is True
    asked = shell.mainstay(churn.root, "version", "list", "--made-of", "data/rows.csv", "--made-of", "features.py")
    assert [each["number"] for each in asked["versions"]] == [3, 2]

    # And the way of mainstay: the version's files in a new folder, where dvc finds everything in order.
    made = shell.mainstay(churn.root, "version", "checkout", "1", "--out", str(tmp_path / "again"))
    assert (made["code_whole"], made["data_whole"]) == (True, True)
    again = tmp_path / "again"
    assert _sha256(again / "features.py") == lifecycle.made(churn, 1).lineage.code[2].sha256
    shell.git(again, "init", "--quiet")
    shell.run(again, "dvc", "config", "cache.dir", str(churn.root / ".dvc" / "cache"))
    assert shell.dvc(again, "status").strip() == UP_TO_DATE
    anew = train(open_project(again))
    assert model_of(open_project(again), 1) == model_of(churn, 1)
    assert anew.version.data_fingerprint == lifecycle.made(churn, 1).lineage.data_fingerprint


def test_a_checkout_in_place_is_what_dvc_finds_in_order(churn: Project, shell: Shell) -> None:
    rows = churn.root / "data" / "rows.csv"
    shell.git(churn.root, "add", "mainstay.toml", "contract.toml", ".gitignore")
    shell.git(churn.root, "commit", "--quiet", "--message", "nothing trained")
    train(churn)
    first = rows.read_bytes()
    shell.commit(churn.root, "one")
    pl.read_csv(rows, infer_schema=False).head(1500).write_csv(rows)
    train(churn)
    second = rows.read_bytes()
    shell.commit(churn.root, "two")
    found = shell.mainstay(churn.root, "version", "checkout", "1")
    assert rows.read_bytes() == first
    assert shell.dvc(churn.root, "status").strip() == UP_TO_DATE
    for line in found["back"]:
        shell.run(churn.root, "sh", "-c", line)
    assert rows.read_bytes() == second
    assert shell.git(churn.root, "status", "--porcelain").strip() == ""
    assert shell.mainstay(churn.root, "status")["tree"]["version"] == 2


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_repro_runs_what_has_to_be_run(churn: Project, shell: Shell) -> None:
    rows, toml = churn.root / "data" / "rows.csv", churn.root / "mainstay.toml"
    add(rows, churn.root)
    lifecycle.export_dvc(churn)
    said = shell.dvc(churn.root, "repro")
    assert [line for line in said.splitlines() if line.startswith("Running")] == [
        "Running stage 'settings':",
        "Running stage 'check':",
        "Running stage 'train':",
    ]
    shell.commit(churn.root, "one")
    assert "Running" not in shell.dvc(churn.root, "repro")
    shown = json.loads(shell.dvc(churn.root, "metrics", "show", "--json"))
    measures = shown[""]["data"]["metrics/train.json"]["data"]["held_out"]
    assert 0.5 < measures["roc_auc"] < 1

    toml.write_text(toml.read_text(encoding="utf-8") + "folds = 4\n\n[serving]\nmax_records = 100\n", encoding="utf-8")
    said = shell.dvc(churn.root, "repro")
    assert "Running stage 'train':" in said
    assert "Running stage 'check':" not in said  # its settings are as they were
    changed = json.loads(shell.dvc(churn.root, "params", "diff", "--json"))
    assert changed == {"params.yaml": {"training.folds": {"old": 5, "new": 4, "diff": -1}}}  # serving shapes no model

    toml.write_text(toml.read_text(encoding="utf-8").replace("max_records = 100", "max_records = 99"), encoding="utf-8")
    pl.read_csv(rows, infer_schema=False).head(1600).write_csv(rows)
    shell.dvc(churn.root, "repro")
    assert [lifecycle.origin(churn, number).rows for number in (1, 2, 3)] == [2000, 2000, 1600]
    assert shell.dvc(churn.root, "status").strip() == UP_TO_DATE


def test_a_repository_of_dvc_s_own_making_is_read(churn: Project, shell: Shell, tmp_path: Path) -> None:
    """The repository starts above the project, its cache lies elsewhere, and a stage makes the source."""
    above = tmp_path
    shutil.rmtree(churn.root / ".git")
    shell.git(above, "init", "--quiet")
    shell.dvc(above, "init", "--quiet")
    shell.dvc(above, "cache", "dir", "kept")  # written into .dvc/config, from that file's folder
    rows = churn.root / "data" / "rows.csv"
    raw = churn.root / "data" / "raw.csv"
    rows.rename(raw)
    shell.dvc(churn.root, "add", "--quiet", "data/raw.csv")
    files = ("-d", "data/raw.csv", "-o", "data/rows.csv")
    shell.dvc(churn.root, "stage", "add", "-n", "clean", *files, "cp data/raw.csv data/rows.csv")
    shell.dvc(churn.root, "repro", "--quiet")
    assert (above / "kept" / "files" / "md5").is_dir()

    before = contents(churn.root / "data")
    trained = train(churn)
    assert trained.version.data_pointer == "dvc.lock"
    assert contents(churn.root / "data") == before  # the stage's own affair: no pointer is written
    assert shell.dvc(churn.root, "status").strip() == UP_TO_DATE
    rows.unlink()
    raw.unlink()
    assert train(churn).version.data_md5 == trained.version.data_md5  # from the cache, by dvc.lock
    assert restore(raw)
    assert contents(churn.root / "data") == before
    rows.write_bytes(rows.read_bytes() + rows.read_bytes().splitlines(keepends=True)[-1])
    found = {each.where: each for each in lifecycle.check(churn).findings if each.measure == "data_version"}
    assert found["churn/data/rows.csv"].failed


def test_without_git(churn: Project, shell: Shell) -> None:
    shutil.rmtree(churn.root / ".git")
    train(churn)
    assert not (churn.root / "data" / ".gitignore").exists()
    assert shell.dvc(churn.root, "status").strip() == UP_TO_DATE
    (churn.root / "data" / "rows.csv").unlink()
    shell.dvc(churn.root, "checkout")
    assert lifecycle.origin(churn, 1).in_cache


def test_a_folder_that_dvc_keeps_whole(churn: Project, shell: Shell) -> None:
    shell.dvc(churn.root, "init", "--quiet")
    shell.dvc(churn.root, "config", "cache.type", "symlink")
    shell.dvc(churn.root, "add", "--quiet", "data")
    assert (churn.root / "data" / "rows.csv").is_symlink()
    trained = train(churn)
    assert (trained.version.source, trained.version.data_pointer) == ("data/rows.csv", "data.dvc")
    assert not (churn.root / "data" / "rows.csv.dvc").exists()
    (churn.root / "data" / "rows.csv").unlink()
    assert train(churn).version.data_md5 == trained.version.data_md5
    assert shell.dvc(churn.root, "status").strip() == UP_TO_DATE


def test_rows_of_a_database_can_be_had_again(churn: Project, shell: Shell) -> None:
    rows = churn.root / "data" / "rows.csv"
    shop = churn.root.parent / "shop.sqlite"
    pl.read_csv(rows).write_database("customers", f"sqlite:///{shop}")
    rows.unlink()
    toml = churn.root / "mainstay.toml"
    query = 'query = "select * from customers"'
    said = f'source = "sqlite:///{shop}"\n{query}'
    toml.write_text(toml.read_text(encoding="utf-8").replace('source = "data/rows.csv"', said), encoding="utf-8")
    trained = train(churn)
    shop.unlink()
    kept = churn.root / "data" / f"{trained.version.data_fingerprint[:16]}.parquet"
    assert trained.version.data_pointer == f"data/{kept.name}.dvc"
    assert trained.version.source.startswith("sqlite:///")
    shell.commit(churn.root, "rows")
    kept.unlink()
    shell.dvc(churn.root, "checkout")
    again = lifecycle.train(open_project(churn.root), now=dt.datetime.now(dt.UTC), by="anna", source=kept)
    assert again.version.data_fingerprint == trained.version.data_fingerprint
    assert model_of(churn, 2) == model_of(churn, 1)
