"""The lifeline: a pipe whose other end closes when whoever started this process is gone, however it went."""

from __future__ import annotations

import os
import signal
import threading


def leave_with(lifeline: int | None) -> None:
    """End in order when the other end of a pipe closes; does nothing without one.

    Parameters
    ----------
    lifeline : int or None
        The reading end, inherited from whoever keeps the other one and never writes into it.

    """
    if lifeline is not None:
        threading.Thread(target=_wait, args=(lifeline,), name="mainstay-lifeline", daemon=True).start()


def _wait(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
