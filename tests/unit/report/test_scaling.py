"""What a run's trades come to at another size, against the cost model and by hand."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from tests.unit.report.books import BAR, START, UNIT, Books

from quorate.core.costs import Params
from quorate.core.costs.components import impact_bps
from quorate.report import scaling
from quorate.report.scaling import Limits, results, take_apart

USUAL = Limits()


def paid(value_usd, share):
    """Give the impact of a fill, in units of 1e-8, as the cost model has it."""
    return round(impact_bps(share, 0.0, Params()) / 1e4 * value_usd * UNIT)


def one_trade(share=0.01, quieter=0.005, gain=3):
    """Buy 20 coins in two fills of 1,000 USD and sell them at a gain of so many USD a coin."""
    made = Books()
    made.fill(1, "SOL", 10, 100 * UNIT, "ENTRY", impact=paid(1_000, quieter))
    made.fill(2, "SOL", 10, 100 * UNIT, "ENTRY", impact=paid(1_000, share))
    out = (100 + gain) * 20
    made.fill(9, "SOL", -20, (100 + gain) * UNIT, "EXIT_TIME", impact=paid(out, share))
    return made


def apart(made, bounds=USUAL, net_usd=None):
    net = (made.cash + int(made.positions["value"].sum()) - made.start) / UNIT
    return take_apart(made.fills, made.positions, net if net_usd is None else net_usd, bounds)


def test_as_many_times_one_it_made_what_it_made():
    made = one_trade()
    (net,) = results(1.0, apart(made))
    assert net == pytest.approx((made.cash - made.start) / UNIT, abs=1e-6)


def test_a_position_grows_until_it_meets_the_quietest_bar_it_was_bought_in():
    """The second fill was 1% of 100,000 USD: 20,000 USD is the limit, 10 times 2,000."""
    run = apart(one_trade())
    assert run.cap == pytest.approx([10.0], rel=1e-6)
    assert results(10.0, run) == pytest.approx(results(1_000.0, run))
    assert results(9.0, run) < results(10.0, run)


def test_a_longer_window_or_a_larger_share_lets_more_in():
    made = one_trade()
    assert apart(made, Limits(window_bars=3.0)).cap == pytest.approx([30.0], rel=1e-6)
    assert apart(made, Limits(position_share=0.1)).cap == pytest.approx([5.0], rel=1e-6)


def test_impact_is_that_of_the_cost_model_at_every_size():
    made = one_trade(share=0.05, quieter=0.02)
    run = apart(made)
    value = np.abs(made.fills["notional"].to_numpy()) / UNIT
    for m in (0.5, 1.0, 2.0):
        law = [
            impact_bps(m * share, 0.0, Params()) / 1e4 * usd * m
            for share, usd in zip((0.02, 0.05, 0.05), value, strict=True)
        ]
        assert run.other_usd[0] * m - results(m, run)[0] == pytest.approx(sum(law), rel=1e-5)


def test_a_fill_that_paid_nothing_met_the_usual_volume_of_its_coin():
    made = Books()
    made.fill(1, "SOL", 10, 100 * UNIT, "ENTRY")
    made.fill(9, "SOL", -10, 103 * UNIT, "EXIT_TIME", impact=paid(1_030, 0.0103))
    assert apart(made).cap == pytest.approx([20.0], rel=1e-6)


def test_a_coin_that_never_paid_for_its_size_is_not_bounded():
    made = one_trade()
    made.fill(3, "ETH", 10, 100 * UNIT, "ENTRY")
    made.fill(9, "ETH", -10, 101 * UNIT, "EXIT_TIME")
    assert sorted(apart(made).cap) == [pytest.approx(10.0), math.inf]


def test_what_is_open_at_the_end_counts_at_its_mark():
    made = Books()
    made.fill(1, "SOL", 10, 100 * UNIT, "ENTRY", impact=paid(1_000, 0.01))
    made.mark("SOL", 1_070 * UNIT)
    assert apart(made).other_usd == pytest.approx([70.0])


def test_funding_is_shared_out_by_what_was_traded():
    made = one_trade()
    made.fill(11, "ETH", 10, 100 * UNIT, "ENTRY", impact=paid(1_000, 0.01))
    made.fill(19, "ETH", -10, 100 * UNIT, "EXIT_TIME", impact=paid(1_000, 0.01))
    net = (made.cash - made.start) / UNIT
    before, after = apart(made).other_usd, apart(made, net_usd=net - 6.06).other_usd
    assert sorted(before - after) == pytest.approx([2.0, 4.06], abs=1e-6)


def test_an_episode_ends_on_the_day_of_its_last_fill():
    made = one_trade()
    made.fill(400, "SOL", 10, 100 * UNIT, "ENTRY", impact=paid(1_000, 0.01))
    made.fill(410, "SOL", -10, 100 * UNIT, "EXIT_TIME", impact=paid(1_000, 0.01))
    day = (START - START.replace(year=1970, month=1, day=1)).days
    assert apart(made).day.tolist() == [day, day + 410 * 5 // 1440]
    assert BAR.total_seconds() == 300


def test_a_run_says_its_own_limits():
    said = {"costs": {"max_participation": 0.1}, "risk": {"max_participation": 0.05}}
    found = scaling.limits(said | {"decision": {"window_bars": 2}})
    assert found == Limits(fill_share=0.1, position_share=0.05, window_bars=2.0)
    assert scaling.limits({}) == Limits()


def test_the_columns_that_are_read_are_those_of_a_run():
    assert set(pl.DataFrame(schema=Books().fills.schema).columns) >= scaling.READ
