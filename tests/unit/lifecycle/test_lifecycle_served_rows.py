"""Training on the event log, by verb: recorded, done again, audited, and nothing of it kept elsewhere."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay import lifecycle
from mainstay.cli.program import main
from mainstay.contract import count_like, load_contract, profile_rows
from mainstay.contract.table import check_table, encode_table
from mainstay.data import take_snapshot
from mainstay.data.draft import draft_project, write_project
from mainstay.data.sample import SAMPLE_ANSWERS
from mainstay.data.simulated_log import Answering, log_round
from mainstay.data.simulator import TARGET, simulate, true_probability, write_sample
from mainstay.events import Access, decode_event, open_log
from mainstay.measures.distances import psi, psi_noise
from mainstay.models.policy import Policy
from mainstay.models.task import Task
from mainstay.project import open_project
from mainstay.release import open_books

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.lifecycle import Trained
    from mainstay.project import Project

BEGIN = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
NOW = BEGIN + dt.timedelta(days=100)
RECIPE = """
[training]
candidates = ["linear"]
studies = false
folds = 2
[monitoring]
label_delay = "30d"
[evaluation]
rehearse = false
robustness = false
ablation = false
slices = false
"""
POLICY = Policy(task=Task(kind="binary", target=TARGET, positive="Yes", negative="No"), action="offer", threshold=0.25)


def answered(root: Path) -> Project:
    """Make a project with a log of 1 200 answers, three in ten of them in the control share."""
    root.mkdir()
    write_sample(root / "rows.csv", rows=600, seed=11)
    write_project(draft_project(root / "rows.csv", TARGET, root, SAMPLE_ANSWERS), root)
    file = root / "mainstay.toml"
    file.write_text(file.read_text("utf-8") + RECIPE, "utf-8")
    project = open_project(root)
    frame = simulate(1200, seed=5, start=BEGIN, days=60)
    how = Answering(project.name, true_probability(frame), POLICY, control=0.3)
    log_round(open_log(project), load_contract(root / "contract.toml"), frame, how, seed=1)
    return project


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Trained, list[str]]:
    project = answered(tmp_path_factory.mktemp("served") / "churn")
    said: list[str] = []
    source = lifecycle.log_source(project, "90d", NOW.isoformat(), now=NOW)
    made = lifecycle.train(project, now=NOW, by="anna", source=source, progress=said.append)
    return project, made, said


def test_lineage_says_which_part_of_the_log(trained: tuple[Project, Trained, list[str]]) -> None:
    project, made, said = trained
    with open_books(project) as books:
        lineage = books.registry.lineage(project.name, 1)
    assert lineage.log is not None
    assert (lineage.log.since, lineage.log.until, lineage.log.known_at) == (NOW - dt.timedelta(days=90), NOW, NOW)
    assert lineage.source == f"event log of {project.name} from 2026-03-11T00:00:00Z until 2026-06-09T00:00:00Z"
    steps = {step: (rows_in, rows_out) for step, rows_in, rows_out in lineage.log.steps}
    assert steps["treated"][1] == lineage.rows == steps["weights"][1]
    assert any(line.startswith("treated: ") for line in said)
    assert any("of the control share stand for themselves" in note for note in made.report.notes)


def test_nothing_of_the_log_is_kept_elsewhere(trained: tuple[Project, Trained, list[str]]) -> None:
    project, made, _ = trained
    assert made.version.data_md5 == ""
    assert not (project.root / "data").exists()
    assert not list(project.root.rglob("*.parquet"))


def test_the_same_events_give_the_same_version_again(trained: tuple[Project, Trained, list[str]]) -> None:
    project, made, _ = trained
    found = lifecycle.reproduce(project, 1, here=True)
    assert found.trouble == ""
    assert found.outcome == "bit for bit"
    assert not [drift for drift in found.drifts if drift.kind == "data"]
    assert made.version.data_fingerprint


def test_its_stages_are_measured_on_its_own_rows(trained: tuple[Project, Trained, list[str]]) -> None:
    project, made, _ = trained
    found = lifecycle.gap(project, now=NOW)  # the source is a file; the version knows that its rows are not from there
    held = next(stage for stage in found.measures[0].stages if stage.where == "held out")
    money = made.report.measure(made.report.primary)
    assert money is not None
    assert held.value == pytest.approx(money.value)


def test_who_trained_on_people_is_on_record(trained: tuple[Project, Trained, list[str]]) -> None:
    project, _, _ = trained
    lines = [line for path in open_log(project).segments("audit") for line in path.read_bytes().splitlines()]
    read = [decode_event(line) for line in lines]
    assert all(isinstance(one, Access) and one.kind == "train" for one in read)
    assert read


def test_the_profile_is_of_the_world_and_not_of_what_is_left(trained: tuple[Project, Trained, list[str]]) -> None:
    """Those who were acted on are left out of training, and the reference for drift has them all the same."""
    project, _, _ = trained
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, 1)
    asked = simulate(1200, seed=5, start=BEGIN, days=60)
    profile = next(one for one in bundle.profile.columns if one.name == "contract")
    share = profile.counts[profile.labels.index("monthly")] / sum(profile.counts)
    everybody = float((asked["contract"] == "monthly").mean())  # type: ignore[arg-type]
    left = asked.filter(true_probability(asked) < POLICY.threshold)
    assert share == pytest.approx(everybody, abs=0.06)
    assert abs(float((left["contract"] == "monthly").mean()) - everybody) > 0.08  # type: ignore[arg-type]


def test_fresh_rows_of_the_log_are_held_against_the_champion_as_the_world(
    trained: tuple[Project, Trained, list[str]],
) -> None:
    """What an action took out of the rows is no shift of the world: a retraining isn't refused for it."""
    project, _, _ = trained
    contract = load_contract(project.root / "contract.toml")
    asked = check_table(contract, simulate(1200, seed=5, start=BEGIN, days=60)).good
    world = profile_rows(contract, encode_table(contract, asked))
    source = lifecycle.log_source(project, "90d", NOW.isoformat(), now=NOW)
    rows = take_snapshot(project, contract, source=source)

    def furthest(X: NDArray[np.float64]) -> float:
        counted = count_like(world, X)
        return max(
            psi(np.array(one.counts), np.array(other.counts)) - psi_noise(len(one.counts), 1200, len(X))
            for one, other in zip(world.columns, counted.columns, strict=True)
        )

    weighed = furthest(rows.train.X[rows.as_the_world(rows.train)])
    assert weighed < 0.005 < furthest(rows.train.X)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = answered(tmp_path / "churn")

    def run(*words: str) -> tuple[int, str]:
        code = 0
        try:
            main(["train", *words, "--project", str(project.root)])
        except SystemExit as leave:
            code = int(leave.code or 0)
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = run("--from-events", "--data", "x.csv")
    assert (code, "give one of them" in said) == (2, True)
    code, said = run("--from-events", "--until", "2026-06-09")
    assert code == 0, said
    assert "version 1 is registered" in said
    code, said = run("--since", "once")
    assert (code, "no moment" in said) == (2, True)


def test_the_log_as_the_source_of_a_project(tmp_path: Path) -> None:
    project = answered(tmp_path / "churn")
    file = project.root / "mainstay.toml"
    text = file.read_text("utf-8").replace('source = "rows.csv"', 'source = "events"\nuntil = "2026-06-09"', 1)
    file.write_text(text, "utf-8")
    project = open_project(project.root)
    checked = lifecycle.check(project)
    assert any(line.startswith("treated: ") for line in checked.ledger)
    assert all(one.ok for one in checked.findings if one.measure == "row_loss")
    audited = lifecycle.audit(project, now=NOW)
    assert audited.audit.fingerprint == checked.fingerprint


def test_the_page_does_what_it_says(
    trained: tuple[Project, Trained, list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "retrain-from-the-log.md").read_text("utf-8")
    found = re.search(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert found is not None
    monkeypatch.chdir(trained[0].root)
    exec(found[1], {})  # noqa: S102 - our own page
    said = capsys.readouterr().out
    assert "treated" in said
    assert "of the control share stand for themselves" in said
    assert "the latest by mainstay.time" in said
