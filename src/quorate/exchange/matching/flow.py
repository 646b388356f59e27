"""The rest of the market: a price that moves, orders that rest around it, and others that take.

In: a seed and bars, or a seed alone. Out: for each point of a fixed grid in time the price, the
lots that trade at the touch and the lots that rest at each price near it. A point depends on the
seed and its number alone, never on what was asked before, so that a history can be replayed, cut or
jumped over.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_SHARE: Final = 2.0**-53
_SQRT3: Final = math.sqrt(3.0)
POINT_MS: Final = 15_000
"""The grid of the path: four points a minute, as a bar has four prices."""


def noise(*keys: int) -> int:
    """Return 64 bits that depend on the keys alone (SplitMix64, Steele, Lea and Flood 2014).

    Examples
    --------
    >>> noise(1, 2) == noise(1, 2) != noise(2, 1)
    True
    """
    return onward(0, *keys)


def onward(state: int, *keys: int) -> int:
    """Return the noise of keys after those that a noise was of: many share their first.

    Examples
    --------
    >>> onward(noise(1, 2), 3) == noise(1, 2, 3)
    True
    """
    for key in keys:
        state = (state ^ (key & _MASK)) + _GOLDEN & _MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return state


def uniform(*keys: int) -> float:
    """Return a number in [0, 1) that depends on the keys alone.

    Examples
    --------
    >>> 0.0 <= uniform(7) < 1.0
    True
    """
    return share(noise(*keys))


def share(bits: int) -> float:
    """Return a noise as a number in [0, 1).

    Examples
    --------
    >>> share(noise(7)) == uniform(7)
    True
    """
    return (bits >> 11) * _SHARE


class Bar(NamedTuple):
    """Prices in ticks and a volume in lots."""

    open: int
    high: int
    low: int
    close: int
    volume: int


class Path(Protocol):
    """A price over points in time."""

    def price(self, point: int) -> int:
        """Return the price at a point in ticks."""
        ...

    def volume(self, point: int) -> int:
        """Return the lots that trade at the touch between the point before and this one."""
        ...


class Walk:
    r"""A price that walks at random, by a seed, and is pulled back to where it began.

    .. math:: x_{i+1} = (1 - \kappa) x_i + \sigma \epsilon_i, \qquad p_i = p_0 e^{x_i}

    Parameters
    ----------
    seed : int
        Of the walk.
    start : int
        First price.
    step : float
        Standard deviation of a step in log price; ``pull`` is the share it is pulled back by.
    volume : int
        Mean lots that trade a point.

    Notes
    -----
    Units: ticks, lots, points of 15 s.  Causal: point by point.  Missing: none.

    Examples
    --------
    >>> walk = Walk(3, start=1000)
    >>> walk.price(400) == Walk(3, start=1000).price(400)
    True
    """

    def __init__(
        self, seed: int, *, start: int, step: float = 3e-4, pull: float = 1e-4, volume: int = 50
    ) -> None:
        self._seed = seed
        self._start = start
        self._step = step
        self._pull = pull
        self._volume = volume
        self._begun = noise(seed)
        self._logs = [0.0]
        self._prices = [max(start, 1)]

    def price(self, point: int) -> int:
        """Return the price at a point in ticks, at least 1."""
        prices, logs = self._prices, self._logs
        while len(prices) <= point:
            # twelve uniforms less six have variance 1; a sum of them needs no special function
            bits = onward(self._begun, len(logs), 1)
            total = (
                (bits & 0xFFFF)
                + (bits >> 16 & 0xFFFF)
                + (bits >> 32 & 0xFFFF)
                + (bits >> 48 & 0xFFFF)
            )
            shock = (total / 65536.0 - 2.0) * _SQRT3
            logs.append(logs[-1] * (1.0 - self._pull) + self._step * shock)
            prices.append(max(round(self._start * math.exp(logs[-1])), 1))
        return prices[point]

    def volume(self, point: int) -> int:
        """Return the lots that trade between the point before and this one."""
        return round(2.0 * self._volume * share(onward(self._begun, point, 2)))


class Bars:
    """A path through bars of a minute: open, one extreme, the other, close.

    Parameters
    ----------
    bars : sequence of Bar
        One a minute from point 0; after the last its close stands.
    seed : int
        Decides which extreme comes first.

    Notes
    -----
    Units: ticks, lots.  Causal: no point before its minute.  Missing: none.

    Examples
    --------
    >>> bars = Bars([Bar(10, 12, 9, 11, 40)], seed=1)
    >>> sorted(bars.price(point) for point in range(4)), bars.price(9), bars.volume(2)
    ([9, 10, 11, 12], 11, 10)
    """

    def __init__(self, bars: Sequence[Bar], seed: int) -> None:
        self._bars = bars
        self._seed = seed

    def price(self, point: int) -> int:
        """Return the price at a point in ticks."""
        minute, quarter = divmod(point, 4)
        if minute >= len(self._bars):
            return self._bars[-1].close
        bar = self._bars[minute]
        rises = noise(self._seed, minute) & 1
        middle = (bar.high, bar.low) if rises else (bar.low, bar.high)
        return (bar.open, *middle, bar.close)[quarter]

    def volume(self, point: int) -> int:
        """Return the lots that trade between the point before and this one."""
        minute = point // 4
        return self._bars[minute].volume // 4 if minute < len(self._bars) else 0


class Ladder(NamedTuple):
    """What rests around a price.

    Notes
    -----
    ``half`` ticks from the price to the touch, ``levels`` prices a side, ``gap`` ticks between
    them, ``lots`` at each on average.
    """

    half: int = 1
    levels: int = 8
    gap: int = 1
    lots: int = 200

    def side(self, seed: int, point: int, price: int, side: int) -> dict[int, int]:
        """Return the lots that rest at each price of a side at a point.

        Examples
        --------
        >>> sorted(Ladder(half=1, levels=2).side(1, 0, 100, -1))
        [101, 102]
        """
        return self.of(noise(seed, point), price, side)

    def of(self, here: int, price: int, side: int) -> dict[int, int]:
        """Return the same of ``here``, the noise of the seed and the point."""
        bits = onward(here, side & 3)
        rows: dict[int, int] = {}
        for level in range(self.levels):
            at = price - side * (self.half + level * self.gap)
            share = (bits >> (8 * (level & 7)) & 0xFF) / 128.0
            if at > 0:
                rows[at] = max(round(self.lots * share), 1)
        return rows
