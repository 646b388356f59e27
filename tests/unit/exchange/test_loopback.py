"""The trading venue on a real socket: the plain client, pointed at it, trades and listens."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.unit.exchange.binance.client import BTC, SETTINGS, START_MS, venue

from quorate.exchange.loopback import listening

pytest.importorskip("ccxt")


def pointed(urls: Any, base: str) -> Any:
    """Return ccxt's nested addresses with this machine's in place of Binance's."""
    if isinstance(urls, dict):
        return {name: pointed(each, base) for name, each in urls.items()}
    if not isinstance(urls, str):
        return urls
    there = base.replace("http", "ws") if urls.startswith("ws") else base
    for host in (
        "https://fapi.binance.com",
        "https://api.binance.com",
        "wss://fstream.binance.com",
    ):
        urls = urls.replace(host, there)
    return urls


def test_the_plain_client_trades_and_hears_of_it_over_real_sockets() -> None:
    import ccxt.pro

    async def main() -> tuple[list[str], str]:
        made = venue()
        clock = iter(range(START_MS, START_MS + 10**9, 5))
        async with listening(made, now_ms=lambda: next(clock)) as base:
            client = ccxt.pro.binanceusdm(SETTINGS)
            client.urls["api"] = pointed(client.urls["api"], base)
            client.milliseconds = lambda: made.exchange.state.now_ms
            client.number = str
            try:
                task = asyncio.create_task(client.watch_orders())
                while not made.streams.connections:  # noqa: ASYNC110 (the server knows, no event)
                    await asyncio.sleep(0.01)
                order = await client.create_order(BTC, "market", "buy", "0.1")
                seen = [dict(each) for each in await asyncio.wait_for(task, 20)]
                while seen[-1]["status"] != "closed":
                    seen += [dict(e) for e in await asyncio.wait_for(client.watch_orders(), 20)]
                book = await asyncio.wait_for(client.watch_order_book(BTC), 20)
                assert book["bids"]
                assert book["asks"]
                (position,) = await client.fetch_positions([BTC])
                assert position["contracts"] == "0.1"
                return [each["id"] for each in seen], str(order["id"])
            finally:
                await client.close()

    ids, order_id = asyncio.run(main())
    assert set(ids) == {order_id}


def test_wrong_keys_and_paths_are_refused_over_the_wire() -> None:
    import aiohttp

    async def main() -> list[tuple[int, Any]]:
        made = venue()
        async with listening(made) as base, aiohttp.ClientSession() as session:
            answers = []
            for path in ("/fapi/v1/order", "/nothing", "/fapi/v1/ping"):
                async with session.get(base + path) as response:
                    answers.append((response.status, json.loads(await response.text())))
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"{base}/private/ws?listenKey=none")
            return answers

    answers = asyncio.run(main())
    assert [status for status, _ in answers] == [401, 404, 200]
    assert [body.get("code") for _, body in answers] == [-2014, -5000, None]
