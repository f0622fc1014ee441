"""What callers hold in their hands: `Client` and `AsyncClient`, which ask a mainstay server for answers.

Nothing here knows how a server works; `keys` alone is read by both ends, so that an answer can be known by the key it
was asked with. It needs httpx (``pip install 'mainstay[client]'``), which is loaded when a client is made.
"""

from mainstay.client.aio import AsyncClient
from mainstay.client.answers import (
    Answer,
    Explanation,
    Limits,
    ModelInfo,
    ModelState,
    ModelSummary,
    Outcome,
    Part,
    Readiness,
    Reason,
)
from mainstay.client.batcher import Batcher
from mainstay.client.errors import CallError, DeniedError, FieldsError, NoSuchError, RefusedError, UnavailableError
from mainstay.client.keys import answer_ids, new_key
from mainstay.client.settings import Patience
from mainstay.client.sync import Client

__all__ = [
    "Answer",
    "AsyncClient",
    "Batcher",
    "CallError",
    "Client",
    "DeniedError",
    "Explanation",
    "FieldsError",
    "Limits",
    "ModelInfo",
    "ModelState",
    "ModelSummary",
    "NoSuchError",
    "Outcome",
    "Part",
    "Patience",
    "Readiness",
    "Reason",
    "RefusedError",
    "UnavailableError",
    "answer_ids",
    "new_key",
]
