from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import SetupError
from mainstay.serving.testing import TestServer, tiny_project

if TYPE_CHECKING:
    from pathlib import Path


def test_a_server_that_never_lives_says_why_and_leaves_nothing_open(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"(?s)The server ended: .*--no-such-word"):
        TestServer.start(tiny_project(tmp_path), words=["--no-such-word"])
    gc.collect()  # what was left open would be a warning now, which is an error in tests
