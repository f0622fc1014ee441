"""Asking an object store: again where that may help, for seconds at most; what it says against us in our words."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from mainstay.errors import StoreError
from mainstay.extras import need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
WHO = "Keeping bundles in an object store"
_ONCE_MORE = 2.5  # seconds after which nothing is tried again
_PAUSE = (0.2, 0.6)  # seconds between two tries: any of these, so that many servers don't come back at once
_KINDS = (  # the library keeps the cause in the text alone
    ("kind: Connect", "can't be reached"),
    ("kind: Timeout", "doesn't answer in time"),
    ("kind: Interrupted", "broke off in the middle of an answer"),
    ("IncompleteMessage", "broke off in the middle of an answer"),
    ("ConnectionReset", "broke off in the middle of an answer"),
)
_NO_BUCKET = "NoSuchBucket"
_ROLES = ("/latest/api/token", "/latest/meta-data")  # where a cloud's machine is asked for its role, without a key


def once_more(address: str, ask: Callable[[], T]) -> T:
    """Ask, and again while it is early; raises as `sentences` does."""
    generic = need("obstore.exceptions", WHO, "s3").GenericError
    end = time.monotonic() + _ONCE_MORE
    with sentences(address):
        while True:
            try:
                return ask()
            except generic:
                pause = random.uniform(*_PAUSE)  # noqa: S311 - no secret
                if time.monotonic() + pause > end:
                    raise
                time.sleep(pause)


@contextmanager
def sentences(address: str) -> Iterator[None]:
    """Turn what the library raises into our sentences.

    Raises
    ------
    FileNotFoundError, FileExistsError
        For the object itself: whoever asked knows what that means.
    StoreError
        For everything else.

    """
    exceptions = need("obstore.exceptions", WHO, "s3")
    try:
        yield
    except exceptions.AlreadyExistsError as error:
        raise FileExistsError(str(error)) from None
    except FileNotFoundError as error:
        if _NO_BUCKET not in str(error):
            raise
        raise _trouble(address, str(error)) from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise StoreError(
            f"The object store {address} refuses this key.",
            "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy.",
        ) from None
    except exceptions.BaseError as error:
        raise _trouble(address, str(error)) from None


def _trouble(address: str, said: str) -> StoreError:
    if any(role in said for role in _ROLES):
        return StoreError(
            f"The environment holds no key for the object store {address}.",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )
    if _NO_BUCKET in said:
        return StoreError(f"There is no bucket at {address}.", "Make it, or correct MAINSTAY_STORE.")
    for kind, words in _KINDS:
        if kind in said:
            return StoreError(
                f"The object store {address} {words}.", "Check AWS_ENDPOINT_URL and the network; then try again."
            )
    line = next((line.strip() for line in said.splitlines() if line.strip()), "no reason given")
    return StoreError(f"The object store {address} failed: {line[:300]}", "Try again.")
