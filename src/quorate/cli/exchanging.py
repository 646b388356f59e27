"""``quorate exchange``: a simulated exchange to try clients, bots and faults on."""

from __future__ import annotations

import json as jsonlib
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

from cyclopts import App, Parameter

from quorate.cli.commands import Json, app

if TYPE_CHECKING:
    from quorate.api.exchanging import Served

exchange = App(name="exchange", help="A simulated exchange that speaks a real venue's API.")
app.command(exchange)


@exchange.command
def serve(  # noqa: PLR0913  (its options)
    *,
    coins: Annotated[
        list[str] | None,
        Parameter(help="Each in USDT; BTC and ETH if left out.", consume_multiple=True),
    ] = None,
    balance: Annotated[str, Parameter(help="Of its one account, in USDT.")] = "10000",
    seed: Annotated[int, Parameter(help="The same seed makes the same market.")] = 7,
    port: Annotated[int, Parameter(help="On 127.0.0.1; 0 for any that is free.")] = 8765,
    seconds: Annotated[
        float | None, Parameter(help="How long; until interrupted if left out.")
    ] = None,
    failing: Annotated[float, Parameter(help="Share of requests that fail on the way: 0.3.")] = 0.0,
    dialect: Annotated[
        Literal["binance-usdm", "binance-spot", "bybit"],
        Parameter(help="Whose API it speaks: futures or spot of Binance, perpetuals of Bybit."),
    ] = "binance-usdm",
    history: Annotated[float, Parameter(help="Days of candles it begins with: 40.")] = 0.0,
    json: Json = False,
) -> None:
    """Serve a simulated exchange that speaks a real venue's API, on this machine only.

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
        dialect=dialect,
        history_days=history,
        ready=ready,
    )


class _Plain(NamedTuple):
    """How plain ccxt is pointed at a dialect: its class, its options, which address is replaced."""

    title: str
    ccxt: str
    options: str
    host: str
    symbol: str
    told: str
    look: str


_PLAIN: Final = {
    "binance-usdm": _Plain(
        "Binance USD-M futures",
        "binanceusdm",
        '{"fetchCurrencies": False, "fetchMarkets": {"types": ["linear"]}}',
        "https://fapi.binance.com",
        "/USDT:USDT",
        "average",
        'fetch_positions(["{}"])[0]["contracts"]',
    ),
    "binance-spot": _Plain(
        "Binance spot",
        "binance",
        '{"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["spot"]}}',
        "https://api.binance.com",
        "/USDT",
        "average",
        'fetch_balance()["{}"]["total"]',
    ),
    "bybit": _Plain(
        "Bybit's linear perpetuals",
        "bybit",
        '{"fetchMarkets": {"types": ["linear"]}}',
        "https://api.{hostname}",
        "/USDT:USDT",
        "id",
        'fetch_positions(["{}"])[0]["contracts"]',
    ),
}


def _said(served: Served) -> str:
    """Return the address, the key and a program that trades against it."""
    plain = _PLAIN[served.dialect]
    coin = served.symbols[0].removesuffix("USDT")
    symbol = coin + plain.symbol
    return f"""A simulated exchange: {plain.title} at {served.url}
  key {served.api_key}, secret {served.secret}; {", ".join(served.symbols)}
Stop it with Ctrl-C. In another terminal:

  import ccxt
  client = ccxt.{plain.ccxt}({{"apiKey": "{served.api_key}", "secret": "{served.secret}"}})
  client.options |= {plain.options}
  urls = client.urls["api"]
  for name, url in urls.items():
      if isinstance(url, str):
          urls[name] = url.replace("{plain.host}", "{served.url}")
  print(client.create_order("{symbol}", "market", "buy", 0.01)["{plain.told}"])
  print(client.{plain.look.format(symbol if ":" in symbol else coin)})
"""
