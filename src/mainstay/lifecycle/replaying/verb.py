"""`events replay`: answers in the log computed again step by step, by the version that gave them; nothing is logged."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.errors import CorruptError, NotFoundError
from mainstay.events import Prediction, find_prediction, tail
from mainstay.events.unsealing import unsealed
from mainstay.lifecycle.replaying.steps import Step, retrace
from mainstay.registry import golden_failures
from mainstay.registry.packages import installed
from mainstay.release import open_books

if TYPE_CHECKING:
    from mainstay.project import Project
    from mainstay.registry import Bundle
    from mainstay.release import Books

_NAMED = 5  # packages told of in a sentence


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """An answer in the log, computed again.

    Parameters
    ----------
    id, at, model, version, role
        Of the answer.
    origin : {"request", "file"}
        How it was asked for.
    steps : tuple of Step
        From the bundle to the decision.
    why : tuple of str
        Why a step may differ, as far as can be seen from here; empty where none does.

    """

    id: str
    at: dt.datetime
    model: str
    version: int
    role: str
    origin: Literal["request", "file"]
    steps: tuple[Step, ...]
    why: tuple[str, ...] = ()

    @property
    def differs(self) -> Step | None:
        """The first step that gives something else than was stored; None where none does."""
        return next((step for step in self.steps if step.state == "differs"), None)


def replay(project: Project, name: str) -> Replay:
    """Compute an answer in the log again, step by step, and hold each step against what was stored.

    Parameters
    ----------
    project : Project
        Whose log.
    name : str
        The answer's id.

    Raises
    ------
    NotFoundError
        Where the log holds no answer by that id, or its version is no longer to be had.
    CorruptError
        Where its line in the log is damaged.
    TrustError
        Where the version brings code that isn't trusted here: it isn't run.

    """
    with open_books(project) as books:
        answer = find_prediction(books.log, name)
        return _replay(answer, _bundle(books, answer))


def replay_last(project: Project, n: int) -> tuple[Replay, ...]:
    """Compute the last `n` answers in the log again, oldest first; raises as `replay` does."""
    bundles: dict[int, Bundle | CorruptError] = {}
    found = []
    with open_books(project) as books:
        last = tail(books.log, n, ("predictions",))
        for answer in unsealed(books.log, [event for event in last if isinstance(event, Prediction)]):
            if answer.version not in bundles:
                bundles[answer.version] = _bundle(books, answer)
            found.append(_replay(answer, bundles[answer.version]))
    return tuple(found)


def _bundle(books: Books, answer: Prediction) -> Bundle | CorruptError:
    """Load who answered, every byte checked; gives back what is wrong where it isn't what was once written."""
    if answer.model != books.project.name:
        raise NotFoundError(
            f"'{answer.id}' was answered by the model '{answer.model}', and this project is '{books.project.name}'.",
            "Replay it in that model's project.",
        )
    try:
        return books.registry.load_bundle(answer.model, answer.version)
    except CorruptError as error:
        return error


def _replay(answer: Prediction, bundle: Bundle | CorruptError) -> Replay:
    if isinstance(bundle, CorruptError):
        steps: tuple[Step, ...] = (Step(name="bundle", state="differs", note=bundle.message),)
        why: tuple[str, ...] = ("The version isn't what was registered, so nothing of it was run.",)
    else:
        digest = bundle.version.digest
        steps = (Step(name="bundle", state="same", note=f"Every file is as it was written (sha256 {digest[:12]})."),)
        steps = (*steps, *retrace(bundle, answer))
        first = next((step for step in steps if step.state == "differs"), None)
        why = () if first is None else tuple(_reasons(bundle, first))
    return Replay(
        id=answer.id,
        at=answer.at,
        model=answer.model,
        version=answer.version,
        role=answer.role,
        origin="file" if answer.duration is None else "request",
        steps=steps,
        why=why,
    )


def _reasons(bundle: Bundle, first: Step) -> list[str]:
    """Tell this machine's part from the log's: golden records know nothing of the log."""
    failures = golden_failures(bundle.contract, bundle.model, bundle.golden, bundle.features)
    other = other_packages(bundle.lock)
    told = [f"Installed here is other software than when it was registered: {other}."] if other else []
    if first.name in ("score", "features.py") and failures:
        return [f"The version doesn't answer its golden records as it did either: {failures[0]}", *told]
    if first.name in ("score", "features.py"):
        told.insert(0, "The version answers its golden records as it always did: the line in the log isn't its answer.")
        return told
    if first.name == "record":
        return ["The bundle is whole, so the line in the log was changed, or another version answered."]
    return ["The score leads to something else by this version's policy: the line in the log was changed."]


def other_packages(lock: dict[str, str]) -> str:
    """Name the packages of a lock that are installed in another version here, or not at all."""
    here = installed()
    apart = [
        f"{name} {here.get(name, 'is missing')} instead of {version}"
        for name, version in sorted(lock.items())
        if here.get(name) != version
    ]
    more = f" and {len(apart) - _NAMED} more" if len(apart) > _NAMED else ""
    return ", ".join(apart[:_NAMED]) + more
