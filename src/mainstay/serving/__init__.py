"""Answering over HTTP: route -> decode -> score -> decide -> log -> reply.

A process of its own (``python -m mainstay.serving --project DIR``) that holds no training stack. Doors hold no logic:
`dataplane` turns a body into answers without socket, file or clock; `hot` is predict and feedback around it; `app` is
the ASGI callable; `served`, `lineup` and `watcher` follow the release history.
"""

from mainstay.serving.answers import Answer
from mainstay.serving.app import App
from mainstay.serving.lineup import Arm, Lineup, load_lineup
from mainstay.serving.replies import ProblemDetails, Reply
from mainstay.serving.served import Served
from mainstay.serving.settings import ServingSettings

__all__ = ["Answer", "App", "Arm", "Lineup", "ProblemDetails", "Reply", "Served", "ServingSettings", "load_lineup"]
