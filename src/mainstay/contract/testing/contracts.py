"""Dice that make contracts: every kind, every policy, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import msgspec

from mainstay.contract.columns import AnyColumn, Boolean, Category, Datetime, Integer, Number, Tensor, Text
from mainstay.contract.columns.base import Excess, Gap, Role
from mainstay.contract.contract import Contract, require_sound
from mainstay.contract.rules import Rule
from mainstay.contract.testing.words import NAMES, draw_label, draw_real, draw_text, draw_whole
from mainstay.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

_GAPS = get_args(Gap)
_EXCESSES = get_args(Excess)
_SETTLED = 30
_WORDS: dict[type, tuple[str, ...]] = {
    Integer: ("`{}` >= 1", "0 <= `{}` < 50", "`{}` % 2 == 0", "abs(`{}`) < 40", "not `{}` > 60"),
    Number: ("`{}` * 2 > 1.5", "`{}` / 3 <= 20", "`{}` != 12.5", "max(`{}`, 7) < 90", "-`{}` <= 0"),
    Boolean: ("`{}`", "not `{}`"),
    Category: ("`{}` != 'One year'", "`{}` in ['12', 'Yes', '001'] or `{}` > 'A'"),
    Datetime: ("`{}` > 1700000000", "`{}` < 1e12"),
    Text: ("`{}` != 'x'",),
}


def draw_contract(dice: Random) -> Contract:
    """Draw a contract of two to six columns that doesn't contradict itself."""
    while True:
        columns = _draw_columns(dice)
        rules = _draw_rules(dice, columns) if dice.random() < 0.4 else ()
        for contract in (Contract(tuple(columns), rules), Contract(tuple(columns))):
            if _is_sound(contract):  # rules can be such that they never hold, and two columns both the target
                return contract


def _is_sound(contract: Contract) -> bool:
    try:
        require_sound(contract)
    except ContractError:
        return False
    return True


def _draw_columns(dice: Random) -> list[AnyColumn]:
    names = dice.sample(NAMES, dice.randrange(2, 7))
    columns = [_settled(dice, name, "feature" if place == 0 else None) for place, name in enumerate(names[:-1])]
    last = dice.choice((Text(role="id"), Integer(role="id", min=0), Text(role="ignored"), _settled(dice, "", None)))
    return [*columns, msgspec.structs.replace(last, name=names[-1])]


def _settled(dice: Random, name: str, role: Role | None) -> AnyColumn:
    """Draw a column until its settings don't contradict each other."""
    for _ in range(_SETTLED):
        column: AnyColumn = msgspec.structs.replace(_draw_column(dice, role), name=name)
        if not any(column.contradictions()):
            return column
    return Integer(name=name)


def _draw_column(dice: Random, role: Role | None) -> AnyColumn:
    kind = dice.choice(list(KINDS))
    other = dice.choice(kind.can_be) if dice.random() < 0.2 else "feature"
    policies = {"missing": dice.choice(_GAPS), "malformed": dice.choice(_GAPS)} if dice.random() < 0.7 else {}
    common = {"role": role or other, **policies, "unit": dice.choice(("", 'a "unit"\n'))}
    return kind(**common, **KINDS[kind](dice))


def _span(dice: Random, low: Any, high: Any) -> dict[str, Any]:
    low, high = sorted((low, high))
    return {
        "min": dice.choice((low, None)),
        "max": dice.choice((high, None)),
        "outside": dice.choice(_EXCESSES),
        "fill": dice.choice((None, low, high)),
    }


def _integer(dice: Random) -> dict[str, Any]:
    wide = dice.random() < 0.1
    return _span(dice, -(2**63), 2**63 - 1) if wide else _span(dice, dice.randrange(-5, 100), dice.randrange(-5, 100))


def _number(dice: Random) -> dict[str, Any]:
    ends = (draw_real(dice), draw_real(dice)) if dice.random() < 0.2 else (dice.uniform(-5, 100), dice.uniform(-5, 100))
    return _span(dice, *ends)


def _boolean(dice: Random) -> dict[str, Any]:
    pairs: tuple[tuple[str | int, str | int], ...] = (
        *(("Yes", "No"), (1, 0), (0, 1), ("1", "0"), ("true", "false"), (2, 1), ("false", "true")),
        (draw_label(dice), draw_label(dice)),
    )
    true, false = dice.choice(pairs)
    return {"true": true, "false": false, "fill": dice.choice((None, true))}


def _category(dice: Random) -> dict[str, Any]:
    values = tuple(dict.fromkeys(draw_label(dice) for _ in range(dice.randrange(1, 5))))
    return {
        "values": values,
        "unknown": dice.choice(("other", "reject", "impute", "fallback")),
        "fill": dice.choice((None, values[-1])),
    }


def _text(dice: Random) -> dict[str, Any]:
    return {
        "min_length": dice.choice((None, None, 1, 3)),
        "max_length": dice.choice((None, None, 4, 400, 1000)),
        "pattern": dice.choice(("", "", r"[A-Z0-9]{1,4}", r"\d+(\.\d+)?", ".*", "[^a]*")),
        "outside": dice.choice(("reject", "flag", "impute", "fallback")),
        "fill": dice.choice((None, "12", "001")),
    }


def _datetime(dice: Random) -> dict[str, Any]:
    return {
        "format": dice.choice(("", "", "", "%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%S")),
        "min": dice.choice((None, None, "2020-01-01")),
        "max": dice.choice((None, None, "2030-01-01T00:00:00Z")),
        "outside": dice.choice(_EXCESSES),
        "fill": dice.choice((None, None, "2024-02-29")),
    }


def _tensor(dice: Random) -> dict[str, Any]:
    return {
        "shape": dice.choice(((1,), (3,), (2, 2), (1, 2, 2))),
        "dtype": dice.choice(("float32", "float64", "int64", "uint8")),
        "min": dice.choice((None, 0.0)),
        "max": dice.choice((None, 100.0)),
        "outside": dice.choice(("reject", "clip", "flag", "fallback")),
    }


KINDS: Mapping[type[AnyColumn], Callable[[Random], dict[str, Any]]] = {
    Integer: _integer,
    Number: _number,
    Boolean: _boolean,
    Category: _category,
    Text: _text,
    Datetime: _datetime,
    Tensor: _tensor,
}
"""Draws the settings of each kind that are its own."""


def _draw_rules(dice: Random, columns: list[AnyColumn]) -> tuple[Rule, ...]:
    """Draw rules over one column each or over two numbers; they may contradict each other, which the caller sees."""
    named = [column for column in columns if column.role == "feature" and column.name and "`" not in column.name]
    holds = [dice.choice(_WORDS[type(column)]).replace("{}", column.name) for column in named if type(column) in _WORDS]
    numbers = [column.name for column in named if isinstance(column, Integer | Number)]
    if len(numbers) > 1:
        one, two = dice.sample(numbers, 2)
        holds += [f"`{one}` <= `{two}` + 5", f"`{one}` + `{two}` == 10", f"is_missing(`{one}`) or `{one}` > `{two}`"]
    picked = dice.sample(holds, min(len(holds), dice.randrange(1, 3)))
    words = ("reject", "flag", "fallback")
    return tuple(Rule(name=f"r{n}", holds=text, otherwise=dice.choice(words)) for n, text in enumerate(picked))  # type: ignore[arg-type]


__all__ = ["KINDS", "draw_contract", "draw_text", "draw_whole"]
