"""version reproduce: made again of its recorded inputs, bit for bit; and each input that drifted is named."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.cli.program import main
from mainstay.data.draft import draft_project, write_project
from mainstay.data.sample import SAMPLE_ANSWERS
from mainstay.data.simulator import TARGET, write_sample
from mainstay.errors import SetupError
from mainstay.lifecycle.adopting import Brought
from mainstay.lifecycle.reproducing import drifts_between
from mainstay.lifecycle.reproducing.children import Deadline, run
from mainstay.lifecycle.reproducing.origin import kind_of
from mainstay.lifecycle.reproducing.remembered import remembered
from mainstay.models.frameworks.heuristic import Text
from mainstay.project import open_project
from mainstay.registry import Lineage
from mainstay.registry.code import CodeFile
from mainstay.registry.environment import Package
from mainstay.release import open_books

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project

    Forge = Callable[[Project, str, bytes], None]

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
QUICK = "[evaluation]\nrehearse = false\nrobustness = false\nablation = false\nslices = false"
TREES = """
[training]
candidates = ["do-nothing", "lightgbm"]
studies = false
budget = 2
folds = 2
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Train trees on rows that lie in the project, and are kept."""
    root = tmp_path_factory.mktemp("grown") / "churn"
    root.mkdir()
    write_sample(root / "rows.csv", rows=400, seed=11)
    write_project(draft_project(root / "rows.csv", TARGET, root, SAMPLE_ANSWERS), root)
    file = root / "mainstay.toml"
    file.write_text(f"{file.read_text(encoding='utf-8')}{TREES}\n{QUICK}\n", encoding="utf-8")
    project = open_project(root)
    lifecycle.train(project, now=NOW, by="anna")
    return project


@pytest.fixture
def project(grown: Project, tmp_path: Path) -> Project:
    shutil.copytree(grown.root, tmp_path / "churn")
    return open_project(tmp_path / "churn")


def again(project: Project, number: int = 1, **options: Any) -> lifecycle.Reproduction:
    return lifecycle.reproduce(project, number, here=True, **options)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the folder where temporary ones are made."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


def lineage_of(project: Project) -> Lineage:
    with open_books(project) as books:
        return books.registry.lineage("churn", 1)


def test_trees_are_made_again_bit_for_bit_whatever_was_edited_since(
    project: Project, forge: Forge, place: Path
) -> None:
    """Rows and code come as they were; what the lock names otherwise than it is here, is shown."""
    (project.root / "rows.csv").write_text("a,b\n1,2\n")
    (project.root / "contract.toml").write_text((project.root / "contract.toml").read_text() + "\n# another\n")
    lineage = lineage_of(project)
    faked = tuple(
        msgspec.structs.replace(one, version="0.0.1") if one.name == "numpy" else one for one in lineage.environment
    )
    other = msgspec.structs.replace(lineage, environment=faked, mainstay_sha256="0" * 64, cores=999)
    forge(project, "lineage.json", msgspec.json.encode(other))
    found = again(project)
    assert found.outcome == "bit for bit"
    assert found.ok
    assert found.said == "reproduced bit for bit"
    assert found.compared is not None
    assert "model.txt" in found.compared.same
    assert found.compared.other == ()
    assert all(one.recorded == one.found for one in found.compared.measures)
    assert {(drift.kind, drift.name) for drift in found.drifts} == {
        ("package", "numpy"),
        ("mainstay", "its own code"),
        ("cores", "of the processor"),
    }
    assert next(drift.recorded for drift in found.drifts if drift.name == "numpy") == "0.0.1"
    assert len(lifecycle.versions(project)) == 1  # nothing was registered
    with open_books(project) as books:
        told = remembered(books, 1)
    assert told is not None
    assert (told.ok, told.note) == (True, "In this environment: reproduced bit for bit")
    assert not list(place.iterdir())


def test_rows_that_are_gone_are_named_and_what_else_drifted_is_listed(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(project.root / ".dvc")
    pl.read_csv(project.root / "rows.csv")[:-50].write_csv(project.root / "rows.csv")
    (project.root / "contract.toml").write_text((project.root / "contract.toml").read_text() + "\n# another\n")
    with pytest.raises(SystemExit) as leave:
        main(["version", "reproduce", "1", "--here", "--project", str(project.root)])
    assert leave.value.code == 1
    said = capsys.readouterr()
    assert "can't be had" in said.err
    assert lineage_of(project).data_fingerprint[:12] in said.out
    found = again(project)
    assert (found.outcome, found.ok) == ("not possible", False)
    assert {drift.kind for drift in found.drifts} == {"data", "code"}
    assert [drift.name for drift in found.drifts if drift.kind == "code"] == ["contract.toml"]


@pytest.mark.full
def test_rows_that_are_the_same_in_another_file_will_do(project: Project) -> None:
    shutil.rmtree(project.root / ".dvc")
    pl.read_csv(project.root / "rows.csv").sample(fraction=1.0, shuffle=True, seed=1).write_parquet(
        project.root / "rows.parquet"
    )
    (project.root / "rows.csv").unlink()
    (project.root / "rows.csv.dvc").unlink(missing_ok=True)
    file = project.root / "mainstay.toml"
    file.write_text(file.read_text().replace("rows.csv", "rows.parquet"))
    found = again(open_project(project.root))
    assert found.ok
    assert any("recorded fingerprint" in note for note in found.notes)


@pytest.mark.parametrize(
    ("digit", "outcome"), [(-1, "equal answers"), pytest.param(6, "different answers", marks=pytest.mark.full)]
)
def test_a_model_that_isnt_what_its_inputs_make_is_compared_by_its_answers(
    project: Project, forge: Forge, digit: int, outcome: str
) -> None:
    path = project.books / "store" / "churn" / "1" / "model" / "model.txt"
    text = path.read_text()
    line = next(line for line in text.splitlines() if line.startswith("leaf_value="))

    digits = [list(value) for value in line.removeprefix("leaf_value=").split()]
    for value in digits:  # LightGBM counts on the length of what it reads
        value[digit] = "5" if value[digit] != "5" else "6"
    changed = text.replace(line, "leaf_value=" + " ".join(map("".join, digits)))
    forge(project, "model/model.txt", changed.encode())
    found = again(project)
    assert (found.outcome, found.ok) == (outcome, outcome == "equal answers")
    assert found.compared is not None
    assert found.compared.other == ("model.txt",)
    assert found.compared.held_out > 0
    if found.ok:
        assert found.compared.held_out_apart < 1e-9
        assert "equal answers within 1e-09 on 20 golden records" in found.said
    else:
        assert found.compared.held_out_apart > 1e-6
        assert "No recorded input differs" in found.notes[-1]


def test_another_policy_is_its_parents_model_made_again(project: Project) -> None:
    lifecycle.repolicy(project, 1, lifecycle.Wanted(threshold=0.77), now=NOW, by="anna")
    found = again(project, 2)
    assert found.outcome == "bit for bit"
    assert found.drifts == ()
    assert "was made of version 1 (another policy)" in found.notes[0]


@pytest.mark.full
def test_another_form_is_made_again_from_its_parents_training(project: Project) -> None:
    made = lifecycle.optimize(project, 1, now=NOW, by="anna", tolerance=1.0, equal_decisions=0.5)
    found = again(project, made.version.number)
    assert found.ok, found
    assert "(the form onnx)" in found.notes[0]


@pytest.mark.full
def test_where_versions_are_signed_a_throw_away_key_signs_these(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["admin", "keys", "new", "--json", "--project", str(project.root)])
    (key,) = set(re.findall(r"ed25519:[A-Za-z0-9+/=]{40,}", capsys.readouterr().out))
    file = project.root / "mainstay.toml"
    file.write_text(f'{file.read_text(encoding="utf-8")}\n[serving]\nkeys = ["{key}"]\n', encoding="utf-8")
    signed = open_project(project.root)
    made = lifecycle.train(signed, now=NOW, by="anna")
    assert made.version.signer
    assert again(signed, made.version.number).outcome == "bit for bit"


def test_what_was_adopted_is_asked_its_golden_records(project: Project) -> None:
    rules = 'otherwise = 0.2\n\n[[rule]]\nwhen = "support_calls > 2"\nscore = 0.7\n'
    adopted = lifecycle.adopt(project, Brought(Text(rules.encode()), name="rules"), now=NOW, by="anna")
    found = again(project, adopted.version.number)
    assert (found.outcome, found.ok) == ("answers checked", True)
    assert "can't be trained again" in found.notes[0]
    assert "golden records are answered as they were" in found.said


def test_it_ends_at_its_deadline(project: Project, place: Path) -> None:
    begun = time.monotonic()
    found = again(project, timeout=1.0)
    assert time.monotonic() - begun < 20
    assert (found.outcome, found.ok) == ("not possible", False)
    assert "took longer than 1 s" in found.trouble
    assert not list(place.iterdir())


def test_a_process_and_its_children_are_gone_at_the_deadline(tmp_path: Path) -> None:
    left = tmp_path / "left"
    inner = f"import time, pathlib; time.sleep(3); pathlib.Path({str(left)!r}).touch()"
    code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {inner!r}]); time.sleep(60)"
    with pytest.raises(SetupError, match="took longer"):
        run([sys.executable, "-c", code], Deadline(1.0), fresh=True)
    time.sleep(3)
    assert not left.exists()
    with pytest.raises(SetupError, match="can't be started"):
        run(["/nowhere/python"], Deadline(1.0), fresh=True)
    assert run([sys.executable, "-c", "import sys; sys.exit('ERROR: x')"], Deadline(9.0), fresh=True).last == "x"
    told = """print('a note'); print('{"error": "E", "message": "No.", "cure": "Mend it."}')"""
    assert run([sys.executable, "-c", told], Deadline(9.0), fresh=True).last == "No. Mend it."


RECORDED = Lineage(
    data_fingerprint="a" * 32,
    source="rows.csv",
    rows=10,
    code=(CodeFile("features.py", "1" * 64, 3),),
    parameters={"leaves": 7},
    seed=7,
    python="3.11.7",
    environment=(Package("numpy", "2.0", "e" * 64), Package("polars", "1.0", "f" * 64), Package("mainstay", "0.1")),
    mainstay_sha256="2" * 64,
    platform="Linux-x86_64",
    processor=("avx", "avx2"),
    cores=4,
)


@pytest.mark.parametrize(
    ("change", "kind", "name"),
    [
        ({"data_fingerprint": "b" * 32}, "data", "rows.csv"),
        ({"code": (CodeFile("features.py", "3" * 64, 3),)}, "code", "features.py"),
        ({"code": ()}, "code", "features.py"),
        ({"code": (*RECORDED.code, CodeFile("model.py", "4" * 64, 3))}, "code", "model.py"),
        ({"environment": (Package("numpy", "2.1"), *RECORDED.environment[1:])}, "package", "numpy"),
        ({"environment": (Package("numpy", "2.0", "9" * 64), *RECORDED.environment[1:])}, "package", "numpy"),
        ({"environment": RECORDED.environment[1:]}, "package", "numpy"),
        ({"python": "3.12.1"}, "python", "version"),
        ({"platform": "Linux-aarch64"}, "platform", "system"),
        ({"processor": ("avx",)}, "processor", "instructions"),
        ({"cores": 2}, "cores", "of the processor"),
        ({"seed": 8}, "parameters", "seed"),
        ({"parameters": {"leaves": 9}}, "parameters", "leaves"),
        ({"mainstay_sha256": "5" * 64}, "mainstay", "its own code"),
    ],
)
def test_each_input_that_differs_is_named(change: dict[str, Any], kind: str, name: str) -> None:
    assert drifts_between(RECORDED, RECORDED) == ()
    (drift,) = drifts_between(RECORDED, msgspec.structs.replace(RECORDED, **change))
    assert (drift.kind, drift.name) == (kind, name)
    assert drift.recorded != drift.found


def test_what_was_not_recorded_isnt_compared() -> None:
    old = Lineage(data_fingerprint="a" * 32, source="rows.csv", rows=10, seed=7)
    assert drifts_between(old, RECORDED) == ()


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        ({}, "trained"),
        ({"made_from_version": 1, "form": "onnx"}, "optimized"),
        ({"made_from_version": 1, "threshold": 0.4}, "policy"),
        ({"fitted": "elsewhere", "origin": "a.skops"}, "adopted"),
    ],
)
def test_old_versions_are_known_by_what_they_were_made_with(parameters: dict[str, Any], kind: str) -> None:
    old = Lineage(data_fingerprint="", source="", rows=1, parameters=parameters)
    assert kind_of(old) == kind
    assert kind_of(msgspec.structs.replace(old, made="trained")) == "trained"


@pytest.mark.full
def test_a_fresh_environment_from_the_lock_makes_the_same_model(project: Project) -> None:
    for words in (["train"], ["version", "reproduce", "1"]):
        done = subprocess.run(
            [sys.executable, "-m", "mainstay", *words, "--project", str(project.root), "--json"],
            capture_output=True,
            text=True,
            check=False,
            timeout=1200,
        )
        assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["outcome"], found["where"], found["drifts"]) == ("bit for bit", "fresh environment", [])


@pytest.mark.full
def test_a_version_of_a_package_that_cant_be_had_is_told(project: Project, forge: Forge) -> None:
    lineage = lineage_of(project)
    faked = (Package("numpy", "0.0.1"), *(one for one in lineage.environment if one.name != "numpy"))
    forge(project, "lineage.json", msgspec.json.encode(msgspec.structs.replace(lineage, environment=faked)))
    found = lifecycle.reproduce(project, 1)
    assert (found.outcome, found.ok) == ("not possible", False)
    assert "numpy==0.0.1" in found.trouble
    assert ("package", "numpy") in {(drift.kind, drift.name) for drift in found.drifts}
