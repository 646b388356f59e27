"""The chain: the only file that knows the order of the stages."""

from __future__ import annotations

from typing import NamedTuple

from quorate.core import ledger
from quorate.core.kernel import kernel
from quorate.core.risk import breakers, exits
from quorate.core.types import Mat, Orders


class Account(NamedTuple):
    """What fills change: the books, the exits, the streak, and the parent orders in force."""

    ledger: ledger.State
    exits: exits.State
    breakers: breakers.State
    orders: Orders


@kernel
def book(
    account: Account,
    v: int,
    c: int,
    lots: int,
    coins_per_lot: Mat,
    price: float,
    decision_price: float,
    costs: ledger.Costs,
    k: int,
    limits: breakers.Params,
) -> int:
    """Book one fill in the ledger, the exits and, when it closed a trade, the streak breaker."""
    before = account.ledger.coins[c]
    trades = account.ledger.n_trades[0]
    realised = ledger.fill(
        account.ledger, v, c, lots, coins_per_lot, price, decision_price, costs, k
    )
    exits.on_fill(
        c, before, account.ledger.coins[c], account.ledger.entry_price[c], k, account.exits
    )
    if account.ledger.n_trades[0] > trades:
        breakers.on_trade(realised, account.breakers, limits)
    return realised
