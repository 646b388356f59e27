"""From an execution to the books: integer costs, the split at zero, the row in ``Fills``.

In: a ``Child``. Out: ledger, exits, streak and the record, all changed by ``account.book`` alone.
Every cost line is rounded once for the whole child; where the child goes through zero, its two
parts share the rounded integers so that they sum to the whole.
"""

from __future__ import annotations

import numpy as np

from quorate.backtest.fills import Fills, append
from quorate.backtest.quotes import Child
from quorate.backtest.rules import Params
from quorate.core import ledger
from quorate.core.account import Account, book
from quorate.core.kernel import inlined, kernel
from quorate.core.types import Venues


@kernel
def cost_lines(child: Child, coins: float) -> ledger.Costs:
    """Round each cost of a child of so many signed coins once to integer money."""
    size = abs(coins)
    return ledger.Costs(
        delay=ledger.money(coins * (child.arrival - child.decision_price)),
        spread=ledger.money(size * child.spread),
        impact=ledger.money(size * child.impact),
        latency=ledger.money(size * child.latency),
        fee=ledger.money(size * child.price * child.fee_bps / 10_000.0),
    )


@kernel
def part(costs: ledger.Costs, share: float) -> ledger.Costs:
    """Return a share of each integer line, rounded (half to even); all of it for a share of 1."""
    if share == 1.0:
        return costs
    return ledger.Costs(
        delay=int(np.rint(costs.delay * share)),
        spread=int(np.rint(costs.spread * share)),
        impact=int(np.rint(costs.impact * share)),
        latency=int(np.rint(costs.latency * share)),
        fee=int(np.rint(costs.fee * share)),
    )


@kernel
def rest(whole: ledger.Costs, taken: ledger.Costs) -> ledger.Costs:
    """Return what is left of each integer line."""
    return ledger.Costs(
        delay=whole.delay - taken.delay,
        spread=whole.spread - taken.spread,
        impact=whole.impact - taken.impact,
        latency=whole.latency - taken.latency,
        fee=whole.fee - taken.fee,
    )


@inlined
def _record(
    v: int,
    c: int,
    lots: int,
    child: Child,
    costs: ledger.Costs,
    haircut: int,
    k: int,
    venues: Venues,
    account: Account,
    params: Params,
    fills: Fills,
) -> None:
    """Book one part that stays on its side of zero, and write its row."""
    books = account.ledger
    trades = books.n_trades[0]
    opened = 1 if ledger.is_flat(books, c) else 0
    ledger.haircut(books, c, haircut)  # first, so that the episode it ends contains it
    cash = books.cash[0]
    realised = book(
        account,
        v,
        c,
        lots,
        venues.lot,
        child.price,
        child.decision_price,
        costs,
        k,
        params.breakers,
    )
    paid = costs.delay + costs.spread + costs.impact + costs.latency + costs.fee
    notional = cash - books.cash[0] - paid
    closed = 1 if books.n_trades[0] > trades else 0
    coins = lots * venues.lot[v, c]
    append(fills, k, v, c, lots, coins, child, notional, costs, haircut, realised, opened, closed)


@inlined
def trade(
    v: int,
    c: int,
    child: Child,
    k: int,
    venues: Venues,
    account: Account,
    params: Params,
    fills: Fills,
) -> None:
    """Book a child; one that goes through zero closes first and opens with the rest.

    Parameters
    ----------
    v, c : int
        Venue and coin.
    child : Child
        Its lots and prices; a haircut is only taken from what stays on its side of zero.
    k : int
        The bar.
    venues, account, params, fills : Venues, Account, Params, Fills
        ``account`` and ``fills`` are updated in place.

    Notes
    -----
    Units: integer 1e-8 quote. Causal: reads nothing but the child. Missing: none. METHODS 13.3.
    """
    lots = child.lots
    held = account.ledger.lots[v, c]
    coins = lots * venues.lot[v, c]
    left = cost_lines(child, coins)
    haircut = ledger.money(abs(coins) * child.haircut)
    if held == 0 or (held > 0) == (lots > 0) or abs(lots) <= abs(held):
        held = -lots
    while lots != 0:
        costs = part(left, 1.0 if lots == -held else abs(held) / abs(lots))
        _record(v, c, -held, child, costs, haircut, k, venues, account, params, fills)
        left = rest(left, costs)
        lots += held
        held = -lots


@kernel
def cancel(c: int, books: ledger.State) -> None:
    """End the parent orders of a coin on every venue."""
    for v in range(books.working.shape[0]):
        books.working[v, c] = 0
