"""Shrinkage intensities and covariances against scikit-learn, on unweighted samples."""

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf as sklearn_ledoit_wolf
from sklearn.covariance import oas as sklearn_oas

from quorate.core.consensus import correlation, params
from quorate.core.consensus.correlation import (
    accumulate,
    covariance,
    ledoit_wolf,
    mean_fourth,
    oas,
    shrink,
)


def sample(n_rows, n_engines, seed):
    draw = np.random.default_rng(seed)
    scale = draw.uniform(0.1, 1.0, n_engines)
    rows = draw.normal(size=(n_rows, n_engines)) + 0.7 * draw.normal(size=(n_rows, 1)) + 0.1
    return rows * scale


@pytest.mark.parametrize(("n_rows", "n_engines"), [(40, 3), (60, 12), (500, 20)])
@pytest.mark.parametrize("seed", [0, 1])
def test_shrinkage_of_one_coin_without_fading(n_rows, n_engines, seed):
    rows = sample(n_rows, n_engines, seed)
    state = correlation.init(n_engines)
    healthy = np.ones(n_engines, dtype=np.int8)
    for row in rows:
        # every hour at the same instant: nothing fades
        accumulate(0, row[None, :].copy(), np.zeros(1, dtype=np.int8), healthy, params(), state)
    assert state.hours[0] == n_rows
    cov = np.zeros((n_engines, n_engines))

    covariance(0, state, cov)
    amount = oas(cov, float(n_rows))
    shrink(cov, amount)
    expected, expected_amount = sklearn_oas(rows)
    assert amount == pytest.approx(expected_amount, rel=1e-9)
    assert cov == pytest.approx(expected, rel=1e-9, abs=1e-12)

    covariance(0, state, cov)
    amount = ledoit_wolf(cov, mean_fourth(0, state), float(n_rows))
    shrink(cov, amount)
    expected, expected_amount = sklearn_ledoit_wolf(rows)
    assert amount == pytest.approx(expected_amount, rel=1e-8)
    assert cov == pytest.approx(expected, rel=1e-8, abs=1e-12)
