"""Fuzz what reads strangers' bytes, guided by the code they reach (atheris, libFuzzer).

Run: python tests/hostile/fuzz_serving.py RUNS [TARGET ...]; without targets all of them, of which the first byte of an
input chooses one. It ends with the inputs each target read, and with a traceback and the input where one failed.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections import Counter
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
with atheris.instrument_imports(include=["mainstay"], exclude=["mainstay.contract.formats", "mainstay.models.explain"]):
    from tests.hostile.decoders import SEEDS, targets


def main(words: list[str]) -> None:
    """Fuzz some targets."""
    if not words or not set(words[1:]) <= set(SEEDS):
        raise SystemExit(f"fuzz_serving.py RUNS [TARGET ...]; targets: {', '.join(SEEDS)}")
    runs, names = int(words[0]), words[1:] or list(SEEDS)
    seeds = Path(tempfile.mkdtemp())
    for place, name in enumerate(names):
        for number, seed in enumerate(SEEDS[name]):
            (seeds / f"{place}-{number}").write_bytes(bytes([place]) + seed)
    made = targets()
    read: Counter[str] = Counter()

    def one(data: bytes) -> None:
        if not data:
            return
        name = names[data[0] % len(names)]
        read[name] += 1
        with contextlib.redirect_stderr(io.StringIO()):
            made[name](data[1:])
        if read.total() % max(1, runs // 10) == 0:
            sys.stdout.write(f"{read.total()} {dict(sorted(read.items()))}\n")
            sys.stdout.flush()

    options = [f"-runs={runs}", "-max_len=2048", "-len_control=20", "-rss_limit_mb=1024", "-timeout=20"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={seeds}/", str(seeds)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
