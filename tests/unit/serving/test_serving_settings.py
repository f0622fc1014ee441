from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay.errors import ProjectError
from mainstay.serving.settings import ServingSettings
from mainstay.serving.testing import tiny_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('cache = "yes"', "cache is 'yes'. Allowed: \"auto\", or a whole number of at least 0."),
        ("cache = -1", 'cache is -1. Allowed: "auto", or a whole number of at least 0.'),
        ("cache = true", 'cache is true. Allowed: "auto", or a whole number of at least 0.'),
        ('otel = "localhost:4318"', 'Allowed: an address with its scheme, as in "http://127.0.0.1:4318".'),
        ("deadline_seconds = nan", "deadline_seconds is nan. Allowed: a number above"),
        ("breaker_share = 2", "breaker_share is 2. Allowed: a number of at most 1"),
        ('shadow_share = "4%"', "shadow_share is '4%'. Allowed: a number."),
        ("grpc_port = 70000", "grpc_port is 70000. Allowed: a whole number of at most 65535."),
        ("queue_second = 1", "Did you mean 'queue_seconds'?"),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_says_what_is_allowed(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(ProjectError) as caught:
        tiny_project(tmp_path, more=f"[serving]\n{line}\n").section("serving", ServingSettings)
    assert told in str(caught.value)


@pytest.mark.parametrize("cache", ['"auto"', "0", "500"])
def test_the_cache_is_auto_or_a_number(tmp_path: Path, cache: str) -> None:
    settings = tiny_project(tmp_path, more=f"[serving]\ncache = {cache}\n").section("serving", ServingSettings)
    assert str(settings.cache) == cache.strip('"')
