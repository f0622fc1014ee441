"""`version testscore`: the facts about a version, gathered from both books, and its score."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

from mainstay.data.quarantine import write_whole
from mainstay.errors import InputError
from mainstay.evaluation import EvaluationSettings
from mainstay.evaluation.testscore import Facts, score, score_document
from mainstay.events import found_since
from mainstay.lifecycle.reproducing.remembered import remembered
from mainstay.release import open_books
from mainstay.render.html import to_html
from mainstay.render.markdown import to_markdown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mainstay.evaluation.testscore import Score
    from mainstay.project import Project
    from mainstay.registry import Version
    from mainstay.release import Books, Release

_PIPELINES = (
    ".gitlab-ci.yml",
    "Jenkinsfile",
    "azure-pipelines.yml",
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
)
_HOUR = 3600.0


def testscore(project: Project, number: int) -> Score:
    """Score a version by the ML Test Score.

    Raises
    ------
    NotFoundError
        Where there is no such version.

    """
    with open_books(project) as books:
        return score(project.name, _facts(books, number))


def write_score(found: Score, out: Path) -> Path:
    """Write a score as a page of its own: HTML, or Markdown where `out` ends so."""
    if out.suffix not in {".html", ".md"}:
        raise InputError(f"A score can't be written as '{out.suffix}'.", "Name it .html or .md.")
    document = score_document(found)
    text = to_html(document) if out.suffix == ".html" else to_markdown(document)
    write_whole(out, text.encode("utf-8"))
    return out


def _facts(books: Books, number: int) -> Facts:
    project, name = books.project, books.project.name
    bundle = books.registry.load_bundle(name, number, run=False)
    history, versions = books.releases.history(name), books.registry.versions(name)
    looked = Counter(
        each.finding.group for each in found_since(books.log, model=name) if each.finding.value is not None
    )
    root = project.root
    tests = any(root.glob("tests/**/test_*feature*.py"))
    return Facts(
        version=number,
        report=bundle.report,
        verdict=books.registry.latest_verdict(name, number),
        contract=bundle.contract,
        problem=project.problem,
        settings=project.section("evaluation", EvaluationSettings),
        committed=bool(bundle.lineage.git_commit) and not bundle.lineage.dirty,
        approvals=len({one.by for one in books.approvals.of(name, number)}),
        versions=len(versions),
        releases=len(history),
        stepwise=_stepwise(history, number),
        rolled_back=any(release.kind == "rollback" for release in history),
        reproduced=remembered(books, number),
        lead_hours=_lead(history, versions),
        feature_code=bundle.features is not None,
        feature_tests=tests,
        pipeline=_pipeline(root),
        looked=dict(looked),
        realised=1 if looked.get("performance") else 0,
    )


def _stepwise(history: Sequence[Release], number: int) -> bool:
    return any(route.version == number and route.role != "champion" for release in history for route in release.routes)


def _lead(history: Sequence[Release], versions: Sequence[Version]) -> float | None:
    """Give the median time from a version to its first release, hours; None where none was released."""
    made = {version.number: version.created for version in versions}
    first: dict[int, float] = {}
    for release in history:
        for route in release.routes:
            if route.version in made and route.version not in first:
                first[route.version] = (release.at - made[route.version]).total_seconds() / _HOUR
    return median(first.values()) if first else None


def _pipeline(root: Path) -> str:
    """Name the file of a build server that speaks of mainstay, in the project's folder or one above it."""
    for folder in (root, *root.parents[:2]):
        for pattern in _PIPELINES:
            for path in folder.glob(pattern):
                if path.is_file() and "mainstay" in path.read_text(encoding="utf-8", errors="replace"):
                    return path.name
    return ""
