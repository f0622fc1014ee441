"""`check`: the project held against its data, with every setting in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import FILE, load_contract
from mainstay.contract.personal import personal_notes
from mainstay.data import DataSettings, data_findings, take_snapshot
from mainstay.data.audit import told_step
from mainstay.data.versions import version_findings
from mainstay.decisions import DecisionsSettings
from mainstay.evaluation import EvaluationSettings, read_declared
from mainstay.events import EventsSettings
from mainstay.lifecycle.lineage import agreement_findings
from mainstay.measures.finding import Finding
from mainstay.measures.money import Money
from mainstay.models.yardstick import choose_yardstick, usual
from mainstay.monitoring import MonitoringSettings
from mainstay.project import Problem
from mainstay.registry import RegistrySettings
from mainstay.release import ReleaseSettings
from mainstay.render.document import Block, Document, Facts, Findings, Heading, Items, Table, Text
from mainstay.render.numbers import measure_name
from mainstay.serving.settings import ServingSettings
from mainstay.training import TrainingSettings

if TYPE_CHECKING:
    from mainstay.contract import AnyColumn, Contract
    from mainstay.project import Project

ROOMS: dict[str, type[msgspec.Struct]] = {
    "problem": Problem,
    "money": Money,
    "data": DataSettings,
    "training": TrainingSettings,
    "evaluation": EvaluationSettings,
    "registry": RegistrySettings,
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
    personal : tuple of str
        What is personal, and what becomes of it, in sentences.

    """

    model: str
    findings: tuple[Finding, ...]
    settings: tuple[Setting, ...]
    contract: tuple[tuple[str, str, str, str], ...]
    ledger: tuple[str, ...]
    fingerprint: str
    personal: tuple[str, ...] = ()


def check(project: Project) -> Checked:
    """Read everything, take the rows, and say what is in force and what is wrong."""
    settings = tuple(each for name, kind in ROOMS.items() for each in _section(project, name, kind))
    contract = load_contract(project.root / FILE)
    snapshot = take_snapshot(project, contract)
    if project.section("release", ReleaseSettings).control and snapshot.task.kind == "regression":
        raise project.file.error(
            "release", "control", "holds decisions back, and an amount can't be held back.", "Leave it out."
        )
    measure = project.section("training", TrainingSettings).measure
    declared = read_declared(project, project.section("evaluation", EvaluationSettings), snapshot)
    base, shares = usual(snapshot.train.y, snapshot.task)
    # Refuses what can't rank.
    choose_yardstick(snapshot.task, project.money, base, measure, shares=shares, own=declared.own)
    return Checked(
        model=project.name,
        findings=(*data_findings(snapshot), *version_findings(snapshot.source.path), *agreement_findings(project)),
        settings=settings,
        contract=_columns(snapshot.contract),
        personal=personal_notes(snapshot.contract),
        ledger=tuple(told_step(line, snapshot.flags) for line in snapshot.ledger),
        fingerprint=snapshot.fingerprint,
    )


def check_document(checked: Checked, *, settings: bool = False) -> Document:
    """Lay out what `check` found; the verdict comes first and last, because the rest may be long.

    Parameters
    ----------
    checked : Checked
        What was found.
    settings : bool
        Whether each default has a line of its own; one line per section names them otherwise.

    """
    failed = [finding for finding in checked.findings if finding.failed]
    named = ", ".join(f"{measure_name(each.measure)} ({each.where})" for each in failed)
    title = (
        f"{checked.model}: {len(failed)} of {len(checked.findings)} checks failed"
        if failed
        else f"{checked.model} is in order"
    )
    blocks: tuple[Block, ...] = (
        Findings(checked.findings, failed_first=True),
        Heading("Rows"),
        Items(checked.ledger),
        Facts((("fingerprint of the data", checked.fingerprint),)),
        Heading("Contract"),
        Table(("column", "kind", "role", "what is allowed, and what happens otherwise"), checked.contract),
        *_personal(checked),
        Heading("Settings in force"),
        *_settings(checked, each_default=settings),
        Heading("Verdict"),
        Text(f"**{title}**{': ' + named if named else ''}", "warning" if failed else "plain"),
    )
    return Document(title, blocks)


def _personal(checked: Checked) -> tuple[Block, ...]:
    return (Heading("Personal"), Items(checked.personal)) if checked.personal else ()


def _settings(checked: Checked, *, each_default: bool) -> tuple[Block, ...]:
    rows = tuple(
        (f"[{each.section}] {each.name}", each.value, "default" if each.default else "set")
        for each in checked.settings
        if each_default or not each.default
    )
    table = Table(("setting", "value", ""), rows)
    if each_default:
        return (table,)
    sections = dict.fromkeys(each.section for each in checked.settings)
    defaults = {
        section: [f"{each.name} {each.value}" for each in checked.settings if each.default and each.section == section]
        for section in sections
    }
    lines = tuple(f"[{section}] {', '.join(said)}" for section, said in defaults.items() if said)
    return (table, Text("By default (a line each: --settings):", "note"), Items(lines))


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
    """Give each column and each rule with everything in force, defaults included."""
    rows = []
    for column in contract.columns:
        policies = _policies(column)
        skip = {"name", "role", "description", "owner", "source", *policies}
        limits = {key: value for key, value in msgspec.structs.asdict(column).items() if key not in skip}
        said = ", ".join(
            f"{key} {_shown(value)}"
            for key, value in (limits | (policies if column.held(training=True) else {})).items()
            if value is not None and value is not False and value != ""  # 0 is a limit, not nothing
        )
        rows.append((column.name, column.type, column.role, said or "anything: nothing is refused because of it"))
    rules = [(rule.name, "rule", "", f"{rule.holds}; otherwise {rule.otherwise}") for rule in contract.rules]
    return (*rows, *rules)


def _policies(column: AnyColumn) -> dict[str, str]:
    """Give the policies as they act, which is milder than they read where the column is no feature."""
    said = {"missing": str(column.when_missing), "malformed": str(column.when_malformed)}
    return said | ({column.beyond_policy: column.when_beyond} if column.beyond_policy else {})


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
