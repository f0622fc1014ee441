"""`events replay`: a logged answer computed again, step by step.

::

    verb      replay, replay_last: read this one first
    steps     the steps from a request to its answer
    document  what that prints
"""

from mainstay.lifecycle.replaying.document import replay_document, replays_document, told
from mainstay.lifecycle.replaying.steps import Step, typed_values, without_ids
from mainstay.lifecycle.replaying.verb import Replay, replay, replay_last

__all__ = [
    "Replay",
    "Step",
    "replay",
    "replay_document",
    "replay_last",
    "replays_document",
    "told",
    "typed_values",
    "without_ids",
]
