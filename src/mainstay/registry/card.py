"""The model card: what a version is for, what it isn't for, and how well it does (Mitchell et al. 2019)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mainstay.measures.money import amounts_of, break_even, named_amounts, stakes
from mainstay.models.frameworks.calibrated import innermost
from mainstay.models.trust import brought_by, packages_of
from mainstay.models.yardstick import money_known
from mainstay.registry.card_facts import (
    architecture,
    data_and_preprocessing,
    hyper_parameters,
    limits,
    purpose,
    surroundings,
)
from mainstay.render import to_markdown
from mainstay.render.document import Document, Facts, Findings, Heading, Items, Table, Text
from mainstay.render.inline import clean
from mainstay.render.numbers import measure_name

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from mainstay.measures.money import Money
    from mainstay.models.model import Model
    from mainstay.models.report import Report
    from mainstay.registry.entry import Entry
    from mainstay.registry.lineage import Lineage
    from mainstay.render.document import Block

_UNSAID = "not said"
_SHOWN = 20  # features


def card_markdown(entry: Entry, created: dt.datetime) -> str:
    """Write the card as Markdown with Hugging Face front matter."""
    return f"{front_matter(entry)}\n{to_markdown(card_document(entry, created))}"


def front_matter(entry: Entry) -> str:
    """Write the YAML that a model hub reads: library, task, measures on held-out rows."""
    kind = "regression" if entry.candidate.policy.task.kind == "regression" else "classification"
    lines = [
        "---",
        "library_name: mainstay",
        f"model_name: {_quoted(entry.name)}",
        f"pipeline_tag: tabular-{kind}",
        "tags:",
        f"  - tabular-{kind}",
        f"  - {_quoted(entry.candidate.name)}",
        *_results(entry, kind),
        "---",
    ]
    return "\n".join(lines) + "\n"


def _results(entry: Entry, kind: str) -> Iterator[str]:
    measured = [finding for finding in entry.report.measures if finding.value is not None]
    if not measured:
        return
    yield from ("model-index:", f"  - name: {_quoted(entry.name)}", "    results:", "      - task:")
    yield from (f"          type: tabular-{kind}", "        dataset:")
    yield f"          name: {_quoted(entry.lineage.source or _UNSAID)}"
    yield f"          type: {_quoted(entry.lineage.data_fingerprint or _UNSAID)}"
    yield "        metrics:"
    for finding in measured:
        yield f"          - type: {_quoted(finding.measure)}"
        yield f"            value: {_number(finding.value)}"


def card_document(entry: Entry, created: dt.datetime) -> Document:
    """Put the card together: purpose first, then measures, then where it comes from."""
    report, lineage = entry.report, entry.lineage
    blocks: list[Block] = [*purpose(entry.problem), *architecture(entry), *data_and_preprocessing(entry)]
    blocks += [*hyper_parameters(entry), *_how_well(report), *limits(report, entry.problem)]
    blocks += [Heading("What errors cost"), Facts(_costs(entry.money, report))]
    if report.notes:
        blocks += [Heading("What a reader must know"), Items(report.notes)]
    blocks += [*surroundings(entry), Heading("Where it comes from"), Facts(_origin(entry, lineage, created))]
    foot = "What the gates say of it: mainstay version show. Who answers now: mainstay status."
    return Document(f"{entry.name}: {entry.candidate.name}", tuple(blocks), foot)


def _how_well(report: Report) -> Iterator[Block]:
    yield Heading("How well it does")
    if report.why:
        yield Text(report.why)
    yield Findings(report.measures, f"On {report.test_rows} held-out rows:")
    if report.contenders:
        rows = tuple((one.name + (" (chosen)" if one.chosen else ""), one.primary.value) for one in report.contenders)
        yield Table(("Candidate", measure_name(report.primary)), rows, "Against the simpler ones:")
    if report.segments:
        yield Heading("For whom")
        yield Findings(report.segments)
    if report.influences:
        yield Heading("What it looks at")
        influences = tuple((one.feature, one.value, one.error) for one in report.influences[:_SHOWN])
        yield Table(("Feature", "Loss added when shuffled", "Standard error"), influences)


def _costs(money: Money, report: Report) -> tuple[tuple[str, str | float], ...]:
    policy = report.policy
    if policy.task.kind == "multiclass":
        return _matrix(money, report)
    decided = ("Shift", policy.shift) if policy.task.kind == "regression" else ("Threshold", policy.threshold)
    pricing = report.pricing
    stake = stakes(amounts_of(money) if pricing is None else pricing.at_the_mean)
    if stake is None:
        if money_known(policy.task, money):
            return (*_declared(money), decided, ("Basis", policy.basis))
        return (("Money", "not said: ranked on a declared measure"), decided, ("Basis", policy.basis))
    mean = "" if pricing is None else ", at the mean amounts"
    return (
        *(_declared(money) if pricing is not None else ()),
        (f"Acting on a positive, {money.currency}{mean}", float(stake.hit)),
        (f"Acting on a negative, {money.currency}{mean}", float(stake.miss)),
        (f"Acting pays above a probability of{mean.replace(',', '', 1)}", break_even(stake)),
        decided,
        ("Basis", policy.basis),
    )


def _matrix(money: Money, report: Report) -> tuple[tuple[str, str | float], ...]:
    """Give what each action costs for each true label, and what is done where that isn't known."""
    choices, basis = report.policy.classes, ("Basis", report.policy.basis)
    pairs = zip(choices.labels, choices.of_label, strict=True)
    if not choices.known:
        done = ", ".join(label if label == action else f"{label}: {action}" for label, action in pairs)
        return (("Money", "not said: ranked on a declared measure"), ("What is done about each label", done), basis)
    rows = (
        (
            f"Where the truth is {label}, {money.currency}",
            ", ".join(f"{action} {cost:g}" for action, cost in zip(choices.actions, costs, strict=True)),
        )
        for label, costs in zip(choices.labels, choices.costs, strict=True)
    )
    return (*rows, ("Without a model", choices.idle), basis)


def _declared(money: Money) -> tuple[tuple[str, str | float], ...]:
    """Give the amounts as they are written; those that are never read by default are left out."""
    said = {"success_rate": 1.0, "action_cost": 0.0}
    return tuple(
        (f"[money] {name}, {money.currency}" if name != "success_rate" else f"[money] {name}", amount)
        for name, amount in named_amounts(money)
        if said.get(name) != amount
    )


def _origin(entry: Entry, lineage: Lineage, created: dt.datetime) -> tuple[tuple[str, str | int], ...]:
    commit = lineage.git_commit + (", with changes that weren't committed" if lineage.dirty else "")
    return (
        ("Registered", created.strftime("%Y-%m-%d %H:%M UTC")),
        ("By", lineage.by or _UNSAID),
        ("Source", lineage.source or _UNSAID),
        ("Rows", lineage.rows),
        ("Rows for training", entry.report.train_rows),
        ("Fingerprint of the data", lineage.data_fingerprint or _UNSAID),
        ("Git commit", commit or "not under git"),
        ("Seed", lineage.seed),
        ("Python", lineage.python or _UNSAID),
        ("Format of the model", _format(entry.candidate.model)),
        ("Feature code", _feature_code(entry)),
        ("Parent", "none" if entry.parent is None else f"version {entry.parent}"),
    )


def _format(model: Model) -> str:
    """Say what the model is saved as, and what its loading runs, builds and imports."""
    name = model.framework if innermost(model) is model else f"{model.framework} {innermost(model).framework}"
    brought = brought_by(model)
    types = ", ".join(one.key for one in brought if "." in one.key)
    code = "; ".join(f"{one.what}, sha256 {one.key}" for one in brought if "." not in one.key)
    said = f"{name}, no code is run when it is loaded" if not brought else name
    if code:
        said += f"; this version contains code ({code}), which runs only where this hash is trusted"
    if types:
        said += f"; it is built of {types}, only where these types are trusted"
    needed = ", ".join(dict.fromkeys(packages_of(model)))
    return f"{said}; whoever answers with it needs {needed}" if needed else said


def _feature_code(entry: Entry) -> str:
    if entry.features is None:
        return "none: the model sees what the contract says"
    return f"features.py, sha256 {entry.features.code.sha256}; it runs only where this hash is trusted"


def _quoted(text: str) -> str:
    return json.dumps(clean(text), ensure_ascii=False)  # a JSON text is a YAML text


def _number(value: float | None) -> str:
    return json.dumps(value).replace("Infinity", ".inf").replace("NaN", ".nan")
