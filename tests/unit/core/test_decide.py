"""One bar of the whole chain, its inputs made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.parity.market import leaves
from tests.unit.backtest.scene import quiet, venues
from tests.unit.core.rows import K

from quorate.core import account, consensus, costs, decide, ledger, portfolio, risk, routing
from quorate.core.account import Code, Column, Gauge
from quorate.core.risk.breakers import Breaker
from quorate.core.types import (
    MONEY_SCALE,
    Action,
    Controls,
    Observation,
    Readings,
    Reason,
    Votes,
)

START_USD = 1e5
COMPONENTS = ("half_spread_bps", "impact_bps", "fee_bps", "latency_bps", "funding_bps")
PARAMS = account.Params(
    costs.params(), risk.params(), portfolio.params(), routing.params(), account.Rules()
)


class Chain:
    """Two coins at 100 on quiet bars; the first is wanted long with an edge of 100 bps."""

    def __init__(self, n_venues: int = 1) -> None:
        self.setup = account.Setup(venues(n_venues, 2), np.full(2, -1), np.ones(2, np.int8))
        market = quiet(4, n_venues, 2)
        shape = (4, 2)
        self.observation = Observation(
            market,
            Readings(
                sigma_daily=np.full(shape, 0.03),
                bar_volume=np.full(shape, 1_000.0),
                spread_bps=np.full(shape, 4.0),
                funding_bps=np.full(shape, 1.0),
                funding_hours=np.full(shape, 8.0),
                beta=np.full(shape, 1.5),
                regime=np.zeros(shape, np.int8),
                hazards=np.zeros(shape, np.int8),
                ready=np.ones(shape, np.int8),
            ),
            Votes(np.zeros((4, 1, 2), np.int8), np.full((4, 1, 2), 0.5)),
            Controls(
                pause=np.zeros(4, np.int8),
                kill=np.zeros(4, np.int8),
                block=np.zeros(shape, np.int8),
                flatten=np.zeros(shape, np.int8),
                member=np.ones(shape, np.int8),
                flow=np.zeros(4, np.int64),
                quote_usd=np.ones(4),
            ),
        )
        self.said = consensus.out(4, 1, 2)
        self.said.signal[:, 0] = 1
        self.said.edge_bps[:] = 100.0
        self.said.confidence[:] = 1.0
        self.said.reason[:, 1] = Reason.BELOW_THRESHOLD
        self.state = decide.init(n_venues, 2, START_USD, PARAMS)
        self.out = account.decisions(4, n_venues, 2)

    def step(self, t: int = 0) -> Chain:
        decide.step(t, K + t, self.observation, self.setup, PARAMS, self.state, self.out, self.said)
        return self

    def fill(self, t: int) -> Chain:
        """Book what is working at 100, without costs, in bar t."""
        books = self.state.account.ledger
        for v, c in np.argwhere(books.working != 0):
            lots = int(books.working[v, c])
            books.working[v, c] = 0
            account.book(
                self.state.account,
                v,
                c,
                lots,
                self.setup.venues.lot,
                100.0,
                100.0,
                ledger.Costs(0, 0, 0, 0, 0),
                K + t,
                PARAMS.risk.breakers,
            )
        return self

    def reason(self, t: int, c: int = 0) -> Reason:
        return Reason(self.out.code[t, Code.REASON, c])


def test_a_signal_that_passes_every_gate_is_sent() -> None:
    chain = Chain().step()
    assert chain.reason(0) == Reason.ENTRY
    assert chain.out.code[0, Code.ACTION].tolist() == [Action.BUY, Action.WAIT]
    assert chain.reason(0, 1) == Reason.BELOW_THRESHOLD
    # 1/16 of half a percent of equity over a stop of two sigma of four hours
    stop = 2.0 * 0.03 * np.sqrt(4.0 / 24.0)
    assert chain.out.number[0, Column.STOP_FRAC] == pytest.approx(stop)
    wanted = START_USD * 0.005 / 16.0 / stop
    assert chain.out.number[0, Column.TARGET_USD, 0] == pytest.approx(wanted)
    assert chain.out.lots[0].tolist() == [[int(wanted / 100.0 / 0.1), 0]]
    assert chain.state.account.ledger.working.tolist() == chain.out.lots[0].tolist()
    assert chain.out.equity[0] == chain.out.cash[0] == START_USD * MONEY_SCALE
    assert chain.state.account.exits.planned_frac[0] == pytest.approx(stop)


def test_the_costs_stand_apart_and_add_up() -> None:
    row = Chain().step().out.number[0]
    parts = [row[Column[name.upper()]] for name in COMPONENTS]
    assert np.sum(parts, axis=0) == pytest.approx(row[Column.COST_BPS])
    assert all((part > 0.0).all() for part in parts[:4])
    assert row[Column.FUNDING_BPS].tolist() == [0.5, 0.0]  # four hours of 1 bps per eight


def test_a_held_coin_shows_in_the_gauges_and_keeps_its_stop() -> None:
    chain = Chain().step().fill(1).step(1)
    held = chain.out.number[1, Column.POSITION_USD, 0]
    assert held > 1_000.0
    gauge = chain.out.gauge[1]
    assert gauge[Gauge.GROSS_USD] == gauge[Gauge.NET_USD] == held
    assert gauge[Gauge.BETA_USD] == pytest.approx(1.5 * held)
    ends = chain.state.account.exits
    assert ends.stop[0] == pytest.approx(100.0 * (1.0 - chain.out.number[0, Column.STOP_FRAC, 0]))
    assert gauge[Gauge.OPEN_RISK_USD] == pytest.approx(1.25 * held * (1.0 - ends.stop[0] / 100.0))
    assert ledger.imbalance(chain.state.account.ledger) == 0


def test_a_deposit_is_capital_and_not_a_profit() -> None:
    chain = Chain().step()
    chain.observation.controls.flow[1] = -60_000 * MONEY_SCALE
    chain.step(1)
    assert chain.out.equity[1] == 40_000 * MONEY_SCALE
    assert chain.state.account.breakers.opening_usd[0] == 40_000.0
    assert not (chain.out.code[1, Code.FLAGS] & Breaker.DAILY).any()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("kill", Reason.EXIT_CONTROL),
        ("flatten", Reason.EXIT_CONTROL),
        ("member", Reason.EXIT_UNIVERSE),
    ],
)
def test_what_people_ask_for_is_done(name: str, reason: Reason) -> None:
    chain = Chain().step().fill(1)
    getattr(chain.observation.controls, name)[1:] = 0 if name == "member" else 1
    chain.step(1)
    assert chain.reason(1) == reason
    assert chain.out.lots[1].tolist() == (-chain.state.account.ledger.lots).tolist()
    assert chain.state.account.orders.reduce_only[0, 0] == 1
    chain.fill(2).step(2)
    assert not chain.out.lots[2].any()
    assert not chain.state.account.ledger.lots.any()


def test_a_loss_of_the_day_stops_entries_and_leaves_stops_alone() -> None:
    chain = Chain()
    chain.step(0)
    books = chain.state.account.ledger
    ledger.haircut(books, 1, 3_000 * MONEY_SCALE)
    chain.step(1)
    assert chain.reason(1) == Reason.BREAKER_DAILY
    assert (chain.out.code[1, Code.FLAGS] & Breaker.DAILY).all()
    assert not books.working.any()  # the unfinished entry of the bar before is called back


def test_a_bar_without_data_is_left_alone() -> None:
    chain = Chain().step()
    for name in ("open", "high", "low", "close", "volume", "mark"):
        getattr(chain.observation.market, name)[1] = np.nan
    chain.observation.market.status[1] = 0
    working = chain.state.account.ledger.working.copy()
    chain.step(1)
    assert chain.reason(1) == chain.reason(1, 1) == Reason.NO_DATA
    assert not chain.out.lots[1].any()
    assert (chain.state.account.ledger.working == working).all()
    assert chain.out.equity[1] == START_USD * MONEY_SCALE


def test_rows_that_are_used_again_are_cleared() -> None:
    clean, dirty = Chain(), Chain()
    for array in dirty.out:
        array.fill(7)
    for chain in (clean, dirty):
        chain.said.signal[:] = 0
        chain.said.reason[:] = Reason.NO_QUORUM
        chain.step()
    assert dirty.out.lots[0].tolist() == [[0, 0]]
    assert dirty.out.number[0, Column.SIZE_USD].tolist() == [0.0, 0.0]
    for name in ("ACTION", "SIDE", "REASON", "STANCE", "STYLE", "FLAGS", "CONTROL", "LEAVE"):
        row = Code[name]
        assert dirty.out.code[0, row].tolist() == clean.out.code[0, row].tolist()
    assert (dirty.out.equity[0], dirty.out.cash[0]) == (clean.out.equity[0], clean.out.cash[0])
    assert dirty.out.gauge[0].tobytes() == clean.out.gauge[0].tobytes()


def test_a_decision_writes_its_own_row_and_none_of_its_inputs() -> None:
    chain = Chain()
    given = (chain.observation, chain.setup, chain.said)
    before = [{name: array.copy() for name, array in leaves(part).items()} for part in given]
    chain.step(2)
    for part, kept in zip(given, before, strict=True):
        for name, array in leaves(part).items():
            assert array.tobytes() == kept[name].tobytes(), name
    assert chain.out.lots[2].any()
    for t in (0, 1, 3):
        assert not any(array[t].any() for array in chain.out)


def test_of_two_venues_the_better_one_takes_the_entry() -> None:
    chain = Chain(n_venues=2)
    chain.setup.venues.latency_ms[:] = (190.0, 10.0)
    chain.step()
    assert chain.reason(0) == Reason.ENTRY
    assert chain.out.code[0, Code.VENUE, 0] == 1
    assert chain.out.lots[0, 0, 0] == 0
    assert chain.out.lots[0, 1, 0] > 0


@pytest.mark.parametrize("start", [0.0, -1.0, float("nan")])
def test_an_account_opens_with_money(start: Any) -> None:
    with pytest.raises(ValueError, match="opening cash"):
        decide.init(1, 1, start, PARAMS)
