r"""The chain: the only file that knows the order of the stages.

In: one observation (a bar of every coin, votes, controls), the parameters, all memory. Out: the
memory one bar later, parent orders in force, and a row that explains every coin. On each bar:

1.  flows and marks are booked; equity is read from the books       ``ledger``
2.  votes are settled, weighed and added up to a score and an edge  ``consensus``        Spec 1
3.  breakers look at the day and at volatility                      ``risk.breakers``    Spec 6
4.  a size is asked for, and what it would cost                     ``risk.sizing``,
                                                                    ``costs``            Spec 4, 5
5.  the paper twin trades every signal                              ``risk.paper``
6.  each coin's stance is taken; the first gate that says no wins   ``stances``
7.  the budget is shared and limits are applied                     ``targets``,
                                                                    ``portfolio``        Spec 5, 7
8.  parents are sent, amended, called back                          ``intents``,
                                                                    ``routing``          Spec 8

Between two bars the ledger applies fills (``account.book``): from the simulated exchange in a
backtest, from the venue live. Nothing here reads a clock, a file, a network or a random number.
"""

from __future__ import annotations

import numpy as np

from quorate.core import consensus, intents, ledger, risk, routing, stances, targets
from quorate.core.account import Account, Decisions, Params, Setup, State
from quorate.core.costs import components
from quorate.core.kernel import kernel
from quorate.core.risk import breakers, exits, paper, sizing
from quorate.core.routing import orders, persistence
from quorate.core.types import MONEY_SCALE, N_REGIMES, Mat, Observation

_USD = 1.0 / MONEY_SCALE


def init(n_venues: int, n_coins: int, n_engines: int, start_usd: float, params: Params) -> State:
    """Return the memory of a decision that has seen nothing and holds only cash.

    Parameters
    ----------
    n_venues, n_coins, n_engines : int
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
        consensus=consensus.init(n_engines, n_coins, params.consensus),
        paper=memory.paper,
        routing=routing.init(n_coins, params.routing),
        entry_edge_bps=np.zeros(n_coins),
    )


@kernel
def _records(params: Params, state: State) -> Mat:
    """Return the paper twin's record by regime: win rate, payoff, number of trades."""
    record = np.empty((3, N_REGIMES))
    for r in range(N_REGIMES):
        found = paper.statistics(r, params.risk.sizing, state.paper)
        record[0, r] = found.p
        record[1, r] = found.b
        record[2, r] = found.n
    return record


@kernel
def _appraise(
    t: int,
    equity_usd: float,
    obs: Observation,
    setup: Setup,
    params: Params,
    state: State,
    out: Decisions,
    votes: consensus.Out,
) -> None:
    """Write what each coin would be given and what a round trip of that size would cost."""
    record = _records(params, state)
    readings = obs.readings
    scores = np.empty(setup.venues.taker_bps.shape[0])
    for c in range(setup.sector.shape[0]):
        close = obs.market.close[t, 0, c]
        regime = readings.regime[t, c]
        out.price[t, c] = close
        out.stop_frac[t, c] = sizing.volatility_risk(readings.sigma_daily[t, c], params.risk.sizing)
        size = sizing.size(
            equity_usd,
            out.stop_frac[t, c],
            record[0, regime],
            record[1, regime],
            int(record[2, regime]),
            params.risk.sizing,
        )
        out.sized_usd[t, c] = size.notional_usd
        out.risk_frac[t, c] = size.risk_frac
        order = min(size.notional_usd, params.risk.limits.coin_cap_frac * equity_usd)
        v = 0
        if votes.signal[t, c] != 0 and scores.shape[0] > 1:
            v = intents.venue_scores(t, c, order, obs, setup, params, scores)
        out.venue[t, c] = v
        volume = readings.bar_volume[t, c] * close * params.window_bars
        leg = components.one_way(
            obs.market.spread_bps[t, v, c],
            components.participation(order, volume),
            setup.venues.taker_bps[v],
            setup.venues.latency_ms[v],
            readings.sigma_daily[t, c],
            params.bar_hours * params.window_bars,
            params.costs,
        )
        funding = components.funding_bps(
            int(votes.signal[t, c]),
            readings.funding_bps[t, c],
            params.horizon_hours,
            readings.funding_hours[t, c],
        )
        both = components.round_trip(leg, leg, funding)
        out.half_spread_bps[t, c] = both.half_spread
        out.impact_bps[t, c] = both.impact
        out.fee_bps[t, c] = both.fee
        out.latency_bps[t, c] = both.latency
        out.funding_bps[t, c] = both.funding
        out.cost_bps[t, c] = components.round_trip_bps(both)


@kernel
def _paper(
    t: int,
    k: int,
    obs: Observation,
    setup: Setup,
    params: Params,
    state: State,
    out: Decisions,
    votes: consensus.Out,
) -> None:
    """Let the paper twin trade every signal, whether it is traded or not (METHODS 0b.7)."""
    n_coins = setup.sector.shape[0]
    cost = np.empty(n_coins)
    funding = np.empty(n_coins)
    for c in range(n_coins):
        cost[c] = 0.5 * (out.cost_bps[t, c] - out.funding_bps[t, c])
        hours = obs.readings.funding_hours[t, c]
        rate = obs.readings.funding_bps[t, c]
        funding[c] = rate * params.bar_hours / hours if rate != 0.0 else 0.0
    market = obs.market
    paper.step(
        k,
        market.open[t, 0],
        market.high[t, 0],
        market.low[t, 0],
        market.close[t, 0],
        market.status[t, 0],
        votes.signal[t],
        out.stop_frac[t],
        cost,
        funding,
        obs.readings.regime[t],
        setup.can_short,
        params.risk.paper,
        state.paper,
    )


@kernel
def _exposures(t: int, obs: Observation, state: State, out: Decisions) -> None:
    """Write every position at this close, and gross, net and beta exposure; always reported."""
    books = state.account.ledger
    out.gross_usd[t] = 0.0
    out.net_usd[t] = 0.0
    out.beta_usd[t] = 0.0
    for c in range(books.coins.shape[0]):
        held = 0.0
        for v in range(books.value.shape[0]):
            held += books.value[v, c] * _USD
        out.position_usd[t, c] = held
        if held != 0.0:
            beta = obs.readings.beta[t, c]
            out.gross_usd[t] += abs(held)
            out.net_usd[t] += held
            out.beta_usd[t] += held * beta if beta == beta else held


@kernel
def _watch(
    t: int,
    k: int,
    equity_usd: float,
    obs: Observation,
    params: Params,
    state: State,
    out: Decisions,
) -> None:
    """Step the breakers; the market's volatility is weighted by expected volume in USD."""
    n_coins = out.price.shape[1]
    weight = np.empty(n_coins)
    for c in range(n_coins):
        weight[c] = obs.readings.bar_volume[t, c] * obs.market.close[t, 0, c]
    breakers.step(
        k,
        equity_usd,
        obs.controls.flow[t] * _USD,
        obs.readings.sigma_daily[t],
        weight,
        obs.market.status[t, 0],
        params.risk.breakers,
        state.account.breakers,
    )
    for c in range(n_coins):
        out.flags[t, c] = breakers.flags(c, state.account.breakers)


@kernel
def _clear(t: int, out: Decisions) -> None:
    """Forget what an earlier block wrote in this row; the arrays are used again."""
    for c in range(out.price.shape[1]):
        out.action[t, c] = 0
        out.cap[t, c] = 0
        out.size_usd[t, c] = 0.0
        out.weight[t, c] = 0.0
        out.style[t, c] = -1
        for v in range(out.lots.shape[1]):
            out.lots[t, v, c] = 0
    out.solved[t] = 0


@kernel
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
        From ``api`` or ``params`` of each stage.
    state : State
        Updated in place; fills of this bar are already booked in it.
    out, votes : Decisions, consensus.Out
        Row t is written.

    Notes
    -----
    Units: as the fields say.  Causal: reads bars <= t.
    Missing: a coin without a bar is left as it is; the reason says NO_DATA or IMPUTED.
    Spec 1 to 8, METHODS 0b.
    """
    account = state.account
    _clear(t, out)
    ledger.deposit(account.ledger, obs.controls.flow[t])
    ledger.mark(account.ledger, obs.market.mark[t], setup.venues.lot)
    out.equity[t] = ledger.equity(account.ledger)
    out.cash[t] = account.ledger.cash[0]
    equity_usd = out.equity[t] * _USD
    consensus.step(
        t,
        k,
        obs.market.close[t, 0],
        obs.market.status[t, 0],
        obs.readings.ready[t],
        obs.readings.regime[t],
        obs.readings.sigma_daily[t],
        obs.votes.side[t],
        obs.votes.strength[t],
        setup.approved,
        setup.healthy,
        setup.family,
        params.consensus,
        state.consensus,
        votes,
    )
    persistence.step(votes.score[t], obs.readings.regime[t], k, state.routing, params.routing)
    _watch(t, k, equity_usd, obs, params, state, out)
    _appraise(t, equity_usd, obs, setup, params, state, out, votes)
    _paper(t, k, obs, setup, params, state, out, votes)
    _exposures(t, obs, state, out)
    desk = targets.desk(setup.sector.shape[0])
    stances.take(t, k, obs, setup, params, state, out, votes, desk.stance)
    budget = targets.allocate(t, equity_usd, obs, setup, params, state, out, votes, desk)
    targets.set_targets(t, equity_usd, budget, obs, params, state, out, desk)
    intents.send(t, k, equity_usd, obs, setup, params, state, out, votes, desk.stance)


@kernel
def scan(
    k0: int,
    obs: Observation,
    setup: Setup,
    params: Params,
    state: State,
    out: Decisions,
    votes: consensus.Out,
) -> None:
    """Fold ``step`` over a block whose fills are booked elsewhere, bar t having counter k0 + t."""
    for t in range(obs.market.close.shape[0]):
        step(t, k0 + t, obs, setup, params, state, out, votes)
