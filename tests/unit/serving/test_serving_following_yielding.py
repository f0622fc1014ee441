"""Turns of the interpreter while something is loaded."""

from __future__ import annotations

import sys
import threading

import pytest

from mainstay.serving.following.yielding import yielding


def test_what_was_comes_back_when_the_last_of_several_ends() -> None:
    usual = sys.getswitchinterval()
    first_in, second_in, first_out = threading.Event(), threading.Event(), threading.Event()
    seen: list[float] = []

    def first() -> None:
        with yielding():
            first_in.set()
            second_in.wait(10)
        first_out.set()

    def second() -> None:
        first_in.wait(10)
        with yielding():
            second_in.set()
            first_out.wait(10)
            seen.append(sys.getswitchinterval())

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert seen[0] < usual
    assert sys.getswitchinterval() == usual


def test_what_was_comes_back_when_loading_fails() -> None:
    usual = sys.getswitchinterval()
    with pytest.raises(ValueError, match="damaged"), yielding():
        raise ValueError("damaged")
    assert sys.getswitchinterval() == usual
