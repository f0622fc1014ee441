"""From a registered version to its verdict: report, champion and evidence, before every gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.errors import CorruptError, SignatureError, TrustError
from mainstay.evaluation import Approval, EvaluationSettings, judge_report
from mainstay.evaluation.gates.approval import judge_approvals
from mainstay.lifecycle.judging.evidence import collect
from mainstay.release import Approved, ReleaseSettings, judged_since, open_books, why_no_approval

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.models.report import Verdict
    from mainstay.project import Project
    from mainstay.registry import Bundle
    from mainstay.release import Books


def judge_version(books: Books, number: int, *, now: dt.datetime, by: str) -> Verdict:
    """Judge a version with today's project file, and write the verdict down: it is the one that counts."""
    project = books.project
    bundle = loaded(books, number)
    champion = sound_champion(books, run=False)
    rival = champion if champion is not None and champion.version.number != number else None
    settings = project.section("evaluation", EvaluationSettings)
    evidence = collect(books, bundle, rival, settings, now=now)
    before = rival.report if rival else None
    verdict = judge_report(bundle.report, project.problem, settings, before, now=now, by=by, evidence=evidence)
    books.registry.add_verdict(project.name, number, verdict)
    return verdict


def approve(project: Project, number: int, *, reason: str, now: dt.datetime, by: str, role: str = "") -> Verdict:
    """Write down that somebody says yes to a version, and judge it by that: the other gates keep what they said.

    It belongs to the verdict it was given on: whoever has the version judged again needs another.

    Raises
    ------
    ReleaseError
        Without a reason; where the same person said so before, or made the version; in a role that isn't asked for, or
        that somebody else acts in.
    NotFoundError
        Where there is no such version.

    """
    with open_books(project) as books:
        version = books.registry.version(project.name, number)
        demands = project.section("release", ReleaseSettings)
        said = Approved(model=project.name, number=number, at=now, by=by, reason=reason, role=role)
        if refused := why_no_approval(demands, version.by, said):
            raise refused
        verdicts = books.registry.verdicts(project.name, number)
        books.approvals.add(said, judged_since(verdicts))
        if not verdicts:
            return judge_version(books, number, now=now, by=by)
        given = tuple(Approval(one.by, one.reason, one.role) for one in standing(books, number))
        settings = project.section("evaluation", EvaluationSettings)
        verdict = judge_approvals(verdicts[-1], given, settings, now=now, by=by, roles=demands.approvals)
        books.registry.add_verdict(project.name, number, verdict)
    return verdict


def standing(books: Books, number: int) -> tuple[Approved, ...]:
    """Give the approvals of a version that count: those given on what its gates say today."""
    name = books.project.name
    return books.approvals.of(name, number, judged_since(books.registry.verdicts(name, number)))


def loaded(books: Books, number: int) -> Bundle:
    """Load a version to answer; only to look at it, where it brings code that isn't trusted here."""
    try:
        return books.registry.load_bundle(books.project.name, number)
    except SignatureError:
        raise  # it couldn't be released either: there is nothing to judge
    except TrustError:
        return books.registry.load_bundle(books.project.name, number, run=False)


def sound_champion(books: Books, *, run: bool = True) -> Bundle | None:
    """Load the champion; None before the first release, and where it can't answer: its replacement must not wait.

    So it is where it is damaged, or the key that signed it was revoked.
    """
    try:
        return books.champion(run=run)
    except (CorruptError, SignatureError):
        return None
