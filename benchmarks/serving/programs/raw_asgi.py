"""The same work as plain ASGI, under uvicorn."""

from typing import Any

from scoring import answer


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    del scope
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    status, said = answer(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(said))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": said})
