"""`Guard`: lets a request in, or says why not."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import time
from typing import TYPE_CHECKING

from mainstay.errors import StoreError
from mainstay.serving.guard.rates import Rates
from mainstay.serving.guard.ring import Ring, make_ring
from mainstay.serving.guard.strangers import Strangers
from mainstay.serving.replies import Refused
from mainstay.serving.served import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.call import Call
    from mainstay.serving.guard.keys import ApiKey, Need, Scope
    from mainstay.serving.guard.ring import Pass
    from mainstay.serving.guard.store import KeyFile, Stamp
    from mainstay.serving.wire.intake import Head

UNWRITTEN = frozenset({"auth", "strangers", "rate"})
"""Causes of refusals that are counted, and not written into the event log."""
_REALM = b'Bearer realm="mainstay"'
_digest = hashlib.blake2s  # nothing is kept of it but the address of an entry: the quickest that can't be turned round
Place = tuple["KeyFile", frozenset[str]]
"""A file of keys, and the models they open; no model: all of them."""


class Guard:
    """Knows the keys, and who may do what with them.

    As long as there is no file of keys everybody is let in, who then has no name. A server that asked for keys once
    goes on asking until it ends: a file that is gone or damaged opens nothing.

    Parameters
    ----------
    places : sequence of (KeyFile, frozenset of str)
        Where the keys are.
    rates : Rates, optional
        Where requests are counted by key.
    asks : bool
        Whether keys are asked for even where there is no file.

    Raises
    ------
    StoreError
        Where a file is there and can't be read: what was meant to be guarded isn't served unguarded.

    """

    def __init__(self, places: Sequence[Place] = (), rates: Rates | None = None, *, asks: bool = False) -> None:
        self._places = tuple(places)
        self._rates = rates or Rates()
        self._strangers = Strangers()
        self._stamps = self._look()
        self._kept: tuple[tuple[ApiKey, ...], ...] = tuple(file.read() for file, _ in self._places)
        self._trouble = ""
        self._ring = self._make(asks=asks)

    @property
    def asks(self) -> bool:
        """Whether keys are asked for."""
        return self._ring.asked

    def admit(self, call: Call, need: Need, model: str = "") -> None:
        """Let a request in, and write into it who calls.

        Parameters
        ----------
        call : Call
            The request.
        need : {"open", "known", "predict", "feedback", "read", "admin"}
            What its address asks for: nothing, any valid key, or one with that scope.
        model : str
            Of which model; empty: of none in particular.

        Raises
        ------
        Refused
            401 where no valid key came with it, 403 where the key opens something else, 429 where it came too often.

        """
        ring = self._ring
        if not ring.asked or need == "open":
            return
        opened = self._opened(ring, call)
        call.consumer = opened.consumer
        if need not in opened.scopes:
            raise _out_of_scope(need)
        if model and opened.models and model not in opened.models:
            raise _other_model(model)
        if opened.rate and (wait := self._rates.take(opened.place, opened.rate)):
            raise self._too_often(opened, wait)

    def knows(self, call: Call, scope: Scope) -> bool:
        """Say whether a request comes from somebody who may; counts nothing and refuses nothing."""
        ring = self._ring
        if not ring.asked:
            return True
        head = call.head
        shown = head.get(b"x-api-key") or head.get(b"authorization")
        if shown is None:
            return False
        found = ring.look_up(_token(head), _digest(shown).digest(), dt.datetime.now(dt.UTC))
        return not isinstance(found, str) and scope in found.scopes

    def look(self) -> bool:
        """Read the files anew where they have changed; says whether they have. Called once a second."""
        stamps = self._look()
        if stamps == self._stamps:
            return False
        self._stamps = stamps
        try:
            self._kept = tuple(file.read() for file, _ in self._places)
        except StoreError as error:
            if str(error) != self._trouble:
                say(f"The API keys stay as they were: {error}")
            self._trouble = str(error)
            return False
        self._trouble = ""
        self._ring = self._make(asks=self._ring.asked)
        return True

    def _look(self) -> tuple[Stamp | None, ...]:
        return tuple(file.stamp() for file, _ in self._places)

    def _make(self, *, asks: bool) -> Ring:
        files = [(keys, models) for keys, (_, models) in zip(self._kept, self._places, strict=True)]
        return make_ring(files, asked=asks or any(stamp is not None for stamp in self._stamps))

    def _opened(self, ring: Ring, call: Call) -> Pass:
        head = call.head
        shown = head.get(b"x-api-key") or head.get(b"authorization")
        if shown is None:
            raise self._unknown(call, "")
        digest = _digest(shown).digest()
        opened = ring.passes.get(digest)
        if opened is not None and (opened.until == math.inf or time.time() < opened.until):
            return opened
        found = ring.look_up(_token(head), digest, dt.datetime.now(dt.UTC))
        if isinstance(found, str):
            raise self._unknown(call, found)
        return found

    def _unknown(self, call: Call, why: str) -> Refused:
        wait = self._strangers.note(call.peer)
        if wait:
            seconds = math.ceil(wait)
            return Refused(
                429,
                "strangers",
                "Too many requests without a valid API key came from this address.",
                f"Wait {seconds} s, and send a valid key.",
                headers=((b"retry-after", b"%d" % seconds),),
            )
        if not why:
            said = "This server asks for an API key."
        elif why == "unknown":
            said = "This API key isn't known here."
        else:
            said = f"This API key is {why}."
        challenge = _REALM if not why else _REALM + b', error="invalid_token"'
        made = "mainstay admin api-keys new NAME --scope SCOPE"
        cure = f"Send 'Authorization: Bearer ms_...'; the operator makes one: {made}"
        return Refused(401, "auth", said, cure, headers=((b"www-authenticate", challenge),))

    def _too_often(self, opened: Pass, wait: float) -> Refused:
        most = max(1, math.floor(opened.rate))
        window = max(1, math.ceil(1 / opened.rate))
        seconds = max(1, math.ceil(wait))
        left = self._rates.left(opened.place, opened.rate)
        return Refused(
            429,
            "rate",
            f"This API key may send {opened.rate:g} requests a second.",
            f"Wait {seconds} s, and send records together: an array is one request.",
            headers=(
                (b"retry-after", b"%d" % seconds),
                # draft-ietf-httpapi-ratelimit-headers: the policy, and what is left of it
                (b"ratelimit-policy", b'"key";q=%d;w=%d' % (most, window)),
                (b"ratelimit", b'"key";r=%d;t=%d' % (left, seconds)),
            ),
        )


def _token(head: Head) -> bytes:
    """Give the key a request shows: ``X-API-Key`` first, since ``Authorization`` may be meant for a proxy."""
    shown = head.get(b"x-api-key")
    if shown:
        return shown.strip()
    scheme, _, token = head.get(b"authorization", b"").strip().partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def _out_of_scope(need: Need) -> Refused:
    challenge = _REALM + b', error="insufficient_scope", scope="%s"' % need.encode()
    return Refused(
        403,
        "scope",
        f"This API key doesn't open '{need}'.",
        f"Use one that does; the operator makes it: mainstay admin api-keys new NAME --scope {need}",
        headers=((b"www-authenticate", challenge),),
    )


def _other_model(model: str) -> Refused:
    return Refused(
        403,
        "scope",
        f"This API key doesn't open the model {model}.",
        "Use one that was made in the folder of its project.",
    )
