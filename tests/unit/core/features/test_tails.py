"""Clipped tails, against medians taken anew on every bar."""

import numpy as np
import pytest
from statsmodels.robust.scale import mad
from tests.unit.core.features.synthetic import ROW, bars, copy, run

from quorate.core import features
from quorate.core.features import tails
from quorate.core.types import Bar

HOUR, DAY = 12, 288
HORIZONS = {"ret_bar": 1, "ret_1h": HOUR, "ret_4h": 4 * HOUR, "ret_24h": DAY}


def limits(hourly):
    """Return median and reach after some hours, taken anew."""
    known = np.asarray(hourly[-168:])
    if len(known) < 24:
        return 0.0, np.inf
    middle = np.median(known)
    spread = np.median(np.abs(known - middle))
    return middle, 10.0 / 0.674489750196082 * spread if spread > 0.0 else np.inf


@pytest.mark.parametrize("kind", ["normal", "heavy", "ties", "still", "rising"])
def test_it_is_the_median_and_the_median_deviation_of_seven_days(kind):
    rng = np.random.default_rng(3)
    rets = {
        "normal": rng.normal(0.0, 0.01, 500),
        "heavy": rng.standard_t(1.5, 500) * 0.01,
        "ties": rng.integers(-2, 3, 500) * 0.001,
        "still": np.where(rng.random(500) < 0.3, 0.01, 0.0),
        "rising": np.sort(rng.normal(0.0, 0.01, 500)),
    }[kind]
    state = tails.init(1)
    for hour, ret in enumerate(rets):
        # any hour may be the first: slots are keyed on the market's hours, not on the coin's
        tails.learn(state, 0, (hour + 57) % 168, ret, 10.0)
        middle, reach = limits(rets[: hour + 1])
        assert state.middle[0] == middle
        assert state.reach[0] == pytest.approx(reach, rel=1e-14)
        if hour == 200 and np.isfinite(reach):
            assert reach == pytest.approx(10.0 * mad(rets[hour - 167 : hour + 1]), rel=1e-12)


def test_nearest_is_the_order_of_distances():
    rng = np.random.default_rng(5)
    for n in range(1, 30):
        values = np.sort(rng.integers(0, 9, n) / 8.0)
        middle = rng.random() if n % 2 else rng.integers(0, 9) / 8.0  # ties on both sides too
        far = np.sort(np.abs(values - middle))
        found = [tails.nearest(values, n, middle, k) for k in range(1, n + 1)]
        assert found == list(zip(far, [*far[1:], np.inf], strict=True))


@pytest.fixture(scope="module")
def jumpy():
    """Return bars with jumps up and down, a crash and a coin that hardly ever moves."""
    given = copy(bars(3500, 4, seed=8))
    rng = np.random.default_rng(9)
    jumps = np.where(rng.random(given.close.shape) < 0.002, rng.normal(0.0, 0.2, (3500, 4)), 0.0)
    jumps[3000, 1] -= 1.2
    level = np.exp(np.cumsum(jumps, axis=0))
    for name in ("open", "high", "low", "close"):
        getattr(given, name)[:] *= level
    for name in ("open", "high", "low", "close"):
        getattr(given, name)[:, 3] = np.where(np.arange(3500) // 600 % 2 == 0, 100.0, 130.0)
    return given


@pytest.fixture(scope="module")
def values(jumpy):
    return run(jumpy)


def plain(given, c):
    """Return the clipped returns of a coin by name, from their definition."""
    log = np.log(given.close[:, c])
    found = {name: np.full(len(log), np.nan) for name in (*HORIZONS, "ret_7d")}
    hourly, (middle, reach) = [], (0.0, np.inf)

    def clipped(ret, n):
        hours = n / HOUR
        return np.clip(
            ret, hours * middle - np.sqrt(hours) * reach, hours * middle + np.sqrt(hours) * reach
        )

    for t in range(len(log)):
        for name, lag in HORIZONS.items():
            if t >= lag:
                found[name][t] = clipped(log[t] - log[t - lag], lag)
        # the first row has counter 1, so that row 11 closes the first hour
        full = (t + 1) // HOUR
        if (t + 1) % HOUR == 0 and full > 1:
            hourly.append(log[t] - log[t - HOUR])
            middle, reach = limits(hourly)
        if full > 168:
            found["ret_7d"][t] = clipped(log[t] - log[HOUR * (full - 168) - 1], 7 * DAY)
    return found


@pytest.mark.parametrize("c", range(4))
def test_each_horizon_is_clipped_by_its_own_limit(jumpy, values, c):
    expected = plain(jumpy, c)
    log = np.log(jumpy.close[:, c])
    for name, wanted in expected.items():
        found = values[:, ROW[name], c]
        known = np.isfinite(found)
        np.testing.assert_allclose(
            found[known], wanted[known], rtol=1e-11, atol=1e-13, err_msg=name
        )
        if name in ("ret_bar", "ret_1h", "ret_4h") and c < 3:  # the fourth hardly ever moves
            lag = HORIZONS[name]
            raw = log[lag:] - log[:-lag]
            assert (np.abs(raw - found[lag:]) > 1e-6).any()


def test_volatility_and_range_see_the_whole_crash(jumpy, values):
    """What stops and sizes are made of is never clipped."""
    ret = np.diff(np.log(jumpy.close[:, 1]))
    daily = np.sqrt((ret[3100 - DAY : 3100] ** 2).sum())
    assert daily > 1.1
    assert values[3100, ROW["vol_24h"], 1] == pytest.approx(daily, rel=1e-12)
    assert abs(values[3000, ROW["ret_bar"], 1]) < 0.1
    assert values[3011, ROW["vol_1h"], 1] > 1.1


def test_what_sums_moves_sums_the_clipped_ones(jumpy, values):
    ret = values[:, ROW["ret_bar"], 0]
    raw = np.append(np.nan, np.diff(np.log(jumpy.close[:, 0])))
    t = 3400
    square = (raw[t - DAY + 1 : t + 1] ** 2).sum()
    pairs = (np.abs(ret[1:]) * np.abs(ret[:-1]))[t - DAY : t].sum()
    jump = max(0.0, 1.0 - np.pi / 2 * pairs / square)
    assert values[t, ROW["jump_24h"], 0] == pytest.approx(jump, rel=1e-9)
    typical = (jumpy.high + jumpy.low + jumpy.close)[:, 0] / 3.0
    quote = (jumpy.volume[:, 0] * typical)[t - DAY + 1 : t + 1].sum()
    amihud = 1e10 * np.abs(ret[t - DAY + 1 : t + 1]).sum() / quote
    assert values[t, ROW["amihud_24h"], 0] == pytest.approx(amihud, rel=1e-9)


def test_a_hole_forgets_the_tails(jumpy):
    given = copy(jumpy)
    given.status[2400, 0] = Bar.ABSENT
    after = run(given)[2401:, :, 0]
    # as if the coin began there: the first day after is not clipped, whatever came before
    log = np.log(given.close[2401:, 0])
    np.testing.assert_allclose(
        after[1 : 20 * HOUR, ROW["ret_bar"]], np.diff(log)[: 20 * HOUR - 1], atol=1e-15
    )


@pytest.mark.parametrize("clip_z", [2.0, 1001.0, np.nan])
def test_a_limit_out_of_its_bounds_is_refused(clip_z):
    with pytest.raises(ValueError, match=r"clip_z is .*, outside \[3, 1000\]"):
        features.params(5, clip_z=clip_z)
