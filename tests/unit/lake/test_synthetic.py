"""The made-up market is what it says: valid, seeded, with an edge only where one is planted."""

from __future__ import annotations

import numpy as np
import pytest

from quorate.core.types import Bar
from quorate.lake import NEVER, synthetic


@pytest.fixture(scope="module")
def panel():
    return synthetic()


def forecast(panel, hours=4):
    """Return the log return over the next hours, NaN at the end."""
    ahead = hours * panel.bars_per_hour
    log = np.log(panel.bars.close)
    future = np.full_like(log, np.nan)
    future[:-ahead] = log[ahead:] - log[:-ahead]
    return future


def correlation(x, y):
    both = np.isfinite(x) & np.isfinite(y)
    return float(np.corrcoef(x[both], y[both])[0, 1])


def flow(panel, hours=1):
    """Return the mean taker imbalance of the last hours."""
    span = hours * panel.bars_per_hour
    imbalance = 2.0 * panel.bars.taker_buy / np.maximum(panel.bars.volume, 1e-12) - 1.0
    total = np.cumsum(np.nan_to_num(imbalance), axis=0)
    mean = np.full_like(total, np.nan)
    mean[span:] = (total[span:] - total[:-span]) / span
    return mean


def test_it_cannot_be_mistaken(panel):
    assert panel.is_synthetic
    assert all(symbol.startswith("SYN-") for symbol in panel.symbols)
    assert panel.symbols[0] == "SYN-BTC"
    assert panel.venue_names == ("synthetic_perp",)
    assert "made up" in panel.notes[0]
    assert "synthetic" in panel.source.description


def test_the_seed_is_the_market(panel):
    assert synthetic().source.digest == panel.source.digest
    assert synthetic(seed=8).source.digest != panel.source.digest


def test_shapes_types_and_order(panel):
    assert (panel.n_bars, panel.n_coins) == (60 * 288, 20)
    for part in (panel.bars, panel.market, panel.venues):
        for name, array in zip(part._fields, part, strict=True):
            assert array.flags.c_contiguous, name
            assert array.flags.writeable, name
            byte = name in ("status", "listed", "is_perp")
            assert array.dtype == (np.int8 if byte else np.float64), name
    assert panel.market.close.shape == (panel.n_bars, 1, 20)


def test_bars_are_consistent(panel):
    bars = panel.bars
    known = bars.status != Bar.ABSENT
    for price in (bars.open, bars.high, bars.low, bars.close):
        assert (price[known] > 0.0).all()
        assert np.isnan(price[~known]).all()
    assert (bars.high >= np.fmax(bars.open, bars.close))[known].all()
    assert (bars.low <= np.fmin(bars.open, bars.close))[known].all()
    assert (bars.volume[known] >= 0.0).all()
    assert ((bars.taker_buy >= 0.0) & (bars.taker_buy <= bars.volume))[known].all()
    assert (bars.spread_bps[known] > 0.0).all()


def test_prices_and_lots_are_on_their_grid(panel):
    steps = panel.bars.close / panel.venues.tick[0]
    assert np.nanmax(np.abs(steps - np.rint(steps))) < 1e-5
    assert (panel.venues.lot[0] * panel.bars.close[0])[:-2].max() <= 1.0


def test_what_goes_wrong_on_purpose(panel):
    status, n = panel.bars.status, panel.n_bars
    assert (status[: int(0.4 * n), -2] == Bar.ABSENT).all()
    assert (status[int(0.4 * n), -2]) == Bar.TRADED
    last = int(0.7 * n)
    assert panel.delisted_k.tolist() == [NEVER] * 19 + [panel.k0 + last]
    assert status[last, -1] == Bar.TRADED
    assert (status[last + 1 :, -1] == Bar.ABSENT).all()
    assert panel.bars.close[last, -1] < 0.6 * panel.bars.close[last - 60, -1]
    outage = int(0.55 * n)
    assert (status[outage : outage + 16] == Bar.ABSENT).all()
    assert (status[outage + 16, :-2] == Bar.TRADED).all()
    assert (status[:, 1] == Bar.IMPUTED).sum() == 3
    gap = int(0.3 * n)
    assert (panel.bars.close[gap : gap + 3, 1] == panel.bars.close[gap - 1, 1]).all()
    assert (panel.bars.volume[gap : gap + 3, 1] == 0.0).all()
    assert panel.member[:, -1].sum() == last + 288  # a day without a price tells that it is gone
    assert panel.member[:, 0].all()


def test_it_looks_like_a_market(panel):
    moves = np.diff(np.log(panel.bars.close[:, :10]), axis=0)
    moves = moves[np.isfinite(moves).all(axis=1)]
    daily = moves.std(axis=0) * np.sqrt(288)
    assert ((daily > 0.01) & (daily < 0.10)).all()
    together = np.corrcoef(moves.T)[np.triu_indices(10, 1)]
    assert together.mean() > 0.3
    sizes = np.abs(moves[:, 0])
    assert np.corrcoef(sizes[:-12], sizes[12:])[0, 1] > 0.05  # volatility clusters
    z = moves[:, 0] / moves[:, 0].std()
    assert (z**4).mean() > 4.0  # fat tails
    volume = np.nan_to_num(panel.bars.volume[:, 0]).reshape(60, 288).mean(axis=0)
    assert volume.max() > 1.5 * volume.min()


def test_funding_follows_the_trend_and_settles_every_eight_hours(panel):
    paid = np.flatnonzero(panel.market.funding[:, 0, 0])
    assert ((panel.k0 + paid) % 96 == 0).all()
    assert paid.size == 180
    log = np.log(panel.bars.close)
    trend = np.full_like(log, np.nan)
    trend[288:] = log[288:] - log[:-288]
    assert correlation(trend[paid, :10], panel.market.funding[paid, 0, :10]) > 0.5
    stamps = panel.market.funding[paid, 0, 0]
    np.testing.assert_array_equal(panel.bars.funding_rate[paid, 0], stamps)
    np.testing.assert_array_equal(panel.bars.funding_rate[paid[:-1] + 95, 0], stamps[:-1])


def test_without_an_edge_flow_says_nothing():
    made = synthetic(days=90, seed=11)
    assert abs(correlation(flow(made), forecast(made))) < 0.03


def test_a_planted_edge_can_be_found():
    made = synthetic(days=90, seed=11, planted_edge=0.2)
    assert correlation(flow(made), forecast(made)) > 0.08


def test_spot_has_no_funding_and_no_basis():
    made = synthetic(n_coins=3, days=2, kind="spot")
    assert (made.market.funding == 0.0).all()
    assert np.isnan(made.bars.basis_bps).all()
    assert (made.venues.is_perp == 0).all()
    assert made.funding == ("none",) * 3


@pytest.mark.parametrize("bar_minutes", [1, 5, 15, 60])
def test_other_bar_lengths(bar_minutes):
    made = synthetic(n_coins=2, days=4, bar_minutes=bar_minutes)
    assert made.n_bars == 4 * 1440 // bar_minutes
    paid = np.flatnonzero(made.market.funding[:, 0, 0])
    assert (made.close_ms(0) + paid * bar_minutes * 60_000) % 28_800_000 == pytest.approx(0)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"n_coins": 0}, "n_coins is 0"),
        ({"days": 0}, "days 0"),
        ({"bar_minutes": 7}, "bar_minutes is 7"),
        ({"planted_edge": 10.5}, "planted_edge is 10.5"),
        ({"kind": "option"}, "kind is 'option'"),
    ],
)
def test_arguments_out_of_bounds_are_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        synthetic(**bad)
