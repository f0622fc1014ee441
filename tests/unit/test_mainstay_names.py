"""What is public is what `__all__` says, here and in every room."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

import mainstay

ROOMS = [module.name for module in pkgutil.iter_modules(mainstay.__path__, "mainstay.") if module.ispkg]


def test_every_public_name_can_be_had() -> None:
    assert [name for name in mainstay.__all__ if not hasattr(mainstay, name)] == []
    assert mainstay.__all__ == sorted(mainstay.__all__)
    assert set(mainstay.__all__) == set(mainstay._HOME)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_and_what_is_public(room: str) -> None:
    module = import_module(room)
    assert (module.__doc__ or "").strip()
    assert [name for name in getattr(module, "__all__", []) if not hasattr(module, name)] == []


def test_import_loads_none_of_the_rooms() -> None:
    code = "import sys, mainstay; print([m for m in sys.modules if m.startswith('mainstay.')])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert out.stdout.strip() == "[]"
