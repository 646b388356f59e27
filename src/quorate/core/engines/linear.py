"""A fitted linear engine: a logistic regression on features, evaluated row by row.

In: the features a fit read, and its coefficients (``research.linear`` makes them). Out: an engine
whose side is the likelier direction, whose strength is that direction's probability.

Each feature is standardised by the mean and the scale of its training rows and held within a
number of scales, so that one mad value has a bounded say (METHODS 12: features are clipped, prices
are not). The sum runs over the features in their fixed order, then the intercept: a library's own
sum has other last bits for a row alone than for the same row in a block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.core.curves import logistic
from quorate.core.engines.base import Engine
from quorate.core.engines.rule import Rule
from quorate.core.kernel import kernel
from quorate.core.types import ByteMat, Cube, IntVec, Mat, Vec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quorate.core.types import Regime

N_SCALARS = 3
"""Numbers before those of the features in a row of parameters: intercept, clip, least edge."""


@kernel
def log_odds(values: Cube, columns: IntVec, parameters: Vec, t: int, c: int) -> float:
    r"""Return the log odds that one coin rises, from one row.

    .. math:: z = \sum_f \beta_f \,\operatorname{clip}((x_f - m_f) / s_f) + \beta_0

    Parameters
    ----------
    values : Cube
        Features, shape (time, feature, coin).
    columns : IntVec
        Where the features of the fit stand, shape (f,).
    parameters : Vec
        Intercept, clip, least edge; then f means, f scales, f coefficients, shape (3 + 3 f,).
    t, c : int
        Row and coin.

    Returns
    -------
    float
        NaN where a feature is.

    Notes
    -----
    Units: log odds.  Causal: one row.  Missing: NaN where a feature is; an infinite feature is
    clipped.

    Examples
    --------
    >>> values = np.full((1, 1, 1), 3.0)
    >>> parameters = np.array([0.5, 10.0, 0.0, 1.0, 2.0, 0.25])
    >>> log_odds(values, np.array([0]), parameters, 0, 0)
    0.75
    """
    n = columns.size
    clip = parameters[1]
    total = 0.0
    for f in range(n):
        x = values[t, columns[f], c]
        if x != x:
            return x
        z = (x - parameters[N_SCALARS + f]) / parameters[N_SCALARS + n + f]
        z = min(max(z, -clip), clip)
        total += parameters[N_SCALARS + 2 * n + f] * z
    return total + parameters[0]


@kernel
def tally(values: Cube, columns: IntVec, parameters: Vec, side: ByteMat, strength: Mat) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin (``rule.Tally``)."""
    least = parameters[2]
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            z = log_odds(values, columns, parameters, t, c)
            p = logistic(abs(z))
            # NaN fails the comparison: an unknown input is an abstention
            voted = z != 0.0 and 2.0 * p - 1.0 >= least
            side[t, c] = (int(z > 0.0) - int(z < 0.0)) if voted else 0
            strength[t, c] = p if voted else 0.5


@kernel
def scan(values: Cube, columns: IntVec, parameters: Vec, prob: Mat) -> None:
    """Write the probability that each coin rises, shape (time, coin); NaN where unknown."""
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            prob[t, c] = logistic(log_odds(values, columns, parameters, t, c))


def pack(
    mean: Vec, scale: Vec, coefficients: Vec, intercept: float, clip: float, least_edge: float
) -> Vec:
    """Return the parameters as the kernels read them, or raise ``ValueError``.

    Examples
    --------
    >>> one = np.ones(1)
    >>> pack(0.0 * one, one, one, 0.5, 10.0, 0.0).tolist()
    [0.5, 10.0, 0.0, 0.0, 1.0, 1.0]
    """
    scalars = np.array([intercept, clip, least_edge])
    parameters = np.concatenate([scalars, mean, scale, coefficients]).astype(np.float64)
    if not len(mean) == len(scale) == len(coefficients) > 0:
        raise ValueError(
            f"{len(mean)} means, {len(scale)} scales and {len(coefficients)} coefficients; "
            "give one of each for every feature"
        )
    if not np.isfinite(parameters).all():
        raise ValueError("a parameter is not finite; fit on finite features")
    if not (scale > 0.0).all() or not clip > 0.0 or not 0.0 <= least_edge < 1.0:
        raise ValueError(
            f"scales {scale.tolist()} and clip {clip} must be above 0, least_edge {least_edge} "
            "in [0, 1)"
        )
    return parameters


def build(
    *,
    name: str,
    family: str,
    approved: Iterable[Regime],
    reads: tuple[str, ...],
    parameters: Vec,
    hypothesis: str,
    reference: str = "",
) -> Engine:
    """Return the engine of a fitted logistic regression.

    Parameters
    ----------
    name, family, approved, hypothesis, reference
        As in ``Engine``.
    reads : tuple of str
        Features in the order of the coefficients.
    parameters : Vec
        From ``pack``.

    Notes
    -----
    Units: strength is a probability.  Causal: one row.  Missing: NaN abstains.  METHODS 0.1: an
    engine that thinks in P(up) takes the likelier side, with that side's probability.

    Examples
    --------
    >>> from quorate.core.engines.base import Rows
    >>> from quorate.core.types import Regime
    >>> one = np.ones(1)
    >>> engine = build(
    ...     name="fitted",
    ...     family="model",
    ...     approved=[Regime.TREND],
    ...     reads=("ret_24h",),
    ...     parameters=pack(0.0 * one, 0.02 * one, 0.5 * one, 0.0, 10.0, 0.0),
    ...     hypothesis="What rose goes on rising.",
    ... )
    >>> side, strength = engine.vote(Rows(np.array([[[0.04, -0.04, np.nan]]]), ("ret_24h",)))
    >>> side.tolist(), strength.round(3).tolist()
    ([[1, -1, 0]], [[0.731, 0.731, 0.5]])
    """
    if len(parameters) != N_SCALARS + 3 * len(reads):
        raise ValueError(
            f"{len(parameters)} parameters for {len(reads)} features; {N_SCALARS} and three for "
            "each feature are wanted: make them with pack"
        )
    n = len(reads)
    told = dict(zip(reads, parameters[N_SCALARS + 2 * n :].tolist(), strict=True))
    return Engine(
        name=name,
        family=family,
        approved=frozenset(approved),
        vote=Rule(tally, reads, parameters),
        reads=reads,
        hypothesis=hypothesis,
        reference=reference,
        parameters={"intercept": float(parameters[0]), **told},
    )
