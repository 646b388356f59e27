"""What a child pays, by component, against the numbers of the cost model."""

from __future__ import annotations

import pytest

from quorate.backtest.quotes import Child, nothing, taker
from quorate.backtest.rules import Params, params
from quorate.backtest.views import Tape, Terms
from quorate.core.costs import params as costs
from quorate.core.types import Reason, Style

TAPE = Tape(100.0, 101.0, 99.0, 100.0, 1_000.0, 4.0, trades=True)
TERMS = Terms(1.0, 0.01, 2.0, 4.5, 80.0, 0.03, is_perp=True)


def buy(lots: int = 40, tape: Tape = TAPE, rules: Params | None = None) -> Child:
    chosen = params() if rules is None else rules
    return taker(
        lots, 100.0, 99.0, 1_000.0, tape, TERMS, chosen, Reason.ENTRY.value, Style.MARKET.value, 0
    )


def test_the_golden_one_way_cost() -> None:
    child = buy()
    paid = child.spread + child.impact + child.latency
    assert paid * 1e4 / 100.0 + child.fee_bps == pytest.approx(8.3, abs=1e-9)  # 2 + 1 + .8 + 4.5
    assert child.price == pytest.approx(100.0 * (1.0 + 3.8e-4), abs=1e-12)


@pytest.mark.parametrize("lots", [1, 40, 200])
def test_a_sale_mirrors_a_buy(lots: int) -> None:
    up, down = buy(lots), buy(-lots)
    assert up.price - 100.0 == pytest.approx(100.0 - down.price, abs=1e-12)
    assert (up.spread, up.impact, up.latency) == (down.spread, down.impact, down.latency)


def test_impact_stops_growing_at_the_participation_limit() -> None:
    assert buy(200).impact == buy(900).impact
    assert buy(100).impact < buy(200).impact


def test_options_of_the_cost_model_reach_the_price() -> None:
    wild = params(costs(impact="volatility", latency="diffusive"), unknown_sigma_daily=2.0)
    calm = buy(rules=wild)
    unknown = taker(
        40,
        100.0,
        99.0,
        1_000.0,
        TAPE,
        TERMS._replace(sigma_daily=float("nan")),
        wild,
        Reason.ENTRY.value,
        Style.MARKET.value,
        0,
    )
    assert calm.impact > buy().impact
    assert unknown.impact > calm.impact
    assert unknown.latency > calm.latency


def test_no_execution_has_no_lots() -> None:
    assert (nothing(5).lots, nothing(5).notes) == (0, 5)
