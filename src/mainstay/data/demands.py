"""What a project may ask of a source: columns that are there, and no answer among the features."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from mainstay.contract import Text
from mainstay.data.settings import DataSettings, SplitBy
from mainstay.data.words import listing
from mainstay.errors import ContractError, DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract import Contract
    from mainstay.project import Project


def refuse_wrong_columns(project: Project, contract: Contract, settings: DataSettings, names: Sequence[str]) -> None:
    """Refuse, before any row is looked at, a project that names columns the source or the contract doesn't have."""
    by = settings.split_by
    asked = [("segments", name) for name in settings.segments]
    if isinstance(by, SplitBy):
        asked += [("split_by", name) for name in by.columns]
    if settings.entity:
        asked.append(("entity", settings.entity))
    for key, name in asked:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Its columns: {listing(list(names))}."
            raise project.file.error("data", key, f"names '{name}', which the source doesn't have.", hint)
    for name in settings.segments:
        if name in contract.names and isinstance(column := contract.column(name), Text) and column.personal:
            raise project.file.error(
                "data", "segments", f"names '{name}', a personal text: reports would spell out what it says.",
                "Compare groups of another column, or make it a category, whose values the contract names.",
            )  # fmt: skip
    if settings.target in contract.feature_names:
        raise ContractError(
            f"'{settings.target}' is the target and a feature: the model would be told the answer.",
            "Remove its table from contract.toml.",
        )
    absent = [column.name for column in contract.features if column.name not in names and column.missing == "reject"]
    if absent:
        lacking = listing([repr(name) for name in absent], 5)
        raise DataError(
            f"The source lacks {lacking}, which the contract demands in every record.",
            "Give a source that has them, or remove their tables from contract.toml.",
        )
