"""What the decision remembers and writes: the account, the memory, the rows of a block.

In: nothing; these are the shapes that ``decide`` composes. Out: ``Account`` with ``book``, the one
way a fill reaches the books, the exits and the streak; ``State``, ``Params``, ``Setup`` and
``Decisions`` of the whole chain.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core import consensus, costs, ledger, portfolio, risk, routing
from quorate.core.kernel import kernel
from quorate.core.risk import breakers, exits, paper
from quorate.core.types import (
    ByteMat,
    ByteVec,
    IntCube,
    IntVec,
    Mat,
    Orders,
    ShortMat,
    ShortVec,
    Vec,
    Venues,
)


class Account(NamedTuple):
    """What fills change: the books, the exits, the streak, and the parent orders in force."""

    ledger: ledger.State
    exits: exits.State
    breakers: breakers.State
    orders: Orders


class Params(NamedTuple):
    """The parameters of every stage, and the few that belong to the chain itself."""

    consensus: consensus.Params
    costs: costs.Params
    risk: risk.Params
    portfolio: portfolio.Params
    routing: routing.Params
    bar_hours: float
    horizon_hours: float
    bars_per_hour: int
    window_bars: int = 1  # an entry is sized for the volume of this many bars
    depeg_frac: float = 0.01
    carry_turn_bps: float = 1.0
    exit_collar_bps: float = 300.0


class Setup(NamedTuple):
    """What is fixed within a run: venues, who may vote where, which coins belong together.

    ``approved`` (regime, engine); ``healthy`` and ``family`` (engine,); ``sector`` (coin,), -1 for
    none; ``can_short`` (coin,): 1 where the primary venue lists a perpetual.
    """

    venues: Venues
    approved: ByteMat
    healthy: ByteVec
    family: ByteVec
    sector: IntVec
    can_short: ByteVec


class State(NamedTuple):
    """All memory of the decision; a copy of it is a snapshot."""

    account: Account
    consensus: consensus.State
    paper: paper.State
    routing: routing.State
    entry_edge_bps: Vec  # (coin,) edge when the position was opened, for the carry rule


class Decisions(NamedTuple):
    """One block of what was decided, (time, coin) unless said; ``reason`` and ``cap`` hold Reason.

    Money in USD, distances as fractions, costs in bps of the round trip. ``lots`` (time, venue,
    coin) are the parents sent on that bar. ``engine_reason`` (time, engine) says ENGINE_FAILED.
    Per bar: ``equity`` and ``cash`` in integer money, exposures and open risk in USD, ``flags``
    the breakers' bits on the market, ``solved`` the optimiser's code.
    """

    action: ByteMat
    side: ByteMat
    reason: ShortMat
    cap: ShortMat
    price: Mat
    position_usd: Mat
    target_usd: Mat
    size_usd: Mat
    stop_frac: Mat
    sized_usd: Mat
    risk_frac: Mat
    half_spread_bps: Mat
    impact_bps: Mat
    fee_bps: Mat
    latency_bps: Mat
    funding_bps: Mat
    cost_bps: Mat
    weight: Mat
    venue: ByteMat
    style: ByteMat
    flags: ByteMat
    lots: IntCube
    equity: IntVec
    cash: IntVec
    gross_usd: Vec
    net_usd: Vec
    beta_usd: Vec
    open_risk_usd: Vec
    risk_budget_usd: Vec
    solved: ShortVec


def decisions(n_bars: int, n_venues: int, n_coins: int) -> Decisions:
    """Allocate the rows of a block.

    Examples
    --------
    >>> decisions(4, 1, 3).lots.shape
    (4, 1, 3)
    """
    shapes = {"lots": (n_bars, n_venues, n_coins)}
    kinds = {"action": np.int8, "side": np.int8, "venue": np.int8, "style": np.int8}
    kinds |= {"flags": np.int8, "reason": np.int16, "cap": np.int16, "lots": np.int64}
    kinds |= {"equity": np.int64, "cash": np.int64, "solved": np.int16}
    per_bar = {"equity", "cash", "gross_usd", "net_usd", "beta_usd", "open_risk_usd"}
    per_bar |= {"risk_budget_usd", "solved"}
    arrays = {}
    for name in Decisions._fields:
        shape = (n_bars,) if name in per_bar else shapes.get(name, (n_bars, n_coins))
        arrays[name] = np.zeros(shape, kinds.get(name, np.float64))
    return Decisions(**arrays)


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
    """Book one fill in the ledger, the exits and, when it closed a trade, the streak breaker.

    Parameters
    ----------
    account : Account
        Updated in place.
    v, c, lots, coins_per_lot, price, decision_price, costs, k
        As ``ledger.fill``: signed lots, never through zero on this venue.
    limits : breakers.Params
        The streak's length.

    Returns
    -------
    int
        The trade's net result in integer money if this fill closed it, else 0.

    Notes
    -----
    Units: integer 1e-8 quote. METHODS 0b.2, 0b.11.
    """
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
