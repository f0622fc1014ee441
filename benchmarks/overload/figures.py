"""What a load did: how much was answered, how fast, and how fast the rest was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from overload.client import Answer

REFUSALS = (429, 503)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table; times in milliseconds, rates a second.

    Parameters
    ----------
    load : str
        What was sent.
    sent, answered, refused : float
        Rates: all, those that got 200, and those told to come back (429 or 503 with ``Retry-After``).
    p50, p99 : float
        Of those that got 200.
    refusal_p99, refusal_max : float
        Of those that were told to come back.
    failed : int
        Everything else: other statuses, no ``Retry-After``, no answer.
    late : float
        How late the client itself was, the 99th percentile; what it measures can be no better.

    """

    load: str
    sent: float
    answered: float
    refused: float
    p50: float
    p99: float
    refusal_p99: float
    refusal_max: float
    failed: int
    late: float

    @classmethod
    def of(cls, load: str, answers: Sequence[Answer], since: float, until: float) -> Self:
        """Sum up what was due between two moments."""
        seen = [one for one in answers if since <= one.due < until]
        good = sorted(one.seconds * 1e3 for one in seen if one.status == 200)
        told = sorted(one.seconds * 1e3 for one in seen if one.status in REFUSALS and one.again)
        span = until - since
        return cls(
            load=load,
            sent=len(seen) / span,
            answered=len(good) / span,
            refused=len(told) / span,
            p50=quantile(good, 0.5),
            p99=quantile(good, 0.99),
            refusal_p99=quantile(told, 0.99),
            refusal_max=quantile(told, 1.0),
            failed=len(seen) - len(good) - len(told),
            late=quantile(sorted(one.late * 1e3 for one in seen), 0.99),
        )


def quantile(ordered: Sequence[float], share: float) -> float:
    """Give a quantile of numbers in order; 0 where there are none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
