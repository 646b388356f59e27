"""Intervals that hold at every moment: golden vector G15 and how often they fail."""

from __future__ import annotations

import math

import numpy as np
import pytest

from quorate.statistics.confidence import (
    WARM_UP,
    halfwidth,
    mixture_bound,
    mixture_ratio,
    running,
    tuned,
)


def days(seed, n_runs, n_days, phi=0.0, freedom=4.0):
    """Return heavy-tailed days, each with a share of the one before, shape (run, day)."""
    made = np.random.default_rng(seed).standard_t(freedom, (n_runs, n_days + 30))
    for t in range(1, made.shape[1]):
        made[:, t] += phi * made[:, t - 1]
    return made[:, 30:] * 0.01


def test_g15_sequential():
    assert mixture_bound(100.0, 10.0, 0.05) == pytest.approx(30.378110214259525, abs=1e-9)
    assert halfwidth(28, 1.0, 0.3) == pytest.approx(0.6013936230237196, abs=1e-9)
    assert mixture_ratio(50, 0.3, 1.0, 0.25) == pytest.approx(2.185814418350926, abs=1e-9)


@pytest.mark.parametrize("n", [2, 28, 365])
def test_both_closed_forms_are_one(n):
    """METHODS 10.5: q = 1 / rho^2, and the variance of a sum of n is n."""
    one = halfwidth(n, 1.7, 0.3, 0.05)
    assert one == pytest.approx(mixture_bound(n, 1 / 0.09, 0.05) * 1.7 / n, rel=1e-12)


def test_it_is_narrowest_near_the_day_it_is_tuned_to():
    at = {day: halfwidth(28, 1.0, tuned(day)) for day in (5, 28, 200)}
    assert at[28] < at[5]
    assert at[28] < at[200]
    # METHODS 10.5: .574 beside .370 of one planned look
    assert at[28] == pytest.approx(0.574, abs=1e-3)


def test_a_day_sees_no_later_day():
    value = days(1, 1, 60)[0]
    whole, part = running(value), running(value[:30])
    for name in ("mean", "low", "high"):
        assert getattr(whole, name)[:30].tolist() == getattr(part, name).tolist()


def test_a_day_that_is_not_known_leaves_the_bounds():
    value = days(2, 1, 40)[0]
    holed = np.insert(value, 20, np.nan)
    found = running(holed)
    assert found.low[20] == found.low[19]
    assert np.delete(found.high, 20).tolist() == running(value).high.tolist()
    assert np.isnan(running(np.array([np.nan, 1.0])).mean[0])
    assert running(np.array([np.nan])).low.tolist() == [-math.inf]
    assert len(running(np.array([])).low) == 0


def test_nothing_is_said_while_it_warms_up():
    found = running(days(3, 1, 30)[0])
    assert np.all(np.isneginf(found.low[: WARM_UP - 1]))
    assert np.all(np.isposinf(found.high[: WARM_UP - 1]))
    assert np.all(np.isfinite(found.low[WARM_UP - 1 :]))


@pytest.mark.parametrize("phi", [0.0, 0.2])
@pytest.mark.slow
def test_zero_is_rarely_left_where_there_is_no_difference(phi):
    """An interval of one look would leave it in most runs; see the last line."""
    n_runs, n_days = 300, 90
    left, plain = 0, 0
    for value in days(11, n_runs, n_days, phi):
        found = running(value)
        left += bool(np.any((found.low > 0.0) | (found.high < 0.0)))
        n = np.arange(1, n_days + 1)
        error = np.sqrt(np.maximum(np.cumsum(value**2) / n, 1e-12) / n)
        plain += bool(np.any(np.abs(found.mean)[WARM_UP:] > 1.96 * error[WARM_UP:]))
    # 4% of 4,000 runs of independent days, 9% of 2,000 where they agree; the rest is luck
    assert left / n_runs <= (0.075 if phi == 0.0 else 0.125)
    assert plain / n_runs > 0.2


def test_a_loss_is_found_and_sooner_the_larger_it_is():
    first = []
    for loss in (0.004, 0.008, 0.016):
        stops = []
        for value in days(13, 60, 250):
            out = np.flatnonzero(running(value - loss, days=28).high < 0.0)
            stops.append(out[0] if len(out) else 250)
        first.append(float(np.median(stops)))
    assert first[0] > first[1] > first[2]
    assert first[2] < 28


def test_an_e_value_rarely_reaches_one_over_the_level():
    value = np.random.default_rng(17).standard_normal((2_000, 100))
    mean = np.cumsum(value, axis=1) / np.arange(1, 101)
    reached = [
        any(mixture_ratio(n, row[n - 1], 1.0, 0.25) >= 20.0 for n in range(1, 101)) for row in mean
    ]
    assert 0.005 < np.mean(reached) <= 0.05


def test_what_is_out_of_bounds_is_refused():
    with pytest.raises(ValueError, match=r"level is 1\.0"):
        halfwidth(3, 1.0, 0.3, 1.0)
    with pytest.raises(ValueError, match="ahead is 0"):
        mixture_bound(1.0, 0.0, 0.05)
    with pytest.raises(ValueError, match="days is 0"):
        tuned(0)
    with pytest.raises(ValueError, match="spread 0"):
        mixture_ratio(3, 0.1, 1.0, 0.0)
