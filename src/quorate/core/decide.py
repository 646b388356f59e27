r"""The chain: the only file that knows the order of the stages.

In: one observation (a bar of every coin, votes, controls), the parameters, all memory. Out: the
memory one bar later, parent orders in force, and a row that explains every coin. On each bar:

1.  votes are settled, weighed and added up to a score and an edge  ``consensus.scan``   Spec 1
2.  flows and marks are booked; equity is read from the books       ``ledger``
3.  breakers look at the day and at volatility                      ``risk.breakers``    Spec 6
4.  a size is asked for, and what it would cost                     ``risk.sizing``,
                                                                    ``costs``            Spec 4, 5
5.  the paper twin trades every signal                              ``risk.paper``
6.  each coin's stance is taken; the first gate that says no wins   ``stances``
7.  the budget is shared and limits are applied                     ``targets``,
                                                                    ``portfolio``        Spec 5, 7
8.  parents are sent, amended, called back                          ``intents``,
                                                                    ``routing``          Spec 8

The first needs nothing of the account, so it runs ahead over a whole block, and its rows can be
kept for a sweep over costs, risk and portfolio; ``step`` is all the rest. Between two bars the
ledger applies fills (``account.book``): from the simulated exchange in a backtest, from the venue
live. Nothing here reads a clock, a file, a network or a random number.
"""

from __future__ import annotations

import math

import numpy as np

from quorate.core import (
    consensus,
    estimates,
    intents,
    ledger,
    risk,
    routing,
    stances,
    targets,
)
from quorate.core.account import (
    Account,
    Code,
    Column,
    Decisions,
    Gauge,
    Params,
    Setup,
    State,
)
from quorate.core.kernel import inlined, kernel
from quorate.core.risk import breakers, exits, paper
from quorate.core.routing import orders, persistence
from quorate.core.types import (
    MONEY_SCALE,
    N_REGIMES,
    IntMat,
    Mat,
    Observation,
    ShortMat,
    Vec,
)

_USD = 1.0 / MONEY_SCALE


def init(n_venues: int, n_coins: int, start_usd: float, params: Params) -> State:
    """Return the memory of a decision that has seen nothing and holds only cash.

    Parameters
    ----------
    n_venues, n_coins : int
        Sizes of the axes, at least 1 each.
    start_usd : float
        Opening equity, positive.
    params : Params
        Windows size the memory.

    Notes
    -----
    Units: USD. Causal: nothing is known yet. Missing: none. DESIGN 1.
    """
    memory = risk.init(n_coins, params.risk)
    return State(
        account=Account(
            ledger=ledger.init(n_venues, n_coins, start_usd),
            exits=exits.init(n_coins),
            breakers=memory.breakers,
            orders=orders.empty(n_venues, n_coins),
        ),
        paper=memory.paper,
        routing=routing.init(n_coins, params.routing),
        entry_edge_bps=np.zeros(n_coins),
    )


@kernel
def _clear(row: Mat, code: ShortMat, sent: IntMat) -> None:
    """Forget what an earlier block wrote in this row; the arrays are used again."""
    for c in range(row.shape[1]):
        row[Column.SIZE_USD, c] = 0.0
        row[Column.ADDED_USD, c] = 0.0
        code[Code.ACTION, c] = 0
        code[Code.VENUE, c] = 0
        code[Code.STYLE, c] = -1
        for v in range(sent.shape[0]):
            sent[v, c] = 0


@kernel
def _exposures(close: Vec, value: IntMat, beta: Vec, row: Mat, gauge: Vec) -> None:
    """Write every position at this close, and gross, net and beta exposure; always reported."""
    gross = 0.0
    net = 0.0
    tilt = 0.0
    for c in range(close.shape[0]):
        held = 0.0
        for v in range(value.shape[0]):
            held += value[v, c] * _USD
        row[Column.PRICE, c] = close[c]
        row[Column.POSITION_USD, c] = held
        if held != 0.0:
            gross += abs(held)
            net += held
            tilt += held if math.isnan(beta[c]) else held * beta[c]
    gauge[Gauge.GROSS_USD] = gross
    gauge[Gauge.NET_USD] = net
    gauge[Gauge.BETA_USD] = tilt


@inlined
def _room(
    equity_usd: float, cap_frac: float, books: ledger.State, close: Mat, lot: Mat, room: Vec
) -> None:
    """Write what each venue may still take: without bound on one venue, else up to its cap.

    What is held and what is at work to make it larger both count.
    """
    for v in range(room.shape[0]):
        room[v] = math.inf
        if room.shape[0] > 1:
            taken = 0.0
            for c in range(close.shape[1]):
                taken += abs(books.value[v, c]) * _USD
                working = books.working[v, c]
                if intents.adds(working, books.lots[v, c]) and close[v, c] > 0.0:
                    taken += abs(working) * lot[v, c] * close[v, c]
            # below 0 where the venue is over its cap already: what is given back counts from there
            room[v] = cap_frac * equity_usd - taken


@inlined
def step(
    t: int,
    k: int,
    obs: Observation,
    setup: Setup,
    params: Params,
    state: State,
    out: Decisions,
    votes: consensus.Out,
) -> None:
    """Decide one bar; the module says in which order.

    Parameters
    ----------
    t, k : int
        Row of the block, and bar counter of its close.
    obs : Observation
        The block; rows up to t are read.
    setup : Setup
        Venues, approvals, sectors.
    params : Params
        From ``params`` of each stage.
    state : State
        Updated in place; fills of this bar are already booked in it.
    out : Decisions
        Row t is written.
    votes : consensus.Out
        The block from ``consensus.scan``; row t is read.

    Notes
    -----
    Units: as the fields say.  Causal: reads bars <= t.
    Missing: a coin without a bar is left as it is; the reason says NO_DATA or IMPUTED.
    Spec 1 to 8, METHODS 0b.
    """
    market, readings, account = obs.market, obs.readings, state.account
    rules, venues, books, leaving = params.rules, setup.venues, account.ledger, account.exits
    close, status = market.close[t, 0], market.status[t, 0]
    sigma, regime, volume = readings.sigma_daily[t], readings.regime[t], readings.bar_volume[t]
    rate, hours = readings.funding_bps[t], readings.funding_hours[t]
    row, code, gauge = out.number[t], out.code[t], out.gauge[t]
    n_venues, n_coins = market.close.shape[1:]
    _clear(row, code, out.lots[t])
    ledger.deposit(books, obs.controls.flow[t])
    ledger.mark(books, market.mark[t], venues.lot)
    out.equity[t] = ledger.equity(books)
    out.cash[t] = books.cash[0]
    equity_usd = out.equity[t] * _USD
    _exposures(close, books.value, readings.beta[t], row, gauge)
    open_ = np.empty(n_coins, np.int8)
    stances.tradable(market.status[t], market.close[t], books.lots, row[Column.PRICE], open_)
    signal, edge = votes.signal[t], votes.edge_bps[t]
    persistence.step(votes.score[t], regime, k, state.routing, params.routing)
    turnover = np.empty(n_coins)
    for c in range(n_coins):
        turnover[c] = volume[c] * close[c]
    flow_usd = obs.controls.flow[t] * _USD
    breakers.step(
        k, equity_usd, flow_usd, sigma, turnover, status, params.risk.breakers, account.breakers
    )
    breakers.report(
        account.breakers,
        params.risk.breakers,
        row[Column.MULTIPLIER],
        code[Code.BREAKER],
        code[Code.FLAGS],
    )
    record = np.empty((3, N_REGIMES))
    lasting = np.empty(N_REGIMES)
    for r in range(N_REGIMES):
        found = paper.statistics(r, params.risk.sizing, state.paper)
        record[0, r] = found.p
        record[1, r] = found.b
        record[2, r] = found.n
        lasting[r] = persistence.value(r, state.routing, params.routing)
    estimates.sizes(equity_usd, sigma, regime, record, params.risk.sizing, row)
    quotes = intents.Quotes(
        market.close[t], market.volume[t], market.spread_bps[t], market.status[t], sigma
    )
    most_usd = params.risk.limits.coin_cap_frac * equity_usd
    sizes = params.risk.sizing
    estimates.costs(
        most_usd,
        equity_usd * sizes.target_risk_frac * sizes.base_multiplier,
        signal,
        sigma,
        volume,
        rate,
        hours,
        quotes,
        venues,
        rules,
        params.costs,
        params.routing,
        row,
        code,
    )
    leg = np.empty(n_coins)
    carried = np.empty(n_coins)
    estimates.carried(market.funding[t, 0], setup.can_short, row, leg, carried)
    kept = np.zeros(n_coins, np.int8)
    if params.risk.exits.k_out > 0.0:
        stances.keeps(votes.score[t], votes.sigma[t], params.risk.exits.k_out, kept)
    fed = np.empty(n_coins, np.int8)
    estimates.feed(
        signal, edge, row[Column.COST_BPS], params.costs.safety_margin_bps, params.risk.paper, fed
    )
    paper.step(
        k,
        market.open[t, 0],
        market.high[t, 0],
        market.low[t, 0],
        close,
        status,
        fed,
        row[Column.STOP_FRAC],
        leg,
        carried,
        regime,
        setup.can_short,
        kept,
        params.risk.paper,
        state.paper,
    )
    stances.controls(t, obs.controls, rules.depeg_frac, code)
    stances.take(
        k,
        signal,
        kept,
        votes.reason[t],
        edge,
        open_,
        readings.hazards[t],
        rate,
        hours,
        setup.can_short,
        params.costs.safety_margin_bps,
        rules,
        leaving,
        params.risk.exits,
        state.entry_edge_bps,
        row,
        code,
    )
    targets.allocate(
        equity_usd,
        volume,
        edge,
        votes.confidence[t],
        setup.sector,
        rules.window_bars,
        params.risk.limits,
        params.portfolio,
        row,
        code,
        gauge,
    )
    mark = np.empty(n_coins)
    for c in range(n_coins):
        mark[c] = market.mark[t, 0, c]
        if math.isnan(mark[c]):
            mark[c] = row[Column.PRICE, c]
    targets.settle(
        equity_usd,
        account.breakers.opening_usd[0],
        books.coins,
        mark,
        books.entry_price,
        leaving.stop,
        readings.beta[t],
        setup.can_short,
        params.risk.limits,
        row,
        code,
        gauge,
    )
    room = np.empty(n_venues)
    cap_frac = params.risk.limits.venue_cap_frac
    _room(equity_usd, cap_frac, books, market.close[t], venues.lot, room)
    desk = intents.Desk(
        books.lots,
        books.working,
        leaving.planned_frac,
        state.entry_edge_bps,
        room,
        lasting,
        volume,
        out.lots[t],
    )
    intents.send(
        k,
        open_,
        edge,
        regime,
        params.costs,
        rules,
        quotes,
        venues,
        params.routing,
        desk,
        account.orders,
        row,
        code,
    )
