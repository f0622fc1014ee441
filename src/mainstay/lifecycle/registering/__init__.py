"""From a training to a version.

::

    verb          report, registry, verdict: read this one first
    entry         what the registry keeps of a training
    grounds       what a version stands on beside its rows, taken before anything is fitted
    own           what a project brings of its own: heuristic.toml, model.py
    surroundings  how it is deployed and watched, in words
"""

from mainstay.lifecycle.registering.entry import entry_of
from mainstay.lifecycle.registering.grounds import Grounds, take_grounds
from mainstay.lifecycle.registering.own import own_candidates
from mainstay.lifecycle.registering.surroundings import surroundings_of
from mainstay.lifecycle.registering.verb import Trained, declared_in, register_training

__all__ = [
    "Grounds",
    "Trained",
    "declared_in",
    "entry_of",
    "own_candidates",
    "register_training",
    "surroundings_of",
    "take_grounds",
]
