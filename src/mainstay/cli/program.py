"""The program: grouped help, lazily loaded verbs, and every error told as one sentence with an exit code."""

from __future__ import annotations

import errno
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import click

from mainstay.errors import InputError, MainstayError, StoreError, store_error

if TYPE_CHECKING:
    from collections.abc import Sequence

# chapter of the help -> verb -> (module, one line); the module is imported only when its verb is called
VERBS: dict[str, dict[str, tuple[str, str]]] = {
    "Every day": {
        "init": ("projects", "Draft a project from a table: mainstay.toml and contract.toml."),
        "check": ("projects", "Check project, contract and data; print every default in force."),
        "train": ("models", "Train, evaluate, gate and register the next version."),
        "gate": ("models", "Judge a version again; exit 1 when a gate fails."),
        "release": ("releases", "Let a version answer: all, a canary, an A/B arm, or in the shadow."),
        "approve": ("releases", "Say yes to a version, with your name and reason."),
        "rollback": ("releases", "Give everything back to the last good version."),
        "serve": ("processes", "Answer over HTTP."),
        "operate": ("processes", "Run the controller: look, decide, act."),
        "status": ("views", "Everything on one screen."),
        "report": ("views", "Write the owner's page about a version."),
        "up": ("processes", "Train and trial-release if needed, then serve, operate and show."),
    },
    "In and out": {
        "predict": ("records", "Score a file."),
        "explain": ("records", "Say why: what each field adds to an answer."),
        "feedback": ("records", "Hand in what really happened, from a file."),
        "monitor": ("views", "Look once at what was served; changes nothing."),
        "history": ("history", "Who answered, since when, and why; what answered at a moment."),
        "hold": ("history", "Keep the controller from changing who answers."),
        "resume": ("history", "Let the controller act again."),
        "demo": ("processes", "The bundled sample: from rows to rollback."),
    },
    "Groups": {
        "version": ("versions", "Versions: list, show, diff, adopt, reproduce, check out, export."),
        "events": ("events", "The event log: read, followed, taken out, answers computed again."),
        "data": ("data", "Data: audit, gap, versions, other tools' contracts."),
        "export": ("exports", "Files for other tools; MLflow is told."),
        "admin": ("admin", "Operations: backup, restore, doctor, gc, keys, dashboard."),
    },
}


class Program(click.Group):
    """The top-level group: verbs by chapter, each loaded when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name every verb in the order of the help."""
        return [verb for chapter in VERBS.values() for verb in chapter]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the module of one verb."""
        for chapter in VERBS.values():
            if cmd_name in chapter:
                module = import_module(f"mainstay.cli.{chapter[cmd_name][0]}")
                command: click.Command = getattr(module, cmd_name)
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the verbs by chapter, without importing any of them."""
        for chapter, verbs in VERBS.items():
            with formatter.section(chapter):
                formatter.write_dl([(verb, line) for verb, (_, line) in verbs.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest verb where one is misspelt."""
        import difflib  # noqa: PLC0415 - only on the way to an error

        verbs = self.list_commands(ctx)
        if args and args[0] not in verbs and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], verbs, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else "See mainstay --help."
            raise click.UsageError(f"There is no verb '{args[0]}'. {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.version_option(package_name="mainstay", prog_name="mainstay")
def program() -> None:
    """Take a model from the notebook into production and keep it earning its keep there.

    \b
    mainstay init customers.csv --target Churn --dir churn
    cd churn && mainstay train && mainstay release 1 --trial --reason "first look" && mainstay serve
    """  # noqa: D301 - click's mark for "don't rewrap"


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 ok, 1 a gate or check failed, 2 usage or input error."""
    words = list(sys.argv[1:] if args is None else args)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds, so that what we started is stopped
    try:
        program.main(args=words, standalone_mode=False)
        sys.stdout.flush()  # here, and not when nobody is left to hear that the pipe is closed
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.ClickException as error:
        _show(error, as_json="--json" in words)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        _hang_up()
    except OSError as error:
        if error.errno == errno.EPIPE:
            _hang_up()
        if error.filename is None:  # nothing that a person could mend
            raise
        _tell(store_error(error), as_json="--json" in words)
        sys.exit(StoreError.exit_code)
    except MainstayError as error:
        _tell(error, as_json="--json" in words)
        sys.exit(error.exit_code)


def _hang_up() -> NoReturn:
    """End quietly, as a program does whose reader has gone: what is still unwritten goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    sys.exit(141)


def _show(error: click.ClickException, *, as_json: bool) -> None:
    """Say what was wrong with the words of a command: the sentence first, then where to read on."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    said = _worded(error)
    read = f"Read on: {context.command_path} --help" if context is not None and "--help" not in said else ""
    _tell(InputError(said if said.endswith((".", "?")) else f"{said}.", read), as_json=as_json)


def _worded(error: click.ClickException) -> str:
    """Name where a wrong value stood, the variable or the option, and the kind of number in plain words."""
    if not isinstance(error, click.BadParameter) or error.param is None or error.ctx is None:
        return error.format_message()
    if error.ctx.get_parameter_source(error.param.name or "") is click.core.ParameterSource.ENVIRONMENT:
        names = [error.param.envvar] if isinstance(error.param.envvar, str) else error.param.envvar or ()
        # the first that isn't empty is the one that click reads
        error.param_hint = next((f"'{name}' (environment)" for name in names if os.environ.get(name)), None)
    said = error.format_message()
    return said.replace("a valid integer range", "a whole number").replace("a valid float range", "a number")


def _tell(error: MainstayError, *, as_json: bool) -> None:
    if not as_json:
        click.echo(f"mainstay: {error}", err=True)
        return
    import json  # noqa: PLC0415 - only on the way to an error

    try:
        click.echo(json.dumps({"error": type(error).__name__, "message": error.message, "cure": error.cure}))
    except BrokenPipeError:
        _hang_up()
