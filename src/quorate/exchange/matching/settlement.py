r"""What a trade does to an account, exactly, in a contract and in a pair.

Closing c of L lots releases :math:`C c / |L|` of their cost C, rounded once to 1e-8 and exactly C
where the position ends, so that what was paid in comes out to the last digit:
:math:`\sum \text{realised} = \sum \text{notional sold} - \sum \text{notional bought}` when flat.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from quorate.exchange.matching.accounts import CENT, Income
from quorate.exchange.matching.orders import BUY, Execution

if TYPE_CHECKING:
    from quorate.exchange.matching.accounts import Account, Position
    from quorate.exchange.matching.orders import Order
    from quorate.exchange.matching.state import Market


class Trade(NamedTuple):
    """A price in ticks and lots that one order trades."""

    price: int
    lots: int
    is_maker: bool
    at_ms: int = 0


def settle(
    account: Account, market: Market, order: Order, trade: Trade, trade_id: int
) -> Execution:
    """Book a trade to an account and return it as one of its executions.

    Parameters
    ----------
    account : Account
        Whose.
    market : Market
        Of the order's instrument.
    order : Order
        What traded; its filled lots are not touched here.
    trade : Trade
        At which price, how many lots.
    trade_id : int
        The next of its symbol.

    Returns
    -------
    Execution
        With its fee and what it realised.

    Notes
    -----
    Units: quote, to 1e-8.  Causal: yes.  Missing: none.
    """
    instrument = market.instrument
    asked = order.asked
    notional = instrument.notional(trade.price, trade.lots)
    realized = Decimal(0)
    if instrument.kind == "futures":
        position = account.position(asked.symbol, asked.position_side)
        realized = _move(position, asked.side, trade.lots, notional)
        position.keep(trade.at_ms)
        if realized:
            account.add(_income(trade, "REALIZED_PNL", asked.symbol, "USDT", realized, trade_id))
    else:
        _exchange(account, market, order, trade, notional)
    fee, fee_asset = _fee(account, market, order, trade, notional)
    account.add(_income(trade, "COMMISSION", asked.symbol, fee_asset, -fee, trade_id))
    execution = Execution(
        trade_id,
        order.order_id,
        asked.client_id,
        asked.symbol,
        asked.side,
        trade.price,
        trade.lots,
        notional,
        fee,
        fee_asset,
        trade.is_maker,
        realized,
        asked.position_side,
        trade.at_ms,
    )
    account.executions.append(execution)
    return execution


def _income(
    trade: Trade, kind: str, symbol: str, asset: str, amount: Decimal, trade_id: int
) -> Income:
    return Income(trade.at_ms, kind, symbol, asset, amount, trade_id)


def _move(position: Position, side: int, lots: int, notional: Decimal) -> Decimal:
    """Change a position by a trade and return what that realised.

    Examples
    --------
    >>> from quorate.exchange.matching.accounts import Position
    >>> held = Position(lots=3, cost=Decimal("10"))
    >>> _move(held, -1, 1, Decimal("4")), held.lots, held.cost
    (Decimal('0.66666667'), 2, Decimal('6.66666667'))
    """
    closing = 0 if position.lots * side >= 0 else min(abs(position.lots), lots)
    realized = Decimal(0)
    opening = notional
    if closing:
        held = abs(position.lots)
        released = position.cost
        if closing < held:
            released = (position.cost * closing / held).quantize(CENT)
        part = notional if closing == lots else (notional / lots * closing)
        realized = -side * part - released
        position.cost -= released
        position.lots += side * closing
        opening = notional - part
    if lots > closing:
        position.lots += side * (lots - closing)
        position.cost += side * opening
    return realized


def _exchange(
    account: Account, market: Market, order: Order, trade: Trade, notional: Decimal
) -> None:
    """Swap coins for quote; what the order had locked is given up as it trades."""
    instrument = market.instrument
    coins = instrument.quantity(trade.lots)
    symbol = order.asked.symbol
    if order.asked.side == BUY:
        flows = (instrument.quote, -notional), (instrument.base, coins)
    else:
        flows = (instrument.base, -coins), (instrument.quote, notional)
    for asset, amount in flows:
        account.add(Income(trade.at_ms, "TRADE", symbol, asset, amount, market.n_trades))


def _fee(
    account: Account, market: Market, order: Order, trade: Trade, notional: Decimal
) -> tuple[Decimal, str]:
    """Return the fee of a trade: in quote, in what a spot order receives, or in BNB."""
    instrument = market.instrument
    rate = instrument.maker_fee if trade.is_maker else instrument.taker_fee
    in_bnb = (notional * rate * Decimal("0.9") / _BNB_PRICE).quantize(CENT)
    if account.pays_in_bnb and account.wallet.get("BNB", Decimal(0)) >= in_bnb:
        return in_bnb, "BNB"
    if instrument.kind == "spot" and order.asked.side == BUY:
        return (instrument.quantity(trade.lots) * rate).quantize(CENT), instrument.base
    return (notional * rate).quantize(CENT), instrument.quote


_BNB_PRICE = Decimal(600)
