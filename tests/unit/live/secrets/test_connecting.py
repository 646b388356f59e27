import asyncio

import pytest
from tests.unit.live.secrets.conftest import PAIR

from quorate.errors import SecretsError, VenueUnavailableError
from quorate.live.secrets.connecting import connection, vetted
from quorate.live.secrets.entry import SecretKind
from quorate.live.secrets.secret import Secret
from quorate.venues.base import Unanswered
from quorate.venues.rights import Rights

FINE = Rights(may_trade=True, beyond=(), is_bound=True)
WIDE = Rights(may_trade=True, beyond=("Wallet.Withdraw",), is_bound=False)


class Venue:
    def __init__(self, said):
        self.said = said
        self.is_closed = False

    async def open(self):
        if isinstance(self.said, Exception):
            raise self.said

    async def rights(self):
        return self.said

    async def close(self):
        self.is_closed = True


def told(said):
    venue = Venue(said)
    found = asyncio.run(vetted("binance_usdm", venue, lambda: 0))
    assert venue.is_closed
    assert all(each.is_refused for each in found)
    return " ".join(each.text for each in found)


def test_what_a_venue_says_of_a_key_is_told():
    assert told(FINE) == ""
    for word in ("Wallet.Withdraw", "any address"):
        assert word in told(WIDE)
    assert "does not say" in told(Unanswered("no answer"))
    error = VenueUnavailableError("GET https://x?timestamp=1&signature=0123456789abcdef")
    assert "signature=<secret>" in told(error)


def test_a_key_makes_a_connection(open_vault):
    vault = open_vault()
    vault.set("binance_usdm.two", SecretKind.VENUE, Secret(PAIR))
    vault.set("hook", SecretKind.TOKEN, Secret("canary-token-one-5521"))
    vault.set("bybit_linear", SecretKind.TOKEN, Secret("canary-token-one-5521"))
    made = connection(vault.open(), "binance_usdm.two", ("BTC/USDT:USDT",))
    assert made.venue == "binance_usdm"
    assert made.secret in PAIR
    assert "canary" not in repr(made)
    for name, said in (("hook", "names no venue"), ("bybit_linear", "not a venue's key")):
        with pytest.raises(SecretsError, match=said):
            connection(vault.open(), name, ())
