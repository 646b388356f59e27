r"""The edge map: what scores of a size have earned, fitted out of fold, with a bound below.

In: scores, the return over the actual holding horizon that followed each, volatility, and when.
Out: a ``FittedEdge``, one curve for each tier of volatility, in units of the volatility over the
horizon; its ``edges`` are what ``core.consensus.edge_map`` evaluates in place of the stated slope.

A curve goes through 0 and ascends: an isotonic fit, or a slope that is not below 0, drawn to 0 by
a ridge. Returns of neighbouring bars and of coins on one bar move together, so the error of a
curve is that of the curve fitted anew to whole blocks of time, drawn with replacement
(Carlstein 1986): the bound is the curve less z of those deviations (METHODS 3.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.core.consensus import edge_map as kernels
from quorate.core.consensus.edge_map import EdgeMap
from quorate.errors import ResearchError
from quorate.research import libraries
from quorate.research.sample import check_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import IntVec, Mat, Vec

METHODS = ("isotonic", "slope")
LEAST_BLOCKS = 20
"""Blocks of time with scores below which a tier has no curve: their spread would say nothing."""


class Scored(NamedTuple):
    """Scores that were not 0 and what followed, out of fold, shape (sample,) each.

    ``size`` is the score without its sign; ``earned`` the return over the horizon in the score's
    direction, in units of the volatility over the horizon; ``sigma_daily`` as the decision knew
    it; ``block`` the number of the block of time; ``weight`` in labels.
    """

    size: Vec
    earned: Vec
    sigma_daily: Vec
    block: IntVec
    weight: Vec


@dataclass(frozen=True, slots=True, eq=False)
class FittedEdge:
    """A fitted edge map.

    Parameters
    ----------
    edges : EdgeMap
        What a run reads: the mean, or the bound below it where z was above 0.
    mean, error : Mat
        The fit and its standard error at ``edges.knots``, shape (tier, knot).
    slopes : Vec
        The slope of each tier by method ``slope``, comparable with the stated 0.80; NaN by
        ``isotonic``.
    n, n_blocks : IntVec
        Samples and blocks of time of each tier.
    z, horizon_days : float
        As asked for.

    Notes
    -----
    Units: of the volatility over the horizon.  Causal: as the samples.  Missing: none.
    """

    edges: EdgeMap
    mean: Mat
    error: Mat
    slopes: Vec
    n: IntVec
    n_blocks: IntVec
    z: float
    horizon_days: float

    def edge_bps(self, score: Mat, sigma_daily: Mat) -> Mat:
        """Return the edge of scores, shape (time, coin), as a run computes it."""
        found = np.empty(score.shape)
        kernels.scan(score, sigma_daily, self.edges, found)
        return found


def scored(
    score: Vec,
    forward_return: Vec,
    sigma_daily: Vec,
    decided_k: IntVec,
    *,
    horizon_bars: int,
    bars_per_day: int,
    weight: Vec | None = None,
    as_of_k: int | None = None,
) -> Scored:
    """Return what a fit reads of out-of-fold scores; scores of 0 are left out.

    Parameters
    ----------
    score, forward_return : Vec
        In [-1, 1]; the gross return of the coin over the actual holding horizon, shape (sample,).
    sigma_daily : Vec
        Daily volatility as the decision knew it, above 0.
    decided_k : IntVec
        Bar counter of each score.
    horizon_bars, bars_per_day : int
        The holding horizon, and bars of a day. A block is a day, or the horizon where longer.
    weight : Vec, optional
        Uniqueness of each label, in (0, 1].
    as_of_k : int, optional
        The bar at which the fit is made; every horizon must have ended by then.

    Raises
    ------
    ValueError
        Shapes differ, or a number is outside its bounds.
    LeakageError
        A horizon ends after the fit.

    Notes
    -----
    Units: returns and volatility are fractions.  Causal: enforced where ``as_of_k`` is given.
    Missing: none allowed.  METHODS 3.4.

    Examples
    --------
    >>> found = scored(
    ...     np.array([-0.2, 0.0]), np.array([-0.01, 0.5]), np.full(2, 0.05), np.array([300, 301]),
    ...     horizon_bars=48, bars_per_day=288,
    ... )
    >>> found.size.tolist(), found.earned.round(4).tolist(), found.block.tolist()
    ([0.2], [0.4899], [1])
    """
    weights = np.ones(len(score)) if weight is None else weight
    arrays = (score, forward_return, sigma_daily, weights)
    if len({len(each) for each in (*arrays, decided_k)}) > 1 or score.ndim != 1:
        raise ValueError("give one score, return, volatility, bar and weight for every sample")
    if horizon_bars < 1 or bars_per_day < 1:
        raise ValueError(f"horizon_bars {horizon_bars}, bars_per_day {bars_per_day}; both from 1")
    if not all(np.isfinite(each).all() for each in arrays) or not (np.abs(score) <= 1.0).all():
        raise ValueError("a number is not finite, or a score outside [-1, 1]; leave such out")
    if not (sigma_daily > 0.0).all() or not ((weights >= 0.0) & (weights <= 1.0)).all():
        raise ValueError("volatilities must be above 0 and weights in [0, 1]; leave others out")
    if as_of_k is not None:
        check_known(decided_k + horizon_bars, as_of_k, len(score))
    kept = (score != 0.0) & (weights > 0.0)
    sigma = sigma_daily[kept]
    earned = np.sign(score[kept]) * forward_return[kept]
    return Scored(
        size=np.abs(score[kept]),
        earned=earned / (sigma * np.sqrt(horizon_bars / bars_per_day)),
        sigma_daily=sigma,
        block=decided_k[kept] // max(bars_per_day, horizon_bars),
        weight=weights[kept],
    )


def fit(
    samples: Scored,
    *,
    horizon_days: float,
    method: str = "isotonic",
    tiers: Sequence[float] = (),
    ridge: float = 200.0,
    z: float = 0.0,
    n_draws: int = 200,
    seed: int = 0,
) -> FittedEdge:
    r"""Fit an edge map for one horizon.

    .. math:: f = \text{isotonic, } f(0) = 0 \quad\text{or}\quad f = \beta |S|, \;
        \beta = \max\Bigl(0, \frac{\sum w |S| y}{\sum w S^2 + m\,\overline{S^2}}\Bigr)

    Parameters
    ----------
    samples : Scored
        Out of fold: in-sample scores overstate by selection.
    horizon_days : float
        The horizon that the returns are of, in days.
    method : str
        One of ``METHODS``.
    tiers : sequence of float
        Daily volatilities that part the tiers, ascending; none: one tier.
    ridge : float
        m: labels of no edge that a slope is drawn to 0 by.
    z : float
        How many standard errors the map lies below the fit; 0 is the fit itself.
    n_draws, seed : int
        Draws of blocks; the same seed gives the same map.

    Returns
    -------
    FittedEdge

    Raises
    ------
    ValueError
        A setting is outside its bounds.
    ResearchError
        A tier has fewer than ``LEAST_BLOCKS`` blocks of time: the stated map stays.
    ConfigError
        scikit-learn is not installed.

    Notes
    -----
    Units: of the volatility over the horizon.  Causal: as the samples.  Missing: none.
    The bound is never below 0, and ascends: at each size it is the least bound of all larger
    ones.  METHODS 3.4.

    Examples
    --------
    >>> draw = np.random.default_rng(1)
    >>> score = draw.uniform(-0.3, 0.3, 20_000)
    >>> gained = 0.02 * (0.8 * score + draw.normal(size=20_000))
    >>> past = scored(
    ...     score, gained, np.full(20_000, 0.02), np.arange(20_000),
    ...     horizon_bars=288, bars_per_day=288,
    ... )
    >>> found = fit(past, horizon_days=1.0, method="slope")
    >>> bool(0.6 < found.slopes[0] < 1.0)
    True
    """
    bounds = np.array(tiers, dtype=np.float64)
    if method not in METHODS or not (horizon_days > 0.0 and ridge >= 0.0 and z >= 0.0):
        raise ValueError(
            f"method {method!r} must be one of {', '.join(METHODS)}; horizon_days {horizon_days} "
            f"above 0, ridge {ridge} and z {z} not below 0"
        )
    if n_draws < 2 or not (np.diff(bounds, prepend=0.0) > 0.0).all():
        raise ValueError(f"n_draws is {n_draws}, tiers {list(tiers)}; from 2, and ascending from 0")
    of = np.searchsorted(bounds, samples.sigma_daily, side="right")
    curves = []
    for tier in range(len(bounds) + 1):
        mine = Scored(*(each[of == tier] for each in samples))
        n_blocks = len(np.unique(mine.block))
        if n_blocks < LEAST_BLOCKS:
            raise ResearchError(
                f"tier {tier} has scores in {n_blocks} blocks of time, fewer than {LEAST_BLOCKS}: "
                "the stated map stays",
                hint="use fewer tiers or a longer history",
            )
        curves.append(_curve(mine, method, ridge, n_draws, np.random.default_rng([seed, tier])))
    knots, mean, error = (_level(curves, name) for name in ("knots", "mean", "error"))
    values = _below(mean, error, z) if z > 0.0 else mean
    for array in (bounds, knots, values, mean, error):
        array.flags.writeable = False
    root = np.array([np.sqrt(horizon_days)])
    root.flags.writeable = False
    return FittedEdge(
        edges=EdgeMap(bounds, knots, values, root),
        mean=mean,
        error=error,
        slopes=np.array([each.slope for each in curves]),
        n=np.bincount(of, minlength=len(curves)),
        n_blocks=np.array([each.n_blocks for each in curves]),
        z=float(z),
        horizon_days=float(horizon_days),
    )


class _Curve(NamedTuple):
    knots: Vec
    mean: Vec
    error: Vec
    slope: float
    n_blocks: int


def _curve(
    mine: Scored, method: str, ridge: float, n_draws: int, draw: np.random.Generator
) -> _Curve:
    """Fit one tier, and again to every draw of its blocks."""
    blocks, number = np.unique(mine.block, return_inverse=True)
    n = len(blocks)
    counts = draw.multinomial(n, np.full(n, 1.0 / n), size=n_draws)
    if method == "slope":
        moved = _by_block(number, mine.weight * mine.size * mine.earned)
        squared = _by_block(number, mine.weight * mine.size**2)
        mass = _by_block(number, mine.weight)
        slope = _slope(float(np.sum(moved)), float(np.sum(squared)), float(np.sum(mass)), ridge)
        drawn = [
            _slope(float(c @ moved), float(c @ squared), float(c @ mass), ridge) for c in counts
        ]
        error = float(np.std(drawn, ddof=1))
        # level beyond the largest score that was seen: nothing is known of larger ones
        knots = np.array([0.0, float(mine.size.max())])
        return _Curve(knots, slope * knots, error * knots, slope, n)
    order = np.argsort(mine.size, kind="stable")
    size, earned = mine.size[order], mine.earned[order]
    weight, number = mine.weight[order], number[order]
    model = _isotonic(size, earned, weight)
    knots = np.concatenate(([0.0], model.X_thresholds_))
    mean = _at(model, knots)
    redrawn = [_at(_isotonic(size, earned, weight * c[number]), knots) for c in counts]
    return _Curve(knots, mean, np.std(redrawn, axis=0, ddof=1), float("nan"), n)


def _slope(moved: float, squared: float, mass: float, ridge: float) -> float:
    """Return the slope through 0 that is not below 0."""
    if not squared > 0.0:
        return 0.0
    return max(0.0, float(moved / (squared + ridge * squared / mass)))


def _by_block(number: IntVec, values: Vec) -> Vec:
    """Return the sum of each block, shape (block,)."""
    return np.bincount(number, values).astype(np.float64)


def _isotonic(size: Vec, earned: Vec, weight: Vec) -> Any:  # noqa: ANN401  (untyped)
    """Return scikit-learn's isotonic fit, not below 0."""
    kept = weight > 0.0
    model = libraries.isotonic_regression(increasing=True, y_min=0.0, out_of_bounds="clip")
    return model.fit(size[kept], earned[kept], sample_weight=weight[kept])


def _at(model: Any, knots: Vec) -> Vec:  # noqa: ANN401  (untyped)
    """Return a fit at the knots, through 0 at the first."""
    values = np.array(model.predict(knots), dtype=np.float64)
    values[0] = 0.0
    return np.maximum.accumulate(values)


def _level(curves: Sequence[_Curve], name: str) -> Mat:
    """Return a field of all curves, shape (tier, knot): the shorter go on as they end."""
    rows: list[Vec] = [getattr(each, name) for each in curves]
    longest = max(len(row) for row in rows)
    return np.array([np.pad(row, (0, longest - len(row)), mode="edge") for row in rows])


def _below(mean: Mat, error: Mat, z: float) -> Mat:
    """Return the bound, not below 0 and ascending, shape (tier, knot)."""
    bound = np.maximum(mean - z * error, 0.0)
    bound = np.minimum.accumulate(bound[:, ::-1], axis=1)[:, ::-1]
    bound[:, 0] = 0.0
    return np.ascontiguousarray(bound)
