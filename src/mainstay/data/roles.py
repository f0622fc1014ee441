"""Roles: what the contract says of its columns, told to ``[data]`` where the project file leaves it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NoReturn

import msgspec

from mainstay.contract import FILE
from mainstay.data.settings import DataSettings, SplitBy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract import Contract
    from mainstay.project import Project


def with_roles(settings: DataSettings, contract: Contract, project: Project) -> DataSettings:
    """Resolve what ``[data]`` leaves out from the roles in the contract.

    ``target`` is the column with the role target, ``entity`` the first with the role id, ``segments`` those with the
    role segment. ``split_by`` is the only column with the role group, else the only one with the role time; where there
    are several, rows are held out at random unless the project file says which.

    Parameters
    ----------
    settings : DataSettings
        The ``[data]`` section as it is in the file.
    contract : Contract
        The contract beside it.
    project : Project
        Whose file they are from.

    Returns
    -------
    DataSettings
        The section as it is in force.

    Raises
    ------
    ProjectError
        Where both files speak of the same and disagree; names both places.

    """
    said = project.file.table("data")
    target = _one(project, "target", settings.target, contract.called("target"))
    entity = _one(project, "entity", settings.entity, contract.called("id")[:1], role="id")
    segments = contract.called("segment")
    if settings.segments and not set(segments) <= set(settings.segments):
        _disagree(project, "segments", ", ".join(settings.segments), segments, "segment")
    _refuse_other_split(project, settings.split_by, contract)
    return msgspec.structs.replace(
        settings,
        target=target,
        entity=entity,
        segments=settings.segments or segments,
        split_by=settings.split_by if "split_by" in said else _split(contract),
    )


def _one(project: Project, key: str, said: str, names: Sequence[str], role: str = "") -> str:
    if said and names and said not in names:
        _disagree(project, key, said, names, role or key)
    return said or "".join(names[:1])


def _split(contract: Contract) -> SplitBy | Literal["random"]:
    groups, times = contract.called("group"), contract.called("time")
    if len(groups) == 1:
        return SplitBy(group=groups[0])
    return SplitBy(time=times[0]) if len(times) == 1 and not groups else "random"


def _refuse_other_split(project: Project, by: object, contract: Contract) -> None:
    if not isinstance(by, SplitBy):
        return
    role = "group" if by.group else "time"
    names = contract.called(role)
    if names and not set(names) & set(by.columns):
        _disagree(project, "split_by", " + ".join(by.columns), names, role)


def _disagree(project: Project, key: str, said: str, names: Sequence[str], role: str) -> NoReturn:
    listed = ", ".join(f"'{name}'" for name in names)
    raise project.file.error(
        "data",
        key,
        f"says '{said}', but in {FILE} the role '{role}' is that of {listed}.",
        f"Remove {key} here, or mend the role there.",
    )
