"""How the lake spells a venue's markets, and what a coin's name says of its unit.

In: a market as ccxt knows it. Out: the vendor and the symbol of its place in the lake. In: the coin
of a pair. Out: the asset, and how many of it the name says are one: 1000PEPE is a thousand PEPE.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

_HOUSES: Final = {"binanceusdm": "binance", "binancecoinm": "binance", "krakenfutures": "kraken"}
_LINEAR: Final = {"binance": "usdm", "bybit": "linear", "okx": "swap"}
_INVERSE: Final = {"binance": "coinm"}
_ODD: Final = re.compile(r"[^A-Za-z0-9._-]|^[._-]")
"""What may not stand in the name of a folder, or not begin it."""
_FOREIGN: Final = re.compile(r"[^\x00-\x7f]")
_UNITS: Final = (
    (re.compile(r"(?P<n>10{3,})(?P<asset>[A-Za-z]\w*)"), 1),
    (re.compile(r"1M(?P<asset>[A-Z]\w{2,})"), 1_000_000),
    (re.compile(r"1K(?P<asset>[A-Z]\w{2,})"), 1_000),
    (re.compile(r"k(?P<asset>[A-Z]\w+)"), 1_000),
    (re.compile(r"(?P<asset>[A-Z]\w*?[A-Z])(?P<n>10{3,})"), 1),
    (re.compile(r"(?P<asset>[A-Z]{3,})2"), 1),
)
"""How venues write a multiple of a coin; LUNA2 is one LUNA, of those that came second."""


class Denomination(NamedTuple):
    """What a name says a unit is: so many of an asset. A claim: prices bear it out or do not."""

    asset: str
    n: int


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
    return _escaped(_ODD, name)


def storable(symbol: str) -> str:
    """Return a symbol with its letters of other alphabets as ``name_of`` spells them.

    What else may not stand in a folder's name is left, and refused where it is stored.

    Examples
    --------
    >>> storable("\u5e01USDT"), storable("BTCUSDT"), storable("a/b")
    ('U5E01.USDT', 'BTCUSDT', 'a/b')
    """
    return _escaped(_FOREIGN, symbol)


def _escaped(odd: re.Pattern[str], name: str) -> str:
    return odd.sub(lambda found: f"U{ord(found[0]):04X}.", name)


def denomination(base: str) -> Denomination:
    """Return which asset a coin's name means, and how many of it are one.

    Parameters
    ----------
    base : str
        The coin of a pair (``spec.base_asset``).

    Returns
    -------
    Denomination
        The name itself and 1 where it says nothing else.

    Notes
    -----
    Units: coins of the asset.  Causal: reads a name only.  Missing: none.  Spec 13.

    Examples
    --------
    >>> denomination("1000PEPE"), denomination("SHIB1000"), denomination("1MBABYDOGE")[1]
    (Denomination(asset='PEPE', n=1000), Denomination(asset='SHIB', n=1000), 1000000)
    >>> denomination("kBONK"), denomination("LUNA2"), denomination("1INCH")[1]
    (Denomination(asset='BONK', n=1000), Denomination(asset='LUNA', n=1), 1)
    """
    for pattern, n in _UNITS:
        said = pattern.fullmatch(base)
        if said is not None:
            return Denomination(said["asset"], int(said.groupdict().get("n") or n))
    return Denomination(base, 1)
