"""`version reproduce`: a version made again of its recorded inputs, and compared with what is registered.

::

    verb         reproduce: read this one first
    origin       the training at a version's beginning, and what was done to it since
    inputs       its code and rows, in a throw-away folder
    environment  a fresh environment from its lock
    children     the processes, each with a deadline
    comparing    files, answers and measures of the two
    drifts       which inputs weren't what they were
    answering    a script: golden records asked in another environment
    result       what it all comes to; document: what that prints
"""

from mainstay.lifecycle.reproducing.document import reproduction_document
from mainstay.lifecycle.reproducing.drifts import drifts_between
from mainstay.lifecycle.reproducing.result import Compared, Drift, Measured, Reproduction
from mainstay.lifecycle.reproducing.verb import TIMEOUT, reproduce

__all__ = [
    "TIMEOUT",
    "Compared",
    "Drift",
    "Measured",
    "Reproduction",
    "drifts_between",
    "reproduce",
    "reproduction_document",
]
