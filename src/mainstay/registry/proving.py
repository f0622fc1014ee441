"""Proving a bundle that came from elsewhere, in a process of its own: what it does there, it doesn't do here.

The process has limits of time and memory. A model that crashes its own library, or never ends, or asks for all of the
memory, costs that process and nothing else. It is no cage: code that is trusted by its hash does what it likes.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay import errors
from mainstay.contract import compile_request
from mainstay.errors import CorruptError, MainstayError
from mainstay.registry.bundle import read_bundle
from mainstay.registry.derived import derive_version
from mainstay.registry.golden import golden_failures, misfit
from mainstay.registry.version import Version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.models.trust import Trusted

_SECONDS = 300
_CURE = "Ask whoever made it for another one; nothing was registered."


class _Asked(msgspec.Struct, frozen=True):
    folder: str
    name: str
    trusted: tuple[str, ...]


class _Told(msgspec.Struct, frozen=True):
    version: Version | None = None
    kind: str = ""
    message: str = ""
    cure: str = ""


def prove_apart(folder: Path, name: str, trusted: Trusted, *, seconds: float = _SECONDS) -> Version:
    """Load a bundle and send it its golden records, in a process of its own.

    Parameters
    ----------
    folder : Path
        The bundle; its files and its signature were checked.
    name : str
        What to call it in errors.
    trusted : callable
        Gives the hashes of code that may run here, and the types that may be built.
    seconds : float
        How long it may take.

    Returns
    -------
    Version
        What a row of the registry says of it; its number is 0.

    Raises
    ------
    CorruptError
        Where it can't be read, doesn't answer as it did when it was made, or its process failed.
    TrustError
        Where it brings code, or is built of types, that aren't trusted here; none of it was run.

    """
    asked = msgspec.json.encode(_Asked(str(folder), name, tuple(trusted())))
    command = [sys.executable, "-m", "mainstay.registry.proving"]
    try:
        done = subprocess.run(command, input=asked, capture_output=True, timeout=seconds, check=False)  # noqa: S603 - ours
    except subprocess.TimeoutExpired:
        raise CorruptError(f"{name} didn't answer its golden records in {seconds:.0f} s.", _CURE) from None
    told = _told(done.stdout)
    if told is None:
        raise CorruptError(f"{name} brought down the process that was to load it ({_how(done.returncode)}).", _CURE)
    if told.version is None:
        raise _kind(told.kind)(told.message, told.cure)
    return told.version


def _prove(asked: _Asked) -> Version:
    folder, trusted = Path(asked.folder), frozenset(asked.trusted)
    version = derive_version(folder, 0)
    bundle = read_bundle(folder, version, lambda: trusted, name=asked.name)
    compile_request(bundle.contract)
    if wrong := misfit(bundle.golden, bundle.policy.task):
        raise CorruptError(f"{asked.name} {wrong}.", _CURE)
    if failures := golden_failures(bundle.contract, bundle.model, bundle.golden, bundle.features):
        raise CorruptError(
            f"{asked.name} doesn't answer as it did when it was made: {failures[0]}",
            "Install what its requirements.txt names; nothing was registered.",
        )
    return version


def main(given: bytes) -> bytes:
    """Prove what is asked for on standard input; gives what is written to standard output."""
    asked = msgspec.json.decode(given, type=_Asked)
    try:
        told = _Told(version=_prove(asked))
    except MainstayError as error:
        told = _Told(kind=type(error).__name__, message=error.message, cure=error.cure)
    except (MemoryError, RecursionError) as error:
        what = "more memory than there is" if isinstance(error, MemoryError) else "something nested too deep"
        told = _Told(kind="CorruptError", message=f"{asked.name} holds {what}.", cure=_CURE)
    except Exception as error:  # noqa: BLE001 - a foreign bundle may fail in any way
        said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        told = _Told(kind="CorruptError", message=f"{asked.name} can't be loaded: {said}.", cure=_CURE)
    return msgspec.json.encode(told)


def limit(most: Sequence[tuple[int, int]] = ()) -> None:
    """Bound this process: no more memory than the machine has, no dumps of it, two hours of a processor."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for what, bound in most or ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, 7200)):
        with contextlib.suppress(ValueError, OSError):  # a lower one holds already
            resource.setrlimit(what, (bound, bound))


def _told(said: bytes) -> _Told | None:
    try:
        return msgspec.json.decode(said, type=_Told)
    except msgspec.MsgspecError:
        return None


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"


def _kind(name: str) -> type[MainstayError]:
    found = getattr(errors, name, CorruptError)
    return found if isinstance(found, type) and issubclass(found, MainstayError) else CorruptError


if __name__ == "__main__":
    limit()
    answer = main(sys.stdin.buffer.read())
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    os._exit(0)  # libraries of models have been seen to fail on the way out
