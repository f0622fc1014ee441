"""The same work as plain RSGI, under granian."""

from typing import Any

from scoring import answer

_HEADERS = [("content-type", "application/json")]


async def app(scope: Any, protocol: Any) -> None:
    del scope
    status, said = answer(await protocol())
    protocol.response_bytes(status, _HEADERS, said)
