"""What the decision remembers and writes: the account, the memory, the rows of a block.

In: nothing; these are the shapes that ``decide`` composes. Out: ``Account`` with ``book``, the one
way a fill reaches the books, the exits and the streak; ``State``, ``Params``, ``Setup`` and
``Decisions`` of the whole chain.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from quorate.core import ledger, portfolio, risk, routing
from quorate.core.costs import components
from quorate.core.kernel import inlined
from quorate.core.risk import breakers, exits, paper
from quorate.core.types import (
    ByteVec,
    Cube,
    IntCube,
    IntVec,
    Mat,
    Orders,
    ShortCube,
    Vec,
    Venues,
)


class Account(NamedTuple):
    """What fills change: the books, the exits, the streak, and the parent orders in force."""

    ledger: ledger.State
    exits: exits.State
    breakers: breakers.State
    orders: Orders


class Rules(NamedTuple):
    """The constants that belong to the chain itself; durations in hours or bars."""

    bar_hours: float = 1.0 / 12.0
    horizon_hours: float = 4.0
    bars_per_hour: int = 12
    window_bars: int = 1  # an entry is sized for the volume of this many bars
    depeg_frac: float = 0.01  # of the quote currency against USD: beyond it no entry
    carry_turn_bps: float = 1.0
    exit_collar_bps: float = 300.0


BOUNDS = {
    "window_bars": (1, 288),
    "depeg_frac": (0.0, 1.0),
    "carry_turn_bps": (0.0, 10_000.0),
    "exit_collar_bps": (1.0, 5_000.0),
}


def rules(bar_minutes: int = 5, horizon_hours: float = 4.0, **overrides: float) -> Rules:
    """Return the constants of the chain for a length of bar, checked.

    Raises
    ------
    ValueError
        For an unknown name or a value outside its bounds.

    Notes
    -----
    Units: as the names say. Causal: no data are read. Missing: NaN is refused.

    Examples
    --------
    >>> rules(15).bars_per_hour
    4
    """
    made = Rules(
        bar_hours=bar_minutes / 60.0, horizon_hours=horizon_hours, bars_per_hour=60 // bar_minutes
    )
    for name, value in overrides.items():
        if name not in BOUNDS:
            raise ValueError(f"there is no rule {name!r}: use one of {', '.join(BOUNDS)}")
        low, high = BOUNDS[name]
        if not low <= value <= high:
            raise ValueError(f"{name} is {value}, outside [{low}, {high}]: check its unit")
    fields: dict[str, Any] = {name: float(value) for name, value in overrides.items()}
    fields["window_bars"] = int(overrides.get("window_bars", made.window_bars))
    return made._replace(**fields)


class Params(NamedTuple):
    """The parameters of every stage that reads the account, and the rules of the chain."""

    costs: components.Params
    risk: risk.Params
    portfolio: portfolio.Params
    routing: routing.Params
    rules: Rules


class Setup(NamedTuple):
    """What is fixed within a run: the venues, and which coins belong together.

    ``sector`` (coin,), -1 for none; ``can_short`` (coin,): 1 where the primary venue lists a
    perpetual.
    """

    venues: Venues
    sector: IntVec
    can_short: ByteVec


class State(NamedTuple):
    """All memory of the decision but the consensus; a copy of both is a snapshot."""

    account: Account
    paper: paper.State
    routing: routing.State
    entry_edge_bps: Vec  # (coin,) edge when the position was opened, for the carry rule


class Column(IntEnum):
    """Rows of ``Decisions.number``: money in USD, costs in bps of the round trip."""

    PRICE = 0  # the close that decides
    POSITION_USD = 1  # signed, at this close
    TARGET_USD = 2
    SIZE_USD = 3  # ordered on this bar, signed
    STOP_FRAC = 4
    SIZED_USD = 5  # asked for by sizing, before any cap
    RISK_FRAC = 6
    MULTIPLIER = 7  # of the breakers
    HALF_SPREAD_BPS = 8
    IMPACT_BPS = 9
    FEE_BPS = 10
    LATENCY_BPS = 11
    FUNDING_BPS = 12
    COST_BPS = 13
    CAPPED_USD = 14
    MU = 15  # edge times confidence, percent
    LOWER = 16  # weights are shares of the budget G
    UPPER = 17
    HELD = 18
    WEIGHT = 19
    ADDED_USD = 20
    RISK_USD = 21  # what is added puts at risk; scratch
    OTHER_USD = 22  # what sizing would ask for under the other Kelly option


class Code(IntEnum):
    """Rows of ``Decisions.code``."""

    ACTION = 0  # Action
    SIDE = 1  # wanted, or held
    REASON = 2  # Reason
    CAP = 3  # Reason of the cap that bound
    STANCE = 4  # stances.Stance
    VENUE = 5
    STYLE = 6  # Style, -1 where nothing was sent
    FLAGS = 7  # breakers.Breaker bits
    BREAKER = 8  # Reason of the breaker that weighs most
    CONTROL = 9  # Reason against entries from people, universe, quote currency
    LEAVE = 10  # Reason to leave from people or universe


class Gauge(IntEnum):
    """Columns of ``Decisions.gauge``, USD: the account on one bar."""

    GROSS_USD = 0
    NET_USD = 1
    BETA_USD = 2
    OPEN_RISK_USD = 3
    RISK_BUDGET_USD = 4
    BUDGET_USD = 5  # G
    SOLVED = 6  # 0, or the optimiser's Reason


class Decisions(NamedTuple):
    """One block of what was decided.

    ``number`` (time, Column, coin); ``code`` (time, Code, coin); ``gauge`` (time, Gauge);
    ``lots`` (time, venue, coin): signed parents sent; ``equity``, ``cash`` (time,): integer money.
    Few wide arrays, not many narrow ones: a kernel pays for every array it is handed.
    """

    number: Cube
    code: ShortCube
    gauge: Mat
    lots: IntCube
    equity: IntVec
    cash: IntVec


def decisions(n_bars: int, n_venues: int, n_coins: int) -> Decisions:
    """Allocate the rows of a block.

    Examples
    --------
    >>> decisions(4, 1, 3).lots.shape
    (4, 1, 3)
    """
    return Decisions(
        number=np.zeros((n_bars, len(Column), n_coins)),
        code=np.zeros((n_bars, len(Code), n_coins), np.int16),
        gauge=np.zeros((n_bars, len(Gauge))),
        lots=np.zeros((n_bars, n_venues, n_coins), np.int64),
        equity=np.zeros(n_bars, np.int64),
        cash=np.zeros(n_bars, np.int64),
    )


@inlined
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
