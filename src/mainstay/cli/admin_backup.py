"""`admin backup` and `admin restore`: the books in one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mainstay.cli.options import OUT, on_project, open_here
from mainstay.cli.output import announce, say, show, show_json
from mainstay.render.numbers import counted

if TYPE_CHECKING:
    from mainstay.project import Project


@click.command("backup")
@click.option("--out", type=OUT, required=True, help="The file to write, FILE.zip; nothing may be there yet.")
@click.option("--events", is_flag=True, help="With the event log.")
@click.option("--with-keys", "keys", is_flag=True, help="With private keys: then whoever has the file can sign.")
@on_project
def admin_backup(out: Path, *, events: bool, keys: bool, folder: Path, as_json: bool) -> None:
    """Write the books into one file: database, bundles, trust, project file and contract."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    about = lifecycle.back_up(project, out, keys=keys, events=events)
    if as_json:
        show_json(about)
    else:
        show(lifecycle.backup_document(about, out))


@click.command("restore")
@click.argument("file", metavar="[BACKUP]", required=False, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Even where the books are healthy; they are moved aside.")
@click.option("--empty", is_flag=True, help="Make an empty registry, where there is no backup of any kind.")
@on_project
def admin_restore(file: Path | None, *, force: bool, empty: bool, folder: Path, as_json: bool) -> None:
    """Bring the books back from BACKUP.zip, or a lost registry from a copy or dump, the newest unless named."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    if file is not None and empty:
        raise click.UsageError("--empty makes an empty registry: don't name a backup with it")
    if file is None or file.is_dir() or file.suffix == ".sqlite":
        project = open_here(folder)
        announce(project, "bringing the registry back")
        if file is None:
            done = lifecycle.restore_newest(project, force=force, empty=empty)
        else:
            done = lifecycle.restore_copy(project, file, force=force)
        if as_json:
            show_json(done)
        else:
            show(lifecycle.brought_back_document(done, project.name))
        _examine(project)
        return
    root = _root(folder)
    say(f"{root}: restoring {file}")
    restored = lifecycle.restore(root, file, force=force)
    if as_json:
        show_json(restored)
    else:
        show(lifecycle.restored_document(restored, file))
    _examine(open_here(root))


def _root(folder: Path) -> Path:
    """Name the project's folder; one that is empty is named itself."""
    from mainstay.errors import ProjectError  # noqa: PLC0415 - keeps --help fast
    from mainstay.project import find_project  # noqa: PLC0415 - keeps --help fast

    if folder != Path():
        return folder
    try:
        return find_project(folder).root
    except ProjectError:
        return folder.absolute()


def _examine(project: Project) -> None:
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.errors import CheckError  # noqa: PLC0415 - keeps --help fast

    broken = lifecycle.examine(project).broken
    if broken:
        raise CheckError(
            f"{project.name} is restored, and {counted(len(broken), 'thing')} in the books must be mended.",
            "mainstay admin doctor says what, and mends with --repair what can be derived.",
        )
    say(f"{project.name}: every hash and every reference is as it should be")
