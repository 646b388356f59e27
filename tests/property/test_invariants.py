"""What must hold after every bar and at every decision, whatever the market and the settings."""

from __future__ import annotations

import copy
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from tests.parity.market import LIVELY, Case, case, pieces

from quorate.backtest import exchange, run
from quorate.backtest.fills import Fills, column, fills, rows_needed
from quorate.backtest.spreads import fill
from quorate.core import account, decide, ledger
from quorate.core.account import Code, Column, Gauge
from quorate.core.risk import open_risk
from quorate.core.risk.breakers import Breaker
from quorate.core.types import MONEY_SCALE, Bar, Line, Observation
from quorate.lake.synthetic import synthetic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quorate.lake.panel import Panel

DAYS = 22
WARM = 11 * 288
SECTORS = np.array([0, 0, 1, 1, -1])
ROOM = 1.0 + 1e-9


class Bars(NamedTuple):
    """One bar as it stands after its decision."""

    t: int
    k: int
    row: np.ndarray
    code: np.ndarray
    gauge: np.ndarray
    sent: np.ndarray
    status: np.ndarray


class Session(NamedTuple):
    """A run that is stepped from outside, so that every bar can be looked at."""

    made: Case
    state: account.State
    fills: Fills
    live: run.Slice
    observation: Observation
    consensus: Any
    venue: exchange.State


def settings(**changes: float | str) -> dict[str, dict[str, Any]]:
    return {**LIVELY, "risk": {**LIVELY["risk"], **changes}}


RUNS: dict[str, tuple[int, str, float, float, dict[str, dict[str, Any]]]] = {
    # seed, kind, planted edge, opening equity, settings
    "plain": (7, "perp", 4.0, 1e6, settings()),
    "small": (2, "perp", 8.0, 3e4, settings(kelly="cap", leverage=3.0, coin_cap=0.2)),
    "tight": (3, "perp", 4.0, 1e6, settings(sector_cap=0.05, coin_cap=0.04, committed_frac=0.08)),
    "spot": (7, "spot", 4.0, 1e6, settings()),
    "jumps": (7, "perp", 4.0, 3e4, settings(daily_loss_stop=0.002, per_trade_risk=0.002)),
}


def jump(panel: Panel) -> None:
    """Let every price fall or rise by a tenth at the open of a bar, now and then."""
    factor = np.ones((panel.n_bars, 1))
    for i, t in enumerate(range(WARM + 400, panel.n_bars, 150)):
        factor[t:] *= 0.9 if i % 2 else 1.0 / 0.9
    for name in ("open", "high", "low", "close"):
        getattr(panel.bars, name)[...] *= factor
        getattr(panel.market, name)[...] = getattr(panel.bars, name)[:, None, :]
    panel.market.mark[...] = panel.market.close


def begin(name: str) -> Session:
    seed, kind, edge, start_usd, changes = RUNS[name]
    panel = synthetic(n_coins=5, days=DAYS, planted_edge=edge, seed=seed, kind=kind)
    if name == "jumps":
        jump(panel)
    made = case(panel, SECTORS, **changes)
    warm, live = pieces(panel, [WARM])
    memory = made.begin(start_usd)
    run.advance(made.machine, memory, warm)
    ahead = copy.deepcopy(memory)
    block = run.advance(made.machine, ahead, live)
    tick = made.machine.setup.venues.tick
    spreads = fill(live.market, tick, block.readings.spread_bps, memory.spread_bps)
    seen = Observation(
        live.market._replace(spread_bps=spreads), block.readings, block.votes, live.controls
    )
    log = fills(rows_needed(len(live.bars.close), 1, panel.n_coins))
    return Session(made, memory.chain, log, live, seen, block.consensus, memory.exchange)


def walk(session: Session) -> Iterator[Bars]:
    """Let the exchange and the decision take turns, and stop after each bar."""
    made, seen, state = session.made, session.observation, session.state
    given = made.machine.params
    n_bars, n_venues, n_coins = seen.market.close.shape
    out = account.decisions(n_bars, n_venues, n_coins)
    for t in range(n_bars):
        k = session.live.k0 + t
        exchange.step(
            seen.market,
            t,
            k,
            made.panel.venues,
            seen.readings.sigma_daily[t],
            state.account,
            given.exchange,
            session.venue,
            session.fills,
        )
        setup = made.machine.setup
        decide.step(t, k, seen, setup, given.chain, state, out, session.consensus)
        status = seen.market.status[t, 0]
        yield Bars(t, k, out.number[t], out.code[t], out.gauge[t], out.lots[t], status)


def added_usd(bar: Bars) -> np.ndarray:
    """Return what each target adds to the position that is held on its side."""
    target, held = bar.row[Column.TARGET_USD], bar.row[Column.POSITION_USD]
    same = np.where(target * held > 0.0, np.abs(held), 0.0)
    more = np.abs(target) - same
    return np.where(more > 1e-9 * np.abs(target), more, 0.0)  # a share and back is not exact


def check_books(session: Session) -> None:
    books, ends = session.state.account.ledger, session.state.account.exits
    assert ledger.imbalance(books) == 0
    held = books.lots.any(axis=0)
    assert (held == (ends.side != 0)).all()
    assert np.isfinite(ends.stop[held]).all()
    assert np.isnan(ends.stop[~held]).all()
    assert (np.sign(books.lots[0]) == ends.side).all()
    if not session.made.panel.venues.is_perp.any():
        assert (books.lots >= 0).all()


def check_limits(session: Session, bar: Bars) -> None:
    caps = session.made.machine.params.chain.risk.limits
    opening = session.state.account.breakers.opening_usd.item()
    equity = ledger.equity(session.state.account.ledger) / MONEY_SCALE
    target, added = np.abs(bar.row[Column.TARGET_USD]), added_usd(bar)
    budget = bar.gauge[Gauge.BUDGET_USD]
    assert (target <= caps.coin_cap_frac * equity * ROOM).all()
    assert target.sum() <= caps.max_leverage * equity * ROOM
    # what grew since it was bought may stand over a limit that only judges additions
    if added.any():
        assert target.sum() <= budget * ROOM
    for group in (0, 1):
        mine = group == SECTORS
        if added[mine].any():
            assert target[mine].sum() <= caps.sector_cap_frac * equity * ROOM
    volume = session.observation.readings.bar_volume[bar.t] * bar.row[Column.PRICE]
    grows = added > 0.0
    assert (target[grows] <= caps.max_participation * volume[grows] * ROOM).all()
    assert (target[grows] <= (bar.row[Column.SIZED_USD] * ROOM)[grows]).all()
    stop = bar.row[Column.STOP_FRAC]
    room = bar.gauge[Gauge.RISK_BUDGET_USD]
    books, ends = session.state.account.ledger, session.state.account.exits
    if grows.any():
        assert room >= 0.0
        at_risk = (added * stop)[grows].sum()
        assert (1.0 + caps.gap_allowance) * at_risk <= room * ROOM
        spent = open_risk.stops_usd(books.coins, ends.stop, books.entry_price)
        assert at_risk <= open_risk.stop_budget_usd(opening, spent, caps) * ROOM


def check_orders(session: Session, bar: Bars) -> None:
    """Check what was sent: within a lot of the target, never naked, never against a gate."""
    books, orders = session.state.account.ledger, session.state.account.orders
    lot = session.made.panel.venues.lot[0]
    target, held = bar.row[Column.TARGET_USD], bar.row[Column.POSITION_USD]
    sent = bar.sent[0] * lot * bar.row[Column.PRICE]
    for c in np.flatnonzero(bar.sent[0]):
        one_lot = lot[c] * bar.row[Column.PRICE, c]
        missed = abs(held[c] + sent[c] - target[c])
        # a turn opens nothing on its new side where that would be less than the venue accepts
        is_small = abs(target[c]) < session.made.panel.venues.min_notional[0, c]
        assert missed <= one_lot * ROOM or (is_small and missed <= abs(target[c]) + one_lot)
        assert bar.row[Column.SIZE_USD, c] == pytest.approx(sent[c])
        assert books.working[0, c] == bar.sent[0, c]
        assert 0.0 < orders.limit_price[0, c] < np.inf
        assert bar.status[c] == Bar.TRADED
    is_tripped = (bar.code[Code.FLAGS] & Breaker.DAILY) != 0
    if is_tripped.any() or bar.gauge[Gauge.RISK_BUDGET_USD] < 0.0:
        assert (added_usd(bar) == 0.0).all()
    if is_tripped.any():
        # nor does an entry of an earlier bar go on
        traded = bar.status == Bar.TRADED
        working, side = books.working[0], session.state.account.exits.side
        assert ((working == 0) | (working * side < 0))[traded].all()


def check_cash(session: Session, start_usd: float, held: np.ndarray) -> None:
    """Add up what was paid and received, from the record of fills alone."""
    log, venues = session.fills, session.made.panel.venues
    books = session.state.account.ledger
    price, coins = column(log, "price"), column(log, "coins")
    fee = column(log, "fee") / MONEY_SCALE
    paid = coins * price + fee + column(log, "haircut") / MONEY_SCALE
    cash = start_usd - paid.sum()
    assert books.cash.item() / MONEY_SCALE == pytest.approx(cash, abs=1e-7 * (6 * paid.size + 1))
    lots = held.copy()
    np.add.at(lots, (column(log, "venue"), column(log, "coin")), column(log, "lots"))
    assert (lots == books.lots).all()
    marks = session.observation.market.mark
    last = [row[~np.isnan(row)][-1] for row in marks[:, 0].T]
    worth = cash + (lots[0] * venues.lot[0] * last).sum()
    assert ledger.equity(books) / MONEY_SCALE == pytest.approx(
        worth, abs=1e-7 * (6 * paid.size + 9)
    )


def keep_to_the_rules(name: str, met: Counter[str]) -> None:
    """Walk one run, check every bar, and count what it met."""
    session = begin(name)
    cash_usd = session.state.account.ledger.cash.item() / MONEY_SCALE
    held = session.state.account.ledger.lots.copy()
    tripped_day = -1
    for bar in walk(session):
        check_books(session)
        check_limits(session, bar)
        check_orders(session, bar)
        is_tripped = bool(session.state.account.breakers.tripped[0])
        assert is_tripped or bar.k // 288 != tripped_day  # it holds until midnight
        if is_tripped:
            tripped_day = bar.k // 288
        met["tripped"] += is_tripped
        met["negative"] += bool(bar.gauge[Gauge.RISK_BUDGET_USD] < 0.0)
        met["capped"] += int((added_usd(bar) > 0.0).any() and bar.code[Code.CAP].any())
        met["shorts"] += int((session.state.account.ledger.lots < 0).any())
        met["cuts"] += int(np.isin(bar.code[Code.REASON], (10, 11)).any())
    assert session.fills.n.item() > 20
    met["fills"] += session.fills.n.item()
    if RUNS[name][1] == "spot":
        assert not session.state.account.ledger.lines[Line.FUNDING].any()
        check_cash(session, cash_usd, held)


def test_every_bar_of_every_run_keeps_to_the_rules() -> None:
    """One test for all runs: no check passes by never having been asked."""
    met: Counter[str] = Counter()
    for name in RUNS:
        keep_to_the_rules(name, met)
    wanted = ("fills", "negative", "tripped", "capped", "shorts", "cuts")
    assert [what for what in wanted if met[what] == 0] == []
