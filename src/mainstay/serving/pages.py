"""What is asked now and then: which models there are, whether all is well, metrics, OpenAPI, the page of the calls."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from mainstay import render
from mainstay.contract import json_schema
from mainstay.extras import own_version
from mainstay.render import Command, Document, Facts, Heading, Table, Text
from mainstay.serving.openapi import examples, openapi
from mainstay.serving.replies import Reply, json_reply
from mainstay.serving.served import champion_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.contract import AnyColumn
    from mainstay.render import Block
    from mainstay.serving.lineup import Arm
    from mainstay.serving.openapi import Describes, Example
    from mainstay.serving.served import Served

_HTML = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    ),
)
_SAME = "who or what the record is about; under one release always answered by the same version"


class Pages:
    """The addresses that only read.

    Parameters
    ----------
    models : sequence of Served
        What is served.
    draining : callable
        Whether the server is on its way out.
    doors : sequence of Describes
        What answers other protocols.

    """

    def __init__(self, models: Sequence[Served], draining: Callable[[], bool], doors: Sequence[Describes] = ()) -> None:
        self._models = models
        self._draining = draining
        self._doors = doors
        self._version = own_version()

    def models(self) -> Reply:
        """List what is served."""
        return json_reply([_summary(served) for served in self._models])

    def model(self, served: Served) -> Reply:
        """Describe one model: contract, current release."""
        lineup = served.lineup
        about = {**_summary(served), "limits": _limits(served)}
        if lineup is None:
            return json_reply({**about, "contract": None})
        bundle = lineup.champion.bundle
        return json_reply(
            {
                **about,
                "task": bundle.policy.task,
                "policy": bundle.policy,
                "problem": bundle.problem,
                "contract": bundle.contract,
                "schema": json_schema(bundle.contract),
                "features": bundle.features and {"sha256": bundle.features.code.sha256, "inputs": bundle.inputs},
            }
        )

    def livez(self) -> Reply:
        """Say that the process lives."""
        return json_reply({"status": "alive"})

    def readyz(self, *, known: bool = True) -> Reply:
        """Say whether requests are answered; to those who may read, too, what is wrong even if they are."""
        states = {served.name: _readiness(served) for served in self._models}
        ready = not self._draining() and all(state["ready"] for state in states.values())
        status = "draining" if self._draining() else "ready" if ready else "not ready"
        told = {"status": status, "models": states} if known else {"status": status}
        return json_reply(told, 200 if ready else 503)

    def openapi(self) -> Reply:
        """Describe every call for machines."""
        return json_reply(openapi(self._models, self._version, self._doors))

    def docs(self, base: str) -> Reply:
        """Describe every call for people; one page that fetches nothing."""
        return Reply(
            200, render.to_html(calls_document(self._models, base, self._version, self._doors)).encode(), _HTML
        )


def calls_document(models: Sequence[Served], base: str, version: str, doors: Sequence[Describes] = ()) -> Document:
    """Write the page of the calls.

    Parameters
    ----------
    models : sequence of Served
        What is served.
    base : str
        Address of the server, as the reader reached it.
    version : str
        Of mainstay.
    doors : sequence of Describes
        What answers other protocols.

    """
    blocks: list[Block] = []
    for served in models:
        blocks += _calls_of(served, base)
    others = [_command(example, base) for door in doors for example in door.describe().examples]
    if others:
        blocks += [Heading("In the words of other servers"), *others]
    blocks += [
        Heading("The server"),
        Facts(
            (
                ("GET /models", "what is served"),
                ("GET /livez, /readyz", "whether the process lives; whether requests are answered"),
                ("GET /metrics", "Prometheus metrics"),
                ("GET /openapi.json", "all of this for machines"),
            )
        ),
        Text(
            "Every refusal is a problem document (RFC 9457): `detail` says what happened, `cure` what to do, "
            "`errors` names record, field, what was found and what is allowed. Where the server asks for API keys, add "
            "-H 'Authorization: Bearer KEY'."
        ),
    ]
    return Document("How to call this server", tuple(blocks), foot=f"mainstay {version}")


def _calls_of(served: Served, base: str) -> list[Block]:
    lineup = served.lineup
    if lineup is None:
        told = f"Version {champion_of(served.refused)} is released, but can't be loaded here." if served.refused else ""
        return [Heading(served.name), Text(told or "No version is released yet.", kind="warning")]
    bundle = lineup.champion.bundle
    trial = " It is a trial." if lineup.release.trial else ""
    return [
        Heading(served.name),
        Text(f"Version {lineup.champion.version} answers.{trial} {bundle.problem.decision}"),
        *(_command(example, base) for example in examples(served)),
        Table(
            ("field", "kind", "allowed", "missing"),
            (
                *(_field(column) for column in bundle.contract.features),
                *((column.name, f"id, {column.type}", _SAME, "may be left out") for column in bundle.contract.ids),
            ),
            "What a record holds. Other fields are ignored.",
        ),
    ]


def _command(example: Example, base: str) -> Command:
    words = ["curl"]
    named = {name.lower() for name, _ in example.headers}
    headers = [*example.headers, *([("Content-Type", "application/json")] if "content-type" not in named else [])]
    if example.body:
        words += [word for name, value in headers for word in ("-H", shlex.quote(f"{name}: {value}"))]
        words += ["-d", shlex.quote(example.body)]
    return Command(" ".join([*words, shlex.quote(base + example.path)]), example.text)


def _field(column: AnyColumn) -> tuple[str, str, str, str]:
    return column.name, column.type + (f", {column.unit}" if column.unit else ""), column.allowed(), column.missing


def _summary(served: Served) -> dict[str, object]:
    lineup = served.lineup
    release = lineup.release if lineup else None
    return {
        "name": served.name,
        "version": lineup.champion.version if lineup else None,
        "trial": release.trial if release else False,
        "release": release,
    }


def _limits(served: Served) -> dict[str, int]:
    settings = served.settings
    return {
        "max_records": settings.max_records,
        "max_explained": settings.max_explained,
        "max_body": settings.max_body,
    }


def _readiness(served: Served) -> dict[str, object]:
    lineup = served.lineup
    state: dict[str, object] = {
        "ready": served.ready,
        "version": lineup.champion.version if lineup else None,
        "release": lineup.release.id if lineup else None,
        "registry": _registry(served),
        "arms": [] if lineup is None else [_arm(arm) for arm in (*lineup.arms, *lineup.shadows)],
    }
    if lineup is None and not served.trouble:
        state["detail"] = "No version is released yet."
    elif served.trouble or served.log.trouble:
        state["detail"] = " ".join(part for part in (served.trouble, served.log.trouble) if part)
    return state


def _arm(arm: Arm) -> dict[str, object]:
    """Say which part a version has, and whether its circuit breaker lets it answer in this worker."""
    return {"version": arm.version, "role": arm.route.role, "breaker": arm.breaker.state}


def _registry(served: Served) -> dict[str, object]:
    """Say whether the registry is heard of; `by_file`: what answers was found in this machine's own file."""
    reach = served.reach
    return {"reachable": not reach.trouble, "age": round(reach.age, 3), "by_file": served.by_file}
