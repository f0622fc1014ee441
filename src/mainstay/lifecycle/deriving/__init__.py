"""A version derived from another, without training.

::

    form        what every derived version has in common: read this one first
    policing    version policy: another policy on the same model; repolicy: how it is derived
    optimizing  version optimize: the same model in a faster form
"""

from mainstay.lifecycle.deriving.optimizing import Optimized, optimize, optimized_document
from mainstay.lifecycle.deriving.policing import Repoliced, repoliced_document, repolicy
from mainstay.lifecycle.deriving.repolicy import Wanted, read_capacity

__all__ = [
    "Optimized",
    "Repoliced",
    "Wanted",
    "optimize",
    "optimized_document",
    "read_capacity",
    "repoliced_document",
    "repolicy",
]
