import math

import numpy as np
import pytest

from quorate.core.portfolio.prices import (
    BUY,
    HELD,
    N_ROWS,
    SELL,
    UPPER,
    WEIGHT,
    clear,
    pooled,
    settle,
)

STEEP = 0.5e10


def ledger(edge, held, upper):
    """Return the book of one group, and where its coins start and end."""
    edge, held = np.asarray(edge, dtype=float), np.asarray(held, dtype=float)
    book = np.zeros((N_ROWS, edge.size))
    book[BUY], book[SELL], book[HELD], book[UPPER] = edge - 0.1, edge + 0.1, held, upper
    return book, np.array([0, edge.size])


def cleared(book, starts, limit, t, guess=None):
    high = float(book[SELL].max())
    price = clear(
        book, starts, np.array([math.inf]), (0, 1), limit, t, 0.0, high,
        0.5 * high if guess is None else guess,
    )  # fmt: skip
    return price, book[WEIGHT].copy()


def test_a_limit_that_does_not_bind_has_no_price():
    price, w = cleared(*ledger([0.3, 0.2], [0.0, 0.0], [0.4, 0.4]), 1.0, STEEP)
    assert price == 0.0
    np.testing.assert_allclose(w, [0.4, 0.4])


@pytest.mark.parametrize("guess", [0.3, 0.4, 0.4 - 1e-11, 0.4 - 5e-17, 0.4 + 6e-17, 0.55])
@pytest.mark.parametrize("off", [1e-13, 1e-11, 1e-9])
def test_a_sum_is_met_where_coins_stop_at_kinks_beside_the_price(guess, off):
    held = 0.1 - off / 2
    book, starts = ledger([0.3, 0.4, 0.5], [held, 0.0, held], [0.357, 0.1, 0.1])
    _, w = cleared(book, starts, 0.2 - off, STEEP, guess)
    assert w.sum() == pytest.approx(0.2 - off, abs=1e-14)
    np.testing.assert_allclose(w, [held, 0.0, held], atol=1.1 * off)


@pytest.mark.parametrize("t", [1.0, STEEP, 1e16])
def test_steps_finer_than_a_price_are_split_by_weight(t):
    edge = [0.3, np.nextafter(0.3, 1.0), 0.3]
    _, w = cleared(*ledger(edge, np.zeros(3), np.full(3, 0.1)), 0.15, t)
    assert w.sum() == pytest.approx(0.15, abs=1e-14)
    assert w[0] == w[2]


def test_the_price_is_never_above_the_one_meant():
    rng = np.random.default_rng(3)
    for _ in range(300):
        n = int(rng.integers(2, 9))
        book, starts = ledger(
            0.1 * rng.integers(1, 6, n),
            0.1 * rng.integers(0, 3, n) + rng.choice([0.0, 1e-13], n),
            rng.choice([0.1, 0.2, 1.0], n),
        )
        limit = float(rng.choice([0.1, 0.2, 0.35])) - 1e-12
        price, w = cleared(book, starts, limit, STEEP)
        assert w.sum() <= limit + 1e-14
        if price > 0.0:
            assert w.sum() == pytest.approx(limit, abs=1e-14)
        total, _ = pooled(book, starts, np.array([math.inf]), (0, 1), price, 0.0, STEEP)
        assert total >= w.sum() - 1e-15


@pytest.mark.parametrize("wide", [0.0, 1e-15, 1e-9])
def test_settling_closes_its_bracket_on_the_limit(wide):
    rng = np.random.default_rng(5)
    none = np.array([math.inf])
    for _ in range(100):
        n = int(rng.integers(2, 9))
        held = rng.choice([0.0, 0.05], n)
        book, starts = ledger(0.3 + 1e-11 * rng.integers(1, 4, n), held, np.full(n, 0.1))
        price, low, high = 0.2, 0.2 - wide, 0.2 + 1e-9
        total, free = pooled(book, starts, none, (0, 1), price, 0.0, STEEP)
        limit = held.sum() + 0.6 * (total - held.sum())
        settle(book, starts, none, (0, 1), limit, STEEP, price, low, high, total - limit, free)
        assert book[WEIGHT].sum() == pytest.approx(limit, abs=1e-14)
        assert np.all(book[WEIGHT] >= held)
