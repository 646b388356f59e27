"""A cluster that all the world reaches is not used."""

from __future__ import annotations

import socket

import pytest

from quorate.errors import ConfigError
from quorate.research.addresses import Address, check_listens, check_private, parsed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.0.0.5:6379", ("", "10.0.0.5", 6379)),
        ("tls://node-1:8786", ("tls", "node-1", 8786)),
        ("[fd00::2]:6379", ("", "fd00::2", 6379)),
    ],
)
def test_an_address_has_parts(text, found):
    assert parsed(text, "x") == Address(*found)


@pytest.mark.parametrize("text", ["", "10.0.0.5", "auto", "10.0.0.5:port", "[fd00::2:6379"])
def test_what_is_none_is_refused_with_one_that_would_do(text):
    with pytest.raises(ConfigError, match="is not the address of a cluster") as caught:
        parsed(text, "10.0.0.5:6379")
    assert caught.value.hint == "like 10.0.0.5:6379"


@pytest.mark.parametrize("host", ["10.1.2.3", "172.16.0.1", "192.168.0.9", "100.64.0.1", "fd00::2"])
def test_a_private_network_is_taken(host):
    assert check_private(host) is False


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1"])
def test_this_machine_is_told_apart(host):
    assert check_private(host) is True


@pytest.mark.parametrize("host", ["8.8.8.8", "2001:4860:4860::8888", "0.0.0.0", "::", "224.0.0.1"])  # noqa: S104
def test_a_public_one_is_refused(host):
    with pytest.raises(ConfigError, match="is public") as caught:
        check_private(host)
    assert "private network or of a VPN" in caught.value.hint


def test_what_listens_is_told_from_what_does_not():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        place = Address("", "127.0.0.1", server.getsockname()[1])
        with pytest.raises(ConfigError, match="nothing listens at 127"):
            check_listens(place)
        server.listen()
        check_listens(place)


def test_a_name_is_refused_for_any_of_its_numbers(monkeypatch):
    """A name that stands for a private and a public number is reached by the latter too."""
    found = [(2, 1, 6, "", (number, 0)) for number in ("10.0.0.5", "8.8.8.8")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
    with pytest.raises(ConfigError, match=r"8\.8\.8\.8 is public"):
        check_private("node-1")


def test_a_name_without_a_number_is_refused(monkeypatch):
    def unknown(*_):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ConfigError, match="node-1 has no address: Name or service not known"):
        check_private("node-1")
