"""The paper twin of METHODS 0b.7, one rule at a time, and whole against a slow second form."""

import numpy as np
import pytest
from tests.unit.core.risk.paper_market import (
    FADING,
    PARAMS,
    Slow,
    Tape,
    arrays,
    copied,
    flat,
    run,
    same_bytes,
    wander,
)

from quorate.core.risk import paper, sizing
from quorate.core.types import Regime

COST = 10.0  # bps one way, of every bar of ``flat``


def closed_r(side: int, entry: float, out: float, stop_frac: float = 0.02) -> float:
    ratio = out / entry
    return (side * (ratio - 1.0) - COST * (1.0 + ratio) * 1e-4) / stop_frac


@pytest.mark.parametrize("side", [1, -1])
def test_a_signal_fills_at_the_next_open_and_not_at_the_close_that_decided(side: int) -> None:
    tape = flat(3)
    tape.signal[0] = side
    tape.closes[0] = 99.0
    tape.opens[1] = 101.0
    assert run(tape, stop=1).exits.side[0] == 0
    state = run(tape, stop=2)
    assert state.exits.side[0] == side
    assert state.entry[0] == 101.0
    assert state.exits.stop[0] == pytest.approx(101.0 * (1.0 - side * 0.02))


@pytest.mark.parametrize("side", [1, -1])
def test_the_time_exit_holds_exactly_the_horizon(side: int) -> None:
    tape = flat(8)
    tape.signal[0] = side
    tape.opens[1], tape.opens[5] = 100.0, 101.0
    assert run(tape, stop=5).exits.side[0] == side
    state = run(tape, stop=6)
    assert state.exits.side[0] == 0
    assert state.last_r[0] == pytest.approx(closed_r(side, 100.0, 101.0))
    assert state.n[0] == 1
    assert state.wins[0] == (side > 0)


def test_the_clock_restarts_if_the_same_side_clears_on_the_bar_that_is_due() -> None:
    tape = flat(12)
    tape.signal[0] = tape.signal[4] = 1
    tape.opens[5:] = 101.0
    tape.highs[5:] = tape.closes[5:] = 101.0
    state = run(tape, stop=9)
    assert state.exits.side[0] == 1
    assert state.entry[0] == 100.0
    assert state.exits.stop[0] == 98.0
    assert run(tape, stop=10).exits.side[0] == 0


def test_the_same_side_earlier_does_not_restart_the_clock() -> None:
    tape = flat(8)
    tape.signal[0] = tape.signal[3] = 1
    assert run(tape, stop=6).exits.side[0] == 0


def test_below_the_threshold_is_held() -> None:
    tape = flat(5)
    tape.signal[0] = 1
    assert run(tape, stop=4).exits.side[0] == 1


@pytest.mark.parametrize(
    ("side", "open_", "low", "high", "fill"),
    [
        (1, 99.0, 97.5, 99.0, 98.0),  # touched inside the bar
        (1, 99.0, 98.0, 99.0, 98.0),  # exactly
        (1, 95.0, 94.0, 99.0, 95.0),  # gapped through: the open
        (-1, 101.0, 101.0, 102.5, 102.0),
        (-1, 105.0, 100.0, 106.0, 105.0),
    ],
)
def test_the_stop_fills_at_the_worse_of_stop_and_open(
    side: int, open_: float, low: float, high: float, fill: float
) -> None:
    tape = flat(4)
    tape.signal[0] = side
    tape.opens[2], tape.lows[2], tape.highs[2] = open_, low, high
    state = run(tape, stop=3)
    assert state.exits.side[0] == 0
    assert state.last_r[0] == pytest.approx(max(-3.0, closed_r(side, 100.0, fill)))


def test_the_stop_holds_on_the_bar_of_the_entry() -> None:
    tape = flat(3)
    tape.signal[0] = 1
    tape.lows[1] = 97.0
    assert run(tape, stop=2).last_r[0] == pytest.approx(closed_r(1, 100.0, 98.0))


@pytest.mark.parametrize("again", [1, -1])
def test_the_stopped_side_cools_down_and_the_other_does_not(again: int) -> None:
    tape = flat(8)
    tape.signal[0] = 1
    tape.lows[1] = 97.0
    tape.signal[1:] = again
    # stopped in bar 1, cooldown of 3 bars: decided at the close of 4, filled in 5
    first = next(k for k in range(2, 9) if run(tape, stop=k).exits.side[0] == again)
    assert first - 1 == (5 if again == 1 else 2)


def test_the_opposite_signal_closes_and_opens_at_one_open() -> None:
    tape = flat(4)
    tape.signal[0], tape.signal[2] = 1, -1
    tape.opens[3] = 101.0
    tape.stop_frac[2] = 0.03
    state = run(tape)
    assert state.exits.side[0] == -1
    assert state.entry[0] == 101.0
    assert state.exits.stop_frac[0] == 0.03
    assert state.last_r[0] == pytest.approx(closed_r(1, 100.0, 101.0))


def test_spot_sells_to_zero_and_never_short() -> None:
    tape = flat(6)
    tape.allow_short[:] = 0
    tape.signal[0], tape.signal[2], tape.signal[4] = 1, -1, -1
    state = run(tape)
    assert state.n.sum() == 1
    assert state.exits.side[0] == 0
    assert state.pending[0] == 0


@pytest.mark.parametrize("status", [0, 2])
def test_an_entry_lapses_and_an_exit_waits_on_a_bar_that_is_not_traded(status: int) -> None:
    lapsed = flat(3)
    lapsed.signal[0] = 1
    lapsed.status[1] = status
    assert run(lapsed).exits.side[0] == 0

    waits = flat(9)
    waits.signal[0] = 1
    waits.status[3:7] = status
    waits.lows[3:7] = 1.0
    waits.opens[3:7] = 1.0
    waits.signal[3:7] = -1
    waits.opens[7] = 102.0
    patient = PARAMS._replace(missing_bars=100)
    assert run(waits, stop=7, params=patient).exits.side[0] == 1
    assert run(waits, params=patient).last_r[0] == pytest.approx(closed_r(1, 100.0, 102.0))


@pytest.mark.parametrize("side", [1, -1])
def test_funding_is_paid_by_longs_for_every_bar_held(side: int) -> None:
    tape = flat(8)
    tape.signal[0] = side
    tape.funding_bps[:] = 0.5
    tape.funding_bps[2] = np.nan
    assert run(tape).last_r[0] == pytest.approx((-20.0 - side * 3 * 0.5) * 1e-4 / 0.02)


def test_the_cost_is_the_one_known_before_the_fill() -> None:
    tape = flat(8)
    tape.signal[0] = 1
    tape.cost_bps[0], tape.cost_bps[1:4], tape.cost_bps[4], tape.cost_bps[5] = 7.0, 0.0, 9.0, 99.0
    assert run(tape).last_r[0] == pytest.approx(-(7.0 + 9.0) * 1e-4 / 0.02)


@pytest.mark.parametrize("field", ["stop_frac", "cost_bps"])
def test_without_a_stop_or_a_cost_there_is_no_entry(field: str) -> None:
    tape = flat(3)
    tape.signal[0] = 1
    getattr(tape, field)[:] = np.nan
    assert run(tape).exits.side[0] == 0


def test_a_result_counts_for_the_regime_of_the_decision_and_is_winsorised() -> None:
    tape = flat(8, 2)
    tape.signal[0] = [1, -1]
    tape.regime[0] = [Regime.PANIC, Regime.TREND]
    tape.regime[1:] = Regime.RANGE
    tape.opens[5] = 200.0
    state = run(tape)
    assert state.n.tolist() == [1, 0, 1, 0, 0]
    assert state.wins.tolist() == [0, 0, 1, 0, 0]
    assert state.sum_win[Regime.PANIC] == 3.0
    assert state.sum_loss[Regime.TREND] == 3.0


def test_a_trade_that_ends_at_zero_counts_neither_way() -> None:
    tape = flat(8)
    tape.cost_bps[:] = 0.0
    tape.signal[0] = 1
    state = run(tape)
    assert state.last_r[0] == 0.0
    assert state.n.sum() == 0


def test_statistics_are_the_posteriors_of_the_regime() -> None:
    state = paper.init(1)
    priors = sizing.Params()
    state.n[1], state.wins[1], state.sum_win[1], state.sum_loss[1] = 80, 60, 120.0, 20.0
    found = paper.statistics(1, priors, state)
    assert found.b == pytest.approx(1.8)
    assert found.p == pytest.approx((50.0 / 2.8 + 60.0) / 130.0)
    assert found.n == 80
    assert paper.statistics(0, priors, state) == (0.5, 1.0, 0)


@pytest.mark.parametrize("params", [PARAMS, FADING])
@pytest.mark.parametrize("seed", range(4))
def test_the_twin_equals_its_slow_form(seed: int, params: paper.Params) -> None:
    tape = wander(seed, 400, 3)
    state = run(tape, params=params)
    n, sums = np.zeros(5, int), np.zeros((2, 5))
    for c in range(3):
        slow = Slow(params)
        for k in range(400):
            slow.bar(k, tape, c)
        assert (slow.trade.side if slow.trade else 0) == state.exits.side[c]
        assert slow.closed[-1][2] == pytest.approx(state.last_r[c], abs=1e-12)
        for _, regime, result in slow.closed:
            n[regime] += 1
            sums[0 if result > 0.0 else 1, regime] += abs(result)
    assert n.sum() > 60
    assert state.n.tolist() == n.tolist()
    assert state.sum_win == pytest.approx(sums[0])
    assert state.sum_loss == pytest.approx(sums[1])


def test_a_trade_without_a_price_for_too_long_has_no_result() -> None:
    tape = flat(12)
    tape.signal[0] = 1
    tape.status[2:4] = 0
    assert run(tape, stop=5).exits.side[0] == 1  # two bars are not too long
    tape.status[2:5] = 0
    tape.opens[5:] = tape.closes[5:] = tape.highs[5:] = tape.lows[5:] = 1.0
    state = run(tape)
    assert state.exits.side[0] == 0
    assert state.n[0] == 0


def test_a_restart_changes_no_byte() -> None:
    tape = wander(7, 300, 4)
    resumed = run(tape, copied(run(tape, stop=131)), start=131)
    assert same_bytes(run(tape), resumed)


def test_the_future_changes_nothing() -> None:
    tape, other = wander(8, 200, 2), wander(8, 200, 2)
    for row in other[:4]:
        row[120:] *= 1.7
    other.signal[120:] *= -1
    assert same_bytes(run(tape, stop=120), run(other, stop=120))
    assert not same_bytes(run(tape), run(other))


def test_a_coin_trades_the_same_whoever_is_beside_it() -> None:
    tape = wander(9, 200, 3)
    alone = run(Tape(*(np.ascontiguousarray(row[:, 1:2]) for row in tape)))
    beside = run(tape)
    per_coin = [i for i, a in enumerate(arrays(alone)) if a.shape[-1] == 1]
    assert len(per_coin) == len(arrays(alone)) - 4
    for i in per_coin:
        assert arrays(alone)[i].tobytes() == arrays(beside)[i][..., 1:2].tobytes()


def test_a_bad_account_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 coin"):
        paper.init(0)
    assert PARAMS.exits.horizon_bars == 4
