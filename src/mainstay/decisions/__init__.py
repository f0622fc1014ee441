"""Findings and policy become actions: one alert per incident, its end, and a rollback where the project says so.

::

    decide:  findings + what is open + [decisions] -> Actions    (pure; by default it only alerts)
    send:    Actions -> people                                    (the one part that touches the world)

Nothing here releases anything: who may do that carries the actions out.
"""

from mainstay.decisions.decide import decide
from mainstay.decisions.incidents import open_alerts
from mainstay.decisions.send import Lines, Memory, Outbox, Sender, Undelivered, Webhook, senders
from mainstay.decisions.settings import DecisionsSettings

__all__ = [
    "DecisionsSettings",
    "Lines",
    "Memory",
    "Outbox",
    "Sender",
    "Undelivered",
    "Webhook",
    "decide",
    "open_alerts",
    "senders",
]
