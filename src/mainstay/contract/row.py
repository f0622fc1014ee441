"""`Row`: one accepted record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray


class Deed(msgspec.Struct, frozen=True):
    """What one policy did to one record.

    Parameters
    ----------
    column : str
        The column, or the name of the rule.
    why : {"missing", "malformed", "outside", "unknown", "rule", "features", "error", "deadline", "breaker"}
        What was wrong; "features": feature code failed at the record, and `column` is "features.py"; "error",
        "deadline" and "breaker": the model failed at it, gave no answer in time, or isn't asked now because it failed
        too often, and `column` is "model".
    did : {"imputed", "clipped", "other", "flagged", "fallback"}
        What was done about it.

    """

    column: str
    why: Literal["missing", "malformed", "outside", "unknown", "rule", "features", "error", "deadline", "breaker"]
    did: Literal["imputed", "clipped", "other", "flagged", "fallback"]


class Row:
    """One accepted record, ready for a model and for the log.

    The decoder gives rows that compute `encoded` and `features` when they are asked for. Build one of your own as a
    `PlainRow`, or change one with `replaced`.

    Attributes
    ----------
    encoded : array, shape (width,)
        What the model sees: float64, read-only.
    features : dict
        The features as served, after policies; what training from the log will read.
    entity : str or None
        Who the record is about.
    warnings : tuple of str
        What policies did, one sentence each; then hints at what may be a mistake.
    degraded : bool
        Whether a policy changed what the model sees.
    fallback : bool
        Whether the fallback must answer instead of the model.
    deeds : tuple of Deed
        What policies did, to be counted; parallel to the first of `warnings`.
    sent : dict or None
        What was sent in place of those features that are served otherwise; None where every feature is as it was sent.

    """

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def sent(self) -> dict[str, Any] | None:
            """Give what was sent, of what is served otherwise."""

        @property
        def encoded(self) -> NDArray[np.float64]:
            """Give what the model sees."""

        @property
        def features(self) -> dict[str, Any]:
            """Give the features as served."""

        @property
        def entity(self) -> str | None:
            """Say who it is about."""

        @property
        def warnings(self) -> tuple[str, ...]:
            """Say what policies did."""

        @property
        def degraded(self) -> bool:
            """Say whether a policy changed what the model sees."""

        @property
        def fallback(self) -> bool:
            """Say whether the fallback must answer."""

        @property
        def deeds(self) -> tuple[Deed, ...]:
            """Give what policies did."""

    else:
        sent = None  # of a record that needed no policy

    def replaced(
        self,
        *,
        encoded: NDArray[np.float64] | None = None,
        features: dict[str, Any] | None = None,
        warnings: tuple[str, ...] | None = None,
    ) -> Row:
        """Give the row with other numbers for the model, other features for the log, or other warnings."""
        return PlainRow(
            self.encoded if encoded is None else encoded,
            self.features if features is None else features,
            self.entity,
            self.warnings if warnings is None else warnings,
            self.degraded,
            self.fallback,
            self.deeds,
            self.sent,
        )


class PlainRow(Row, msgspec.Struct, frozen=True, eq=False):
    """A row that holds everything it tells; the attributes are those of `Row`."""

    encoded: NDArray[np.float64]
    features: dict[str, Any]
    entity: str | None = None
    warnings: tuple[str, ...] = ()
    degraded: bool = False
    fallback: bool = False
    deeds: tuple[Deed, ...] = ()
    sent: dict[str, Any] | None = None
