"""Features against their definitions, written plainly in NumPy."""

import numpy as np
import pytest
from tests.unit.core.features.synthetic import ROW, bars, run

from quorate.core.features import crosssection, spread
from quorate.core.types import Bar

DAY = 288


@pytest.fixture(scope="module")
def given():
    return bars(3000, 5, seed=2)


@pytest.fixture(scope="module")
def values(given):
    return run(given)


def rolling(x, n, how):
    found = np.full(x.shape, np.nan)
    for t in range(n - 1, len(x)):
        found[t] = how(x[t - n + 1 : t + 1], axis=0)
    return found


def same(values, name, expected, rtol=1e-9):
    found = values[:, ROW[name]]
    known = np.isfinite(found)
    assert known[-1].all()
    np.testing.assert_allclose(found[known], expected[known], rtol=rtol, atol=1e-12, err_msg=name)


@pytest.fixture(scope="module")
def ret(given):
    log = np.log(given.close)
    return np.vstack([np.full((1, 5), np.nan), np.diff(log, axis=0)])


def test_returns(given, values):
    log = np.log(given.close)
    for name, lag in (("ret_bar", 1), ("ret_1h", 12), ("ret_4h", 48), ("ret_24h", DAY)):
        expected = np.full(log.shape, np.nan)
        expected[lag:] = log[lag:] - log[:-lag]
        same(values, name, expected)
    # on the hour, 7 days are 2016 bars; between, the full hour 7 days before the last is kept
    found = values[:, ROW["ret_7d"]]
    np.testing.assert_allclose(found[2879], log[2879] - log[2879 - 2016], rtol=1e-12)
    np.testing.assert_allclose(found[2885], log[2885] - log[2879 - 2016], rtol=1e-12)


def test_volatility(given, values, ret):
    square = rolling(ret**2, DAY, np.sum)
    same(values, "vol_24h", np.sqrt(square))
    same(values, "vol_1h", np.sqrt(rolling(ret**2, 12, np.sum)))
    same(values, "vol_ratio", np.sqrt(24 * rolling(ret**2, 12, np.sum) / square))
    product = np.abs(ret) * np.vstack([np.full((1, 5), np.nan), np.abs(ret[:-1])])
    bipower = np.pi / 2 * rolling(product, DAY, np.sum)
    same(values, "jump_24h", np.maximum(0, 1 - bipower / square))
    reach = np.log(given.high / given.low) ** 2
    body = np.log(given.close / given.open) ** 2
    same(values, "parkinson_24h", np.sqrt(rolling(reach, DAY, np.sum) / (4 * np.log(2))))
    garman = rolling(0.5 * reach - (2 * np.log(2) - 1) * body, DAY, np.sum)
    same(values, "garman_klass_24h", np.sqrt(garman))
    week = np.sqrt((ret[2879 - 2015 : 2880] ** 2).sum(axis=0) / 7)
    np.testing.assert_allclose(values[2879, ROW["vol_7d"]], week, rtol=1e-12)


def test_z_scores(values):
    sigma = values[:, ROW["vol_24h"]]
    same(values, "ret_z_24h", values[:, ROW["ret_24h"]] / sigma)
    same(values, "ret_z_1h", values[:, ROW["ret_1h"]] / sigma * np.sqrt(24))


def test_channels(given, values):
    high, low = rolling(given.high, DAY, np.max), rolling(given.low, DAY, np.min)
    same(values, "channel_pos_24h", (given.close - low) / (high - low))
    before_high, before_low = np.roll(high, 1, axis=0), np.roll(low, 1, axis=0)
    above = np.log(given.close / before_high) * (given.close > before_high)
    below = np.log(given.close / before_low) * (given.close < before_low)
    expected = (above + below) / values[:, ROW["vol_24h"]]
    assert (expected[DAY + 1 :] > 0).any()
    assert (expected[DAY + 1 :] < 0).any()
    same(values, "breakout_24h", expected)


def test_sweep(given, values):
    """The last hour went through the channel of the 24 h before it, and came back."""
    last_high, last_low = rolling(given.high, 12, np.max), rolling(given.low, 12, np.min)
    ceiling = np.roll(rolling(given.high, DAY, np.max), 12, axis=0)
    ground = np.roll(rolling(given.low, DAY, np.min), 12, axis=0)
    up = np.where((last_low < ground) & (given.close > ground), np.log(ground / last_low), 0)
    down = np.where((last_high > ceiling) & (given.close < ceiling), np.log(last_high / ceiling), 0)
    expected = (up - down) / values[:, ROW["vol_24h"]]
    assert (expected[300:] > 0).any()
    assert (expected[300:] < 0).any()
    same(values, "sweep_24h", expected)


def test_averages(given, values):
    for name, n in (("ema_4h_gap", 48), ("ema_24h_gap", DAY)):
        average = given.close[0].copy()
        expected = np.empty_like(given.close)
        for t in range(len(expected)):
            average += 2 / (n + 1) * (given.close[t] - average)
            expected[t] = given.close[t] / average - 1
        same(values, name, expected)


def test_efficiency(given, values):
    hourly = given.close[11::12]
    for q in (60, 200):
        way = np.abs(hourly[q] - hourly[q - 24])
        path = np.abs(np.diff(hourly[q - 24 : q + 1], axis=0)).sum(axis=0)
        found = values[12 * q + 11, ROW["efficiency_24h"]]
        np.testing.assert_allclose(found, way / path, rtol=1e-12)


def test_flow(given, values, ret):
    volume = rolling(given.volume, DAY, np.sum)
    quote = rolling(given.volume * (given.high + given.low + given.close) / 3, DAY, np.sum)
    same(values, "vwap_24h_gap", given.close * volume / quote - 1)
    same(values, "bar_volume", volume / DAY)
    same(values, "volume_shock", given.volume * DAY / volume)
    bought = rolling(given.taker_buy, 12, np.sum) / rolling(given.volume, 12, np.sum)
    same(values, "taker_imbalance_1h", 2 * bought - 1)
    signed = rolling(np.sign(ret) * given.volume, 48, np.sum)
    same(values, "signed_flow_4h", signed / rolling(given.volume, 48, np.sum))
    same(values, "amihud_24h", 1e10 * rolling(np.abs(ret), DAY, np.sum) / quote)
    top, bottom = np.maximum(given.open, given.close), np.minimum(given.open, given.close)
    wick = (given.high - top - (bottom - given.low)) / (given.high - given.low)
    same(values, "wick_ratio", wick)


def test_volume_z(given, values):
    hourly = np.log1p(given.volume.reshape(-1, 12, 5).sum(axis=1))
    last = np.log1p(rolling(given.volume, 12, np.sum))
    for t in (12 * 100 + 11, 12 * 100 + 17):
        base = hourly[100 - 24 : 100]
        expected = (last[t] - base.mean(axis=0)) / base.std(axis=0)
        np.testing.assert_allclose(values[t, ROW["volume_z"]], expected, rtol=1e-9)


def test_volume_ratios_against_days_then_weeks():
    given = bars(24 * 40, 2, seed=4)
    values = run(given, minutes=60)
    volume = given.volume
    # fewer than two weeks: the same hour of the days before
    days = np.median(volume[[299 - 24 * i for i in range(1, 13)]], axis=0)
    np.testing.assert_allclose(values[299, ROW["volume_ratio_hour"]], volume[299] / days)
    # then the same hour of the weeks before, at most four
    weeks = np.median(volume[[899 - 168 * i for i in range(1, 5)]], axis=0)
    np.testing.assert_allclose(values[899, ROW["volume_ratio_hour"]], volume[899] / weeks)
    total = rolling(volume, 24, np.sum)
    usual = np.median(total[[899 - 24 * i for i in range(1, 31)]], axis=0)
    np.testing.assert_allclose(values[899, ROW["volume_ratio_24h"]], total[899] / usual)


def test_unknown_takers_are_unknown_for_an_hour():
    given = bars(100, 2)
    given.taker_buy[50, 0] = np.nan
    found = run(given)[:, ROW["taker_imbalance_1h"], 0]
    assert np.flatnonzero(np.isnan(found[11:])).tolist() == list(range(39, 51))


def test_carry():
    given = bars(24 * 10, 2, seed=6)
    given.funding_hours[:, 1] = 4.0
    given.funding_rate[100, 0] = np.nan
    values = run(given, minutes=60)
    bps = 1e4 * given.funding_rate * np.array([1.0, 2.0])
    np.testing.assert_allclose(values[:, ROW["funding_bps_8h"]], bps)
    mean = np.nanmean(bps[-168:], axis=0)
    np.testing.assert_allclose(values[-1, ROW["funding_mean_7d_bps"]], mean, rtol=1e-12)
    np.testing.assert_array_equal(values[:, ROW["basis_bps"]], given.basis_bps)


class TestSpread:
    def test_the_quoted_one_is_taken(self):
        given = bars(400, 2, quoted=True)
        given.spread_bps[:, 1] = np.nan
        values = run(given)
        assert (values[:, ROW["spread_bps"], 0] == 4.0).all()
        assert (values[:, ROW["spread_estimated"]] == np.array([0.0, 1.0])).all()

    def test_the_estimate_finds_a_spread(self):
        """Trades that bounce between bid and ask of 30 bps: found within a fifth."""
        rng = np.random.default_rng(8)
        given = bars(DAY * 3, 1)
        mid = np.cumsum(rng.normal(0, 2e-4, DAY * 3 * 40)).reshape(-1, 40)
        price = 100 * np.exp(mid + 15e-4 * rng.choice([-1, 1], mid.shape))
        given.open[:, 0], given.close[:, 0] = price[:, 0], price[:, -1]
        given.high[:, 0], given.low[:, 0] = price.max(axis=1), price.min(axis=1)
        found = run(given)[-1, ROW["spread_bps"], 0]
        assert found == pytest.approx(30.0, rel=0.2)

    def test_the_estimate_has_a_floor(self):
        """Trending bars without bounce have no spread to find."""
        given = bars(DAY * 2, 1)
        for i, array in enumerate((given.open, given.low, given.high, given.close)):
            array[:, 0] = 100 * np.exp(1e-4 * (np.arange(DAY * 2) + (0, 0, 1, 1)[i]))
        found = run(given)[-1, ROW["spread_bps"], 0]
        assert found == spread.FLOOR_BPS


class TestCrossSection:
    def test_rank_scales_and_averages_ties(self):
        rng = np.random.default_rng(9)
        for n_coins in (3, 4, 20):
            keys = np.round(rng.normal(size=n_coins), 1)
            keys[rng.random(n_coins) < 0.2] = np.nan
            found = np.empty(n_coins)
            crosssection.rank(keys, rng.permutation(n_coins), found)
            good = keys[np.isfinite(keys)]
            if len(good) < 3:
                assert np.isnan(found).all()
                continue
            for c, key in enumerate(keys):
                if np.isnan(key):
                    assert np.isnan(found[c])
                else:
                    place = (good < key).sum() + 0.5 * ((good == key).sum() - 1)
                    assert found[c] == pytest.approx(2 * place / (len(good) - 1) - 1)

    def test_the_order_it_starts_from_does_not_matter(self):
        keys = np.array([3.0, np.nan, 1.0, 3.0, np.nan, -2.0])
        first, second = np.empty(6), np.empty(6)
        order = np.arange(6)
        crosssection.rank(keys, order, first)
        crosssection.rank(keys, np.arange(6)[::-1].copy(), second)
        assert first.tobytes() == second.tobytes()
        assert np.isnan(keys[order[-2:]]).all()

    def test_beta_and_what_follows(self, given, values):
        hourly = np.diff(np.log(given.close[11::12]), axis=0)
        q = 200
        weight = 2.0 ** (-np.arange(q - 1, -1, -1) / 168)[:, None]
        btc = hourly[:q, :1]
        beta = (weight * hourly[:q] * btc).sum(axis=0) / (weight * btc**2).sum(axis=0)
        t = 12 * q + 11
        np.testing.assert_allclose(values[t, ROW["beta_btc"]], beta, rtol=1e-10)
        assert values[t, ROW["beta_btc"], 0] == 1.0
        day, hour = values[t, ROW["ret_24h"]], values[t, ROW["ret_1h"]]
        np.testing.assert_allclose(values[t, ROW["resid_24h"]], day - beta * day[0], atol=1e-12)
        np.testing.assert_allclose(values[t, ROW["lead_gap_1h"]], beta * hour[0] - hour, atol=1e-12)
        assert (values[t, ROW["btc_ret_1h"]] == hour[0]).all()

    def test_dispersion_and_breadth(self, given, values):
        day, gap = values[-1, ROW["ret_24h"]], values[-1, ROW["ema_24h_gap"]]
        np.testing.assert_allclose(values[-1, ROW["dispersion_24h"]], np.full(5, day.std()))
        assert (values[-1, ROW["breadth_24h"]] == (gap > 0).mean()).all()
        assert np.isfinite(given.close).all()

    def test_two_coins_have_no_rank(self):
        values = run(bars(400, 2))
        assert np.isnan(values[:, ROW["rank_ret_24h"]]).all()

    def test_an_absent_coin_is_not_counted(self):
        given = bars(700, 4)
        given.status[500:, 3] = int(Bar.ABSENT)
        ranks = run(given)[-1, ROW["rank_ret_24h"]]
        assert sorted(ranks[:3]) == [-1.0, 0.0, 1.0]
        assert np.isnan(ranks[3])
