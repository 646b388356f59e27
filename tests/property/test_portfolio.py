import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.core.portfolio import objective
from quorate.core.portfolio.solve import solve

MANY = settings(max_examples=100, deadline=None)
MAX_HHI = 0.2
SEED = st.integers(0, 2**32 - 1)


def instance(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 25))
    mu = 0.1 + 0.2 * rng.standard_normal(n)
    if rng.random() < 0.5:
        mu = np.round(mu, 1)
    u = rng.choice([0.0, 0.1, 0.357, 1.0], n)
    w0 = np.where(rng.random(n) < 0.4, 0.5 * rng.random(n), 0.0)
    sector = rng.integers(0, 4, n)
    cap = float(rng.choice([math.inf, 0.7, 0.2]))
    return rng, mu, u, w0, sector, cap


def tied(seed):
    """Draw tenths for edges, bounds and weights held, the last also a rounding off them."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 12))
    mu = 0.1 * rng.integers(-1, 6, n)
    u = rng.choice([0.0, 0.1, 0.2, 0.357, 1.0], n)
    off = rng.choice([0.0, 1e-13, -1e-13, 1e-9], n)
    w0 = np.maximum(rng.choice([0.0, 0.1, 0.2, 0.3], n) + off, 0.0)
    cap = float(rng.choice([math.inf, 0.7, 0.2]))
    return mu, u, w0, rng.integers(0, 3, n), cap


def weights(mu, u, w0, sector, cap):
    w = np.empty(mu.size)
    code = solve(mu, u, w0, np.zeros(mu.size), sector, cap, 1.0, 0.1, MAX_HHI, math.inf, w)
    assert code == 0
    return w


def is_inside(w, u, sector, cap):
    sums = [w[sector == code].sum() for code in np.unique(sector)]
    return (
        np.all(w >= 0.0)
        and np.all(w <= u)
        and w.sum() <= 1.0
        and max(sums) <= cap
        and objective.hhi(w) <= MAX_HHI
    )


@MANY
@given(SEED)
def test_every_limit_is_kept_to_the_last_digit(seed):
    _, mu, u, w0, sector, cap = instance(seed)
    assert is_inside(weights(mu, u, w0, sector, cap), u, sector, cap)


@MANY
@given(SEED)
def test_no_other_weights_inside_the_limits_are_better(seed):
    rng, mu, u, w0, sector, cap = instance(seed)
    w = weights(mu, u, w0, sector, cap)
    best = objective.value(w, mu, w0, 0.1)
    for _ in range(20):
        other = np.clip(w + 0.1 * rng.standard_normal(w.size) * rng.random(), 0.0, u)
        while not is_inside(other, u, sector, cap):
            other *= 0.9
        for share in (1.0, 0.1, 0.001):
            near = w + share * (other - w)
            assert objective.value(near, mu, w0, 0.1) <= best + 1e-11


@MANY
@given(SEED, st.floats(0.0, 0.5))
def test_raising_an_edge_never_lowers_its_weight(seed, rise):
    rng, mu, u, w0, sector, cap = instance(seed)
    c = int(rng.integers(mu.size))
    before = weights(mu, u, w0, sector, cap)[c]
    mu[c] += rise
    assert weights(mu, u, w0, sector, cap)[c] >= before - 1e-9


@MANY
@given(SEED)
def test_the_order_of_the_coins_does_not_matter(seed):
    rng, mu, u, w0, sector, cap = instance(seed)
    order = rng.permutation(mu.size)
    plain = weights(mu, u, w0, sector, cap)
    mixed = weights(mu[order], u[order], w0[order], sector[order], cap)
    np.testing.assert_allclose(mixed, plain[order], atol=1e-8)


@MANY
@given(SEED)
def test_what_is_best_once_is_best_again(seed):
    _, mu, u, w0, sector, cap = instance(seed)
    once = weights(mu, u, w0, sector, cap)
    np.testing.assert_allclose(weights(mu, u, once, sector, cap), once, atol=1e-9)


@MANY
@given(SEED)
def test_from_what_is_best_nothing_is_better_and_nothing_worse_is_chosen(seed):
    mu, u, w0, sector, cap = tied(seed)
    once = weights(mu, u, w0, sector, cap)
    again = weights(mu, u, once, sector, cap)
    assert is_inside(again, u, sector, cap)
    held = objective.value(once, mu, once, 0.1)
    # ties to the last digit of an edge may move a weight, by what no edge can tell
    assert objective.value(again, mu, once, 0.1) == pytest.approx(held, abs=1e-11)
