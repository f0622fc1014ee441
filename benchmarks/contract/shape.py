"""The table and the record every case is held to; the standard library alone, so that each environment reads it.

31 columns: an id that must be unique, 10 whole numbers, 10 numbers (two of them may be missing), 4 booleans and 6
categories. 1 000 000 rows; some of them break exactly one rule each, at places that are drawn once from a fixed seed.
"""

from __future__ import annotations

import random

ROWS = 1_000_000
PER_RULE = 250
ID = "customer"
INTEGERS = {f"count_{place}": (0, 1000 + place) for place in range(10)}
NUMBERS = {f"amount_{place}": (0.0, 10_000.0 + place) for place in range(10)}
NULLABLE = ("amount_8", "amount_9")
BOOLEANS = tuple(f"has_{place}" for place in range(4))
CATEGORIES = {
    "plan": ("Month-to-month", "One year", "Two year"),
    "method": ("Bank transfer", "Credit card", "Electronic check", "Mailed check"),
    "region": tuple(f"region-{place:02}" for place in range(40)),
    "channel": ("web", "shop", "phone"),
    "segment": ("A", "B", "C", "D", "E"),
    "device": ("phone", "tablet", "desktop", "none"),
}
NAMES = (ID, *INTEGERS, *NUMBERS, *BOOLEANS, *CATEGORIES)

PLANTED = (
    ("count_0", "above"),
    ("count_3", "below"),
    ("count_7", "missing"),
    ("amount_1", "above"),
    ("amount_8", "below"),
    ("amount_5", "missing"),
    ("has_2", "missing"),
    ("plan", "label"),
    ("region", "label"),
    ("segment", "missing"),
    (ID, "repeated"),
)
"""Column and rule; `PER_RULE` rows break each."""


def planted() -> dict[tuple[str, str], list[int]]:
    """Give the places of the rows that break each rule; no row breaks two, and a repeat repeats the row before it."""
    drawn = random.Random(7).sample(range(ROWS // 4), PER_RULE * len(PLANTED))  # noqa: S311 - places, not secrets
    chunks = [drawn[at : at + PER_RULE] for at in range(0, len(drawn), PER_RULE)]
    return {what: sorted(4 * place + 1 for place in chunk) for what, chunk in zip(PLANTED, chunks, strict=True)}


RECORD_INTEGERS = tuple(f"count_{place}" for place in range(10))
RECORD_NUMBERS = tuple(f"amount_{place}" for place in range(10))
RECORD_CATEGORIES = tuple(CATEGORIES)[:5]


def record() -> dict[str, object]:
    """Give one record of 30 fields: an id, 10 whole numbers, 10 numbers, 4 booleans, 5 categories."""
    return {
        ID: "7590-VHVEG",
        **{name: 34 + place for place, name in enumerate(RECORD_INTEGERS)},
        **{name: 29.85 + place for place, name in enumerate(RECORD_NUMBERS)},
        **{name: place % 2 == 0 for place, name in enumerate(BOOLEANS)},
        **{name: CATEGORIES[name][1] for name in RECORD_CATEGORIES},
    }


def bad_record() -> dict[str, object]:
    """Give the record with one number out of its range."""
    return {**record(), "amount_5": -1.0}
