import math

import numpy as np
import pytest

from quorate.core.routing.optimal import almgren_chriss
from quorate.core.routing.schedule import (
    cumulative,
    iceberg_tip,
    jitter,
    pov_child,
    twap_child,
    twap_cumulative,
    uniform,
)


@pytest.mark.parametrize(
    ("total", "n", "expected"),
    [(10, 4, [3, 2, 3, 2]), (3, 6, [1, 0, 1, 0, 1, 0]), (-7, 3, [-2, -3, -2]), (5, 1, [5])],
)
def test_twap_slices(total, n, expected):
    assert [twap_child(total, j, n) for j in range(n)] == expected


def test_twap_is_done_after_its_last_slice_and_not_begun_before_its_first():
    assert twap_cumulative(10, 7, 4) == 10
    assert twap_cumulative(10, -1, 4) == 0


def test_pov_is_a_share_of_the_volume_with_itself():
    child = pov_child(0.1, 900.0)
    assert child == pytest.approx(100.0)
    assert child / (child + 900.0) == pytest.approx(0.1)


@pytest.mark.parametrize(("rho", "volume"), [(0.1, np.nan), (0.1, -1.0), (0.0, 5.0), (1.0, 5.0)])
def test_pov_sends_nothing_where_the_share_means_nothing(rho, volume):
    assert pov_child(rho, volume) == 0.0


def test_uniform_spreads_over_bars_and_coins():
    drawn = np.array([[uniform(3, k, c) for c in range(20)] for k in range(5_900_000, 5_900_100)])
    assert drawn.min() >= 0.0
    assert drawn.max() < 1.0
    assert abs(drawn.mean() - 0.5) < 0.02
    assert abs(drawn.std() - 12**-0.5) < 0.01
    assert abs(np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]) < 0.06
    assert len(np.unique(drawn)) > 1990


def test_another_seed_is_another_sequence():
    assert uniform(1, 5, 5) != uniform(2, 5, 5)


def test_jitter_stays_within_its_width():
    drawn = [jitter(1, k, 0, 0.2) for k in range(500)]
    assert 0.8 <= min(drawn) < 0.83
    assert 1.17 < max(drawn) < 1.2


def test_an_iceberg_shows_its_tip_and_never_more_than_is_left():
    tips = [iceberg_tip(10_000, 100, 0.2, 1, k, 0) for k in range(200)]
    assert 80 <= min(tips) < max(tips) <= 120
    assert iceberg_tip(30, 100, 0.2, 1, 0, 0) == 30
    assert iceberg_tip(-10_000, 100, 0.0, 1, 0, 0) == -100
    assert iceberg_tip(500, 0, 0.2, 1, 0, 0) == 500
    assert iceberg_tip(0, 100, 0.2, 1, 0, 0) == 0


def test_g14_almgren_chriss():
    x = np.empty(6)
    kappa = almgren_chriss(1e6, 5.0, 0.95, 2.5e-6, 2.5e-7, 1e-6, x)
    assert kappa == pytest.approx(0.6070761632470627, abs=1e-9)
    expected = [1e6, 541955.5543739223, 289854.2194099351, 147897.4878217232, 62141.801605766035]
    np.testing.assert_allclose(x, [*expected, 0.0], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("urgency", [0.5, 2.0, 8.0])
@pytest.mark.parametrize("total", [1000, -777])
def test_the_early_schedule_is_that_of_almgren_and_chriss(total, urgency):
    n, holdings = 6, np.empty(7)
    tau, eta = 1.0, 1.0
    # the risk aversion whose kappa T is the urgency
    sigma_risk = 2.0 * eta * (math.cosh(urgency / n) - 1.0)
    kappa = almgren_chriss(float(abs(total)), float(n), 1.0, eta, 0.0, sigma_risk, holdings)
    assert kappa * n * tau == pytest.approx(urgency)
    out = [abs(cumulative(total, j, n, urgency)) for j in range(n + 1)]
    assert out == [math.floor(abs(total) - held + 0.5) for held in holdings]
    assert cumulative(total, 3, n, 0.0) == twap_cumulative(total, 3, n)
    assert cumulative(total, n, n, urgency) == total


def test_holdings_obey_their_difference_equation():
    x = np.empty(6)
    kappa = almgren_chriss(1e6, 5.0, 0.95, 2.5e-6, 2.5e-7, 1e-6, x)
    np.testing.assert_allclose(x[:-2] + x[2:], 2.0 * np.cosh(kappa) * x[1:-1], rtol=1e-12)


def test_almgren_chriss_without_fear_keeps_an_even_pace():
    x = np.empty(5)
    assert almgren_chriss(8.0, 4.0, 0.5, 1.0, 0.0, 0.0, x) == 0.0
    assert x.tolist() == [8.0, 6.0, 4.0, 2.0, 0.0]


def test_almgren_chriss_in_a_hurry_does_not_overflow():
    x = np.empty(5)
    almgren_chriss(8.0, 4.0, 100.0, 1e-9, 0.0, 1e6, x)
    assert np.all(np.isfinite(x))
    assert x[0] == 8.0
    assert x[1] < 1e-9


def test_almgren_chriss_with_impossible_impact_keeps_an_even_pace():
    x = np.empty(3)
    assert np.isnan(almgren_chriss(8.0, 4.0, 0.5, 0.1, 1.0, 1e-6, x))
    assert x.tolist() == [8.0, 4.0, 0.0]
