"""What the registry costs once it holds many versions, on the engine that MAINSTAY_STATE names (a file unless set).

    python benchmarks/registry_scale.py [--versions 10000] [--ingredients 40]
    MAINSTAY_STATE='postgresql://user:password@host/database?schema=bench' python benchmarks/registry_scale.py

Writes rows as registering does, without bundles, into an empty registry; each line is the median of several turns.
Registering has to stay below 0.5 s beside the model's own writing, listing below 200 ms.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mainstay.registry import Registry
from mainstay.registry.store import FileStore
from mainstay.release import Releases, propose_release
from mainstay.state import dump, load, open_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.state import State

FINDING = '{"measure":"log_loss","where":"all","value":0.41,"interval":{"low":0.39,"high":0.43},"n":250}'
VERSIONS = sa.text(
    "INSERT INTO versions (model, number, created, author, digest, data_fingerprint, git_commit, dirty, candidate,"
    " primary_finding)"
    " VALUES ('churn', :n, '2026-11-22T12:00:00.000000Z', 'me', :hash, :hash, :hash, 0, 'lightgbm', :f)"
)
VERDICTS = sa.text("INSERT INTO verdicts VALUES ('churn', :n, 1, '2026-11-22T12:00:00.000000Z', 'me', 1, :f)")
INGREDIENTS = sa.text("INSERT INTO ingredients VALUES ('churn', :n, 'package', :name, '1.2.3')")


def main(versions: int, ingredients: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        place = os.environ.get("MAINSTAY_STATE") or home / "books"
        with closing(open_state(place, books=home)) as state:
            print(f"| {versions} versions of {ingredients} packages | ms |\n|---|---:|")
            for number in range(1, versions + 1, 500):
                fill(state, range(number, min(number + 500, versions + 1)), ingredients)
            registry, releases = Registry(state, FileStore(home / "store")), Releases(state)
            timed("list the versions", 5, lambda: registry.versions("churn"))
            timed("read one version", 20, lambda: registry.version("churn", versions // 2))
            timed("ask for the last release, as a server does", 50, lambda: releases.last_id("churn"))
            timed("release", 10, lambda: release(releases))
            more = iter(range(versions + 1, versions + 100))
            timed("write the rows of a version", 10, lambda: fill(state, [next(more)], ingredients))
            timed("keep a copy after it, or find that it isn't due", 5, state.keep_recent)
            timed("a copy that is asked for", 3, state.back_up)
            timed("open it anew", 5, lambda: open_state(place, books=home).close())
            timed("look at everything", 1, state.damages)
            timed("dump it", 1, lambda: dump(state, home / "all.dump"))
        with closing(open_state(home / "again")) as again:
            timed("load the dump into a file", 1, lambda: load(again, home / "all.dump"))


def fill(state: State, numbers: range | list[int], ingredients: int) -> None:
    with state.begin() as connection:
        connection.execute(VERSIONS, [{"n": n, "hash": f"{n:064x}", "f": FINDING} for n in numbers])
        connection.execute(VERDICTS, [{"n": n, "f": f"[{','.join([FINDING] * 30)}]"} for n in numbers])
        rows = [{"n": n, "name": f"package-{k}"} for n in numbers for k in range(ingredients)]
        if rows:
            connection.execute(INGREDIENTS, rows)


def release(releases: Releases) -> None:
    history = releases.history("churn")
    number = 1 + len(history) % 2
    draft = propose_release(history, "churn", number, at=dt.datetime.now(dt.UTC), by="me", reason="to measure")
    releases.append(draft)


def timed(what: str, turns: int, act: Callable[[], object]) -> None:
    taken = []
    for _ in range(turns):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    print(f"| {what} | {1000 * statistics.median(taken):.1f} |", flush=True)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--versions", type=int, default=10_000)
    options.add_argument("--ingredients", type=int, default=40)
    asked = options.parse_args()
    main(asked.versions, asked.ingredients)
