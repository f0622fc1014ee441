"""`python -m mainstay.lifecycle`: the controller of one project as a process."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mainstay.errors import MainstayError
from mainstay.lifecycle.controller import run
from mainstay.project import open_project
from mainstay.serving.process.lifeline import leave_with


def main() -> None:
    """Run the controller until it is told to stop."""
    words = argparse.ArgumentParser(prog="python -m mainstay.lifecycle", description=__doc__)
    words.add_argument("--project", type=Path, required=True, help="the project's folder")
    words.add_argument("--every", type=float, default=60.0, help="seconds between looks")
    words.add_argument("--lifeline", type=int, help=argparse.SUPPRESS)
    given = words.parse_args()
    leave_with(given.lifeline)
    try:
        run(open_project(given.project), every=given.every, tell=lambda line: print(line, file=sys.stderr))  # noqa: T201
    except MainstayError as error:
        sys.stderr.write(f"mainstay: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
