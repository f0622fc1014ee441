"""`version optimize`: the same model in a faster form, as a version of its own, compared with it on real rows."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay.data.versions import Kept
from mainstay.errors import GateError, InputError
from mainstay.evaluation import EvaluationSettings, evaluate, read_cases
from mainstay.evaluation.forms import AFTER, BEFORE, Form, compare_forms, form_blocks
from mainstay.evaluation.held_out import answer_held_out
from mainstay.lifecycle.deriving.form import Derived, beside, enrolled, inherited
from mainstay.lifecycle.exporting import EXACT, converted, rows_of
from mainstay.lifecycle.judging import sound_champion
from mainstay.lifecycle.registering import Grounds, entry_of
from mainstay.measures.finding import Finding
from mainstay.models.convert import Tolerated, keep_decisions, parity
from mainstay.models.convert.clock import clock
from mainstay.models.convert.parity import demand_parity
from mainstay.models.convert.quantize import How, quantize
from mainstay.models.load import save_model
from mainstay.models.report import Report, Verdict
from mainstay.models.yardstick import Answers
from mainstay.registry import Version
from mainstay.registry.code import capture_code
from mainstay.release import open_books
from mainstay.render.document import Document

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from mainstay.data import Snapshot
    from mainstay.models.candidate import Training
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.model import Model
    from mainstay.models.policy import Policy
    from mainstay.project import Project
    from mainstay.registry import Bundle

NEARLY = 0.995
"""Share of equal decisions that a quantised network must reach."""


class Optimized(msgspec.Struct, frozen=True, kw_only=True):
    """What optimising left in the registry.

    Parameters
    ----------
    version : Version
        The new one.
    parent : int
        The one it was made from.
    findings : tuple of Finding
        What was compared: those with a limit first, then each number before and after.
    report : Report
        Of the new one.
    verdict : Verdict
        What the gates say of it.
    note : str
        What else couldn't be done; empty where nothing is to be said.

    """

    version: Version
    parent: int
    findings: tuple[Finding, ...]
    report: Report
    verdict: Verdict
    note: str = ""


def optimize(  # noqa: PLR0913 - what the verb can be told
    project: Project,
    number: int,
    *,
    now: dt.datetime,
    by: str,
    quantized: How | None = None,
    tolerance: float | None = None,
    equal_decisions: float | None = None,
    holdout: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Optimized:
    """Make a faster version of a version: converted to ONNX, on demand quantised, compared with it on held-out rows.

    Contract, profile, money and feature code are shared with it; so is the policy, but for a threshold that scores lie
    on exactly (see `mainstay.models.convert.keep_decisions`). The new version goes through the same gates.

    Parameters
    ----------
    project : Project
        Which one.
    number : int
        The version.
    now, by
        When, and who.
    quantized : {"dynamic", "static"}, optional
        How to turn the weights of a network into integers of 8 bits.
    tolerance : float, optional
        Share of what the version gains over doing nothing that may be lost; ``[evaluation] tolerance`` by default.
    equal_decisions : float, optional
        Share of held-out rows that must be decided alike: 0.999 for a conversion, 0.995 quantised, by default.
    holdout : Path, optional
        The rows the version was judged on, where those weren't held out of its source.
    progress : callable, optional
        Told what is going on.

    Raises
    ------
    GateError
        Where the new form answers differently, or loses more than may be lost; nothing is registered then.
    InputError
        Where the model can't be converted, is in that form already, or can't be quantised.
    DataError
        Where the rows aren't those the version was trained on.

    """
    say = progress or (lambda _: None)
    settings = project.section("evaluation", EvaluationSettings)
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, number)
        if bundle.model.framework == "onnx" and quantized is None:
            raise InputError(
                f"Version {number} is in ONNX already.", "Its weights can be made smaller: --quantize dynamic"
            )
        snapshot = rows_of(project, bundle, holdout)
        say("converting, and asking the converted model real rows")
        model = _faster(bundle, snapshot, quantized)
        form = "onnx" if quantized is None else f"onnx-int8-{quantized}"
        training = beside(project, bundle, snapshot, _made(bundle, snapshot, model, form))
        say("timing both, and measuring them on the held-out rows")
        share = equal_decisions if equal_decisions is not None else (NEARLY if quantized else EXACT)
        tolerated = Tolerated(difference=None if quantized else Tolerated().difference, equal_decisions=share)
        findings = _compared(snapshot, training, tolerated, settings.tolerance if tolerance is None else tolerance)
        _demand(findings, number)
        champion = sound_champion(books)
        cases = read_cases(project, settings, snapshot.contract, snapshot.task)
        quick = msgspec.structs.replace(settings, slices=False)  # the same decisions have the same weak slices
        report = evaluate(snapshot, training, bundle.money, quick, champion, cases=cases)
        report = _inherits(report, bundle, findings, training.why)
        grounds = Grounds(_kept(bundle), capture_code(project.root), "optimized", by)
        entry = entry_of(project, snapshot, training, report, number, grounds=grounds)
        entry = replace(entry, profile=bundle.profile, money=bundle.money)
        version, verdict, note = enrolled(books, entry, now=now, by=by)
    return Optimized(version=version, parent=number, findings=findings, report=report, verdict=verdict, note=note)


def optimized_document(name: str, made: Optimized) -> Document:
    """Lay out what became faster and what was lost."""
    p50 = {finding.where: finding.value or 0.0 for finding in made.findings if finding.measure == "latency_p50"}
    faster = p50.get(AFTER, 0.0) < p50.get(BEFORE, 0.0)
    form = "in a faster form" if faster else "in another form, which is not faster for one record"
    title = f"{name} version {made.version.number}: version {made.parent} {form}"
    passed = sum(finding.ok is True for finding in made.verdict.findings)
    failed = len(made.verdict.failed)
    foot = f"Gates: {passed} passed, {failed} failed. All of them: mainstay version show {made.version.number}"
    return Document(title, tuple(form_blocks(made.findings)), foot)


def _faster(bundle: Bundle, snapshot: Snapshot, quantized: How | None) -> OnnxModel:
    """Convert, hold the converted model against the original, and only then quantise."""
    model = converted(bundle, snapshot)
    if bundle.model.framework != "onnx":
        X = snapshot.test.X
        policy = _policy(bundle, snapshot, model)
        before = Answers.of(bundle.model.scores(X), bundle.policy, lambda: snapshot.test.frame)
        after = Answers.of(model.scores(X), policy, lambda: snapshot.test.frame)
        demand_parity(parity(before, after, Tolerated(equal_decisions=EXACT)), bundle.model.framework)
    return model if quantized is None else quantize(model, quantized, snapshot.train.X)


def _policy(bundle: Bundle, snapshot: Snapshot, model: Model) -> Policy:
    X = snapshot.train.X
    return keep_decisions(bundle.policy, bundle.model.scores(X), model.scores(X))


def _made(bundle: Bundle, snapshot: Snapshot, model: OnnxModel, how: str) -> Derived:
    number, was = bundle.version.number, bundle.report.candidate
    return Derived(
        name=f"{was}-{how}",
        model=model,
        policy=bundle.policy if how != "onnx" else _policy(bundle, snapshot, model),
        money=bundle.money,
        parameters={"form": how},
        why=f"Version {number} ({was}) in another form: {how}. It was not trained again; its answers were compared "
        f"with those of version {number} on the held-out rows.",
    )


def _compared(snapshot: Snapshot, training: Training, tolerated: Tolerated, tolerance: float) -> tuple[Finding, ...]:
    before, after = training.candidates[-2:]
    timed = clock((before.model, after.model), snapshot.test.X)
    first, second = (
        Form(name=one.name, where=where, clocked=clocked, size=_size(one.model))
        for one, where, clocked in zip((before, after), (BEFORE, AFTER), timed, strict=True)
    )
    return compare_forms(answer_held_out(snapshot, training, None), first, second, tolerated, tolerance)


def _size(model: Model) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_model(model, folder)
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _demand(findings: Sequence[Finding], number: int) -> None:
    failed = [finding for finding in findings if finding.failed]
    if failed:
        said = "; ".join(_told(finding) for finding in failed)
        raise GateError(
            f"The other form of version {number} is refused: {said}.",
            "Nothing was registered. Try --quantize static, no quantising, or a higher --tolerance if it may be lost.",
        )


def _told(finding: Finding) -> str:
    value = "not a number" if finding.value is None else f"{finding.value:.4g}"
    if finding.interval is not None and finding.limit is not None and finding.limit.sense == "at_most":
        value = f"{value}, and may be {finding.interval.high:.4g}"
    limit = (
        "" if finding.limit is None else f" ({finding.limit.sense.replace('_', ' ')} {finding.limit.value:.4g} allowed)"
    )
    unit = f" {finding.unit}" if finding.unit else ""
    return f"{finding.measure} is {value}{unit} on {finding.n} rows{limit}"


def _inherits(report: Report, bundle: Bundle, findings: tuple[Finding, ...], why: str) -> Report:
    note = f"Made from version {bundle.version.number} without training; slices and margins are those measured there."
    report = inherited(report, bundle, why, note)
    return msgspec.structs.replace(report, optimization=findings, slices=bundle.report.slices)


def _kept(bundle: Bundle) -> Kept:
    told = bundle.lineage
    return Kept(told.source, told.data_md5, told.data_size or 0, told.data_pointer)
