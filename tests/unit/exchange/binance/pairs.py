"""The real ccxt client over Binance spot on an exchange of our own, in virtual time."""

from __future__ import annotations

import asyncio
import copy
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from quorate.exchange.access import Key
from quorate.exchange.binance.spot import Spot
from quorate.exchange.matching.exchange import Exchange
from quorate.exchange.matching.instruments import Instrument
from quorate.exchange.session import Session, beat
from quorate.exchange.virtual import VirtualLoop, run_virtually

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Result = TypeVar("Result")
START_MS = 1_700_006_400_000
SETTINGS: dict[str, Any] = {
    "apiKey": "key",
    "secret": "secret",
    "enableRateLimit": False,
    "timeout": 5000,
    "options": {
        "defaultType": "spot",
        "fetchCurrencies": False,
        "fetchMargins": False,
        "fetchMarkets": {"types": ["spot"]},
        "warnOnFetchOpenOrdersWithoutSymbol": False,
    },
}


def spot(**key: Any) -> Spot:
    """Build a venue with two pairs and an account of 10,000 USDT and two coins."""
    pair = Instrument(
        "BTCUSDT",
        "BTC",
        kind="spot",
        funding_hours=0,
        max_conditional=5,
        maker_fee=Decimal("0.001"),
    )
    exchange = Exchange(
        [pair, pair._replace(symbol="ETHUSDT", base="ETH", tick=Decimal("0.01"))],
        seed=1,
        start_ms=START_MS,
    )
    exchange.open_account("me", {"USDT": Decimal(10_000), "BTC": Decimal(2)})
    bound = {"addresses": ("127.0.0.1",)} | key
    return Spot(exchange, {"key": Key("key", "me", "secret", **bound)})


def watch(
    play: Callable[[Any, Session], Coroutine[Any, Any, Result]],
    made: Spot | None = None,
    every_s: float = 1.0,
) -> Result:
    """Let the real client trade at, and watch, a venue whose time goes on by itself."""
    import ccxt.pro as ccxt

    found = spot() if made is None else made

    async def main() -> Result:
        client = ccxt.binance(copy.deepcopy(SETTINGS))
        hosts = ("api.binance.com", "stream.binance.com:9443", "ws-api.binance.com:443")
        session = Session(dict.fromkeys(hosts, found))
        client.session = session
        client.number = str
        beating = asyncio.create_task(beat(found, every_s))
        try:
            await client.load_markets()
            return await play(client, session)
        finally:
            beating.cancel()
            await client.close()

    return run_virtually(main(), VirtualLoop(START_MS))
