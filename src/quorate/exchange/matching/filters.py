"""What an order must satisfy before it is taken: grid, bounds, notional, band around the mark."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.exchange.matching.orders import BUY, CONDITIONAL, Refusal

if TYPE_CHECKING:
    from quorate.exchange.matching.instruments import Instrument
    from quorate.exchange.matching.orders import Asked

CLIENT_ID: Final = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")


class Grid(NamedTuple):
    """An order's numbers in ticks and lots; 0 where it has none."""

    price: int
    trigger: int
    quantity: int


def on_grid(asked: Asked, instrument: Instrument, mark: int) -> Grid | Refusal:
    """Return an order's whole ticks and lots, or why the exchange refuses it.

    Parameters
    ----------
    asked : Asked
        As it came.
    instrument : Instrument
        Its bounds.
    mark : int
        The mark price in ticks: the band lies around it, and a market order is worth so much.

    Returns
    -------
    Grid or Refusal
        Numbers, or the first bound that is not kept.

    Examples
    --------
    >>> from quorate.exchange.matching.instruments import Instrument
    >>> from quorate.exchange.matching.orders import Asked
    >>> btc = Instrument("BTCUSDT", "BTC")
    >>> on_grid(Asked("BTCUSDT", BUY, "limit", Decimal("0.5"), Decimal("100.15")), btc, 1000)
    Refusal(reason='bad_price', detail='price 100.15 is no multiple of 0.10')
    """
    if asked.client_id and not CLIENT_ID.fullmatch(asked.client_id):
        return Refusal("bad_id", f"client id {asked.client_id[:50]!r}")
    prices = _prices(asked, instrument)
    if isinstance(prices, Refusal):
        return prices
    price, trigger = prices
    if asked.is_closing:
        return Grid(price, trigger, 0)
    lots = _lots(asked, instrument, price or mark)
    if isinstance(lots, Refusal):
        return lots
    value = instrument.notional(price or trigger or mark, lots)
    if value < instrument.min_notional and not asked.is_reduce_only:
        return Refusal("min_notional", f"{value} is below {instrument.min_notional}")
    return _banded(asked, instrument, Grid(price, trigger, lots), mark)


def _prices(asked: Asked, instrument: Instrument) -> tuple[int, int] | Refusal:
    ticks: list[int] = []
    for name, value in (("price", asked.price), ("trigger", asked.trigger)):
        found = 0 if value is None else instrument.ticks(value)
        if found is None:
            return Refusal("bad_price", f"{name} {value} is no multiple of {instrument.tick}")
        ticks.append(found)
    price, trigger = ticks
    if asked.kind.endswith("limit") and not price:
        return Refusal("bad_price", "a limit order has a price")
    if asked.kind in CONDITIONAL and not trigger:
        return Refusal("bad_price", "a conditional order has a trigger")
    return price, trigger


def _lots(asked: Asked, instrument: Instrument, at: int) -> int | Refusal:
    if asked.quantity is None:
        if asked.quote_quantity is None:
            return Refusal("bad_quantity", "an order has a quantity")
        lots = int(asked.quote_quantity / instrument.notional(at, 1))
        return lots or Refusal("bad_quantity", f"{asked.quote_quantity} buys not one lot")
    lots_or_none = instrument.lots(asked.quantity)
    if lots_or_none is None:
        return Refusal("bad_quantity", f"{asked.quantity} is no multiple of {instrument.lot}")
    most = instrument.max_market_quantity if asked.kind == "market" else instrument.max_quantity
    if not instrument.min_quantity <= asked.quantity <= most:
        return Refusal(
            "bad_quantity", f"{asked.quantity} is not in {instrument.min_quantity} to {most}"
        )
    return lots_or_none


def _banded(asked: Asked, instrument: Instrument, grid: Grid, mark: int) -> Grid | Refusal:
    # a contract's stop meets the band when it is triggered, a pair's when it is asked for
    is_priced = asked.kind.endswith("limit") if instrument.kind == "spot" else asked.kind == "limit"
    if not is_priced:
        return grid
    bound = Decimal(mark) * (1 + instrument.band * asked.side)
    if (Decimal(grid.price) - bound) * asked.side > 0:
        side = "buy" if asked.side == BUY else "sell"
        return Refusal(
            "percent_price", f"a {side} at {asked.price} is beyond {bound * instrument.tick}"
        )
    return grid
