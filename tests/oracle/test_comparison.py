"""The standard error of a paired mean against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from quorate.statistics.comparison import mean_difference


@pytest.mark.parametrize(("seed", "n", "n_lags"), [(1, 40, 0), (2, 100, 4), (3, 365, 7)])
def test_the_mean_agrees_with_statsmodels(seed, n, n_lags):
    first, second = np.random.default_rng(seed).standard_normal((2, n)) * 0.01
    options = {"maxlags": n_lags, "use_correction": False}
    oracle = sm.OLS(first - second, np.ones(n)).fit(cov_type="HAC", cov_kwds=options)
    found = mean_difference(first, second, n_lags)
    assert found.standard_error == pytest.approx(oracle.bse[0], rel=1e-12)
    assert found.p_value == pytest.approx(oracle.pvalues[0], rel=1e-9)
