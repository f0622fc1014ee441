"""One trained project per run, copied for each test; and a tiny one with two versions that needs no training."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import pytest
import sqlalchemy as sa

from mainstay import lifecycle
from mainstay.data.draft import draft_project, write_project
from mainstay.data.sample import SAMPLE_ANSWERS
from mainstay.data.simulator import TARGET
from mainstay.events import IdMaker, Prediction
from mainstay.measures.finding import Finding
from mainstay.models.report import Verdict
from mainstay.project import open_project
from mainstay.registry import tables
from mainstay.registry.manifest import Manifest
from mainstay.registry.plain import pretty
from mainstay.release import open_books
from mainstay.serving.testing import TINY_MODEL, register_model, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.lifecycle import Trained
    from mainstay.project import Project

QUICK = '\n[training]\ncandidates = ["do-nothing", "linear"]\n'
DESCRIBED = 'decision = "Whom to call"\nowner = "a@b.example"\nlimitations = "None known"\n'


def initialise(table: Path, folder: Path) -> Project:
    write_project(draft_project(table, TARGET, folder, SAMPLE_ANSWERS), folder)
    file = folder / "mainstay.toml"
    lines = [
        f'source = "{table}"' if line.startswith("source = ") else line
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    file.write_text("\n".join(lines) + QUICK, encoding="utf-8")
    return open_project(folder)


@pytest.fixture(scope="session")
def first_training(simulated_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Trained]:
    project = initialise(simulated_csv, tmp_path_factory.mktemp("trained") / "churn")
    return project, lifecycle.train(project, now=dt.datetime.now(dt.UTC), by="anna")


@pytest.fixture
def untrained(simulated_csv: Path, tmp_path: Path) -> Project:
    return initialise(simulated_csv, tmp_path / "churn")


@pytest.fixture
def trained(first_training: tuple[Project, Trained], tmp_path: Path) -> Project:
    """Copy the project with its version 1; nothing is released."""
    shutil.copytree(first_training[0].root, tmp_path / "churn")
    return open_project(tmp_path / "churn")


@pytest.fixture
def two(tmp_path: Path) -> Project:
    """Make a project with versions 1 and 2, both judged and passed; nothing is released."""
    project = tiny_project(tmp_path, more=DESCRIBED)
    passed = Finding(measure="log_loss", where="all", value=0.4, ok=True)
    for _ in range(2):
        number = register_model(project, TINY_MODEL)
        with open_books(project) as books:
            books.registry.add_verdict(
                project.name, number, Verdict(ok=True, findings=(passed,), at=dt.datetime.now(dt.UTC), by="anna")
            )
    return project


@dataclass(frozen=True)
class Traffic:
    """Writes predictions into a project's log."""

    project: Project

    def serve(self, at: dt.datetime, rows: int = 200, *, degraded: bool = False, role: str = "champion") -> None:
        make = IdMaker()
        with open_books(self.project) as books:
            books.log.append(
                "predictions",
                [
                    Prediction(
                        id=make(),
                        at=at + dt.timedelta(milliseconds=number),
                        model=self.project.name,
                        version=1,
                        role=role,
                        score=0.25,
                        prediction="No",
                        decision="none",
                        features={"tenure": number % 2, "charge": float(number // 2 % 2), "plan": "basic"},
                        duration=1_000_000,
                        degraded=degraded,
                    )
                    for number in range(rows)
                ],
            )
            # Readers leave out segments that were last written before their span, and these events lie ahead.
            for path in books.log.segments("predictions"):
                os.utime(path, (time.time(), time.time() + 30 * 86_400))


@pytest.fixture
def traffic() -> Callable[[Project], Traffic]:
    return Traffic


@pytest.fixture
def configure() -> Callable[[Project, str], Project]:
    """Add lines to a project's file: ``project = configure(project, "[monitoring]...")``."""

    def add(project: Project, lines: str) -> Project:
        file = project.root / "mainstay.toml"
        file.write_text(file.read_text(encoding="utf-8") + "\n" + lines + "\n", encoding="utf-8")
        return open_project(project.root)

    return add


@pytest.fixture
def forge() -> Callable[[Project, str, bytes], None]:
    """Change a file of version 1 so well that every hash is right: ``forge(project, "money.json", content)``."""

    def change(project: Project, file: str, content: bytes) -> None:
        folder = project.books / "store" / "churn" / "1"
        for path in (folder / file, folder / "manifest.json"):
            path.chmod(stat.S_IRUSR | stat.S_IWUSR)
        (folder / file).write_bytes(content)
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)
        files = tuple(
            msgspec.structs.replace(each, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
            if each.path == file
            else each
            for each in manifest.files
        )
        sealed = pretty(msgspec.structs.replace(manifest, files=files))
        (folder / "manifest.json").write_bytes(sealed)
        with open_books(project) as books, books.state.begin() as connection:
            digest = hashlib.sha256(sealed).hexdigest()
            connection.execute(sa.update(tables.VERSIONS).values(digest=digest))

    return change
