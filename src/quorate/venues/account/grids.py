"""The grid of a symbol, and what of an order a venue or ccxt would change or not take by it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from quorate.errors import NotOfferedError
from quorate.venues.account.views import amount
from quorate.venues.base import Grid, Side

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from quorate.venues.account.dialect import Dialect
    from quorate.venues.base import Placement


def market_of(name: str, client: Any, symbol: str) -> Mapping[str, Any]:
    """Return ccxt's market of a symbol.

    Raises
    ------
    NotOfferedError
        The venue does not list it.
    """
    import ccxt

    try:
        found: Mapping[str, Any] = client.market(symbol)
    except ccxt.BadSymbol as error:
        raise NotOfferedError(
            f"{name} does not list {symbol}", hint="spell it as ccxt does, or leave it out"
        ) from error
    return found


def grid_of(market: Mapping[str, Any]) -> Grid:
    """Return the grid of a market of ccxt, whose numbers are texts."""
    limits, steps = market["limits"], market["precision"]
    return Grid(
        tick=amount(steps, "price"),
        lot=amount(steps, "amount"),
        min_quantity=_bound(limits["amount"], "min"),
        max_market_quantity=_bound(limits.get("market") or {}, "max"),
        min_notional=_bound(limits["cost"], "min"),
        listed=f"{market['id']} {market['base']} {market.get('contractSize') or 1}",
    )


def not_as_meant(
    name: str, dialect: Dialect, markets: Mapping[str, Any], placement: Placement
) -> str:
    """Say what of an order would not arrive as it was meant, "" where nothing.

    Parameters
    ----------
    name : str
        Of the venue.
    dialect : Dialect
        How it is asked.
    markets : mapping
        Symbol -> market of ccxt, of what is listed.
    placement : Placement
        The order.

    Returns
    -------
    str
        In words; ccxt rounds a quantity down and a price to the nearest by itself, silently.

    Notes
    -----
    Units: coins, quote per coin.  Causal: as the venue listed last.  Missing: none.
    RELIABILITY 2.17.
    """
    symbol = placement.symbol
    is_purchase = placement.side is Side.BUY
    whys = {
        f"{name} does not list {symbol}": symbol not in markets,
        f"the id {placement.client_id!r} does not match {dialect.client_id}": (
            re.fullmatch(dialect.client_id, placement.client_id) is None
        ),
        f"a purchase at {name} reduces nothing: coins are held there, not owed": (
            placement.is_reduce_only and is_purchase and not dialect.has_positions
        ),
    }
    if (why := next((text for text, is_so in whys.items() if is_so), None)) is not None:
        return why
    return _off_grid(grid_of(markets[symbol]), placement)


def _off_grid(grid: Grid, placement: Placement) -> str:
    numbers = [
        ("quantity", placement.quantity, grid.lot),
        ("limit_price", placement.limit_price, grid.tick),
        ("trigger_price", placement.trigger_price, grid.tick),
    ]
    for which, value, unit in numbers:
        if value is not None and value % unit:
            return f"{which} {value} is no multiple of {unit}, the grid of {placement.symbol}"
    return ""


def _bound(row: Mapping[str, Any], name: str) -> Decimal | None:
    return None if row.get(name) is None else amount(row, name)
