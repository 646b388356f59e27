"""``quorate exchange``: a simulated exchange to try clients, bots and faults on."""

from __future__ import annotations

import json as jsonlib
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from quorate.cli.commands import Json, app

if TYPE_CHECKING:
    from quorate.api.exchanging import Served

exchange = App(name="exchange", help="A simulated exchange that speaks a real venue's API.")
app.command(exchange)


@exchange.command
def serve(
    *,
    coins: Annotated[
        list[str] | None,
        Parameter(help="Perpetuals in USDT; BTC and ETH if left out.", consume_multiple=True),
    ] = None,
    balance: Annotated[str, Parameter(help="Of its one account, in USDT.")] = "10000",
    seed: Annotated[int, Parameter(help="The same seed makes the same market.")] = 7,
    port: Annotated[int, Parameter(help="On 127.0.0.1; 0 for any that is free.")] = 8765,
    seconds: Annotated[
        float | None, Parameter(help="How long; until interrupted if left out.")
    ] = None,
    failing: Annotated[float, Parameter(help="Share of requests that fail on the way: 0.3.")] = 0.0,
    json: Json = False,
) -> None:
    """Serve a simulated exchange that speaks Binance USD-M futures, on this machine only.

    It has its own prices, matching, margin, funding and websockets; the key and a few lines of
    ccxt that trade against it are printed. Nothing of it is real.

    Example: quorate exchange serve --coins BTC ETH SOL
    """
    from quorate import api

    def ready(served: Served) -> None:
        print(jsonlib.dumps(served._asdict()) if json else _said(served), flush=True)

    api.serve_exchange(
        coins or ("BTC", "ETH"),
        balance=balance,
        seed=seed,
        port=port,
        seconds=seconds,
        failing=failing,
        ready=ready,
    )


def _said(served: Served) -> str:
    """Return the address, the key and a program that trades against it."""
    coin = served.symbols[0].removesuffix("USDT")
    return f"""A simulated exchange: Binance USD-M futures at {served.url}
  key {served.api_key}, secret {served.secret}; {", ".join(served.symbols)}
Stop it with Ctrl-C. In another terminal:

  import ccxt
  client = ccxt.binanceusdm({{"apiKey": "{served.api_key}", "secret": "{served.secret}"}})
  client.options |= {{"fetchCurrencies": False, "fetchMarkets": {{"types": ["linear"]}}}}
  urls = client.urls["api"]
  for name, url in urls.items():
      if isinstance(url, str):
          urls[name] = url.replace("https://fapi.binance.com", "{served.url}")
  print(client.create_order("{coin}/USDT:USDT", "market", "buy", 0.01)["average"])
  print(client.fetch_positions(["{coin}/USDT:USDT"])[0]["contracts"])
"""
