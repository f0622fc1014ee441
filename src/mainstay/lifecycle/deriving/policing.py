"""`version policy`: another policy on the same model, as a version of its own; nothing is trained again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.errors import InputError
from mainstay.evaluation import EvaluationSettings, evaluate
from mainstay.evaluation.unmeasured import of_another_policy
from mainstay.lifecycle.deriving.form import Derived, beside, enrolled, inherited
from mainstay.lifecycle.deriving.repolicy import change
from mainstay.lifecycle.exporting import rows_of
from mainstay.lifecycle.judging import sound_champion
from mainstay.lifecycle.registering import declared_in, surroundings_of
from mainstay.models.candidate import Candidate
from mainstay.models.policy import Policy
from mainstay.models.report import Report, Verdict
from mainstay.registry import Entry, Version
from mainstay.registry.code import kept_code
from mainstay.release import open_books
from mainstay.render.document import Document, Facts, Findings, Text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mainstay.data import Snapshot
    from mainstay.lifecycle.deriving.repolicy import Decided, Wanted
    from mainstay.measures.finding import Finding
    from mainstay.project import Project
    from mainstay.registry import Bundle
    from mainstay.release import Books


class Repoliced(msgspec.Struct, frozen=True, kw_only=True):
    """What another policy left in the registry.

    Parameters
    ----------
    version : Version
        The new one.
    parent : int
        The one whose model it has.
    before, after : Policy
        What the two decide by.
    report : Report
        Of the new one.
    verdict : Verdict
        What the gates say of it.
    note : str
        What else couldn't be done; empty where nothing is to be said.

    """

    version: Version
    parent: int
    before: Policy
    after: Policy
    report: Report
    verdict: Verdict
    note: str = ""


def repolicy(
    project: Project,
    number: int,
    wanted: Wanted,
    *,
    now: dt.datetime,
    by: str,
    holdout: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Repoliced:
    """Make a version that decides otherwise by the same model, measured on the same held-out rows.

    Where those rows can't be had, the report says which of its figures are of the old policy, and a gate fails.

    Parameters
    ----------
    project : Project
        Which one.
    number : int
        The version whose model it has.
    wanted : Wanted
        What is to change.
    now, by
        When, and who.
    holdout : Path, optional
        The rows the version was judged on, where those weren't held out of its source.
    progress : callable, optional
        Told what is going on.

    Raises
    ------
    InputError
        Where its kind of policy has no such part, or the same would come out; nothing is registered then.
    DataError
        Where the rows are needed, and can't be had.

    """
    say = progress or (lambda _: None)
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, number)
        snapshot, missing = _rows(project, bundle, holdout)
        decided = change(bundle, wanted, snapshot)
        made = _made(bundle, decided, wanted)
        if snapshot is None:
            say(f"its decisions can't be measured: {missing}")
            candidate, report = _unmeasured(bundle, made, missing)
        else:
            say("measuring its decisions on the held-out rows")
            candidate, report = _measured(books, bundle, snapshot, made)
        report = msgspec.structs.replace(report, notes=(*report.notes, *decided.notes))
        version, verdict, note = enrolled(
            books, _entry(project, bundle, candidate, report, decided=decided, by=by), now=now, by=by
        )
    return Repoliced(
        version=version,
        parent=number,
        before=bundle.policy,
        after=decided.policy,
        report=report,
        verdict=verdict,
        note=note,
    )


def repoliced_document(name: str, made: Repoliced) -> Document:
    """Lay out what is decided otherwise, and what that does on the held-out rows."""
    title = f"{name} version {made.version.number}: the model of version {made.parent} with another policy"
    facts = (("Before", made.before.basis), ("Now", made.after.basis))
    measured = (
        Text(made.report.unmeasured, "warning")
        if made.report.unmeasured
        else Findings(tuple(_side_by_side(made)), "Side by side:")
    )
    foot = f"All gates: mainstay version show {made.version.number}"
    failed = made.verdict.failed
    told = tuple(Text(note) for note in made.report.notes if "capacity" in note)
    blocks = (Facts(facts), *told, measured, *((Findings(failed, "Gates that fail:"),) if failed else ()))
    return Document(title, blocks, foot)


def _side_by_side(made: Repoliced) -> Iterator[Finding]:
    """Give what each is worth, the new one under its number; why one was chosen over another is training's to say."""
    for one in made.report.contenders:
        ours = one.name == made.report.candidate
        where = f"version {made.version.number}" if ours else one.primary.where
        yield msgspec.structs.replace(one.primary, where=where, note="")


def _rows(project: Project, bundle: Bundle, holdout: Path | None) -> tuple[Snapshot | None, str]:
    try:
        return rows_of(project, bundle, holdout), ""
    except InputError as error:
        if holdout is not None:  # who names rows means them
            raise
        return None, error.message


def _made(bundle: Bundle, decided: Decided, wanted: Wanted) -> Derived:
    number, was = bundle.version.number, bundle.report.candidate
    return Derived(
        name=was,
        model=bundle.model,
        policy=decided.policy,
        money=decided.money,
        parameters={**bundle.lineage.parameters, **wanted.told},
        why=f"The model of version {number} ({was}), to the byte, with another policy: {decided.policy.basis} "
        "It was not trained again.",
    )


def _measured(books: Books, bundle: Bundle, snapshot: Snapshot, made: Derived) -> tuple[Candidate, Report]:
    declared = declared_in(books, snapshot)
    settings = books.project.section("evaluation", EvaluationSettings)
    training = beside(books.project, bundle, snapshot, made, declared.own)
    champion = sound_champion(books)
    report = evaluate(snapshot, training, made.money, settings, champion, own=declared.own, cases=declared.cases)
    note = f"Made from version {bundle.version.number} by another policy: nothing was trained."
    return training.chosen, inherited(report, bundle, training.why, note)


def _unmeasured(bundle: Bundle, made: Derived, missing: str) -> tuple[Candidate, Report]:
    parameters = {"made_from_version": bundle.version.number, **made.parameters}
    candidate = Candidate(made.name, made.model, made.policy, np.empty(0), np.empty(0), parameters)
    report = of_another_policy(bundle.report, made.policy, bundle.version.number, missing)
    return candidate, msgspec.structs.replace(report, why=made.why)


def _entry(
    project: Project, bundle: Bundle, candidate: Candidate, report: Report, *, decided: Decided, by: str
) -> Entry:
    """Put it together: everything that made the model is the other version's."""
    number = bundle.version.number
    lineage = msgspec.structs.replace(
        bundle.lineage, by=by, parameters=dict(candidate.parameters), made="policy", parent=number
    )
    return Entry(
        name=project.name,
        candidate=candidate,
        report=report,
        contract=bundle.contract,
        profile=bundle.profile,
        money=decided.money,
        problem=project.problem,
        lineage=lineage,
        golden=bundle.golden,
        parent=number,
        features=bundle.features,
        made="policy",
        code=kept_code(bundle.folder),
        shares=bundle.folder,
        surroundings=surroundings_of(project),
    )
