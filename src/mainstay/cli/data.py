"""`data`: the audit, the versions of data, contracts from and for other tools."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from mainstay.cli.options import VERSION, json_option, on_project, open_here, project_option
from mainstay.cli.output import announce, say, show, show_json
from mainstay.errors import InputError
from mainstay.render.numbers import counted


@click.group()
def data() -> None:
    """The rows: audited, versioned, described for other tools."""


@data.command("add")
@click.argument("path", type=click.Path(path_type=Path))
@on_project
def data_add(path: Path, *, folder: Path, as_json: bool) -> None:
    """Bring a file or FOLDER under version, as dvc add does; one from elsewhere is copied into data/ first."""
    from mainstay.data.versions import add  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, f"adding {path}")
    added = add(path, project.root)
    if as_json:
        show_json(added)
        return
    said = {"added": "is kept now", "updated": "is kept as a new version", "unchanged": "is kept already"}
    say(f"{added.path} {said[added.state]}: {added.pointer} says md5 {added.md5}")
    if added.for_git and added.state != "unchanged":
        say(f"Next: git add {' '.join(map(shlex.quote, added.for_git))}")


@data.command("list")
@click.argument("path", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@on_project
def data_list(path: Path | None, *, folder: Path, as_json: bool) -> None:
    """List the data versions were trained on; with FILE, the versions trained on it, whatever it is called now."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    if path is None:
        found = lifecycle.known(project)
        if as_json:
            show_json(found)
        else:
            show(lifecycle.known_document(project.name, found))
        return
    asked = lifecycle.ask_data(project, path)
    if as_json:
        show_json(asked)
    else:
        show(lifecycle.asked_document(project.name, asked))


@data.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("contract.toml"),
    show_default=True,
    help="Where to.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@json_option
def data_import(file: Path, out: Path, *, force: bool, as_json: bool) -> None:
    """Make a contract of another tool's FILE: a pandera schema, a JSON Schema, a suite of Great Expectations.

    What can't be carried over is said, constraint by constraint.
    """
    from mainstay.contract.formats import read_foreign  # noqa: PLC0415 - keeps --help fast

    imported = read_foreign(file)
    _write(out, imported.written(), force=force)
    if as_json:
        show_json({"contract": str(out), "format": imported.format, "notes": imported.notes})
        return
    for note in imported.notes:
        say(f"  {note}")
    columns, notes = counted(len(imported.contract.columns), "column"), counted(len(imported.notes), "note")
    say(f"{out}: {columns} of {file} ({imported.format}), {notes}. Read it before you train.")


@data.command("export")
@click.option(
    "--as", "kind", type=click.Choice(["json-schema", "openapi", "mlflow", "oip"]), required=True, help="For whom."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where to (default: standard output).")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@project_option
def data_export(kind: str, out: Path | None, folder: Path, *, force: bool) -> None:
    """Describe a record for another tool, by the project's contract.

    JSON Schema of one record; OpenAPI of the address that predicts; the signature MLflow keeps; the metadata of the
    Open Inference Protocol.
    """
    from mainstay.lifecycle.describing import described_for  # noqa: PLC0415 - keeps --help fast

    described = described_for(kind, open_here(folder))
    if out is None:
        show_json(described)
        return
    import msgspec  # noqa: PLC0415 - keeps --help fast

    _write(out, msgspec.json.format(msgspec.json.encode(described), indent=2).decode() + "\n", force=force)
    say(f"{out}: written.")


def _write(path: Path, text: str, *, force: bool) -> None:
    from mainstay.data.quarantine import write_whole  # noqa: PLC0415 - keeps --help fast

    if path.exists() and not force:
        raise InputError(f"{path} is there already.", "Say --force to replace it, or --out to write elsewhere.")
    write_whole(path, text.encode("utf-8"))


@data.command("audit")
@click.option("--html", "page", type=click.Path(path_type=Path), help="Write a page with pictures to this file.")
@click.option(
    "--against", default="passed", show_default=True, help="Measure drift from: the last that passed; the last; a file."
)
@click.option("--data", "source", type=click.Path(path_type=Path), help="Other rows than [data] source; not kept.")
@on_project
def data_audit(page: Path | None, against: str, source: Path | None, *, folder: Path, as_json: bool) -> None:
    """Audit the rows: a score, leaks, wrong labels, outliers, repeats, drift; exit 1 when a finding fails."""
    import datetime as dt  # noqa: PLC0415 - keeps --help fast

    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.errors import CheckError  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    audited = lifecycle.audit(project, now=dt.datetime.now(dt.UTC), source=source, against=against)
    if page is not None:
        say(f"{project.name}: wrote {lifecycle.write_audit(audited, page)}")
    if as_json:
        show_json(audited.audit)
    else:
        show(audited.document())
    if failed := audited.audit.failed:
        raise CheckError(f"{len(failed)} of {len(audited.audit.findings)} findings failed.")


@data.command("gap")
@click.argument("number", metavar="[VERSION]", type=VERSION, required=False)
@click.option("--next", "later", type=click.Path(path_type=Path), help="Labelled rows from after the training data.")
@click.option("--holdout", type=click.Path(path_type=Path), help="The rows VERSION was judged on, if not the source's.")
@on_project
def data_gap(number: int | None, later: Path | None, holdout: Path | None, *, folder: Path, as_json: bool) -> None:
    """Compare VERSION on training rows, held-out rows, later rows and live, and say what each gap means."""
    import datetime as dt  # noqa: PLC0415 - keeps --help fast

    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    found = lifecycle.gap(project, now=dt.datetime.now(dt.UTC), number=number, later=later, holdout=holdout)
    if as_json:
        show_json(found)
    else:
        show(lifecycle.gap_document(found))
