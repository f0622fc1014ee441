"""What a container's host says by the environment."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import InputError
from mainstay.serving.doors.hosts import PORTS, read_hosts, read_number

if TYPE_CHECKING:
    from mainstay.project import Project


def test_the_most_particular_port_counts() -> None:
    told = {"PORT": "1", "SAGEMAKER_BIND_TO_PORT": "2", "AIP_HTTP_PORT": ""}
    assert read_number(told, PORTS, 8000, 65535) == 2
    assert read_number({}, PORTS, 8000, 65535) == 8000


@pytest.mark.parametrize("found", ["0", "65536", "-1", "8080x", "1e3", "٣", "9" * 5000])
def test_a_port_that_is_none_is_refused(found: str) -> None:
    with pytest.raises(InputError, match=r"PORT is '.*' in the environment. Set it to a number from 1 to 65535"):
        read_number({"PORT": found}, PORTS, 8000, 65535)


@pytest.mark.parametrize(
    ("told", "models", "said"),
    [
        ({"AIP_PREDICT_ROUTE": "predict"}, 1, "no address"),
        ({"AIP_PREDICT_ROUTE": "/a?b"}, 1, "no address"),
        ({"AIP_HEALTH_ROUTE": "/metrics"}, 1, "uses itself"),
        ({"AIP_PREDICT_ROUTE": "/readyz"}, 1, "uses itself"),
        ({"AIP_PREDICT_ROUTE": "/a", "AIP_HEALTH_ROUTE": "/a"}, 1, "both"),
        ({"AIP_PREDICT_ROUTE": "/a"}, 2, "2 models are served"),
    ],
)
def test_an_address_that_cant_be_meant_is_refused(told: dict[str, str], models: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_hosts(told, models)


@pytest.mark.parametrize(("name", "found"), [("PORT", "http"), ("WEB_CONCURRENCY", "0"), ("AIP_PREDICT_ROUTE", "x")])
def test_the_server_says_it_in_a_sentence(project: Project, name: str, found: str) -> None:
    command = [sys.executable, "-m", "mainstay.serving", "--project", str(project.root)]
    said = subprocess.run(
        command, env={name: found, "PYTHONPATH": ":".join(sys.path)}, capture_output=True, check=False
    )
    assert said.returncode == 2
    assert said.stderr.decode().startswith(f"mainstay: {name} is '{found}'")
    assert len(said.stderr.splitlines()) == 1
