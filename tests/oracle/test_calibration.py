"""Fitted calibrations against scikit-learn, SciPy's optimiser and a brute-force Venn-Abers."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from quorate.core.consensus.fitted import CEILING, EDGE, FLOOR
from quorate.research.calibrate import fit
from quorate.research.sample import grouped, sample
from quorate.research.venn_abers import ends


def votes(seed, n=600, slope=1.5, weighted=True):
    draw = np.random.default_rng(seed)
    strength = draw.uniform(0.5, 0.75, n)
    right = draw.uniform(size=n) < 0.5 + slope * (strength - 0.5)
    return sample(strength, right, draw.uniform(0.3, 1.0, n) if weighted else None)


def clipped(prob):
    return np.clip(prob, FLOOR, CEILING)


GRID = np.linspace(0.5, 1.0, 101)


@pytest.mark.parametrize("seed", range(4))
def test_platt_is_scikit_learns_sigmoid(seed):
    """A frozen classifier whose decision is the strength, calibrated by the library itself."""
    mine = votes(seed, 800, weighted=False)
    x = mine.strength[:, None]
    base = LogisticRegression().fit(x, mine.right)
    base.coef_[:], base.intercept_[:] = 1.0, 0.0
    theirs = CalibratedClassifierCV(FrozenEstimator(base), method="sigmoid").fit(x, mine.right)
    assert len(theirs.calibrated_classifiers_) == 1
    wanted = theirs.predict_proba(GRID[:, None])[:, 1]
    assert fit(mine, method="platt").prob(GRID) == pytest.approx(clipped(wanted), abs=1e-4)


@pytest.mark.parametrize("seed", range(8))
def test_platt_has_the_least_loss_of_slopes_that_are_not_negative(seed):
    mine = votes(seed, 800, slope=1.5 if seed % 4 else -1.0)
    curve = fit(mine, method="platt")
    assert curve.coefficients[0] >= 0.0
    assert curve.prob(GRID) == pytest.approx(clipped(_platt(mine, GRID)), abs=1e-6)


def _targets(mine):
    n_good = float(np.sum(mine.weight * mine.right))
    n_bad = float(np.sum(mine.weight)) - n_good
    return np.where(mine.right == 1.0, (n_good + 1) / (n_good + 2), 1 / (n_bad + 2))


def _least(features, mine, bounds):
    """Return the coefficients of least weighted log loss, by a general optimiser."""
    target = _targets(mine)

    def loss(beta):
        z = features @ beta[:-1] + beta[-1]
        each = target * np.logaddexp(0, -z) + (1 - target) * np.logaddexp(0, z)
        slope = mine.weight * (expit(z) - target)
        return mine.weight @ each, np.append(features.T @ slope, slope.sum())

    start = np.append(np.ones(features.shape[1]), 0.0)
    options = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000, "maxfun": 100_000}
    return minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)


def _platt(mine, at):
    beta = _least(mine.strength[:, None], mine, [(0, None), (None, None)]).x
    return expit(beta[0] * at + beta[1])


@pytest.mark.parametrize("seed", range(8))
def test_beta_has_the_least_loss_of_slopes_that_are_not_negative(seed):
    mine = votes(seed, 900, slope=(1.5, 0.6, -0.5, 2.0)[seed % 4])
    features = np.column_stack([np.log(mine.strength), -np.log1p(-mine.strength)])
    found = _least(features, mine, [(0, None), (0, None), (None, None)])
    curve = fit(mine, method="beta")
    a, b, c = curve.coefficients
    z = features @ [a, b] + c
    target = _targets(mine)
    loss = mine.weight @ (target * np.logaddexp(0, -z) + (1 - target) * np.logaddexp(0, z))
    assert a >= 0.0
    assert b >= 0.0
    assert loss <= found.fun + 1e-6
    x = np.clip(GRID[:60], EDGE, 1 - EDGE)
    wanted = expit(a * np.log(x) - b * np.log1p(-x) + c)
    assert curve.prob(GRID[:60]) == pytest.approx(clipped(wanted), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_isotonic_is_scikit_learns(seed):
    mine = votes(seed, 2_500, weighted=seed % 2 == 0)
    theirs = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    theirs.fit(mine.strength, mine.right, sample_weight=mine.weight)
    at = np.concatenate([GRID, mine.strength])
    curve = fit(mine, method="isotonic")
    assert curve.prob(at) == pytest.approx(clipped(theirs.predict(at)), abs=1e-12)


def brute(mass, right, label):
    """Return the isotonic fit at each point with one more vote there, made anew for each."""
    n = len(mass)
    found = np.empty(n)
    for i in range(n):
        x = np.concatenate([np.arange(n), np.arange(n), [i]])
        y = np.concatenate([np.ones(n), np.zeros(n), [label]])
        weight = np.concatenate([right, mass - right, [1.0]])
        kept = weight > 0
        model = IsotonicRegression().fit(x[kept], y[kept], sample_weight=weight[kept])
        found[i] = model.predict([i])[0]
    return found


@pytest.mark.parametrize("seed", range(60))
def test_venn_abers_is_an_isotonic_fit_for_every_vote(seed):
    draw = np.random.default_rng(seed)
    n = int(draw.integers(1, 25))
    mass = draw.integers(1, 5, n).astype(float) if seed % 2 else draw.uniform(0.05, 3.0, n)
    right = np.minimum(mass, draw.integers(0, 5, n) if seed % 2 else mass * draw.uniform(size=n))
    low, high = ends(mass, right)
    assert low == pytest.approx(brute(mass, right, 0), abs=1e-12)
    assert high == pytest.approx(brute(mass, right, 1), abs=1e-12)


def test_venn_abers_votes_with_the_point_of_its_interval_nearest_a_half():
    mine = votes(3, 500)
    points = grouped(mine)
    low, high = ends(points.mass, points.right)
    curve = fit(mine, method="venn_abers")
    wanted = np.where((low <= 0.5) & (high >= 0.5), 0.5, np.where(low > 0.5, low, 0.5))
    assert curve.prob(points.strength) == pytest.approx(clipped(wanted), abs=1e-15)
    found = curve.interval(points.strength)
    assert found[0] == pytest.approx(low, abs=0)
    assert found[1] == pytest.approx(high, abs=0)


@pytest.mark.parametrize("method", ["platt", "beta", "isotonic", "venn_abers"])
def test_brier_scores_are_scikit_learns(method):
    mine = votes(5, 1_200)
    curve = fit(mine, method=method)
    for told, prob in ((curve.before, mine.strength), (curve.after, curve.prob(mine.strength))):
        wanted = brier_score_loss(mine.right, prob, sample_weight=mine.weight)
        assert told.brier == pytest.approx(wanted, rel=1e-12)
        parts = told.reliability - told.resolution + told.uncertainty + told.within
        assert parts == pytest.approx(told.brier, rel=1e-12)
    assert curve.after.brier < curve.before.brier or math.isclose(
        curve.after.brier, curve.before.brier, rel_tol=0.02
    )
