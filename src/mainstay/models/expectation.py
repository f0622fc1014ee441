"""What an experiment would have to see through: how far single records are spread in what they bring."""

from __future__ import annotations

import msgspec


class Spread(msgspec.Struct, frozen=True):
    """Standard deviation of what one record brings, in the currency: where the model decides, and where nobody acts."""

    with_model: float
    without: float
