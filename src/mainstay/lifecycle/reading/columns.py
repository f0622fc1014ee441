"""Which named values predictions of a model hold: those of all its versions, one type for each name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mainstay.errors import MainstayError
from mainstay.events.export import Described
from mainstay.models.policy import Policy
from mainstay.registry.bundle import INPUTS
from mainstay.registry.documents import Documents
from mainstay.registry.manifest import verify

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mainstay.contract import Contract
    from mainstay.models.task import Task
    from mainstay.registry import Version
    from mainstay.release import Books

_Parts = tuple["Contract", "Contract | None", "Task"]


def described(books: Books, version: int | None = None) -> tuple[Described, tuple[int, ...]]:
    """Say what predictions hold, by the contracts of all versions or of one; and of which versions that isn't known.

    A name whose type changed from version to version is text here, for that holds both.
    """
    model = books.project.name
    wanted = [each for each in books.registry.versions(model) if version in (None, each.number)]
    known: list[_Parts] = []
    unknown: list[int] = []
    for each in wanted:
        try:
            known.append(_parts(books, each))
        except MainstayError:  # it was removed, or is damaged
            unknown.append(each.number)
    contracts = [contract for contract, _, _ in known]
    derived = [inputs for _, inputs, _ in known if inputs is not None]
    tasks = [task for _, _, task in known]
    labels = tuple(dict.fromkeys(label for task in tasks for label in task.labels))
    amounts = bool(tasks) and all(task.kind == "regression" for task in tasks)
    return Described(_merged(contracts), _merged(derived), labels, amounts), tuple(unknown)


def _parts(books: Books, version: Version) -> _Parts:
    """Read what is needed of a bundle, every byte checked; no model is loaded, and nothing is run."""

    def read(folder: Path) -> _Parts:
        name = f"{version.model} version {version.number}"
        documents = Documents(folder, verify(folder, version.digest, name), name)
        inputs = documents.contract(INPUTS) if documents.holds(INPUTS) else None
        return documents.contract("contract.json"), inputs, documents.decoded("policy.json", Policy).task

    return books.registry.read(version, read)


def _merged(contracts: Iterable[Contract]) -> dict[str, pl.DataType]:
    merged: dict[str, pl.DataType] = {}
    for contract in contracts:
        for column in contract.features:
            kind = column.stored()
            merged[column.name] = kind if merged.get(column.name, kind) == kind else pl.String()
    return merged
