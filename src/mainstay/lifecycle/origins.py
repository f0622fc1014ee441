"""Where versions come from: which data trained a version, which versions were trained on data, the project for dvc."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import FILE as CONTRACT
from mainstay.data import DataSettings, resolve_source
from mainstay.data.dvc import Stage, params_yaml, pipeline_yaml, stages_of, write_params, write_pipeline
from mainstay.data.versions import Asked, Kept, Known, ask, find_repository, keep_source, known_data, restore
from mainstay.data.versions.cache import holds
from mainstay.data.versions.digest import stamp_of
from mainstay.data.versions.keep import LARGE, shown
from mainstay.data.versions.rows import write_rows
from mainstay.data.words import count
from mainstay.errors import DataError
from mainstay.lifecycle.checking import ROOMS
from mainstay.registry.git import commit_naming
from mainstay.release import open_books
from mainstay.render.document import Command, Document, Facts, Heading, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mainstay.data import Snapshot
    from mainstay.project import Project
    from mainstay.render.document import Block

_SHAPING = ("data", "training", "evaluation", "money")
"""Sections whose settings make another model or another verdict."""
_CODE = ("features.py", "model.py")


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The data that trained a version.

    Parameters
    ----------
    model : str
        Name of the model.
    version : int
        Its version.
    source : str
        Where the rows came from.
    fingerprint : str
        Of their content, however it is written.
    md5 : str
        Of the file or folder; empty where there was none.
    size, rows : int or None
        Bytes and rows.
    pointer : str
        The file that names this version of the data; empty where none does.
    pointer_commit : str
        The git commit that has that pointer; empty where none has it yet.
    git_commit : str
        The commit of the project the training ran on; empty where it isn't under git.
    dirty : bool
        Whether something there wasn't committed.
    in_cache : bool
        Whether the data is in DVC's cache on this machine.

    """

    model: str
    version: int
    source: str
    fingerprint: str
    md5: str
    size: int | None
    rows: int | None
    pointer: str
    pointer_commit: str
    git_commit: str
    dirty: bool
    in_cache: bool


def bring_back(project: Project, progress: Callable[[str], None] | None = None) -> None:
    """Restore the project's own source from the cache where it isn't there, and say so.

    Raises
    ------
    DataError, CorruptError
        As `mainstay.data.versions.restore`.

    """
    path = resolve_source(project, project.section("data", DataSettings)).path
    if path is not None and restore(path) and progress:
        progress(f"{shown(path, project.root)} wasn't there: restored from the cache, as its pointer says")


def keep_data(project: Project, snapshot: Snapshot, progress: Callable[[str], None] | None = None) -> Kept:
    """Record the version of the rows a training is about to learn from, and keep them where the project says so.

    Raises
    ------
    DataError
        Where the source isn't what was read any more, or can't be kept.

    """
    keep = project.section("data", DataSettings).keep
    path = snapshot.source.path
    if snapshot.source.span is not None:  # a copy would outlive whoever is erased from the log
        kept = Kept(snapshot.source.shown, "", 0)
    elif path is None:
        kept = _keep_rows(project, snapshot, keep=keep)
    elif (path / "_delta_log").is_dir():
        words = f" ({snapshot.opened.words})" if snapshot.opened else ""
        kept = Kept(f"{shown(path, project.root)}{words}", "", 0)  # a Delta table keeps its versions itself
    elif stamp_of(path) != snapshot.stamp:
        raise DataError(f"{path} changed while it was read.", "Wait until whoever writes it is done, and train again.")
    else:
        kept = keep_source(path, project.root, keep=keep)
    if progress and kept.note:
        progress(kept.note)
    return kept


def _keep_rows(project: Project, snapshot: Snapshot, *, keep: bool) -> Kept:
    """Write rows that are in no file below ``data/``, and keep that file; the source is still where they came from."""
    came = snapshot.source.shown
    if not keep or snapshot.opened is None:
        return Kept(came, "", 0, note=f"{came}: these rows aren't kept ([data] keep = false)" if not keep else "")
    path = write_rows(snapshot.opened, project.root / "data", snapshot.fingerprint, most=LARGE)
    if path is None:
        return Kept(came, "", 0, note=f"{came}: these rows aren't kept, they are more than {LARGE:,} bytes")
    kept = keep_source(path, project.root)
    return replace(kept, source=came)


def origin(project: Project, number: int) -> Origin:
    """Say which data trained a version."""
    with open_books(project) as books:
        version = books.registry.version(project.name, number)
    repository = find_repository(project.root)
    return Origin(
        model=project.name,
        version=number,
        source=version.source,
        fingerprint=version.data_fingerprint,
        md5=version.data_md5,
        size=version.data_size,
        rows=version.data_rows,
        pointer=version.data_pointer,
        pointer_commit=commit_naming(project.root, version.data_pointer, version.data_md5, version.git_commit),
        git_commit=version.git_commit,
        dirty=version.dirty,
        in_cache=bool(repository and version.data_md5 and holds(repository, version.data_md5)),
    )


def origin_blocks(found: Origin) -> tuple[Block, ...]:
    """Lay out which data trained a version, and how to have it again."""
    commit = found.git_commit + (", with changes that weren't committed" if found.dirty else "")
    facts = (
        ("Source", found.source or "—"),
        ("Fingerprint of the rows", found.fingerprint),
        ("md5", found.md5 or "—"),
        ("Size, bytes", "—" if found.size is None else count(found.size)),
        ("Rows", "—" if found.rows is None else count(found.rows)),
        ("Pointer", found.pointer or "none: this version of the data isn't kept"),
        ("Commit that has the pointer", found.pointer_commit or ("none yet" if found.pointer else "—")),
        ("In the cache of this machine", "yes" if found.in_cache else "no"),
        ("Commit it was trained on", commit or "not under git"),
    )
    again: tuple[Block, ...] = ()
    if found.pointer_commit:
        fetch = "dvc checkout" if found.in_cache else "dvc pull"
        line = f"git checkout {found.pointer_commit[:12]} && {fetch} && mainstay train"
        again = (Command(line, "gives this training back"),)
    elif found.pointer and found.git_commit:
        again = (Command(f"git add {found.pointer}", "and commit it, so that others can have this training again"),)
    return (Heading("The data that trained it"), Facts(facts), *again)


def known(project: Project) -> tuple[Known, ...]:
    """Give all data that versions were trained on, the latest first."""
    with open_books(project) as books:
        return known_data(books.registry.versions(project.name))


def known_document(name: str, found: Sequence[Known]) -> Document:
    """Lay out the data versions were trained on."""
    if not found:
        return Document(f"{name} has no versions yet", (Command("mainstay train", "Make the first."),))
    rows = tuple(
        (
            each.source or "—",
            "—" if each.rows is None else count(each.rows),
            each.fingerprint[:12],
            each.md5[:12] or "—",
            each.pointer or "—",
            _numbers(each.versions),
        )
        for each in found
    )
    columns = ("source", "rows", "fingerprint", "md5", "pointer", "trained")
    title = f"{name} was trained on {len(found)} version{'s' * (len(found) > 1)} of data"
    return Document(title, (Table(columns, rows),))


def ask_data(project: Project, path: Path) -> Asked:
    """Find the versions trained on a file, whatever it is called or written like now."""
    with open_books(project) as books:
        versions = books.registry.versions(project.name)
    return ask(path, versions, missing=project.section("data", DataSettings).missing)


def asked_document(name: str, found: Asked) -> Document:
    """Lay out which versions were trained on a file."""
    facts = Facts((("md5", found.md5), ("fingerprint of the rows", found.fingerprint or "not read")))
    if not found.matches:
        return Document(f"No version of {name} was trained on {found.file}", (facts,))
    said = {"file": "this very file", "rows": "the same rows, written differently"}
    rows = tuple((each.version, said[each.same], each.source or "—") for each in found.matches)
    title = f"{name}: {_numbers(tuple(each.version for each in found.matches))} trained on {found.file}"
    return Document(title, (facts, Table(("version", "trained on", "which was"), rows)))


def pipeline(project: Project) -> tuple[str, str]:
    """Write the project as ``dvc.yaml`` and ``params.yaml``: their texts."""
    source = _source(project)
    code = [name for name in _CODE if (project.root / name).is_file()]
    keys = (*_SHAPING, "problem")
    note = "" if source else "The rows are in no file, so dvc can't see them change: dvc repro --force"
    stages: tuple[Stage, ...] = stages_of(source, CONTRACT, code, keys)
    return pipeline_yaml(stages, note), params(project)


def params(project: Project) -> str:
    """Write every setting in force that shapes a model, as ``params.yaml``; a secret stays the name of its variable."""
    for name, kind in ROOMS.items():
        project.section(name, kind)  # a wrong line is told by the first stage, whatever it is about
    sections = {name: _in_force(project, name, ROOMS[name]) for name in _SHAPING}
    problem = msgspec.to_builtins(project.problem)
    return params_yaml(sections | {"problem": {key: problem[key] for key in ("action", "success")}})


def export_dvc(project: Project, *, settings_only: bool = False) -> tuple[Path, ...]:
    """Write ``dvc.yaml`` and ``params.yaml`` into the project, or the second alone."""
    if settings_only:
        return (write_params(project.root, params(project)),)
    return write_pipeline(project.root, *pipeline(project))


def _source(project: Project) -> str:
    path = resolve_source(project, project.section("data", DataSettings)).path
    return "" if path is None else shown(path, project.root)


def _in_force(project: Project, name: str, kind: type[msgspec.Struct]) -> dict[str, object]:
    values: dict[str, object] = msgspec.to_builtins(project.section(name, kind))
    written = project.file.table(name)
    return {key: written[key] if "${" in str(written.get(key, "")) else value for key, value in values.items()}


def _numbers(versions: Sequence[int]) -> str:
    return f"version{'s' * (len(versions) > 1)} {', '.join(map(str, versions))}"
