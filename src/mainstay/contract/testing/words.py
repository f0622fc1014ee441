"""What is hard to read: names, texts and numbers that other tools stumble over."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

NAMES = (
    *(
        "0",
        "a.b",
        'say "hi"',
        "it's",
        "two words",
        " padded ",
        "größe",
        "年齢",
        "🦊",
        "self",
        "class",
        "None",
        "r",
        "x",
    ),
    *("record", "f0", "v0", "k0", "kept", "who", "entity", "encoded", "features", "name", "type", "row", "rules"),
    *("a]b", "#", "back\\slash", "tab\tbed", "", "*", "^.*$", "rule", "it", "a`b", "$", "null", "1e5", "-"),
)
TEXTS = (
    *("001", "12", " 12 ", "-0", "+1", "1_000", "0x10", "½", "1e5", "1e400", "-1e-400", ".5", "5.", ".", "-", "--1"),
    *(
        "",
        " ",
        "\t\n",
        "\x0b",
        "\u00a0",
        "\u2003",
        " Yes",
        "One year\t\n",
        "\u00a0Yes",
        "Yes\ufeff",
        "NaN",
        "nan",
        "inf",
        "Infinity",
        "null",
        "NULL",
        "NA",
        "?",
        "true",
    ),
    *("True", "Yes", "No", "yes", "1", "0", "1.0", "🦊", "🦊" * 400, "١٢", "9" * 19, "9" * 30, "9223372036854775807"),
    *("9223372036854775808", "-9223372036854775809", "18446744073709551616", "a" * 1000, "a" * 1001, "🦊" * 1001),
    *("1,5", "1 2", "0" * 25 + "1", "One year", "\x00", "é", "e\u0301", "x\r\ny", "1\n", "12\u2003", "a" * 20_000, '"'),
    *("2024-02-29", "2023-02-29", "2024-01-02T03:04:05", "2024-01-02 03:04:05.123456789", "2024-01-02T03:04:05Z"),
    *("2024-01-02T03:04:05+02:00", "2024-01-02T03:04:05-0930", "2024-1-2", "02.01.2024", "1/2/2024", "0001-01-01"),
    *("9999-12-31T23:59:59.999999", "9999-12-31T23:59:59-12:00", "2024-01-02T24:00", "2024-06-30T23:59:60Z", "12:30"),
    *("2024-01-02T03:04:05 Europe/Berlin", "20240102", "2024-13-01", "1969-12-31T23:59:59.5", "Jan 2, 2024", "\\", "{"),
)
WHOLE = (
    *(0, -1, 1, 2, 3, 12, 999, 2**31, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)),
    *(2**63, 2**64 - 1, 2**64, -(2**64), 10**30, 2**127 - 1),
)
"""The last six are more than 64 bits with a sign hold."""
REALS = (
    *(0.0, -0.0, 1.0, 2.0, 12.0, 12.5, 0.1, 1 / 3, 2.0**53, 2.0**63, -(2.0**63), 1e300, 5e-324),
    *(1.7976931348623157e308, 1e-400, math.nan, math.inf, -math.inf, 1e22, 3.4028236e38, 16777217.0),
)
LETTERS = "abcXYZ019 ._-+/:,'\"\\äß年🦊\u0301\u200d\u2028\t\x7f"


def draw_text(dice: Random) -> str:
    """Draw any text."""
    if dice.random() < 0.6:
        return dice.choice(TEXTS)
    if dice.random() < 0.5:
        return spelled(dice)
    return "".join(dice.choice(LETTERS) for _ in range(dice.randrange(1, 7)))


def draw_label(dice: Random) -> str:
    """Draw a text that a category may have as its label."""
    while True:
        text = draw_text(dice).strip(" \t\n\r\x0b\x0c")
        if 0 < len(text) <= 1000:
            return text


def draw_whole(dice: Random) -> int:
    """Draw any whole number."""
    pick = dice.random()
    if pick < 0.4:
        return dice.choice(WHOLE)
    return dice.randrange(-5, 130) if pick < 0.8 else dice.randrange(-(2**63), 2**64)


def draw_real(dice: Random) -> float:
    """Draw any number, NaN and the infinities included."""
    pick = dice.random()
    if pick < 0.4:
        return dice.choice(REALS)
    return dice.uniform(-10, 200) if pick < 0.8 else dice.gauss(0, 1) * 10.0 ** dice.randrange(-300, 300)


def spelled(dice: Random) -> str:
    """Draw a number as text, with blanks, zeros, points and exponents where they may or may not stand."""
    body = str(dice.choice((dice.randrange(-5, 130), dice.uniform(-5, 130), draw_whole(dice), draw_real(dice))))
    return (
        dice.choice(("", "", "", " ", "\t", "+", "0", "00", "-"))
        + body
        + dice.choice(("", "", "", "e3", " ", "\n", ".", "%"))
    )
