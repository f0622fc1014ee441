"""Fuzz what reads strangers' bytes, guided by the code they reach (atheris, libFuzzer).

Run: python tests/hostile/fuzz_serving.py TARGET RUNS; without words it names the targets. A fault ends it with a
traceback and the input in a file. `benchmarks/fuzz.py` runs all of them and writes the table.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
with atheris.instrument_imports(include=["mainstay.serving", "mainstay.contract", "mainstay.events"]):
    from tests.hostile.decoders import SEEDS, targets


def main(words: list[str]) -> None:
    """Fuzz one target."""
    if len(words) != 2 or words[0] not in SEEDS:
        raise SystemExit(f"fuzz_serving.py TARGET RUNS; targets: {', '.join(SEEDS)}")
    name, runs = words
    seeds = Path(tempfile.mkdtemp())
    for place, seed in enumerate(SEEDS[name]):
        (seeds / str(place)).write_bytes(seed)
    target = targets()[name]

    def one(data: bytes) -> None:
        with contextlib.redirect_stderr(io.StringIO()):
            target(data)

    options = [f"-runs={runs}", "-max_len=4096", "-rss_limit_mb=1024", "-timeout=20", f"-artifact_prefix={seeds}/"]
    atheris.Setup([sys.argv[0], *options, str(seeds)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
