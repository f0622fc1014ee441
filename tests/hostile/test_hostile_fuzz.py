"""Every decoder of a stranger's bytes, by hypothesis each time and by a fuzzer for a moment; long runs are recorded."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hostile.decoders import SEEDS, targets

if TYPE_CHECKING:
    from tests.hostile.decoders import Target

SCRIPT = Path(__file__).parent / "fuzz_serving.py"
TOKENS = (b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\n", b"\r\n", b"\0", b"\xff", b"NaN", b"-Infinity",
          b"1e999", b"null", b"9" * 400, b'"tenure"', b"\\ud800", b"\xef\xbb\xbf", b"[" * 200, b"HTTP/1.1",
          b"0\r\n\r\n", b" ")  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Target]:
    return targets(tmp_path_factory.mktemp("fuzz"))


@st.composite
def bent(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A seed with parts of it cut out, doubled, or replaced."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 20)))
        put = draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=8), st.just(data[start:end] * 2)))
        data = data[:start] + put + data[end:]
    return data


@pytest.mark.parametrize("name", SEEDS)
def test_no_bytes_break_a_reader(made: dict[str, Target], name: str) -> None:
    for seed in SEEDS[name]:
        made[name](seed)

    @settings(max_examples=40 if name == "protocol" else 150)
    @given(st.one_of(bent(SEEDS[name]), st.binary(max_size=200)))
    def check(data: bytes) -> None:
        made[name](data)

    check()


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="NOT TESTED: atheris isn't installed")
def test_the_fuzzer_finds_nothing_in_a_moment() -> None:
    command = [sys.executable, str(SCRIPT), "2000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done 2000 runs" in done.stderr
