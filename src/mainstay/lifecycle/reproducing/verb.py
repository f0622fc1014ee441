"""`version reproduce`: a version made again of its recorded inputs, and compared."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import DataError, SetupError, TrustError
from mainstay.lifecycle.reproducing import answering
from mainstay.lifecycle.reproducing.children import Deadline
from mainstay.lifecycle.reproducing.comparing import Remade, compare, read_remade
from mainstay.lifecycle.reproducing.drifts import drifts_between, package_drifts
from mainstay.lifecycle.reproducing.environment import fresh_environment, packages_in, this_environment
from mainstay.lifecycle.reproducing.inputs import drifted_rows, lay_out
from mainstay.lifecycle.reproducing.origin import Origin, find_origin
from mainstay.lifecycle.reproducing.remembered import remember
from mainstay.lifecycle.reproducing.result import Compared, Drift, Outcome, Reproduction
from mainstay.project import open_project
from mainstay.registry import capture_lineage, trusted_by
from mainstay.registry.environment import used_packages
from mainstay.release import open_books

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.lifecycle.reproducing.environment import Environment
    from mainstay.lifecycle.reproducing.inputs import Inputs
    from mainstay.project import Project
    from mainstay.registry import Bundle
    from mainstay.registry.environment import Package

    Say = Callable[[str], None]

TIMEOUT = 3600.0
"""Seconds a reproduction may take."""


@dataclass(frozen=True)
class _Task:
    """A reproduction on its way."""

    project: Project
    bundle: Bundle
    origin: Origin
    folder: Path
    deadline: Deadline
    say: Say
    here: bool


def reproduce(
    project: Project,
    number: int,
    *,
    here: bool = False,
    timeout: float = TIMEOUT,
    progress: Callable[[str], None] | None = None,
) -> Reproduction:
    """Make a version again of its recorded inputs, in throw-away books, and compare the two.

    The code comes from its bundle or commit, the rows by their fingerprint, the environment from its lock; training
    runs as `mainstay train` in a process of its own. A version that was made of another (by `version policy` or
    `version optimize`) is made again from that one's training. One that was adopted can't be: it is asked its golden
    records there instead.

    Parameters
    ----------
    project : Project
        Which one; nothing of it is changed, and what came of it is in its log.
    number : int
        The version.
    here : bool
        Whether to train in this environment instead of a fresh one.
    timeout : float
        Seconds it may take altogether.
    progress : callable, optional
        Told what is going on.

    Returns
    -------
    Reproduction
        Also where it couldn't be made again: then it says why, and what isn't what it was.

    Raises
    ------
    NotFoundError, CorruptError
        Where there is no such version, or its bundle isn't what was once written.
    TrustError
        Where a training would run code that isn't trusted here.

    """
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, number)
        origin = find_origin(books, bundle)
    folder = Path(tempfile.mkdtemp(prefix="mainstay-reproduce-"))
    task = _Task(project, bundle, origin, folder, Deadline(timeout), progress or (lambda _: None), here)
    try:
        found = _reproduced(task)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    with open_books(project) as books:
        remember(books, found)
    return found


def _reproduced(task: _Task) -> Reproduction:
    try:
        if task.origin.adopted:
            return _answered(task, _environment(task))
        inputs = lay_out(task.project, task.origin.number, task.folder / "project")
        environment = _environment(task)
        remade = _trained(task, environment, inputs)
    except (DataError, SetupError) as error:
        if isinstance(error, TrustError):
            raise
        return _impossible(task, str(error))
    compared, notes = compare(task.project, task.bundle, remade)
    recorded = task.bundle.lineage if task.origin.forms else task.origin.lineage
    drifts = drifts_between(recorded, remade.lineage)
    outcome: Outcome = "different answers"
    if not compared.other:
        outcome = "bit for bit"
    elif compared.close:
        outcome = "equal answers"
    if outcome == "different answers" and not drifts:
        notes = (*notes, f"No recorded input differs: training a {task.bundle.model.framework} isn't exact here.")
    told = (*task.origin.notes, *inputs.notes, *environment.notes, *notes)
    return _told(task, outcome, compared=compared, drifts=drifts, notes=told)


def _environment(task: _Task) -> Environment:
    if task.here:
        return this_environment()
    lineage = task.origin.lineage
    if not lineage.environment:
        raise SetupError(
            f"Version {task.origin.number} is older than the record of its environment.", "Try this one: --here"
        )
    packages = {one.name: one for one in (*task.bundle.lineage.environment, *lineage.environment)}
    return fresh_environment(lineage, tuple(packages.values()), task.folder / "env", task.deadline, task.say)


def _trained(task: _Task, environment: Environment, inputs: Inputs) -> Remade:
    """Train in throw-away books, and then do to the new version what was done to the old one."""
    task.say("training")
    rows = () if inputs.data is None else ("--data", inputs.data)
    train = ("train", *rows)
    forms = (("optimize", str(place + 1), *_words(form)) for place, form in enumerate(task.origin.forms))
    again = open_project(inputs.root)
    store = again.books / "store" / task.project.name
    if again.file.table("serving").get("keys"):  # where versions are signed, a throw-away key signs these
        environment.run(("-m", "mainstay", "admin", "keys", "new", "--project", inputs.root), task.deadline)
    for place, words in enumerate((train, *(("version", *one) for one in forms))):
        made = store / str(place + 1)
        try:
            environment.run(("-m", "mainstay", *words, "--project", inputs.root, "--json"), task.deadline)
        except SetupError as error:
            if not made.is_dir():  # made, and then not judged, is made
                raise SetupError(f"mainstay {words[0]} fails: {error.message}", error.cure) from None
    return read_remade(made)


def _words(form: str) -> tuple[str, ...]:
    """Say how `version optimize` is told to make a form."""
    return () if form == "onnx" else ("--quantize", form.rpartition("-")[2])


def _answered(task: _Task, environment: Environment) -> Reproduction:
    """Ask a version that can't be made again its golden records."""
    task.say("asking its golden records")
    asked = answering.Asked(task.bundle.version, tuple(sorted(trusted_by(task.project)())))
    script = Path(answering.__file__)
    given = msgspec.json.encode(asked).decode()
    failures = msgspec.json.decode(environment.run((script, task.bundle.folder), task.deadline, given), type=list[str])
    drifts = package_drifts(task.bundle.lineage.environment, _packages(task, environment.fresh))
    notes = (*task.origin.notes, *environment.notes)
    if failures:
        told = (*notes, f"{len(failures)} of its golden records are answered differently. {failures[0]}")
        return _told(task, "different answers", drifts=drifts, notes=told, trouble=failures[0])
    return _told(task, "answers checked", drifts=drifts, notes=notes)


def _impossible(task: _Task, trouble: str) -> Reproduction:
    """Say why it couldn't be made again, and what isn't what it was, as far as can be seen."""
    lineage = task.origin.lineage
    now = capture_lineage(
        task.project.root,
        data_fingerprint=lineage.data_fingerprint,
        source=lineage.source,
        rows=lineage.rows,
        parameters=lineage.parameters,
        seed=lineage.seed,
        by="",
    )
    now = msgspec.structs.replace(now, environment=_packages(task, fresh=not task.here))
    drifts = (*drifted_rows(task.project, lineage), *drifts_between(lineage, now))
    return _told(task, "not possible", drifts=drifts, notes=task.origin.notes, trouble=trouble)


def _packages(task: _Task, fresh: bool) -> tuple[Package, ...]:
    made = packages_in(task.folder / "env") if fresh else ()
    return made or used_packages(one.name for one in task.origin.lineage.environment)


def _told(
    task: _Task,
    outcome: Outcome,
    *,
    compared: Compared | None = None,
    drifts: Sequence[Drift] = (),
    notes: Sequence[str] = (),
    trouble: str = "",
) -> Reproduction:
    return Reproduction(
        model=task.project.name,
        version=task.bundle.version.number,
        ok=outcome in {"bit for bit", "equal answers", "answers checked"},
        outcome=outcome,
        where="this environment" if task.here else "fresh environment",
        trouble=trouble,
        compared=compared,
        drifts=tuple(drifts),
        notes=tuple(notes),
        seconds=round(task.deadline.spent, 1),
    )
