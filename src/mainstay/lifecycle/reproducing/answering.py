"""A script for another environment: whether a version answers its golden records there as it did.

Takes the version's row and what is trusted as JSON on standard input, the bundle's folder as its argument, and prints
a JSON list of sentences, one for each record that is answered differently.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from mainstay.registry import Version, golden_failures, read_bundle


class Asked(msgspec.Struct, frozen=True):
    """What the script is told.

    Parameters
    ----------
    version : Version
        The version's row.
    trusted : tuple of str
        Hashes and types that are trusted.

    """

    version: Version
    trusted: tuple[str, ...]


def main() -> None:
    """Load the bundle, and ask it."""
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    bundle = read_bundle(Path(sys.argv[1]), asked.version, lambda: frozenset(asked.trusted))
    failures = golden_failures(bundle.contract, bundle.model, bundle.golden, bundle.features)
    sys.stdout.write(msgspec.json.encode(failures).decode())


if __name__ == "__main__":
    main()
