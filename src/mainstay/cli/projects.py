"""`init` and `check`: draft a project, and hold it against its data."""

from __future__ import annotations

import math
import shlex
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mainstay.cli.options import json_option, on_project, open_here
from mainstay.cli.output import at_terminal, say, show, show_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.data import Answers
    from mainstay.data.given import Given
    from mainstay.measures.measure import Kind

GIVEN = "A contract of another tool (pandera YAML, JSON Schema, Great Expectations) or ours: instead of the guesses."

_FLAGS = {"fp": "fp_cost", "fn": "fn_cost"}
QUESTIONS = (
    ("decision", "What does the answer change? (decision)"),
    ("action", "What does the caller do on a positive decision? (action)"),
    ("owner", "Who owns it? (owner, an address)"),
    ("limitations", "What must it not be used for? (limitations)"),
)


@click.command()
@click.argument("data", required=False)
@click.option("--target", default="", help="The column to predict.")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where to (default: DATA's name)."
)
@click.option(
    "--template",
    is_flag=False,
    flag_value="",
    help="Start from a worked example instead: churn, fraud, credit, demand.",
)
@click.option("--contract", "given", type=click.Path(path_type=Path), help=GIVEN)
@click.option("--no-header", is_flag=True, help="The first line of DATA is a row, not names.")
@click.option("--names", default="", help="Names of the columns of a DATA without a header: a,b,c.")
@click.option("--query", default="", help="What a database is asked, where DATA is the URL of one.")
@click.option("--positive", default="", help="Label that counts as positive (default: guessed).")
@click.option("--classes", is_flag=True, default=None, help="Numbers in the target are labels, not amounts.")
@click.option("--decision", default=None, help="What the answer changes.")
@click.option("--action", default=None, help="What the caller does on a positive decision.")
@click.option("--owner", default=None, help="Who answers for it.")
@click.option("--limitations", default=None, help="What it must not be used for.")
@click.option("--currency", default=None, help="Of all amounts.  [default: EUR]")
@click.option("--value", type=float, help="What an action that works is worth.")
@click.option("--success-rate", type=click.FloatRange(0, 1), help="How often an action works.")
@click.option("--action-cost", type=float, help="What an action costs.")
@click.option("--fp-cost", "fp", type=float, help="Cost of acting on a negative, instead of --value and so on.")
@click.option("--fn-cost", "fn", type=float, help="Cost of leaving a positive alone.")
@click.option("--under", type=float, help="Cost of each unit planned too little (regression).")
@click.option("--over", type=float, help="Cost of each unit planned too much (regression).")
@json_option
def init(
    data: str | None,
    target: str,
    folder: Path | None,
    template: str | None,
    given: Path | None,
    no_header: bool,
    names: str,
    query: str,
    *,
    as_json: bool,
    **said: str | float | bool | None,
) -> None:
    """Draft a project from DATA: mainstay.toml and contract.toml, every guess commented.

    DATA is a file (csv, parquet, ...), a folder, or a URL. At a terminal it asks for the problem and the money; the
    flags answer beforehand. What stays empty is refused by name when you release. With --template no DATA is needed: a
    table is simulated.
    """
    if template is not None:
        alone: dict[str, object] = {"DATA": data, "--target": target, "--contract": given, "--no-header": no_header}
        alone |= {"--names": names, "--query": query}
        alone |= {f"--{_FLAGS.get(name, name).replace('_', '-')}": value for name, value in said.items()}
        _start_from(template, folder, [name for name, value in alone.items() if value], as_json=as_json)
        return
    if not data:
        raise click.UsageError("Name a table: mainstay init DATA --target COLUMN. Or start from --template NAME.")
    if names and not no_header:
        raise click.UsageError("--names is for a file without a header: add --no-header.")
    import msgspec  # noqa: PLC0415 - keeps --help fast

    from mainstay.data import Answers, draft_project, write_project  # noqa: PLC0415 - keeps --help fast
    from mainstay.data.source import source_of  # noqa: PLC0415 - keeps --help fast

    called = tuple(name.strip() for name in names.split(",")) if names else ()
    source = replace(source_of(data), header=not no_header, names=called, query=query)
    contract, notes = _read_given(given)
    known = {name: value for name, value in said.items() if value is not None}
    answers = msgspec.convert(known, Answers)
    where = folder or Path(Path(source.name).stem.lower().replace(" ", "-"))
    draft = draft_project(source, target, where, answers, contract)
    if at_terminal() and not as_json:
        unanswered = [(name, question) for name, question in QUESTIONS if said[name] is None]
        answers = _ask(answers, unanswered, kind=draft.kind)
        draft = draft_project(source, target, where, answers, contract)
    _tell(where, write_project(draft, where), (*notes, *draft.notes), as_json=as_json)


def _read_given(path: Path | None) -> tuple[Given | None, tuple[str, ...]]:
    """Read a contract, ours or another tool's; none where none is given."""
    if path is None:
        return None, ()
    from mainstay.data.given import Given, roles_written  # noqa: PLC0415 - keeps --help fast

    if path.suffix == ".toml":
        from mainstay.contract import load_contract  # noqa: PLC0415 - keeps --help fast

        return Given(load_contract(path), roles_written(path)), ()
    from mainstay.contract.formats import read_foreign  # noqa: PLC0415 - keeps --help fast

    imported = read_foreign(path)
    return Given(imported.contract), tuple(imported.notes)


def _start_from(template: str, folder: Path | None, useless: list[str], *, as_json: bool) -> None:
    """Write a worked example."""
    from mainstay.data.templates import find_template, write_template  # noqa: PLC0415 - keeps --help fast

    found = find_template(template)
    if useless:
        raise click.UsageError(f"--template brings its own: leave out {', '.join(useless)}, and edit what it writes.")
    where = folder or Path(found.name)
    notes = (found.line, "the table is simulated; README.md says how, and what to try")
    _tell(where, write_template(found.name, where), notes, as_json=as_json)


def _tell(where: Path, written: Sequence[Path], notes: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        show_json({"project": where.resolve().name, "files": [str(path) for path in written], "notes": notes})
        return
    for note in notes:
        say(f"  {note}")
    say(f"{where.resolve().name}: wrote {', '.join(str(path) for path in written[:-1])} and {written[-1]}")
    go = "" if where.resolve() == Path.cwd() else f"cd {shlex.quote(str(where))} && "
    say(f"Next: read them, then\n  {go}mainstay check && mainstay train")


def _ask(answers: Answers, unanswered: list[tuple[str, str]], *, kind: Kind) -> Answers:
    import msgspec  # noqa: PLC0415 - keeps --help fast

    said: dict[str, object] = {}
    signal.siginterrupt(signal.SIGINT, True)  # noqa: FBT003 - so that Ctrl-C is heard while a question waits
    click.echo("A few questions; Enter leaves one open, to be filled in mainstay.toml before a release.", err=True)
    for name, question in unanswered:
        said[name] = click.prompt(question, default="", show_default=False, prompt_suffix=" ", err=True)
    amounts: tuple[tuple[str, str], ...] = (
        (("under", "What does each unit too little cost?"), ("over", "What does each unit too much cost?"))
        if kind == "regression"
        else ()
        if kind == "multiclass"  # a matrix isn't asked for line by line
        else (
            ("value", "What is an action that works worth?"),
            ("success_rate", "How often does it work? (0 to 1)"),
            ("action_cost", "What does an action cost?"),
        )
    )
    if answers.fp is not None or answers.fn is not None:
        amounts = ()  # what errors cost says it all
    for name, question in amounts:
        if getattr(answers, name) is None:
            said[name] = _amount(question, most=1.0 if name == "success_rate" else math.inf)
    return msgspec.structs.replace(answers, **said)


def _amount(question: str, most: float) -> float | None:
    while True:
        text = click.prompt(question, default="", show_default=False, prompt_suffix=" ", err=True)
        if not text.strip():
            return None
        try:
            amount = float(text)
        except ValueError:
            amount = math.nan
        if 0 <= amount <= most and math.isfinite(amount):
            return amount
        click.echo(f"A number{' from 0 to 1' if most == 1 else ''}, please, or Enter.", err=True)


@click.command()
@click.option("--metrics", type=click.Path(path_type=Path, dir_okay=False), help="Write its numbers here too (JSON).")
@click.option("--settings", is_flag=True, help="Give each default a line of its own.")
@on_project
def check(metrics: Path | None, *, settings: bool, folder: Path, as_json: bool) -> None:
    """Hold the project against its data, and print every setting in force, defaults included."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.errors import CheckError  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    checked = lifecycle.check(project)
    if metrics:
        lifecycle.write_check(checked, metrics)
    if as_json:
        show_json(checked)
    else:
        show(lifecycle.check_document(checked, settings=settings))
    failed = [finding for finding in checked.findings if finding.failed]
    if failed:
        raise CheckError(f"{len(failed)} of {len(checked.findings)} checks failed.")
