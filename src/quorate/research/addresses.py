"""Where a cluster may stand: on addresses that the internet does not reach.

In: an address as a cluster tells it. Out: its parts, or an error that says what to do. Whoever
reaches a cluster may have it run anything, so one that all the world reaches is not used.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

from quorate.errors import ConfigError

_PATIENCE_S = 10.0


class Address(NamedTuple):
    """A place that listens: ``scheme`` is empty where none was given."""

    scheme: str
    host: str
    port: int


def parsed(text: str, example: str) -> Address:
    """Return the parts of an address.

    Parameters
    ----------
    text : str
        ``host:port`` or ``scheme://host:port``; an IPv6 host in brackets.
    example : str
        One that would do, for the error.

    Raises
    ------
    ConfigError
        It has no host or no port.

    Notes
    -----
    Units: none.  Causal: none.  Missing: refused.

    Examples
    --------
    >>> parsed("tls://10.0.0.5:8786", "tls://10.0.0.5:8786")
    Address(scheme='tls', host='10.0.0.5', port=8786)
    """
    full = text if "://" in text else f"//{text}"
    try:
        parts = urlsplit(full)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if host is None or port is None:
        raise ConfigError(f"{text!r} is not the address of a cluster", hint=f"like {example}")
    return Address(scheme, host, port)


def check_listens(address: Address) -> None:
    """Refuse an address at which nothing listens: libraries go on asking for minutes."""
    try:
        socket.create_connection((address.host, address.port), timeout=_PATIENCE_S).close()
    except OSError as error:
        raise ConfigError(
            f"nothing listens at {address.host}:{address.port}: {error}",
            hint="check that the cluster runs, and that this machine reaches it",
        ) from error


def check_private(host: str) -> bool:
    """Refuse a host that the internet may reach; say whether it is this machine's loopback.

    Parameters
    ----------
    host : str
        A name or a number; a name is looked up, and every number it stands for is checked.

    Returns
    -------
    bool
        True where it is reached from this machine alone.

    Raises
    ------
    ConfigError
        One of its numbers is public, or it has none.

    Notes
    -----
    Units: none.  Causal: none.  Missing: refused.

    Examples
    --------
    >>> check_private("127.0.0.1"), check_private("10.0.0.5")
    (True, False)
    >>> check_private("8.8.8.8")
    Traceback (most recent call last):
    ...
    quorate.errors.ConfigError: 8.8.8.8 is public, and whoever reaches a cluster commands it
      next: give the cluster addresses of a private network or of a VPN
    """
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError as error:
        raise ConfigError(
            f"{host} has no address: {error.strerror}", hint="check the name of the cluster's host"
        ) from error
    numbers = [ipaddress.ip_address(each.partition("%")[0]) for each in found]
    for number in numbers:
        if number.is_global or number.is_unspecified or number.is_multicast:
            raise ConfigError(
                f"{number} is public, and whoever reaches a cluster commands it",
                hint="give the cluster addresses of a private network or of a VPN",
            )
    return all(number.is_loopback for number in numbers)
