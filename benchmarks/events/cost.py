"""What the log adds to a prediction, in process: events made, encoded and written; the same without, taken off.

Real cases of the serving benchmark's contract (20 features) are settled by the server's own ledger, as many in a turn
of the event loop as come at once. "On the loop" is what answers wait for; "CPU" counts other threads, too.
"""

from __future__ import annotations

import asyncio
import gc
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serving.ours import CONTRACT, TASK
from serving.work import KINDS, NUMBERS, VALUES

from events.bars import Bar, Part
from events.modes import DEFAULT, MODES, UNLOGGED, WORDS, settings_of
from mainstay.contract import Contract, Text
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.serving.call import Call
from mainstay.serving.cases import Cases, take_cases
from mainstay.serving.dataplane import score_cases
from mainstay.serving.ledger import Ledger
from mainstay.serving.measuring.cells import Cells
from mainstay.serving.measuring.metrics import Metrics
from mainstay.serving.replies import Refused, Reply, json_reply
from mainstay.serving.served import Served
from mainstay.serving.testing import register_model, release_now, tiny_project
from mainstay.serving.turn import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mainstay.serving.handler import Held

TURNS = (1, 8, 32)
_JUDGED = 32
"""Requests of a turn that the bar is about: as many as come at once from the throughput's client."""
_PREDICTIONS = 640  # of one reading: so few that some readings are disturbed by nothing
_BUFFER = "buffer_bytes = 67108864\n"  # of "async": here predictions come without a pause
_BEHIND = 0.02  # seconds that are left to what is written behind


class Unlogged(Ledger):
    """A ledger that writes nothing down."""

    def events(self, *_: object, **__: object) -> list[object]:  # type: ignore[override]
        """Make no events."""
        return []


@dataclass
class Bench:
    """One mode: a model with its ledger, and cases that were scored."""

    ledger: Ledger
    served: Served
    cases: list[Cases]

    async def read(self, turn: int) -> tuple[float, float]:
        """Settle some thousand predictions; gives seconds on the loop and seconds of CPU."""
        on_loop, waiting = 0.0, [0]

        def later(held: Sequence[Held]) -> None:
            waiting[0] -= len(held)

        cpu = time.process_time()
        for start in range(0, _PREDICTIONS, turn):
            calls = [Call("POST", "/", _HEAD) for _ in range(turn)]
            taken = [self.cases[(start + place) % len(self.cases)] for place in range(turn)]
            begun = time.perf_counter()
            helds = [self.ledger.answered(c, "native", t, _REPLY, _refuse) for c, t in zip(calls, taken, strict=True)]
            out = settle(helds, later)
            on_loop += time.perf_counter() - begun
            waiting[0] += turn - len(out)
            await asyncio.sleep(0)
        while waiting[0]:  # noqa: ASYNC110 - the answers of many turns are let go one by one
            await asyncio.sleep(0.001)
        if self.served.log.settings.durability == "async":
            await asyncio.sleep(_BEHIND)
        return on_loop, time.process_time() - cpu


_HEAD: dict[bytes, bytes] = {}
_REPLY = json_reply({"id": "0"})


def _refuse(refused: Refused, name: str) -> Reply:
    raise AssertionError(f"{name}: {refused}")


def measure(folder: Path, rounds: int, tell: Callable[[str], None]) -> Part:
    """Measure all modes in turn, round after round; gives microseconds per prediction that the log adds."""
    rows, bars = [], []
    for entity in (False, True):
        benches = {mode: _bench(folder, mode, entity=entity) for mode in MODES}
        gc.collect()
        gc.freeze()
        read = asyncio.run(_rounds(benches, rounds))
        for bench in benches.values():
            bench.served.close()
        who = ", with whom it is about (keyed hash)" if entity else ""
        for mode in MODES[1:]:
            cells = []
            for turn in TURNS:
                loop, cpu = (_added(read, mode, turn, kind) for kind in (0, 1))
                cells.append(f"{loop:.2f} / {cpu:.2f}")
                tell(f"{mode}{who}, {turn} a turn: {loop:.2f} us on the loop, {cpu:.2f} us of CPU")
                if mode == DEFAULT and turn == _JUDGED and not entity:
                    bars.append(Bar(f"us that the log adds to a prediction, {turn} a turn", loop, 3.0, least=False))
            rows.append((WORDS[mode] + who, *cells))
    return Part(
        "What the log adds to a prediction, microseconds on the event loop / of CPU",
        ("mode", *(f"{turn} a turn" for turn in TURNS)),
        tuple(rows),
        tuple(bars),
        f"20 features; the lowest of {rounds} readings, less the lowest without a log.",
    )


async def _rounds(benches: dict[str, Bench], rounds: int) -> dict[tuple[str, int], list[tuple[float, float]]]:
    read: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for number in range(rounds + 1):
        for turn in TURNS:
            for mode in MODES if number % 2 else MODES[::-1]:
                found = await benches[mode].read(turn)
                if number:  # the first round warms up
                    read.setdefault((mode, turn), []).append(found)
    return read


def _added(read: dict[tuple[str, int], list[tuple[float, float]]], mode: str, turn: int, kind: int) -> float:
    one, other = (min(each[kind] for each in read[name, turn]) for name in (mode, UNLOGGED))
    return (one - other) / _PREDICTIONS * 1e6


def _bench(folder: Path, mode: str, *, entity: bool) -> Bench:
    contract = Contract((Text(name="customer", role="id"), *CONTRACT.columns)) if entity else CONTRACT
    project = tiny_project(folder / f"cost-{mode}-{entity}", "churn", settings_of(mode, _BUFFER))
    slopes = [Slope(0.0, 0.1 + place / 50) for place in range(len(NUMBERS))]
    model = LinearModel(-1.0, (*slopes, *[Labels((0.1, 0.2, 0.3, 0.4, 0.0))] * len(KINDS)), logistic=True)
    release_now(project, register_model(project, model, contract=contract, task=TASK))
    served = Served(project, loopback=True)
    served.look()
    lineup = served.lineup
    assert lineup is not None
    cases = [take_cases(lineup, _body(place), served.new_id) for place in range(256)]
    for each in cases:
        score_cases(lineup, each)
    ledger = (Unlogged if mode == UNLOGGED else Ledger)(served, Metrics(cells=Cells()))
    return Bench(ledger, served, cases)


def _body(place: int) -> bytes:
    numbers = {name: round((place * 7 + at) % 100 / 9 - 5, 4) for at, name in enumerate(NUMBERS)}
    kinds = {name: VALUES[(place + at) % len(VALUES)] for at, name in enumerate(KINDS)}
    return json.dumps({"customer": f"{place:04d}-VHVEG", **numbers, **kinds}).encode()
