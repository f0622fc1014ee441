"""``max_gap``: how far groups may be apart."""

from __future__ import annotations

from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Amount = Annotated[float, msgspec.Meta(ge=0)]


class MaxGap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[evaluation] max_gap``: the widest gap tolerated between any two groups. What isn't said is only reported.

    Parameters
    ----------
    selection_rate : float, optional
        Share of the records that are acted on (demographic parity).
    four_fifths : float, optional
        Least ratio of the lowest selection rate to the highest one; 0.8 by the rule of thumb.
    equal_opportunity : float, optional
        Share of the true positives that are acted on.
    equalised_odds : float, optional
        The larger of the gaps of true and of false positives (Hardt and others 2016).
    calibration : float, optional
        Truth less score, on average.
    accuracy : float, optional
        Share of the records that are predicted rightly.
    mean_error : float, optional
        Forecast less truth, on average, in the unit of the target.
    mae : float, optional
        Mean absolute error, in the unit of the target.

    """

    selection_rate: Share | None = None
    four_fifths: Share | None = None
    equal_opportunity: Share | None = None
    equalised_odds: Share | None = None
    calibration: Share | None = None
    accuracy: Share | None = None
    mean_error: Amount | None = None
    mae: Amount | None = None
