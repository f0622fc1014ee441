"""Evidence over several looks: one odd window is watched, two in a row are an alarm, an overwhelming one is too.

Why these levels. Let nothing have moved. The chance that any feature is suspected in one window is at most
`SUSPECT` (Benjamini-Hochberg controls it, features together), whatever the sizes of the samples: the test treats the
reference as a sample as well. An alarm needs a second suspicion of the same feature in the next window. Where
windows are small against the reference the two are nearly independent and a false alarm comes about once in a
million windows; where the reference is the smaller one, both share its error, and `SUSPECT` itself, one in a
thousand, remains as the bound. An overwhelming window adds `OVERWHELMING`, one in a million. The effect size, which
is asked for on top, only takes alarms away.
"""

from __future__ import annotations

from typing import Literal

SUSPECT = 1e-3
OVERWHELMING = 1e-6

Evidence = Literal["quiet", "suspected", "confirmed"]


def accumulate(before: Evidence, effect: float, limit: float, p: float) -> Evidence:
    """Weigh this look together with what the looks before it left.

    Parameters
    ----------
    before : {"quiet", "suspected", "confirmed"}
        What the look before said; ``"quiet"`` where there was none.
    effect : float
        Effect size in this window.
    limit : float
        Effect size that matters, in the same unit, above 0.
    p : float
        Adjusted p-value of this window.

    Returns
    -------
    {"quiet", "suspected", "confirmed"}
        Confirmed: suspected twice in a row, or an effect beyond twice the limit that chance makes once in a million
        windows. What is confirmed stays so until the effect falls below half the limit or chance explains it, so
        that an effect near its limit doesn't flap.

    Examples
    --------
    >>> first = accumulate("quiet", effect=0.15, limit=0.1, p=1e-4)
    >>> first, accumulate(first, effect=0.15, limit=0.1, p=1e-4)
    ('suspected', 'confirmed')
    >>> accumulate("quiet", effect=0.9, limit=0.1, p=1e-30)
    'confirmed'

    """
    significant = p <= SUSPECT
    if before == "confirmed":
        return "confirmed" if significant and effect > limit / 2 else "quiet"
    suspicious = significant and effect > limit
    overwhelming = effect > 2 * limit and p <= OVERWHELMING
    if overwhelming or (suspicious and before == "suspected"):
        return "confirmed"
    return "suspected" if suspicious else "quiet"
