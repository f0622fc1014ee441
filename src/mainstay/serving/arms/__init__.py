"""Who answers inside the server, and what happens when an arm misbehaves.

::

    pinning:   version, role   -> the arm a caller names, or 404 with what is served
    breaker:   what failed     -> whether an arm is asked at all for the moment
    recorder:  what a worker is doing with which version, in a file that outlives it
    crashes:   the recorders of the dead -> which versions are loaded here no more
    proving:   which versions of a release this worker loads, and when it is its turn
    findings:  what of all this becomes an alert
    asking:    what an arm's breaker lets through, and what it is told of the outcome
    watch:     breakers that open and close, told to the operator, the metrics and the log
"""

from mainstay.serving.arms.breaker import Breaker, BreakerState
from mainstay.serving.arms.crashes import Crash, Crashes, barred
from mainstay.serving.arms.pinning import pin
from mainstay.serving.arms.proving import Proving
from mainstay.serving.arms.recorder import Recorder

__all__ = ["Breaker", "BreakerState", "Crash", "Crashes", "Proving", "Recorder", "barred", "pin"]
