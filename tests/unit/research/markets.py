"""Small markets by hand."""

import numpy as np

from quorate.core.types import Bar
from quorate.research.events import Events
from quorate.research.prices import prices

K0 = 1_200  # the first row; 1,200 is on the hour


def market(rows, *, status=None, k0=K0, **more):
    """Return one coin's prices from rows of (open, high, low, close)."""
    o, h, l, c = (np.array(column, float)[:, None] for column in zip(*rows, strict=True))
    state = [Bar.TRADED] * len(rows) if status is None else status
    return prices(o, h, l, c, np.array(state, np.int8)[:, None], k0=k0, **more)


def flat(n, price=100.0):
    """Return n rows in which nothing happens."""
    return [(price, price, price, price)] * n


def at(*rows, k0=K0):
    """Return events of the first coin at some rows."""
    return Events(k0 + np.array(rows, np.int64), np.zeros(len(rows), np.int64))


def wander(seed, n_bars, n_coins, *, holes=0.0, k0=K0, move=0.01, **more):
    """Return a random market whose bars contain their open and close, with some holes."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, move, (n_bars, n_coins)), axis=0))
    open_ = np.concatenate((close[:1], close[:-1])) * np.exp(rng.normal(0.0, move / 4, close.shape))
    high = np.maximum(open_, close) * (1.0 + rng.exponential(move / 2, close.shape))
    low = np.minimum(open_, close) * (1.0 - rng.exponential(move / 4, close.shape))
    status = np.where(rng.random(close.shape) < holes, rng.integers(0, 2, close.shape) * 2, 1)
    made = [np.where(status == Bar.ABSENT, np.nan, x) for x in (open_, high, low, close)]
    return prices(*made, status.astype(np.int8), k0=k0, **more)


def cut(prices, n):
    """Return what is known after n bars."""
    arrays = {name: getattr(prices, name)[:n].copy() for name in ("open", "high", "low", "close")}
    return prices._replace(**arrays, status=prices.status[:n].copy())
