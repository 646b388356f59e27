"""The real ccxt client over an exchange of our own, in virtual time."""

from __future__ import annotations

import asyncio
import copy
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from quorate.exchange.binance.futures import Futures
from quorate.exchange.binance.signing import Key
from quorate.exchange.matching.exchange import Exchange
from quorate.exchange.matching.instruments import Instrument
from quorate.exchange.network import Network
from quorate.exchange.session import Session, beat
from quorate.exchange.virtual import VirtualLoop, run_virtually

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from quorate.exchange.network import Fault

Result = TypeVar("Result")
START_MS = 1_700_006_400_000
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def venue(**key: Any) -> Futures:
    """Build a venue with two contracts and an account of 10,000 USDT."""
    exchange = Exchange(
        [
            Instrument("BTCUSDT", "BTC"),
            Instrument("ETHUSDT", "ETH", tick=Decimal("0.01"), funding_hours=4),
        ],
        seed=1,
        start_ms=START_MS,
    )
    exchange.open_account("me", {"USDT": Decimal(10_000)})
    bound = {"addresses": ("127.0.0.1",)} | key
    return Futures(exchange, {"key": Key("key", "me", "secret", **bound)})


SETTINGS: dict[str, Any] = {
    "apiKey": "key",
    "secret": "secret",
    "enableRateLimit": False,
    "timeout": 5000,
    "options": {
        "fetchCurrencies": False,
        "recvWindow": 5000,
        "fetchMarkets": {"types": ["linear"]},
        "warnOnFetchOpenOrdersWithoutSymbol": False,
    },
}


def trade(
    play: Callable[[Any], Coroutine[Any, Any, Result]],
    made: Futures | None = None,
    faults: Sequence[Fault] = (),
    **options: Any,
) -> Result:
    """Let the real client do something at a venue, in virtual time."""
    import ccxt.async_support as ccxt

    found = venue() if made is None else made

    async def main() -> Result:
        client = ccxt.binanceusdm({**copy.deepcopy(SETTINGS), **options})
        client.session = Session({"fapi.binance.com": found}, Network(3, faults))
        client.number = str
        try:
            await client.load_markets()
            return await play(client)
        finally:
            await client.close()

    return run_virtually(main(), VirtualLoop(START_MS))


def watch(
    play: Callable[[Any, Session], Coroutine[Any, Any, Result]], made: Futures, every_s: float = 1.0
) -> Result:
    """Let the real client watch a venue whose time goes on by itself."""
    import ccxt.pro as ccxt

    async def main() -> Result:
        client = ccxt.binanceusdm(copy.deepcopy(SETTINGS))
        session = Session({"fapi.binance.com": made, "fstream.binance.com": made})
        client.session = session
        client.number = str
        beating = asyncio.create_task(beat(made, every_s))
        try:
            await client.load_markets()
            return await play(client, session)
        finally:
            beating.cancel()
            await client.close()

    return run_virtually(main(), VirtualLoop(START_MS))
