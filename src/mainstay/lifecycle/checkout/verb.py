"""`version checkout`: the code and the data of a version, in a new folder or in the project's own."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import DataError
from mainstay.lifecycle.checkout.data import demand_replaceable, place_data
from mainstay.lifecycle.checkout.files import Recorded, plan_moves, read_recorded, stage_files, too_many
from mainstay.registry.git import look_at_tree
from mainstay.registry.pointer import pointer_name, pointer_to
from mainstay.release import open_books
from mainstay.render.document import Command, Document, Heading, Items, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.lifecycle.checkout.data import Placed
    from mainstay.lifecycle.checkout.files import Staged
    from mainstay.project import Project
    from mainstay.render.document import Block


class CheckedOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a checkout gave back.

    Parameters
    ----------
    model : str
        Name of the model.
    version : int
        Its version.
    project : str
        The folder that holds its project now.
    commit : str
        The commit its files came from; empty where they came out of the bundle alone.
    data : str
        Its rows, from that folder; empty where they are in no file that is there.
    restored : tuple of str
        What was given back, in words.
    missing : tuple of str
        What couldn't be, with the cure.
    code_whole, data_whole : bool
        Whether every file that shaped the model is what it was; and whether the rows are.
    left_out : tuple of str
        Files that weren't committed then and that nobody kept, each with the reason.
    back : tuple of str
        Commands that undo a checkout in place.

    """

    model: str
    version: int
    project: str
    commit: str = ""
    data: str = ""
    restored: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    code_whole: bool = False
    data_whole: bool = False
    left_out: tuple[str, ...] = ()
    back: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether everything is there that made the version."""
        return self.code_whole and self.data_whole


def checkout(project: Project, number: int, *, out: Path | None = None) -> CheckedOut:
    """Give back the files of a version as its training found them, and its data where the cache has it.

    Git's own HEAD and index stay where they are; nothing of the repository or of the version is run.

    Parameters
    ----------
    project : Project
        Which one.
    number : int
        The version.
    out : Path, optional
        A folder that isn't there yet, or is empty, for all of the repository's files; the project's own folder, and
        only what is in it, unless given.

    Raises
    ------
    NotFoundError, CorruptError
        Where there is no such version, or its bundle isn't what was once written.
    DataError
        Where something would be lost: changes that weren't committed, files that git doesn't know, data that isn't
        kept anywhere; or where a folder can't be written. In the project's folder nothing was changed then.

    """
    with open_books(project) as books:
        version = books.registry.version(project.name, number)
        lineage = books.registry.lineage(project.name, number)
        recorded = read_recorded(books.registry.folder(project.name, number), lineage)
    pointer = (pointer_name(project.name), pointer_to(version))
    found = _into(project, recorded, pointer, out) if out else _in_place(project, recorded, pointer)
    return msgspec.structs.replace(found, model=project.name, version=number)


def checkout_document(found: CheckedOut) -> Document:
    """Lay out what was given back, what wasn't, and how to come back."""
    whole = "all of it" if found.whole else "not all of it"
    blocks: list[Block] = [Items(found.restored)] if found.restored else []
    if found.missing:
        blocks += [Heading("What couldn't be given back"), Items(found.missing)]
    if found.left_out:
        blocks += [Text("Not committed then, and kept by nobody:", "note"), Items(found.left_out)]
    if found.back:
        blocks += [Heading("Back to where you were"), *(Command(line) for line in found.back)]
    elif found.whole:
        blocks.append(Text(f"The project of that version is in `{found.project}`.", "note"))
    return Document(f"{found.model} version {found.version} is checked out, {whole}", tuple(blocks))


def _into(project: Project, recorded: Recorded, pointer: tuple[str, bytes], out: Path) -> CheckedOut:
    """Write everything beside the folder that is asked for, and give it its name once it is complete."""
    out = Path(out).expanduser().absolute()
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise DataError(f"{out} is there already, and isn't an empty folder.", "Name a folder that isn't there yet.")
    with _staging(out.parent, f".{out.name}.") as folder:
        staged = stage_files(project.root, recorded, folder, pointer)
        data = place_data(project.root, staged.project, folder, recorded.lineage)
        if out.exists():
            out.rmdir()
        folder.rename(out)
    return _told(recorded, staged, data, out / staged.project.relative_to(folder))


def _in_place(project: Project, recorded: Recorded, pointer: tuple[str, bytes]) -> CheckedOut:
    root = project.root
    tree = look_at_tree(root)
    with _staging(project.books, ".checkout-") as folder:
        staged = stage_files(root, recorded, folder, pointer, only=True)
        moves = plan_moves(root, tree, staged)
        demand_replaceable(root, staged, recorded.lineage)
        moves.carry_out(root)
    staged = replace(staged, missing=(*staged.missing, *too_many(root, recorded.lineage)))
    data = place_data(root, root, root if tree is None else tree.top, recorded.lineage)
    made = _told(recorded, staged, data, root)
    back = []
    if tree is not None and (moves.changed or moves.removed):
        back.append("git restore -- .")
    if moves.new:
        back.append(shlex.join(("rm", "--", *moves.new)))
    if data.replaced:
        back.append(shlex.join(("dvc", "checkout", recorded.lineage.data_pointer)))
    return msgspec.structs.replace(made, back=tuple(back))


def _told(recorded: Recorded, staged: Staged, data: Placed, where: Path) -> CheckedOut:
    return CheckedOut(
        model="",
        version=0,
        project=str(where),
        commit=recorded.lineage.git_commit if staged.from_commit else "",
        data=data.path if data.whole else "",
        restored=(*staged.restored, *data.restored),
        missing=(*staged.missing, *data.missing),
        code_whole=not staged.missing,
        data_whole=data.whole,
        left_out=(*staged.left_out, *recorded.lineage.changes.left_out),
    )


@contextmanager
def _staging(home: Path, prefix: str) -> Iterator[Path]:
    try:
        home.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=home))
        folder.chmod(0o755)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise DataError(
            f"The files of a version can't be written in {home}: {error.strerror}.",
            "Make room, or give this user the right to write there.",
        ) from None
