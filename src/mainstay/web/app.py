"""The dashboard's doors: which address shows what. Doors hold no logic; `desk` does, and `render` draws."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from mainstay.errors import CheckError, InputError, LockedError, MainstayError, NotFoundError
from mainstay.render.page import confirm_page, message_page, model_page, overview_page
from mainstay.web import guard, statics
from mainstay.web.desk import Desk, rollback_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mainstay.render.overview import Overview

_BODY_LIMIT = 16_384
_REASON_LIMIT = 500
_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def make_app(
    build_overview: Callable[[dt.datetime], Overview],
    rollback: Callable[[str, str, str], object],
    *,
    by: str = "dashboard",
    hosts: frozenset[str] = frozenset(),
    keep: float = 2.0,
) -> ASGIApp:
    """Make the dashboard.

    Parameters
    ----------
    build_overview : callable
        ``build_overview(now) -> Overview``, called in a thread.
    rollback : callable
        ``rollback(model, reason, by)``, called in a thread; a `MainstayError` of it is shown to the person.
    by : str
        Whom the history names for a rollback pressed here.
    hosts : frozenset of str
        Host names answered to beside the loopback ones; ``{"*"}`` for any.
    keep : float
        Seconds for which one look serves several pages.

    """
    doors = _Doors(Desk(build_overview, rollback, by=by, keep=keep))
    app = Starlette(
        routes=[
            Route("/", doors.overview),
            Route("/index.json", doors.overview_json),
            Route("/models/{name}.json", doors.model_json),
            Route("/models/{name}", doors.model),
            Route("/models/{name}/rollback", doors.confirm),
            Route("/models/{name}/rollback", doors.rollback, methods=["POST"]),
            Route("/static/{name}", doors.static),
            Route("/livez", doors.alive),
        ],
        exception_handlers={
            MainstayError: doors.refused,
            HTTPException: doors.http_error,
            Exception: doors.broken,
        },
    )
    return _Guarded(app, hosts)


class _Doors:
    """The handlers; sync ones run in a thread, because looking reads files."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._token = guard.new_token()
        self._assets, self._files = statics.load()

    def overview(self, request: Request) -> Response:
        page = request.query_params.get("page", "1")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
        return HTMLResponse(overview_page(self._desk.look(), assets=self._assets, page=number))

    def overview_json(self, _: Request) -> Response:
        return _json(self._desk.look())

    def model_json(self, request: Request) -> Response:
        return _json(self._desk.model(request.path_params["name"])[1])

    def model(self, request: Request) -> Response:
        overview, row = self._desk.model(request.path_params["name"])
        # Told from what is true now, not from what the address claims.
        moved = row.version is not None and request.query_params.get("now") == str(row.version)
        done = f"Rolled back: v{row.version} answers now." if moved else ""
        return HTMLResponse(model_page(overview, row, assets=self._assets, done=done))

    def confirm(self, request: Request) -> Response:
        return HTMLResponse(self._ask(request.path_params["name"]))

    async def rollback(self, request: Request) -> Response:
        form = await _form(request)
        return await run_in_threadpool(self._roll_back, request, form)

    def static(self, request: Request) -> Response:
        found = self._files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        forever = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(found.body, media_type=found.kind, headers=forever)

    async def alive(self, _: Request) -> Response:
        return Response("ok", media_type="text/plain")

    def _roll_back(self, request: Request, form: dict[str, str]) -> Response:
        name = request.path_params["name"]
        refused = guard.change_refused(request.headers, form.get("token", ""), self._token)
        reason = form.get("reason", "").strip()[:_REASON_LIMIT]
        if refused:
            return HTMLResponse(self._ask(name, reason, f"{refused} Nothing was changed; press again."), 403)
        if not reason:
            wrong = "A reason is needed: whoever reads the history will ask."
            return HTMLResponse(self._ask(name, reason, wrong), 422)
        row = self._desk.roll_back(name, seen=_whole(form.get("from")), to=_whole(form.get("to")), reason=reason)
        return RedirectResponse(f"/models/{name}?now={row.version}", 303)

    def _ask(self, name: str, reason: str = "", wrong: str = "") -> str:
        overview, row = self._desk.model(name, anew=True)
        return confirm_page(
            overview,
            rollback_of(row),
            token=self._token,
            by=self._desk.by,
            assets=self._assets,
            reason=reason,
            wrong=wrong,
        )

    def refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, MainstayError)  # noqa: S101 - registered for this type alone
        return self._message(request, error.message, error.cure, _code(error))

    def http_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
        words = {404: "There is no such page.", 405: "This address can't be asked that way.", 413: "That is too much."}
        sentence = words.get(error.status_code, "That can't be answered.")
        return self._message(request, sentence, "Go back to the overview.", error.status_code)

    def broken(self, request: Request, _: Exception) -> Response:
        # What went wrong is in the process's log; a page tells nobody how we are built.
        return self._message(
            request, "The dashboard failed to draw this page.", "Its log says why; reload to retry.", 500
        )

    def _message(self, request: Request, sentence: str, cure: str, code: int) -> Response:
        if request.url.path.endswith(".json"):
            problem = {"title": sentence, "detail": cure, "status": code}
            return Response(msgspec.json.encode(problem), code, media_type="application/problem+json")
        return HTMLResponse(message_page(sentence, cure, code=code, assets=self._assets), code)


class _Guarded:
    """Refuses strangers before the application sees them, and puts the safety headers on every answer."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = [value.decode("latin-1") for key, value in scope["headers"] if key == b"host"]
        if len(given) != 1 or not guard.host_known(given[0], self._hosts):
            answer = Response("This dashboard answers to its own name only.\n", 421, _HEADERS, "text/plain")
            await answer(scope, receive, send)
            return

        async def send_safely(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                assert isinstance(headers, list)  # noqa: S101 - ASGI says so
                named = {key for key, _ in headers}
                extra = [(k.encode(), v.encode()) for k, v in _HEADERS.items() if k.encode() not in named]
                message = {**message, "headers": [*headers, *extra]}
            await send(message)

        await self._app(scope, receive, send_safely)  # type: ignore[arg-type] # a narrower message than ASGI's


async def _form(request: Request) -> dict[str, str]:
    """Read a form's fields; a body that is none, or too long, is refused."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_LIMIT:
            raise HTTPException(413)
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise HTTPException(400) from None
    return {key: values[-1] for key, values in fields.items()}


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else None


def _code(error: MainstayError) -> int:
    kinds: tuple[tuple[type[MainstayError], int], ...] = (
        (NotFoundError, 404),
        (CheckError, 409),
        (InputError, 422),
        (LockedError, 503),
    )
    return next((code for kind, code in kinds if isinstance(error, kind)), 500)
