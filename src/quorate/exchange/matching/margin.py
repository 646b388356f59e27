r"""How much margin a futures account needs and has.

.. math:: \text{available} = W + U - \sum_s \frac{\max(|q_s + b_s|, |q_s - a_s|)\, p_s}{L_s}

with the wallet W, the unrealised result U, the position q, the open buys b and sells a, the mark p
and the leverage L of each contract. Positions are liquidated where
:math:`W + U < \sum_s (r N_s - d)`, the maintenance of their brackets.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from quorate.exchange.matching.orders import BUY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.matching.instruments import Instrument

DEFAULT_LEVERAGE = 20
_ZERO = Decimal(0)


def unrealised(
    account: Account, instruments: Mapping[str, Instrument], mark: Callable[[str], int]
) -> Decimal:
    """Return what all positions would gain at the mark, in quote."""
    total = Decimal(0)
    for (symbol, _), position in account.positions.items():
        if position.lots:
            total += instruments[symbol].notional(mark(symbol), position.lots) - position.cost
    return total


def initial(
    account: Account, instruments: Mapping[str, Instrument], mark: Callable[[str], int]
) -> Decimal:
    """Return the margin that positions and open orders hold, in quote."""
    held: dict[str, int] = {}
    for (symbol, _), position in account.positions.items():
        held[symbol] = held.get(symbol, 0) + position.lots
    buys: dict[str, int] = {}
    sells: dict[str, int] = {}
    for order_id in account.open_ids:
        order = account.orders[order_id]
        if order.asked.is_reduce_only:
            continue
        side = buys if order.asked.side == BUY else sells
        side[order.asked.symbol] = side.get(order.asked.symbol, 0) + order.left
    total = Decimal(0)
    for symbol in {*held, *buys, *sells}:
        lots = held.get(symbol, 0)
        worst = max(abs(lots + buys.get(symbol, 0)), abs(lots - sells.get(symbol, 0)), abs(lots))
        if worst:
            notional = instruments[symbol].notional(mark(symbol), worst)
            total += notional / account.leverage.get(symbol, DEFAULT_LEVERAGE)
    return total


def available(
    account: Account, instruments: Mapping[str, Instrument], mark: Callable[[str], int]
) -> Decimal:
    """Return what is left for new orders, in quote; below 0 where there is too little."""
    wallet = account.wallet.get("USDT", Decimal(0))
    return wallet + unrealised(account, instruments, mark) - initial(account, instruments, mark)


def maintenance(
    account: Account, instruments: Mapping[str, Instrument], mark: Callable[[str], int]
) -> Decimal:
    """Return the margin below which the account is liquidated, in quote."""
    total = Decimal(0)
    for (symbol, _), position in account.positions.items():
        if position.lots:
            notional = instruments[symbol].notional(mark(symbol), abs(position.lots))
            tier = instruments[symbol].tier(notional)
            total += notional * tier.rate - tier.deducted
    return total


def is_short(
    account: Account, instruments: Mapping[str, Instrument], mark: Callable[[str], int]
) -> bool:
    """Say whether the balance is below the maintenance of what is held; a flat account is not."""
    total, is_flat = account.wallet.get("USDT", _ZERO), True
    for (symbol, _), position in account.positions.items():
        if position.lots:
            instrument, is_flat = instruments[symbol], False
            notional = instrument.notional(mark(symbol), position.lots)
            size = abs(notional)
            tier = instrument.tier(size)
            total += notional - position.cost - (size * tier.rate - tier.deducted)
    return not is_flat and total < 0
