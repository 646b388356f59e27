import numpy as np
import pytest

from quorate.core.rolling import (
    TOTALS,
    VALUES,
    clear,
    mean_std,
    push_max,
    push_sum,
    quantile_small,
    window,
)


def pushed(push, values, length, k0=0, identity=0.0):
    state = window(length, 1, values.shape[1], identity)
    found = np.empty_like(values)
    for t, row in enumerate(values):
        state[VALUES, 0] = row
        push(state, (k0 + t) % length)
        found[t] = state[TOTALS, 0]
    return found


@pytest.mark.parametrize("length", [1, 2, 5, 12])
@pytest.mark.parametrize("k0", [0, 3])
def test_sum_and_maximum_are_those_of_the_last_rows(length, k0):
    values = np.random.default_rng(1).normal(size=(60, 3))
    sums = pushed(push_sum, values, length, k0)
    highs = pushed(push_max, values, length, k0, -np.inf)
    for t in range(60):
        rows = values[max(0, t - length + 1) : t + 1]
        np.testing.assert_allclose(sums[t], rows.sum(axis=0), rtol=0, atol=1e-13)
        np.testing.assert_array_equal(highs[t], rows.max(axis=0))


def test_a_sum_never_drifts():
    """A huge value leaves no trace once it has left the window."""
    values = np.zeros((40, 1))
    values[5], values[30:] = 1e18, 1e-3
    sums = pushed(push_sum, values, 7)
    assert (sums[12:30] == 0.0).all()
    np.testing.assert_allclose(sums[36:], 7e-3, rtol=1e-15)


def test_a_nan_spoils_exactly_the_windows_it_is_in():
    values = np.ones((30, 2))
    values[9, 0] = np.nan
    sums = pushed(push_sum, values, 4)
    assert np.flatnonzero(np.isnan(sums[:, 0])).tolist() == [9, 10, 11, 12]
    assert not np.isnan(sums[:, 1]).any()


@pytest.mark.parametrize(("push", "identity"), [(push_sum, 0.0), (push_max, -np.inf)])
def test_clear_forgets_one_coin(push, identity):
    state, kept = window(5, 2, 2, identity), window(5, 2, 2, identity)
    for k in range(8):
        for each in (state, kept):
            each[VALUES] = 2.0 + k
            push(each, k % 5)
    clear(state, 1)
    assert (state[:, :, 1] == identity).all()
    np.testing.assert_array_equal(state[:, :, 0], kept[:, :, 0])


def test_a_window_needs_a_slot():
    with pytest.raises(ValueError, match="at least 1"):
        window(0, 1, 1)


@pytest.mark.parametrize("n", [1, 2, 3, 30])
@pytest.mark.parametrize("prob", [0.0, 0.25, 0.5, 0.95, 1.0])
def test_quantile_is_numpys(n, prob):
    values = np.random.default_rng(n).normal(size=n)
    room = np.concatenate([values, [99.0]])
    assert quantile_small(room, n, prob) == pytest.approx(np.quantile(values, prob), rel=1e-14)
    assert room[-1] == 99.0


def test_quantile_of_nothing_is_unknown():
    assert np.isnan(quantile_small(np.zeros(3), 0, 0.5))


def test_mean_and_deviation_wrap_around_the_ring():
    ring = np.arange(12.0).reshape(6, 2) ** 2
    rows = ring[[1, 0, 5, 4], 1]
    mean, std = mean_std(ring, 1, 4, 1)
    assert mean == pytest.approx(rows.mean())
    assert std == pytest.approx(rows.std())
