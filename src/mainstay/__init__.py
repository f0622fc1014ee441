"""mainstay: takes a machine-learning model from the notebook into production and keeps it earning its keep there.

The house, read top to bottom (each row imports only rows below it)::

    cli            one line per verb: parse, call, print
    web            the dashboard: reads the books, shows
    lifecycle      THE ORDER: train, release, rollback, operate, up
    training, evaluation, serving, monitoring, decisions      the stages; they never import each other
    data, release  a source becomes a Snapshot; who answers, and the way back
    registry, events                                          the two books
    models         a fitted model in the hand; Candidate, Report, Verdict
    contract       what a record must look like, compiled four ways
    project, state the project file; the SQL engine
    render         values to text, tables, SVG, HTML
    client         asks a server, from a program
    measures       numbers in, numbers out: Finding, scores, money, drift
    extras         packages that are optional, imported where they are first needed
    errors         everything raised on purpose, in one tree

The public names below are loaded when they are first used, so ``import mainstay`` costs nothing.

Examples
--------
>>> import mainstay
>>> mainstay.Finding(measure="auc", where="all", value=0.8, n=500).n
500

"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mainstay.client import AsyncClient, Client
    from mainstay.contract import Contract, load_contract
    from mainstay.errors import MainstayError
    from mainstay.lifecycle import explain, gate, monitor, release, rollback, ship, train
    from mainstay.measures.finding import Finding, Interval, Limit
    from mainstay.models.report import Report, Verdict
    from mainstay.project import Project, open_project
    from mainstay.registry import Version
    from mainstay.release import Release

__all__ = [
    "AsyncClient",
    "Client",
    "Contract",
    "Finding",
    "Interval",
    "Limit",
    "MainstayError",
    "Project",
    "Release",
    "Report",
    "Verdict",
    "Version",
    "explain",
    "gate",
    "load_contract",
    "monitor",
    "open_project",
    "release",
    "rollback",
    "ship",
    "train",
]

_HOME = {
    "AsyncClient": "client",
    "Client": "client",
    "Contract": "contract",
    "Finding": "measures.finding",
    "Interval": "measures.finding",
    "Limit": "measures.finding",
    "MainstayError": "errors",
    "Project": "project",
    "Release": "release",
    "Report": "models.report",
    "Verdict": "models.report",
    "Version": "registry",
    "explain": "lifecycle",
    "gate": "lifecycle",
    "load_contract": "contract",
    "monitor": "lifecycle",
    "open_project": "project",
    "release": "lifecycle",
    "rollback": "lifecycle",
    "ship": "lifecycle",
    "train": "lifecycle",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mainstay' has no attribute '{name}'")
    return getattr(import_module(f"mainstay.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
