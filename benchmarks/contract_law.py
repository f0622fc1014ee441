"""The law of the contract over a million records of every kind and policy.

    python benchmarks/contract_law.py [--examples 1000000] [--seed 0]

Draws contracts and records by dice; each record goes through the request decoder's fast way and its reference, and
through the table check in a short table and in a long one. Stops at the first that differ. Prints what became of them.
"""

from __future__ import annotations

import argparse
import random
import time
from typing import TYPE_CHECKING

from mainstay.contract.testing import Tally, draw_cells, draw_contract, hold_law

if TYPE_CHECKING:
    from collections import Counter

RECORDS = 200


def main(examples: int, seed: int) -> None:
    tally, start, contracts = Tally(), time.perf_counter(), 0
    while tally.records < examples:
        dice = random.Random(seed + contracts)  # noqa: S311 - dice for tests, not secrets
        contract = draw_contract(dice)
        cells = {column.name: draw_cells(dice, column, RECORDS) for column in contract.columns}
        hold_law(contract, cells, tally)
        contracts += 1
    print(f"{tally.records} records of {contracts} contracts, from seed {seed}: the law holds for each.")
    print(f"{time.perf_counter() - start:.0f} s\n")
    whole = ("accepted", "refused", "fast", "fallback", "degraded", "no_json")
    _print({name: getattr(tally, name) for name in whole}, "became of a record")
    _print(dict(tally.kinds), "accepted values of kind")
    _print(dict(tally.refusals), "records refused by kind")
    _print(dict(tally.deeds), "what policies did")


def _print(counts: dict[str, int] | Counter[str], head: str) -> None:
    print(f"| {head} | |\n|---|---:|")
    for name, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        print(f"| {name} | {count} |")
    print()


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--examples", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    main(asked.examples, asked.seed)
