"""Who answers inside the server, and what happens when an arm misbehaves.

::

    pinning:   version, role   -> the arm a caller names, or 404 with what is served
    breaker:   what failed     -> whether an arm is asked at all for the moment
    recorder:  what a worker is doing with which version, in a file that outlives it
    crashes:   the recorders of the dead -> which versions are loaded here no more
"""

from mainstay.serving.arms.breaker import Breaker, BreakerState
from mainstay.serving.arms.crashes import Crash, Crashes, barred
from mainstay.serving.arms.pinning import pin
from mainstay.serving.arms.recorder import Recorder

__all__ = ["Breaker", "BreakerState", "Crash", "Crashes", "Recorder", "barred", "pin"]
