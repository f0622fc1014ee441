"""Answering over HTTP: route -> decode -> score -> decide -> log -> reply.

A process of its own (``python -m mainstay.serving --project DIR``) that holds no training stack. Doors hold no logic:
`dataplane` turns a body into answers without socket, file or clock; `hot` is predict and feedback around it; `app` is
the ASGI callable. By its packages:

::

    wire        bytes on a connection become a request, and an answer becomes bytes
    guard       who may ask, how often, over what
    doors       one file per protocol: its words become native records, and back
    arms        who answers inside the server, and what happens when an arm misbehaves
    queueing    the queue in front of models that take long
    measuring   counts that all workers share, traces and spans
    openapi     what the addresses are, in their own words
    following   what the registry says becomes what this worker serves
    process     where it listens, its workers, their parent
    batch       files, by the same steps
"""

from mainstay.serving.answers import Answer
from mainstay.serving.app import App
from mainstay.serving.lineup import Arm, Lineup, load_lineup
from mainstay.serving.replies import ProblemDetails, Reply
from mainstay.serving.served import Served
from mainstay.serving.settings import ServingSettings

__all__ = ["Answer", "App", "Arm", "Lineup", "ProblemDetails", "Reply", "Served", "ServingSettings", "load_lineup"]
