from __future__ import annotations

import socket

import pytest

from mainstay.errors import InputError, SetupError
from mainstay.serving.process.address import bind, is_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.com"])  # noqa: S104 - the point of the test
def test_other_machines_are_let_in_only_where_somebody_says_so(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(InputError, match="no keys yet"):
        bind(host, 0)


def test_insecure_lets_them_in() -> None:
    with bind("0.0.0.0", 0, insecure=True) as listener:  # noqa: S104 - the point of the test
        assert listener.getsockname()[1]


def test_keys_let_them_in() -> None:
    with bind("0.0.0.0", 0, keys=True) as listener:  # noqa: S104 - the point of the test
        assert listener.getsockname()[1]


def test_a_port_in_use_is_one_sentence_with_the_cure() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SetupError, match=rf"^Port {port} on 127.0.0.1 is in use .* Choose another: --port N\.$"):
            bind("127.0.0.1", port)


@pytest.mark.parametrize("port", [-1, 65536])
def test_what_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(InputError, match="no port"):
        bind("127.0.0.1", port)
