"""mainstay's server as it is, but for the log: no event is made, encoded or written. What the others are held against.

    python unlogged.py --project DIR --port N

For this benchmark alone: the product has no such switch.
"""

from __future__ import annotations

import sys

from mainstay.serving.__main__ import main
from mainstay.serving.ledger import Ledger


def nothing(*_: object, **__: object) -> list[object]:
    return []


Ledger.events = nothing  # type: ignore[method-assign,assignment]

if __name__ == "__main__":
    sys.exit(main())
