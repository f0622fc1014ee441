"""`init` and `check`: draft a project, and hold it against its data."""

from __future__ import annotations

import math
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mainstay.cli.options import json_option, on_project, open_here
from mainstay.cli.output import at_terminal, say, show, show_json

if TYPE_CHECKING:
    from mainstay.data import Answers

QUESTIONS = (
    ("decision", "What does the answer change? (decision)"),
    ("action", "What does the caller do on a positive decision? (action)"),
    ("owner", "Who owns it? (owner, an address)"),
    ("limitations", "What must it not be used for? (limitations)"),
)


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--target", required=True, help="The column to predict.")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where to (default: DATA's name)."
)
@click.option("--positive", default="", help="Label that counts as positive (default: guessed).")
@click.option("--decision", default=None, help="What the answer changes.")
@click.option("--action", default=None, help="What the caller does on a positive decision.")
@click.option("--owner", default=None, help="Who answers for it.")
@click.option("--limitations", default=None, help="What it must not be used for.")
@click.option("--currency", default="EUR", show_default=True, help="Of all amounts.")
@click.option("--value", type=float, help="What an action that works is worth.")
@click.option("--success-rate", type=click.FloatRange(0, 1), help="How often an action works.")
@click.option("--action-cost", type=float, help="What an action costs.")
@click.option("--under", type=float, help="Cost of each unit planned too little (regression).")
@click.option("--over", type=float, help="Cost of each unit planned too much (regression).")
@json_option
def init(
    data: Path,
    target: str,
    folder: Path | None,
    positive: str,
    decision: str | None,
    action: str | None,
    owner: str | None,
    limitations: str | None,
    currency: str,
    value: float | None,
    success_rate: float | None,
    action_cost: float | None,
    under: float | None,
    over: float | None,
    *,
    as_json: bool,
) -> None:
    """Draft a project from DATA: mainstay.toml and contract.toml, every guess commented.

    At a terminal it asks for the problem and the money; the flags answer beforehand. What stays empty is refused by
    name when you release.
    """
    from mainstay.data import Answers, draft_project, write_project  # noqa: PLC0415 - keeps --help fast

    given = {"decision": decision, "action": action, "owner": owner, "limitations": limitations}
    said = {name: answer or "" for name, answer in given.items()}
    answers = Answers(
        **said,
        currency=currency,
        positive=positive,
        value=value,
        success_rate=success_rate,
        action_cost=action_cost,
        under=under,
        over=over,
    )
    where = folder or Path(data.stem.lower().replace(" ", "-"))
    draft = draft_project(data, target, where, answers)
    if at_terminal() and not as_json:
        unanswered = [(name, question) for name, question in QUESTIONS if given[name] is None]
        draft = draft_project(data, target, where, _ask(answers, unanswered, regression=draft.regression))
    written = write_project(draft, where)
    if as_json:
        show_json({"project": where.name, "files": [str(path) for path in written], "notes": draft.notes})
        return
    for note in draft.notes:
        say(f"  {note}")
    say(f"{where.name}: wrote {' and '.join(str(path) for path in written)}")
    say(f"Next: read both, then\n  cd {shlex.quote(str(where))} && mainstay check && mainstay train")


def _ask(answers: Answers, unanswered: list[tuple[str, str]], *, regression: bool) -> Answers:
    import msgspec  # noqa: PLC0415 - keeps --help fast

    said: dict[str, object] = {}
    signal.siginterrupt(signal.SIGINT, True)  # noqa: FBT003 - so that Ctrl-C is heard while a question waits
    click.echo("A few questions; Enter leaves one open, to be filled in mainstay.toml before a release.", err=True)
    for name, question in unanswered:
        said[name] = click.prompt(question, default="", show_default=False, prompt_suffix=" ", err=True)
    amounts = (
        (("under", "What does each unit too little cost?"), ("over", "What does each unit too much cost?"))
        if regression
        else (
            ("value", "What is an action that works worth?"),
            ("success_rate", "How often does it work? (0 to 1)"),
            ("action_cost", "What does an action cost?"),
        )
    )
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
@on_project
def check(*, folder: Path, as_json: bool) -> None:
    """Hold the project against its data, and print every setting in force, defaults included."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.errors import CheckError  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    checked = lifecycle.check(project)
    if as_json:
        show_json(checked)
    else:
        show(lifecycle.check_document(checked))
    failed = [finding for finding in checked.findings if finding.failed]
    if failed:
        raise CheckError(f"{len(failed)} of {len(checked.findings)} checks failed.")
