"""Dearer costs: decided anew as a run of its own would, and never cheaper."""

from dataclasses import replace

import numpy as np
import pytest

import quorate
from quorate.core.types import Line

LIVELY = {
    "consensus.edge_slope": "4",
    "consensus.prior_mass": "20",
    "consensus.quorum": "0",
    "costs.safety_margin_bps": "0",
    "risk.base_multiplier": "1",
    "risk.min_paper_trades": "100000",
}
DEARER = {
    "costs.impact_bps_at_one": "7.5",
    "costs.impact_y": "0.75",
    "costs.latency_bps_per_ms": "0.015",
}


def settings(**more):
    return quorate.read_settings(overrides=LIVELY | more)


def dear(panel):
    """Return a market whose fees and quoted spreads are half as high again."""
    venues = panel.venues._replace(
        maker_bps=1.5 * panel.venues.maker_bps, taker_bps=1.5 * panel.venues.taker_bps
    )
    market = panel.market._replace(spread_bps=1.5 * panel.market.spread_bps)
    return replace(panel, venues=venues, market=market)


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=4, days=20, seed=5, planted_edge=4.0, kind="spot")


def test_it_is_the_run_of_a_dearer_market(panel):
    """Quoted spreads, fees, impact and latency set by hand: the same equity to the last digit."""
    found = quorate.run(panel, settings(), stress=True)
    other = quorate.run(dear(panel), settings(**DEARER))
    assert other.trades.height > 10
    said = found.metrics["stress"]
    assert said["n_trades"] == other.trades.height
    assert said["net_return"] == other.net_return
    assert said["sharpe"] == pytest.approx(other.metrics["net"]["sharpe"], rel=1e-12)
    assert said["pnl_usd"] == pytest.approx(100_000.0 * other.net_return)
    assert other.net_return != found.net_return


def test_the_run_itself_is_the_same_with_and_without(panel):
    one, other = (quorate.run(panel, settings(), stress=each) for each in (False, True))
    assert "stress" not in one.metrics
    assert other.metrics == one.metrics | {"stress": other.metrics["stress"]}
    assert one.equity.equals(other.equity)


def test_funding_that_was_paid_counts_half_as_much_again_and_what_was_received_does_not():
    perp = quorate.synthetic(n_coins=4, days=20, seed=5, planted_edge=4.0)
    found = quorate.run(perp, settings(), stress=True).metrics["stress"]
    other = quorate.run(dear(perp), settings(**DEARER))
    paid = other.funding["amount"].clip(lower_bound=0).sum() / 1e8
    received = other.funding["amount"].clip(upper_bound=0).sum() / 1e8
    assert paid > 0.0 > received
    made = float(other.equity["equity"][-1] - other.equity["equity"][0]) / 1e8
    assert found["pnl_usd"] == pytest.approx(made - 0.5 * paid, abs=1e-5)


def test_the_page_says_whether_anything_is_left(panel, tmp_path):
    made = quorate.run(panel, settings(), out=tmp_path, stress=True)
    page = (made.folder / "report.html").read_text(encoding="utf-8")
    part = page[page.index('id="luck"') : page.index('id="costs"')]
    word = "still positive" if made.metrics["stress"]["pnl_usd"] > 0 else "not positive"
    assert "all costs × 1.5, decided anew" in part
    assert word in part
    again = quorate.read(made.run_id, out=tmp_path)
    assert again.metrics["stress"] == made.metrics["stress"]


def test_rebates_are_left_as_they_are(panel):
    rebate = replace(panel, venues=panel.venues._replace(maker_bps=np.array([-1.0])))
    found = quorate.run(rebate, settings(), stress=True)
    assert found.metrics["stress"]["times"] == 1.5
    assert Line.FEE.name in found.metrics["lines_usd"]
