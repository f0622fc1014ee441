"""Where to listen: bound before anything is loaded, refused in one sentence."""

from __future__ import annotations

import errno
import ipaddress
import socket

from mainstay.errors import InputError, SetupError


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)

    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def bind(host: str, port: int, *, insecure: bool = False, keys: bool = False, option: str = "--port") -> socket.socket:
    """Bind the address to serve on.

    Parameters
    ----------
    host, port
        Where.
    insecure : bool
        Whether somebody said that other machines may reach it although there are no keys.
    keys : bool
        Whether callers must show a key.
    option : str
        What the port is chosen with.

    Raises
    ------
    InputError
        Where other machines could reach it and nobody said that this is meant.
    SetupError
        Where the port is taken or may not be used.

    """
    if not is_loopback(host) and not insecure and not keys:
        raise InputError(
            f"On {host} other machines could use this server, and it has no keys yet.",
            "Make one for each caller: mainstay admin api-keys new NAME --scope predict. "
            "Or serve on 127.0.0.1 behind a proxy, or add --insecure where the network is trusted.",
        )
    if not 0 <= port <= 65535:
        raise InputError(f"{port} is no port.", f"Choose one from 1 to 65535: {option} N.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise InputError(f"{host} is no address of this machine.", "Use 127.0.0.1 or 0.0.0.0.") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        why = "is in use by another program" if taken else f"can't be used: {error.strerror}"
        raise SetupError(f"Port {port} on {host} {why}.", f"Choose another: {option} N.") from None
    return listener
