"""What a cloud's container host says by the environment: where it asks, and whether all is well.

Vertex AI sets ``AIP_PREDICT_ROUTE``, ``AIP_HEALTH_ROUTE`` and ``AIP_HTTP_PORT``
(cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements), SageMaker ``SAGEMAKER_BIND_TO_PORT``, most
others ``PORT`` and ``WEB_CONCURRENCY``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREDICT, HEALTH = "AIP_PREDICT_ROUTE", "AIP_HEALTH_ROUTE"
PORTS = ("AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT", "PORT")
"""Who may say the port, the most particular first."""
WORKERS = ("WEB_CONCURRENCY",)
_LONGEST = 1000
_OURS = frozenset({"/", "/metrics", "/models", "/openapi.json", "/docs"})
"""Addresses that must stay what they are."""
_HEALTH = frozenset({"/livez", "/readyz", "/ping", "/health"})


class Hosts(msgspec.Struct, frozen=True):
    """Addresses a host asks at.

    Parameters
    ----------
    predict : str
        Where Vertex AI sends instances; empty where there is no such host.
    health : str
        Where it asks whether all is well; empty where it doesn't.

    """

    predict: str = ""
    health: str = ""


NOWHERE = Hosts()
"""Of a server that no such host runs."""


def read_hosts(environment: Mapping[str, str], models: int) -> Hosts:
    """Read the environment.

    Parameters
    ----------
    environment : mapping of str to str
        As ``os.environ``.
    models : int
        How many are served.

    Raises
    ------
    InputError
        Where an address is none, is one of ours, or there is no telling which of several models is meant.

    Examples
    --------
    >>> read_hosts({"AIP_PREDICT_ROUTE": "/score"}, 1).predict
    '/score'

    """
    predict, health = (_route(environment, name) for name in (PREDICT, HEALTH))
    if predict and predict == health:
        raise InputError(f"{PREDICT} and {HEALTH} are both {predict}.", "Give them two addresses.")
    if predict and models != 1:
        sentence = f"{PREDICT} names one address, and {models} models are served."
        raise InputError(sentence, "Serve one model for each container.")
    return Hosts(predict, health)


def read_number(environment: Mapping[str, str], names: Sequence[str], default: int, most: int) -> int:
    """Read a number from the first variable that is set.

    Raises
    ------
    InputError
        Where it is no whole number from 1 to `most`.

    Examples
    --------
    >>> read_number({"PORT": "8080"}, PORTS, 8000, 65535)
    8080

    """
    for name in names:
        found = environment.get(name, "")
        if not found:
            continue
        if found.isascii() and found.isdecimal() and len(found) < 10 and 1 <= int(found) <= most:
            return int(found)
        raise InputError(f"{name} is '{found[:80]}' in the environment.", f"Set it to a number from 1 to {most}.")
    return default


def _route(environment: Mapping[str, str], name: str) -> str:
    route = environment.get(name, "")
    if route and (
        not route.startswith("/") or len(route) > _LONGEST or not route.isprintable() or set(route) & set(" ?#")
    ):
        raise InputError(f"{name} is '{route[:80]}', which is no address.", "Begin it with a slash, as in /predict.")
    if route in _OURS or (name == PREDICT and route in _HEALTH):
        raise InputError(f"{name} is {route}, which this server uses itself.", "Choose another, as in /predict.")
    return route
