"""Findings and policy become actions: one alert per incident, its end, and a rollback where the project says so.

::

    decide:     findings + what is open + [decisions] -> Actions    (pure; by default it only alerts)
    promotion:  looks + what is open + [release] -> a canary's next step, or not yet                (pure)
    send:       Actions -> people                                    (the one part that touches the world)

Nothing here releases anything: who may do that carries the actions out.
"""

from mainstay.decisions.decide import decide
from mainstay.decisions.incidents import open_alerts
from mainstay.decisions.promotion import Look, promote, settle
from mainstay.decisions.send import Lines, Memory, Outbox, Sender, Undelivered, Webhook, senders
from mainstay.decisions.settings import DecisionsSettings

__all__ = [
    "DecisionsSettings",
    "Lines",
    "Look",
    "Memory",
    "Outbox",
    "Sender",
    "Undelivered",
    "Webhook",
    "decide",
    "open_alerts",
    "promote",
    "senders",
    "settle",
]
