"""Training: what a run may learn from its past, fitted at one moment.

In: the hours of a past, prices up to the moment, the engines that vote. Out: a ``Fit``: trained
engines, calibrations of every engine and regime, and an edge map, or why there is none. Nothing
here knows what comes after the moment: the rows end there.

A trained engine is calibrated on votes of models that did not see the row (purged blocks of time);
a rule engine learns nothing, so its own past votes are out of sample already, and so are the scores
the run weighed as it went (METHODS 1.4, 3.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quorate.core.types import Regime
from quorate.errors import ResearchError
from quorate.research import calibrate, edge_map
from quorate.research.calibrate import Uncalibrated, Why
from quorate.research.learned import labelled
from quorate.research.learners import EVERY, Learner, Model, silent
from quorate.research.models import trained, voting
from quorate.research.parallel import alone
from quorate.research.sample import sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.core.consensus.edge_map import EdgeMap
    from quorate.core.engines.base import Engine
    from quorate.core.types import Mat, Vec
    from quorate.research.calibrate import Calibration
    from quorate.research.edge_map import FittedEdge
    from quorate.research.learned import Learned
    from quorate.research.past import Hours
    from quorate.research.pieces import Each
    from quorate.research.prices import Prices
    from quorate.research.sample import Sample

LEAST_DAYS = 20
"""Days of votes below which nothing is calibrated: coins move together, so a day is one sample."""
STATED = "stated"
EDGES = (*edge_map.METHODS, STATED)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What was learned at a moment.

    Parameters
    ----------
    engines : tuple of Engine
        The trained ones, one a learner, in their order; one that could not be fitted abstains.
    models : Mapping
        What they vote with, by name; without those that abstain.
    calibrations, strengths : Mapping
        By engine and regime: the fit, or why there is none; and the strengths it was made of.
    cells : Mat
        Of all engines, shape (engine, cell): see ``calibrate.cells``.
    edge : FittedEdge or None
        None: the stated map stays.
    remarks : tuple of str
        What could not be learned, and why.
    n_labels, mass : int, float
        Labels, and how many of their own they come to.
    large_score : float
        Of the scores that the edge map was fitted to nine in ten were smaller.

    Notes
    -----
    Units: as the parts.  Causal: as the rows.  Missing: told in ``remarks``.
    """

    engines: tuple[Engine, ...]
    models: Mapping[str, Model]
    calibrations: Mapping[tuple[str, Regime], Calibration | Uncalibrated]
    strengths: Mapping[tuple[str, Regime], Vec]
    cells: Mat
    edge: FittedEdge | None
    remarks: tuple[str, ...]
    n_labels: int
    mass: float
    large_score: float = float("nan")

    @property
    def edges(self) -> EdgeMap | None:
        """The map that a run reads."""
        return None if self.edge is None else self.edge.edges

    @property
    def large_edge(self) -> tuple[float, float]:
        """What the map says of ``large_score``, in deviations over the horizon, and its error."""
        if self.edge is None:
            return float("nan"), float("nan")
        knots = self.edge.edges.knots[0]
        said, error = (
            float(np.interp(self.large_score, knots, curve))
            for curve in (self.edge.edges.values[0], self.edge.error[0])
        )
        return said, error


def fit(
    hours: Hours,
    prices: Prices,
    rules: Sequence[Engine],
    asked: Sequence[Learner],
    *,
    as_of_k: int,
    horizon_bars: int,
    calibrated: bool = True,
    edge: str = "slope",
    edge_z: float = 0.0,
    each: Each = alone,
) -> Fit:
    """Learn from the hours of a past what may be known at a bar.

    Parameters
    ----------
    hours : Hours
        From ``Past.between``; none after ``as_of_k``.
    prices : Prices
        Up to ``as_of_k`` or further; labels that end later are left out.
    rules : sequence of Engine
        The engines on the first columns of ``hours.side``; those after are the trained ones.
    asked : sequence of Learner
        What is trained.
    as_of_k : int
        The bar at whose close the fit is made.
    horizon_bars : int
        How long a position is meant to be held: the horizon of every label.
    calibrated : bool
        Whether calibrations are fitted.
    edge : str
        How the edge map is fitted: a word of ``edge_map.METHODS``, or ``STATED`` for none. An
        isotonic map says of the largest scores what the luckiest few of them earned.
    edge_z : float
        How many standard errors it lies below its fit.
    each : Each
        Who fits the models, from ``parallel.together``; the bytes are those of one process.

    Returns
    -------
    Fit

    Raises
    ------
    ResearchError
        No hour has a label that ended.

    Notes
    -----
    Units: as the parts.  Causal: hours and labels that end after ``as_of_k`` are left out.
    Missing: a model reads features known in 99% of the rows that vary there, and rows in which all
    of them are known.  METHODS 1.4, 3.4, 5.
    """
    learned = labelled(hours, prices, as_of_k, horizon_bars)
    how = {"calibrated": calibrated, "edge": edge, "edge_z": edge_z}
    return learn(learned, rules, asked, horizon_bars=horizon_bars, each=each, **how)  # type: ignore[arg-type]


def learn(
    learned: Learned,
    rules: Sequence[Engine],
    asked: Sequence[Learner],
    *,
    horizon_bars: int,
    calibrated: bool = True,
    edge: str = "slope",
    edge_z: float = 0.0,
    each: Each = alone,
) -> Fit:
    """Learn from hours with their labels, whichever they are.

    Parameters
    ----------
    learned : Learned
        From ``learned.labelled``, or some of its rows.
    rules, asked, horizon_bars, calibrated, edge, edge_z, each
        As of ``fit``.

    Returns
    -------
    Fit

    Notes
    -----
    Units: as the parts.  Causal: as the rows.  Missing: as of ``fit``.  METHODS 1.4, 3.4, 5.

    Examples
    --------
    >>> import inspect
    >>> list(inspect.signature(learn).parameters)[:3]
    ['learned', 'rules', 'asked']
    """
    per_day = 1440 // learned.labels.bar_minutes
    remarks: list[str] = []
    engines: list[Engine] = []
    models: dict[str, Model] = {}
    votes = {
        rule.name: (learned.hours.side[:, e], learned.hours.strength[:, e], learned)
        for e, rule in enumerate(rules)
    }
    for learner, (model, said, own) in zip(asked, trained(asked, learned, each), strict=True):
        engines.append(silent(learner) if model is None else voting(learner, model))
        remarks += said
        if model is not None and own is not None:
            models[learner.name], votes[learner.name] = model, own
    found: dict[tuple[str, Regime], Calibration | Uncalibrated] = {}
    strengths: dict[tuple[str, Regime], Vec] = {}
    if calibrated:
        for name, (side, strength, of) in votes.items():
            for regime in EVERY:
                voted = (of.hours.regime == regime) & (side != 0)
                right = (side[voted] > 0) == (of.went_up[voted] != 0)
                past = sample(strength[voted], right, of.weight[voted])
                days = len(np.unique((of.labels.start_k[voted] - 1) // per_day))
                found[name, regime] = (
                    calibrate.fit(past) if days >= LEAST_DAYS else _few(past, days)
                )
                strengths[name, regime] = past.strength
    names = [*(rule.name for rule in rules), *(engine.name for engine in engines)]
    mapped, told = _mapped(learned, horizon_bars, edge, edge_z)
    return Fit(
        engines=tuple(engines),
        models=models,
        calibrations=found,
        strengths=strengths,
        cells=calibrate.cells(found, strengths, names),
        edge=mapped,
        remarks=(*remarks, *told),
        n_labels=learned.hours.n,
        mass=float(np.sum(learned.weight)),
        large_score=_large(learned.hours.score),
    )


def _large(score: Vec) -> float:
    size = np.abs(score[np.isfinite(score) & (score != 0.0)])
    return float(np.quantile(size, 0.9)) if len(size) else float("nan")


def _few(past: Sample, days: int) -> Uncalibrated:
    said = f"votes on {days} days, fewer than {LEAST_DAYS}: the streaming calibration stays"
    return Uncalibrated(Why.TOO_FEW, len(past.strength), past.mass, said)


def _mapped(
    learned: Learned, horizon_bars: int, method: str, z: float
) -> tuple[FittedEdge | None, list[str]]:
    """Fit the edge map to the scores that were weighed as the run went."""
    if method == STATED:
        return None, []
    per_day = 1440 // learned.labels.bar_minutes
    sigma = learned.hours.sigma_daily
    known = np.isfinite(sigma) & (sigma > 0.0)
    scored = edge_map.scored(
        np.ascontiguousarray(learned.hours.score[known]),
        learned.labels.gross[known],
        sigma[known],
        learned.labels.start_k[known],
        horizon_bars=horizon_bars,
        bars_per_day=per_day,
        weight=learned.weight[known],
    )
    try:
        days = horizon_bars / per_day
        return edge_map.fit(scored, horizon_days=days, method=method, z=z), []
    except ResearchError as error:
        return None, [f"edge map: {error.message}"]
