"""`Router`: which handler answers an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.serving.replies import Refused, Reply, method_refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.serving.call import Call
    from mainstay.serving.guard import Need
    from mainstay.serving.handler import Handler

    Finder = Callable[[str], Handler | None]


ANY: tuple[str, ...] = ()
"""Methods of an address that doesn't mind how it is asked."""


class Router:
    """The addresses of the server.

    Attributes
    ----------
    exact : dict of str to Handler
        Addresses that are always the same.

    """

    def __init__(self) -> None:
        self.exact: dict[str, Handler] = {}
        self._finders: list[Finder] = []

    def add(self, path: str, handler: Handler) -> None:
        """Let a handler answer an address."""
        self.exact[path] = handler

    def add_page(self, path: str, draw: Callable[[Call], Reply], need: Need = "read", model: str = "") -> None:
        """Let a function answer an address that is only read."""
        self.exact[path] = Page(draw, need=need, model=model)

    def add_finder(self, finder: Finder) -> None:
        """Let a function be asked for the handler of addresses with a part that varies."""
        self._finders.append(finder)

    def find(self, path: str) -> Handler | None:
        """Give the handler of an address; none where there is nothing at it."""
        found = self.exact.get(path)
        if found is not None:
            return found
        return next((handler for finder in self._finders if (handler := finder(path)) is not None), None)


class Page:
    """An address that is only read.

    Parameters
    ----------
    draw : callable
        Draws it.
    methods : sequence of str
        How it may be asked for; `ANY` for any way.
    need : str
        What a caller must have: ``"open"`` for whoever comes.
    model : str
        Whose address it is; empty: no model's in particular.

    """

    def __init__(
        self,
        draw: Callable[[Call], Reply],
        methods: Sequence[str] = ("GET", "HEAD"),
        need: Need = "read",
        model: str = "",
    ) -> None:
        self.need = need
        self.model = model
        self._draw = draw
        self._methods = methods

    def __call__(self, call: Call) -> Reply:
        """Draw it; its body, if it has one, isn't read."""
        try:
            if self._methods and call.method not in self._methods:
                raise method_refused(call.method, ", ".join(self._methods))
            return self._draw(call)
        except Refused as refused:
            return self.refuse(call, refused)

    def refuse(self, call: Call, refused: Refused) -> Reply:
        """Refuse a request that could not be read whole."""
        return refused.reply(call.id or "")
