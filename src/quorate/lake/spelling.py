"""How the lake spells a venue's markets: one name for a symbol, whatever venue it is of.

In: a market as ccxt knows it. Out: the vendor and the symbol of its place in the lake.
"""

from __future__ import annotations

import re
from typing import Any, Final

_HOUSES: Final = {"binanceusdm": "binance", "binancecoinm": "binance", "krakenfutures": "kraken"}
_LINEAR: Final = {"binance": "usdm", "bybit": "linear", "okx": "swap"}
_INVERSE: Final = {"binance": "coinm"}
_ODD: Final = re.compile(r"[^A-Za-z0-9._-]|^[._-]")
"""What may not stand in the name of a folder, or not begin it."""


def vendor(venue: str, market: dict[str, Any]) -> str:
    """Return the lake's name for a venue's kind of market.

    Examples
    --------
    >>> vendor("binanceusdm", {"type": "swap", "linear": True})
    'binance_usdm'
    >>> vendor("kraken", {"type": "spot"}), vendor("hyperliquid", {"type": "swap", "linear": True})
    ('kraken_spot', 'hyperliquid_perp')
    """
    house = _HOUSES.get(venue, venue)
    if market["type"] == "spot":
        return f"{house}_spot"
    if market.get("inverse"):
        return f"{house}_{_INVERSE.get(house, 'inverse')}"
    return f"{house}_{_LINEAR.get(house, 'perp')}"


def name_of(market: dict[str, Any]) -> str:
    """Return the lake's name for a symbol, the same for all venues.

    Examples
    --------
    >>> name_of({"base": "BTC", "quote": "USDT", "symbol": "BTC/USDT:USDT"})
    'BTCUSDT'
    >>> name_of({"base": "BTC", "quote": "USDT", "symbol": "BTC/USDT:USDT-250328"})
    'BTCUSDT-250328'
    >>> name_of({"base": "\u5e01", "quote": "USDT", "symbol": "\u5e01/USDT"})  # no file name
    'U5E01.USDT'
    """
    _, _, settled = str(market["symbol"]).partition(":")
    _, dash, delivered = settled.partition("-")
    name = f"{market['base']}{market['quote']}{dash}{delivered}"
    return _ODD.sub(lambda odd: f"U{ord(odd[0]):04X}.", name)
