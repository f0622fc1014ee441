"""`check`: the project held against its data, with every setting in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import FILE, load_contract
from mainstay.data import DataSettings, data_findings, take_snapshot
from mainstay.decisions import DecisionsSettings
from mainstay.evaluation import EvaluationSettings
from mainstay.events import EventsSettings
from mainstay.measures.finding import Finding
from mainstay.measures.money import Money
from mainstay.models.yardstick import choose_yardstick
from mainstay.monitoring import MonitoringSettings
from mainstay.project import Problem
from mainstay.release import ReleaseSettings
from mainstay.render.document import Block, Document, Facts, Findings, Heading, Items, Table
from mainstay.serving.settings import ServingSettings
from mainstay.training import TrainingSettings

if TYPE_CHECKING:
    from mainstay.contract import Contract
    from mainstay.data import LedgerLine
    from mainstay.project import Project

ROOMS: dict[str, type[msgspec.Struct]] = {
    "problem": Problem,
    "money": Money,
    "data": DataSettings,
    "training": TrainingSettings,
    "evaluation": EvaluationSettings,
    "release": ReleaseSettings,
    "serving": ServingSettings,
    "events": EventsSettings,
    "monitoring": MonitoringSettings,
    "decisions": DecisionsSettings,
}


class Setting(msgspec.Struct, frozen=True):
    """One setting in force, and whether it is the default."""

    section: str
    name: str
    value: str
    default: bool


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What `check` found.

    Parameters
    ----------
    model : str
        Name of the model.
    findings : tuple of Finding
        What the rows say against being learned from.
    settings : tuple of Setting
        Every setting in force.
    contract : tuple of tuple
        Columns with kind, role and policies.
    ledger : tuple of str
        Every step of the rows, with what it kept.
    fingerprint : str
        Of the data.

    """

    model: str
    findings: tuple[Finding, ...]
    settings: tuple[Setting, ...]
    contract: tuple[tuple[str, str, str, str], ...]
    ledger: tuple[str, ...]
    fingerprint: str


def check(project: Project) -> Checked:
    """Read everything, take the rows, and say what is in force and what is wrong."""
    settings = tuple(each for name, kind in ROOMS.items() for each in _section(project, name, kind))
    contract = load_contract(project.root / FILE)
    snapshot = take_snapshot(project, contract)
    measure = project.section("training", TrainingSettings).measure
    choose_yardstick(snapshot.task, project.money, float(snapshot.train.y.mean()), measure)  # refuses what can't rank
    return Checked(
        model=project.name,
        findings=data_findings(snapshot),
        settings=settings,
        contract=_columns(snapshot.contract),
        ledger=tuple(_step(line) for line in snapshot.ledger),
        fingerprint=snapshot.fingerprint,
    )


def check_document(checked: Checked) -> Document:
    """Lay out what `check` found."""
    failed = sum(finding.failed for finding in checked.findings)
    title = (
        f"{checked.model}: {failed} of {len(checked.findings)} checks failed"
        if failed
        else f"{checked.model} is in order"
    )
    rows = tuple(
        (f"[{each.section}] {each.name}", each.value, "default" if each.default else "set") for each in checked.settings
    )
    blocks: tuple[Block, ...] = (
        Findings(checked.findings, failed_first=True),
        Heading("Rows"),
        Items(checked.ledger),
        Facts((("fingerprint of the data", checked.fingerprint),)),
        Heading("Contract"),
        Table(("column", "kind", "role", "what is allowed, and what happens otherwise"), checked.contract),
        Heading("Settings in force"),
        Table(("setting", "value", ""), rows),
    )
    return Document(title, blocks)


def _section(project: Project, name: str, kind: type[msgspec.Struct]) -> list[Setting]:
    value = project.section(name, kind)
    said = project.file.table(name)
    return [
        Setting(name, field.name, _in_force(said.get(field.name), getattr(value, field.name)), field.name not in said)
        for field in msgspec.structs.fields(kind)
    ]


def _in_force(written: object, value: object) -> str:
    """Show a value; one that holds a secret as it is written, by the name of its variable."""
    cells = written if isinstance(written, list) else [written]
    return _shown(tuple(cells)) if any(isinstance(cell, str) and "${" in cell for cell in cells) else _shown(value)


def _columns(contract: Contract) -> tuple[tuple[str, str, str, str], ...]:
    """Give each column with everything in force, defaults included."""
    rows = []
    for column in contract.columns:
        fields = msgspec.to_builtins(column) | msgspec.structs.asdict(column)
        kind = str(column.__struct_config__.tag)
        skip = {"name", "role", "type", "description", "owner", "source"}
        said = ", ".join(
            f"{key} {_shown(value)}"
            for key, value in fields.items()
            if key not in skip and value is not None and value is not False and value != ""  # 0 is a limit, not nothing
        )
        rows.append((column.name, kind, column.role, said))
    return tuple(rows)


def _step(line: LedgerLine) -> str:
    return f"{line.step}: {line.rows_in} rows, {line.rows_out} kept. {line.reason}"


def _shown(value: object) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, msgspec.Struct):
        return ", ".join(
            f"{key} {_shown(each)}" for key, each in msgspec.structs.asdict(value).items() if each is not None
        )
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
