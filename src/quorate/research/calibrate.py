"""Calibration: curves from what an engine states to how often it was right, fitted out of fold.

In: a ``Sample`` of one engine in one regime; rule engines are calibrated as trained ones are. Out:
a ``Calibration``, frozen, which the kernel of ``core.consensus.fitted`` evaluates a vote at a
time; or ``Uncalibrated``, which says why the streaming calibration stays in force.

The method follows the evidence, counted in labels of their own (METHODS 1.4): Platt's two numbers
below 1,000, beta's three up to 2,000, an isotonic curve above; Venn-Abers where it is asked for.
All curves ascend: a stronger claim is never worth less. Where the data say the opposite the
curve is level, at the share of all votes that were right.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.consensus import fitted
from quorate.core.consensus.fitted import Kind
from quorate.core.consensus.labels import N_BUCKETS, N_CELLS
from quorate.research import libraries, venn_abers
from quorate.research.logit import beta, platt
from quorate.research.murphy import Murphy, murphy
from quorate.research.sample import Grouped, Sample, grouped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from quorate.core.types import Mat, Regime, Vec

LEAST_MASS = 200.0
"""Labels below which nothing is fitted: the prior of the streaming calibration weighs as much."""

MOST_FOR_PLATT = 1_000.0
LEAST_FOR_ISOTONIC = 2_000.0

METHODS = ("auto", "platt", "beta", "isotonic", "venn_abers")


class Why(IntEnum):
    """Why there is no fit: a value, not an error."""

    TOO_FEW = 0
    ONE_CLASS = 1


class Uncalibrated(NamedTuple):
    """No fit: the streaming calibration, prior 0.5 with mass 200, stays in force (METHODS 0b.4)."""

    why: Why
    n: int
    mass: float
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A fitted curve from strengths to probabilities in [0.5, 0.99].

    Parameters
    ----------
    kind : Kind
        Which curve.
    coefficients : Vec
        a, b, c of the logistic kinds, shape (3,).
    knots, values, highs : Vec
        Of the other kinds, shape (knot,); ``highs`` is the upper end of Venn-Abers' interval.
    n, mass : int, float
        Votes of the fit, and labels of their own they come to.
    before, after : Murphy
        Of the strengths as stated and of the calibrated ones, over the votes of the fit: what is
        left of ``after.reliability`` on later votes is the honest number.
    n_floored, n_capped : int
        Votes of the fit worth less than 0.5, and more than 0.99, before they were clipped.

    Notes
    -----
    Units: probabilities.  Causal: a vote at a time.  Missing: NaN is worth 0.5.  METHODS 1.4.
    """

    kind: Kind
    coefficients: Vec
    knots: Vec
    values: Vec
    highs: Vec
    n: int
    mass: float
    before: Murphy
    after: Murphy
    n_floored: int
    n_capped: int

    def __post_init__(self) -> None:
        for each in (self.coefficients, self.knots, self.values, self.highs):
            each.flags.writeable = False

    def prob(self, strength: np.ndarray[Any, Any] | Sequence[float]) -> np.ndarray[Any, Any]:
        """Return the probability of each strength, of whatever shape.

        Examples
        --------
        >>> right = np.tile([1.0, 1.0, 0.0, 1.0], 100)
        >>> curve = fit(Sample(np.tile([0.6, 0.8], 200), right, np.ones(400)))
        >>> curve.prob(np.array([[0.6, np.nan], [0.8, 0.8]])).round(2).tolist()
        [[0.5, 0.5], [0.99, 0.99]]
        """
        given = np.asarray(strength, dtype=np.float64)
        curve = _Curve(self.kind, self.coefficients, self.knots, self.values)
        return _evaluate(curve, given.ravel())[0].reshape(given.shape)

    def interval(self, strength: Sequence[float]) -> tuple[Vec, Vec]:
        """Return both ends of Venn-Abers' interval, unclipped, shape (vote,) each."""
        if self.kind != Kind.VENN_ABERS:
            raise ValueError(
                f"a calibration by {self.kind.name.lower()} has no interval; fit by venn_abers"
            )
        at = np.asarray(strength, dtype=np.float64)
        below = np.searchsorted(self.knots, at, side="right")
        above = np.searchsorted(self.knots, at, side="left")
        low = np.concatenate(([0.0], self.values))[below]
        high = np.concatenate((self.highs, [1.0]))[above]
        return low, high


def fit(
    votes: Sample, *, method: str = "auto", least_mass: float = LEAST_MASS
) -> Calibration | Uncalibrated:
    """Fit the calibration of one engine in one regime.

    Parameters
    ----------
    votes : Sample
        Out of fold, their labels ended.
    method : str
        One of ``METHODS``; "auto" follows the mass of the votes.
    least_mass : float
        Labels of their own below which nothing is fitted.

    Returns
    -------
    Calibration or Uncalibrated
        No fit where there are too few labels, or all were right, or all wrong.

    Raises
    ------
    ValueError
        The method is unknown, or ``least_mass`` is not above 0.
    ConfigError
        scikit-learn is not installed.

    Notes
    -----
    Units: probabilities; masses in labels.  Causal: as the votes.  Missing: told, not filled.
    Deterministic: the same votes in any order give the same bytes under the same libraries.
    METHODS 1.4. Venn-Abers is read at its lower end, floored at 0.5: the point of the interval
    nearest 0.5. Where the interval holds 0.5 itself no end is evidence for the side.

    Examples
    --------
    >>> right = np.tile([1.0, 0.0, 1.0, 1.0], 100)
    >>> curve = fit(Sample(np.tile([0.6, 0.6, 0.7, 0.7], 100), right, np.ones(400)))
    >>> curve.kind.name, curve.prob([0.6, 0.7]).round(2).tolist()
    ('PLATT', [0.5, 0.99])
    >>> fit(Sample(np.full(50, 0.6), np.ones(50), np.ones(50))).message
    '50.0 labels, fewer than 200.0: the streaming calibration stays'
    """
    if method not in METHODS or not least_mass > 0.0:
        raise ValueError(
            f"method is {method!r}, least_mass {least_mass}; choose one of {', '.join(METHODS)} "
            "and a mass above 0"
        )
    n, mass = len(votes.strength), votes.mass
    if not mass >= least_mass:
        said = f"{mass:.1f} labels, fewer than {least_mass:.1f}: the streaming calibration stays"
        return Uncalibrated(Why.TOO_FEW, n, mass, said)
    points = grouped(votes)
    good = float(np.sum(points.right))
    if good == 0.0 or not np.any(points.right < points.mass):
        said = (
            f"all of {n} votes were {'right' if good else 'wrong'}: the streaming calibration stays"
        )
        return Uncalibrated(Why.ONE_CLASS, n, mass, said)
    kind = _chosen(method, mass)
    none = np.zeros(1)
    coefficients, knots, values, highs = np.zeros(3), none, none.copy(), none.copy()
    if kind == Kind.PLATT:
        coefficients = platt(points)
    elif kind == Kind.BETA:
        coefficients = beta(points)
    elif kind == Kind.ISOTONIC:
        knots, values = _isotonic(points)
    else:
        knots = points.strength
        values, highs = venn_abers.ends(points.mass, points.right)
    curve = _Curve(kind, coefficients, knots, values)
    prob, n_floored, n_capped = _evaluate(curve, votes.strength)
    return Calibration(
        kind=kind,
        coefficients=coefficients,
        knots=knots,
        values=values,
        highs=highs,
        n=n,
        mass=mass,
        before=murphy(votes.strength, votes.right, votes.weight),
        after=murphy(prob, votes.right, votes.weight),
        n_floored=n_floored,
        n_capped=n_capped,
    )


def cells(
    found: Mapping[tuple[str, Regime], Calibration | Uncalibrated],
    strengths: Mapping[tuple[str, Regime], Vec],
    engines: Sequence[str],
) -> Mat:
    """Return fitted probabilities on the cells of the streaming calibration, shape (engine, cell).

    Parameters
    ----------
    found : Mapping
        By engine and regime.
    strengths : Mapping
        The strengths that each fit was made of, by engine and regime.
    engines : sequence of str
        The engine axis.

    Returns
    -------
    Mat
        The mean of the fitted probabilities of the votes in a cell; NaN where there is no fit or
        no vote fell: there the streaming calibration speaks.

    Notes
    -----
    Units: probabilities.  Causal: as the fits.  Missing: NaN.  METHODS 0b.4, 1.4.
    """
    table = np.full((len(engines), N_CELLS), np.nan)
    for (engine, regime), curve in found.items():
        if engine not in engines or not isinstance(curve, Calibration):
            continue
        at = np.asarray(strengths[engine, regime], dtype=np.float64)
        prob, bucket = curve.prob(at), np.searchsorted(_BUCKETS, at, side="right")
        for b in np.unique(bucket).tolist():
            cell = regime * N_BUCKETS + b
            table[engines.index(engine), cell] = float(np.mean(prob[bucket == b]))
    return table


class _Curve(NamedTuple):
    """What the kernel reads of a calibration."""

    kind: Kind
    coefficients: Vec
    knots: Vec
    values: Vec


_BUCKETS = np.array([0.6, 0.7, 0.8, 0.9])  # as core.consensus.labels.bucket parts strengths


def _chosen(method: str, mass: float) -> Kind:
    """Return the kind that was asked for, or the one that so many labels carry."""
    if method != "auto":
        return Kind[method.upper()]
    if mass < MOST_FOR_PLATT:
        return Kind.PLATT
    return Kind.ISOTONIC if mass > LEAST_FOR_ISOTONIC else Kind.BETA


def _isotonic(points: Grouped) -> tuple[Vec, Vec]:
    """Return the knots and values of scikit-learn's isotonic fit."""
    model = libraries.isotonic_regression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    model.fit(points.strength, points.right / points.mass, sample_weight=points.mass)
    return np.array(model.X_thresholds_), np.array(model.y_thresholds_)


def _evaluate(curve: _Curve, strength: Vec) -> tuple[Vec, int, int]:
    """Return the probabilities, how many were floored and how many capped."""
    prob = np.empty(len(strength))
    n_floored, n_capped = fitted.scan(
        int(curve.kind),
        _read_only(curve.coefficients),
        _read_only(curve.knots),
        _read_only(curve.values),
        _read_only(strength),
        prob,
    )
    return prob, int(n_floored), int(n_capped)


def _read_only(array: Vec) -> Vec:
    """Return a view that cannot be written, so that the kernel has one signature."""
    seen = np.ascontiguousarray(array, dtype=np.float64).view()
    seen.flags.writeable = False
    return seen
