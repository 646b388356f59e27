"""The linear engine's probabilities against scikit-learn's own, for the same coefficients."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from quorate.core.engines.base import Rows
from quorate.research.linear import fit


def market(seed, n=1_500, n_features=12):
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(n, n_features)) * draw.uniform(1e-4, 50.0, n_features)
    rows += draw.normal(size=n_features) * 3.0
    z = ((rows - rows.mean(0)) / rows.std(0)) @ draw.normal(size=n_features) * 0.4
    up = draw.uniform(size=n) < expit(z)
    return rows, up, draw.uniform(0.05, 1.0, n), tuple(f"f{i}" for i in range(n_features))


def as_rows(rows, names, n_time):
    cube = rows.reshape(n_time, -1, rows.shape[1]).transpose(0, 2, 1)
    return Rows(np.ascontiguousarray(cube), names)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("penalty", [0.1, 1.0, 50.0])
def test_probabilities_are_scikit_learns(seed, penalty):
    rows, up, weight, names = market(seed)
    theirs = make_pipeline(
        StandardScaler(),
        LogisticRegression(C=1.0 / penalty, solver="newton-cholesky", tol=1e-10, max_iter=1_000),
    )
    theirs.fit(
        rows,
        up.astype(int),
        standardscaler__sample_weight=weight,
        logisticregression__sample_weight=weight,
    )
    model = fit(rows, up, names, weight, penalty=penalty)
    prob = model.prob_up(as_rows(rows, names, 50)).ravel()
    assert prob == pytest.approx(theirs.predict_proba(rows)[:, 1], abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_coefficients_have_the_least_penalised_loss(seed):
    """The formula of the docstring, minimised by a general optimiser."""
    rows, up, weight, names = market(seed, 600, 5)
    model = fit(rows, up, names, weight, penalty=3.0)
    mean = np.average(rows, axis=0, weights=weight)
    scale = np.sqrt(np.average((rows - mean) ** 2, axis=0, weights=weight))
    x = np.clip((rows - mean) / scale, -10.0, 10.0)

    def loss(beta):
        z = x @ beta[:-1] + beta[-1]
        slope = weight * (expit(z) - up)
        value = weight @ (np.logaddexp(0.0, z) - up * z) + 1.5 * beta[:-1] @ beta[:-1]
        return value, np.append(x.T @ slope + 3.0 * beta[:-1], slope.sum())

    found = minimize(loss, np.zeros(6), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    assert model.mean == pytest.approx(mean, rel=1e-12)
    assert model.scale == pytest.approx(scale, rel=1e-12)
    assert model.coefficients == pytest.approx(found[:-1], abs=1e-6)
    assert model.intercept == pytest.approx(found[-1], abs=1e-6)
