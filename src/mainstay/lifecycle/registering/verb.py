"""From a training to a version: report, trust, registry, verdict; for what was trained and for what was brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.evaluation import EvaluationSettings, evaluate, judge_report, read_declared
from mainstay.lifecycle.judging import judge_version, sound_champion
from mainstay.lifecycle.lineage import point_to
from mainstay.lifecycle.registering.entry import entry_of
from mainstay.models.report import Report, Verdict
from mainstay.registry import Version, trust_code, trust_model

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.data import Snapshot
    from mainstay.evaluation.declared import Declared
    from mainstay.lifecycle.registering.grounds import Grounds
    from mainstay.release import Books
    from mainstay.training import Training


class Trained(msgspec.Struct, frozen=True):
    """What training left in the registry; `note` says what else it couldn't do."""

    version: Version
    report: Report
    verdict: Verdict
    note: str = ""


def declared_in(books: Books, snapshot: Snapshot) -> Declared:
    """Read what lies beside the project file: what can't be meant is told before anything is trained."""
    return read_declared(books.project, books.project.section("evaluation", EvaluationSettings), snapshot)


def register_training(
    books: Books, snapshot: Snapshot, training: Training, declared: Declared, grounds: Grounds, *, now: dt.datetime
) -> Trained:
    """Evaluate the chosen candidate, register it as the next version, and judge it."""
    project, by = books.project, grounds.by
    champion = sound_champion(books)
    settings = project.section("evaluation", EvaluationSettings)
    report = evaluate(snapshot, training, project.money, settings, champion, own=declared.own, cases=declared.cases)
    judge_report(report, project.problem, settings, now=now, by=by)  # a gate nobody knows: told before it registers
    parent = champion.version.number if champion else None
    if snapshot.features is not None:  # it ran here, by this user's will
        trust_code(project, snapshot.features.code, by=by, now=now)
    trust_model(project, training.chosen.model, by=by, now=now)  # as was this
    version = books.registry.register(entry_of(project, snapshot, training, report, parent, grounds=grounds), now)
    verdict = judge_version(books, version.number, now=now, by=by)
    note = point_to(books, version)
    return Trained(msgspec.structs.replace(version, ok=verdict.ok), report, verdict, note)
