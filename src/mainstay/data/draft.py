"""Drafting a project: `mainstay init` guesses what it can, and says next to each guess what it counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contract import FILE as CONTRACT_FILE
from mainstay.contract import Boolean, Category, Contract, loads
from mainstay.data.answers import Answers
from mainstay.data.facts import Facts
from mainstay.data.given import Given, given_in_vain
from mainstay.data.glimpse import Glimpse, refuse_header_as_row, take_glimpse
from mainstay.data.guess import guess_column
from mainstay.data.layout import Basis, contract_text, project_text
from mainstay.data.leaks import find_leaks
from mainstay.data.notes import draft_notes
from mainstay.data.outline import evidence_of, outline
from mainstay.data.quarantine import write_whole
from mainstay.data.source import Source, open_source, source_of
from mainstay.data.standins import find_stand_ins
from mainstay.data.target import choose_goal, commonest, encode_target, find_target
from mainstay.errors import DataError, InputError
from mainstay.measures.expression import parse
from mainstay.measures.money import Cost, Money
from mainstay.project.project import FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.contract import AnyColumn
    from mainstay.contract.rules import Rule
    from mainstay.data.guess import Guess
    from mainstay.data.leaks import Leak
    from mainstay.data.target import Goal
    from mainstay.measures.measure import Kind


@dataclass(frozen=True)
class Draft:
    """The two files of a new project, not yet written.

    Parameters
    ----------
    project_toml, contract_toml : str
        Their texts.
    notes : tuple of str
        The guesses worth reading before anything else, as sentences.
    kind : {"binary", "multiclass", "regression"}
        What is predicted.

    """

    project_toml: str
    contract_toml: str
    notes: tuple[str, ...]
    kind: Kind


def draft_project(
    source: Source | Path | str,
    target: str,
    folder: Path,
    answers: Answers | None = None,
    given: Given | Contract | None = None,
) -> Draft:
    """Draft a project for a table; nothing is written.

    Parameters
    ----------
    source : Source, Path or str
        A file, a folder or a URL. It stays where it is: the project points at it, by a relative path where it lies in
        or near the folder. Of one that doesn't fit into memory a sample is looked at.
    target : str
        Column that holds the truth.
    folder : Path
        Where the project will be; its name becomes the model's.
    answers : Answers, optional
        What only a person knows.
    given : Given or Contract, optional
        What somebody already wrote down about some columns: it stands in place of the guesses for these, but an id, a
        constant or a leak stays no feature unless its role is firm.

    Raises
    ------
    DataError
        Where the source can't be read, the target isn't there, or nothing can be learned.
    InputError
        Where `folder` already holds a project, or the answers don't fit the target.

    """
    _refuse_overwriting(folder)
    answers = answers or Answers()
    _demand_sound(answers)
    source, glimpse, facts = _look(source_of(source))
    target = find_target(glimpse.frame.columns, target, source.name)
    stand_ins = find_stand_ins(facts)
    if stand_ins.everywhere:
        glimpse = glimpse.without(list(stand_ins.everywhere))
        facts = _facts_of(glimpse)
    goal = choose_goal(glimpse.frame[target], answers.positive, classes=answers.classes)
    _demand_fitting(answers, goal)
    y = encode_target(glimpse.frame[target], goal.task)
    weighed = commonest(y, goal.task)
    del facts[target]
    given = Given(given) if isinstance(given, Contract) else given
    guesses = [
        guess_column(column, weighed, stand_ins.here.get(name, ()), stand_ins.in_column(name))
        for name, column in facts.items()
    ]
    said: tuple[str, ...] = ()
    if given:
        guesses, said = _settle(given, guesses, facts)
    leaks = suspect(guesses, facts, y, goal.task.kind)
    if given:
        spared = given.spared(leaks)
        leaks = tuple(leak for leak in leaks if leak not in spared)
        said += tuple(f"leak suspect, kept as the given contract says: {evidence_of(leak)}" for leak in spared)
        said += given_in_vain(given.contract, facts, target)
    plan = outline(guesses, facts, leaks, weighed)
    columns = tuple(guess.column for guess in plan.guesses)
    contract = Contract(columns, _rules_kept(given.contract if given else None, columns))
    if not contract.features:
        why = "; ".join(f"{guess.column.name}: {guess.why}" for guess in plan.guesses[:5])
        raise DataError(
            f"No column of {source.name} can be learned from ({why}).", "Give a table with at least one more."
        )
    basis = Basis(plan, goal, answers, source, folder.expanduser().resolve(), glimpse, stand_ins, contract.rules)
    text = contract_text(basis)
    if loads(text) != contract:
        raise DataError("The drafted contract doesn't read back as it was meant.", "Please report this as a bug.")
    return Draft(
        project_toml=project_text(basis),
        contract_toml=text,
        notes=(*draft_notes(basis, facts), *said),
        kind=goal.task.kind,
    )


def _settle(given: Given, guesses: Sequence[Guess], facts: dict[str, Facts]) -> tuple[list[Guess], tuple[str, ...]]:
    """Put the given columns in place of the guesses; says where the rows speak against them."""
    told = set(given.contract.names)
    pairs = [
        given.settle(facts[guess.column.name], guess) if guess.column.name in told else (guess, "") for guess in guesses
    ]
    return [guess for guess, _ in pairs], tuple(said for _, said in pairs if said)


def write_project(draft: Draft, folder: Path) -> tuple[Path, ...]:
    """Write a draft into `folder`, which is made where it isn't there; gives the paths of the two files.

    Raises
    ------
    InputError
        Where the folder already holds a project, or can't be written.

    """
    _refuse_overwriting(folder)
    contract, project = folder.expanduser() / CONTRACT_FILE, folder.expanduser() / FILE
    ignored = folder.expanduser() / ".gitignore"
    if not ignored.exists():
        write_whole(ignored, b"# this machine's books\n.mainstay/\n")
    write_whole(contract, draft.contract_toml.encode("utf-8"))
    write_whole(project, draft.project_toml.encode("utf-8"))
    return project, contract


def _demand_sound(answers: Answers) -> None:
    """Refuse amounts the project file would refuse, before anything is written."""
    try:
        Money(
            currency=answers.currency,
            value=answers.value,
            success_rate=1.0 if answers.success_rate is None else answers.success_rate,
            action_cost=answers.action_cost or 0.0,
            cost=Cost(fp=answers.fp, fn=answers.fn, under=answers.under, over=answers.over),
        )
    except ValueError as error:
        raise InputError(f"The money can't be meant so: {error}.", "Give it again, or leave it open.") from None
    cells = {"--fp-cost": answers.fp, "--fn-cost": answers.fn}
    said = [flag for flag, amount in cells.items() if amount is not None]
    if len(said) == 1:
        other = next(flag for flag in cells if flag not in said)
        raise InputError(f"{said[0]} says only half of what errors cost.", f"Give {other} too.")
    acted = {"--value": answers.value, "--success-rate": answers.success_rate, "--action-cost": answers.action_cost}
    if said and any(amount is not None for amount in acted.values()):
        raise InputError(
            f"{' and '.join(said)} and {' and '.join(flag for flag in acted if acted[flag] is not None)} say the same "
            "in two ways.",
            "Give what errors cost, or what an action is worth.",
        )


def suspect(guesses: Sequence[Guess], facts: dict[str, Facts], y: NDArray[np.float64], kind: str) -> tuple[Leak, ...]:
    """Find the leak suspects among the columns guessed to be features."""
    features = [guess.column for guess in guesses if guess.column.role == "feature"]
    known = ~np.isnan(y)
    if not features:
        return ()
    coded = [isinstance(column, Category | Boolean) for column in features]
    X = np.column_stack(
        [
            _codes(facts[c.name]) if by_label else facts[c.name].numbers
            for c, by_label in zip(features, coded, strict=True)
        ]
    )
    return find_leaks(X[known], [column.name for column in features], coded, y[known], kind)


def _codes(facts: Facts) -> NDArray[np.float64]:
    places = {value: float(place) for place, value in enumerate(sorted(facts.counts))}
    return np.array([np.nan if text is None else places[text] for text in facts.texts.to_list()])


def _look(source: Source) -> tuple[Source, Glimpse, dict[str, Facts]]:
    """Look at the rows, and once more where they turn out to have decimal commas; gives how to read the source."""
    glimpse = take_glimpse(open_source(source))
    if not source.header:
        refuse_header_as_row(glimpse, source.name)
    facts = _facts_of(glimpse)
    commas = any(one.decimal_commas for one in facts.values()) and not any(one.decimal_points for one in facts.values())
    if not commas or source.decimal:
        return source, glimpse, facts
    source = replace(source, decimal=",")
    glimpse = take_glimpse(open_source(source))
    return source, glimpse, _facts_of(glimpse)


def _facts_of(glimpse: Glimpse) -> dict[str, Facts]:
    return {name: Facts(glimpse.frame[name]) for name in glimpse.frame.columns}


def _demand_fitting(answers: Answers, goal: Goal) -> None:
    """Refuse amounts that say nothing about this kind of target, so that none is silently dropped."""
    planned = {"--under": answers.under, "--over": answers.over}
    acted = {"--value": answers.value, "--success-rate": answers.success_rate, "--action-cost": answers.action_cost}
    acted |= {"--fp-cost": answers.fp, "--fn-cost": answers.fn}
    fitting: dict[Kind, tuple[dict[str, float | None], str, str]] = {
        "binary": (planned, "a yes/no question", ", ".join(acted)),
        "multiclass": (planned | acted, "one of several labels", "a matrix: set [money] matrix in mainstay.toml"),
        "regression": (acted, "an amount", ", ".join(planned)),
    }
    wrong, what, right = fitting[goal.task.kind]
    said = [flag for flag, amount in wrong.items() if amount is not None]
    if said:
        raise InputError(
            f"{' and '.join(said)} can't be used: '{goal.task.target}' is {what} ({goal.words}).",
            f"Its money is {right}.",
        )


def _rules_kept(given: Contract | None, columns: tuple[AnyColumn, ...]) -> tuple[Rule, ...]:
    """Keep the given rules that only speak of features."""
    features = {column.name for column in columns if column.role == "feature"}
    rules = given.rules if given else ()
    return tuple(rule for rule in rules if features.issuperset(parse(rule.holds).names))


def _refuse_overwriting(folder: Path) -> None:
    for name in (FILE, CONTRACT_FILE):
        if (folder.expanduser() / name).exists():
            raise InputError(
                f"{folder} already holds a project: {name} is there.",
                "Name another folder with --dir, or remove that file.",
            )
    if folder.expanduser().is_file():
        raise InputError(f"{folder} is a file, not a folder.", "Name another folder with --dir.")
