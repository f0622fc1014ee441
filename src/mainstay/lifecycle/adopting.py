"""Versions that weren't trained here: a saved model, an MLflow URI, rules or a function become the next version."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.contract import FILE as CONTRACT
from mainstay.contract import load_contract
from mainstay.data import judged_on, take_snapshot
from mainstay.errors import InputError
from mainstay.lifecycle.origins import bring_back
from mainstay.lifecycle.registering import Grounds, Trained, declared_in, register_training, take_grounds
from mainstay.models.adopting import adopt as as_model
from mainstay.models.adopting import demand_sound
from mainstay.models.answers import labels_of
from mainstay.models.artefacts import read_artefact
from mainstay.models.columns import Columns
from mainstay.models.frameworks.heuristic import Text
from mainstay.models.frameworks.sklearn import savable
from mainstay.models.mlflow import fetched, is_uri, read_folder
from mainstay.registry import ProjectKeys, trusted_by
from mainstay.registry.loose import is_bundle, read_loose
from mainstay.release import open_books
from mainstay.training import TrainingSettings
from mainstay.training import train as fit
from mainstay.training.recipes.as_it_is import take_as_it_is
from mainstay.training.recipes.estimator import cloned, fit_estimator

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from mainstay.data import Snapshot, Source
    from mainstay.evaluation.declared import Declared
    from mainstay.project import Project
    from mainstay.registry import Bundle
    from mainstay.training import Training
    from mainstay.training.lesson import Recipe

    Tell = Callable[[str], None] | None

_FITTED_ELSEWHERE = (
    "It was fitted elsewhere, so how it does on the training rows says nothing; what counts is how it does on rows it "
    "never saw."
)
BASELINES = ("do-nothing", "linear")
"""What a brought model is compared with."""


@dataclass(frozen=True)
class Brought:
    """A model that was made elsewhere.

    Parameters
    ----------
    estimator : object
        What `mainstay.models.adopting.adopt` takes.
    name : str
        What to call it: ``"adopted"``, or its type.
    origin : str
        Where it comes from: a file's name, a URI, ``"a notebook"``.
    refit : bool
        Whether it is fitted anew on the training rows, where it can be.
    allow_pickle : bool
        Whether it may be kept as a pickle where it can't be saved safely.
    columns : callable, optional
        From the contract's columns to how it sees them; as pandas reads a file where it isn't given.
    made : {"adopted", "shipped"}
        How it came here.
    version : Bundle, optional
        The version it is the model of, where it is one's: rows and answers must mean the same here.

    """

    estimator: Any
    name: str = "adopted"
    origin: str = ""
    refit: bool = False
    allow_pickle: bool = False
    columns: Callable[[Columns], Columns] = Columns.as_read
    made: str = "adopted"
    version: Bundle | None = None

    @property
    def learned(self) -> bool:
        """Whether it learned from rows at all: rules didn't."""
        return not isinstance(self.estimator, Text)


def read_brought(
    project: Project,
    artefact: str,
    *,
    trust: tuple[str, ...] = (),
    refit: bool = False,
    allow_pickle: bool = False,
) -> Brought:
    """Read a saved model by its URI, or the path of its file or folder.

    Parameters
    ----------
    project : Project
        Its configuration says what is trusted here.
    artefact : str
        A file (see `mainstay.models.artefacts.read_artefact`), a folder that MLflow wrote, or an MLflow URI.
    trust : tuple of str
        Hashes of code, and types, that are trusted this time.
    refit, allow_pickle : bool
        See `Brought`.

    Raises
    ------
    NotFoundError, InputError, TrustError, SetupError
        Where it can't be read; nothing that isn't trusted was run.

    """

    def trusted() -> frozenset[str]:
        return trusted_by(project)() | frozenset(trust)

    version = None
    with fetched(artefact) if is_uri(artefact) else nullcontext(Path(artefact).expanduser()) as path:
        if path.is_dir() and is_bundle(path):
            version = read_loose(path, trusted, ProjectKeys(project).trusted)
            estimator: Any = version.model
        else:
            estimator = read_folder(path, trusted) if path.is_dir() else read_artefact(path, trusted)
    if refit and cloned(estimator) is None:
        raise InputError(
            f"A {type(estimator).__name__} can't be fitted anew here.", "Leave --refit out, or give --holdout."
        )
    return Brought(estimator, origin=artefact, refit=refit, allow_pickle=allow_pickle, version=version)


def adopt(
    project: Project,
    brought: Brought,
    *,
    now: dt.datetime,
    by: str,
    source: Source | Path | None = None,
    holdout: Source | Path | None = None,
    check: Callable[[Snapshot, Training], None] | None = None,
    progress: Tell = None,
) -> Trained:
    """Make the next version of a model that was made elsewhere, judged beside the baselines.

    It is judged on rows it never saw: those of `holdout`, or, where it is fitted anew, those the split holds out. Else
    every score of it is marked in-sample, and a gate fails.

    Parameters
    ----------
    project : Project
        Says what is predicted, and what it is worth.
    brought : Brought
        The model.
    now : datetime
        The moment, UTC.
    by : str
        Who brings it.
    source : Source or Path, optional
        Other rows than ``[data] source``.
    holdout : Source or Path, optional
        Rows it never saw.
    check : callable, optional
        Looks at rows and model before anything is registered, and may refuse.
    progress : callable, optional
        Told what is going on.

    """
    with open_books(project) as books:  # first: books that can't be written are told before anything else
        snapshot, grounds = _rows(project, brought, source, holdout, by=by, progress=progress)
        declared = declared_in(books, snapshot)
        training = take(project, brought, snapshot, declared, held=holdout is not None, progress=progress)
        if check is not None:
            check(snapshot, training)
        return register_training(books, snapshot, training, declared, grounds, now=now)


def take(
    project: Project, brought: Brought, snapshot: Snapshot, declared: Declared, *, held: bool, progress: Tell = None
) -> Training:
    """Train the baselines and put the brought model beside them, chosen.

    Raises
    ------
    InputError
        Where it doesn't fit the contract or the task, gives answers that are none, or can't be saved safely.

    """
    recipe, anew = _recipe(brought, snapshot)
    settings = _baselines(project.section("training", TrainingSettings))
    own = {brought.name: recipe}
    training = fit(
        snapshot,
        settings,
        project.money,
        action=project.problem.action,
        measures=declared.own,
        progress=progress,
        own=own,
        take=brought.name,
    )
    model = savable(training.chosen.model, allow_pickle=brought.allow_pickle)
    demand_sound(model, snapshot.test.X, snapshot.task)
    elsewhere = brought.learned and not anew
    why = _FITTED_ELSEWHERE if elsewhere else training.chosen.why
    chosen = replace(training.chosen, model=model, why=why)
    candidates = tuple(chosen if one.name == chosen.name else one for one in training.candidates)
    said = f"{brought.name} was brought here to be this version. {why}"
    return replace(training, candidates=candidates, chosen=chosen, why=said, in_sample=elsewhere and not held)


def _baselines(settings: TrainingSettings) -> TrainingSettings:
    """Give the settings of a training of the baselines alone."""
    return msgspec.structs.replace(settings, candidates=BASELINES, studies=False)


def _recipe(brought: Brought, snapshot: Snapshot) -> tuple[Recipe, bool]:
    """Give how it becomes a candidate, and whether it is fitted anew for that."""
    if brought.version is not None:
        _demand_same(brought.version, snapshot)
    columns, task = brought.columns(Columns.of(snapshot.inputs)), snapshot.task
    make = cloned(brought.estimator) if brought.refit else None
    if make is not None:
        return fit_estimator(make, columns, task, brought.name), True
    told = {"fitted": "elsewhere", "origin": brought.origin} if brought.learned else {"origin": brought.origin}
    model = savable(as_model(brought.estimator, columns, task), allow_pickle=brought.allow_pickle)
    return take_as_it_is(model, task, columns, told), False


def _demand_same(version: Bundle, snapshot: Snapshot) -> None:
    """Refuse the model of a version whose rows are encoded, or answers named, otherwise: it would answer wrongly."""
    there, here = (
        [(column.name, column.kind, column.labels, column.shape) for column in Columns.of(contract).all]
        for contract in (version.inputs, snapshot.inputs)
    )
    cure = f"Take its {CONTRACT} (and features.py) along, or train here."
    if there != here:
        odd = next((a or b for a, b in zip_longest(there, here) if a != b), ("",))[0]
        raise InputError(
            f"That version was made for other columns: '{odd}' isn't the same, or isn't at the same place, here.", cure
        )
    theirs, ours = version.policy.task, snapshot.task
    if (theirs.kind, labels_of(theirs)) != (ours.kind, labels_of(ours)):
        told = ", ".join(labels_of(theirs)) or "an amount"
        raise InputError(f"That version answers another question: {told}.", cure)


def _rows(
    project: Project,
    brought: Brought,
    source: Source | Path | None,
    holdout: Source | Path | None,
    *,
    by: str,
    progress: Tell,
) -> tuple[Snapshot, Grounds]:
    contract = load_contract(project.root / CONTRACT)
    if source is None:
        bring_back(project, progress)
    snapshot = take_snapshot(project, contract, source=source)
    grounds = take_grounds(project, snapshot, brought.made, by, progress)
    if holdout is None:
        return snapshot, grounds
    return judged_on(snapshot, take_snapshot(project, snapshot.contract, source=holdout)), grounds
