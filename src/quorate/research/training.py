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

from quorate.core.engines.base import Rows
from quorate.core.features.table import FEATURES
from quorate.core.types import Regime
from quorate.errors import ResearchError
from quorate.research import calibrate, edge_map
from quorate.research.calibrate import Uncalibrated, Why
from quorate.research.learned import Learned, labelled
from quorate.research.learners import EVERY, Learner, Model, silent
from quorate.research.sample import sample
from quorate.research.splits import combinatorial

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.core.consensus.edge_map import EdgeMap
    from quorate.core.engines.base import Engine
    from quorate.core.types import ByteVec, IntVec, Mat, Vec
    from quorate.research.calibrate import Calibration
    from quorate.research.edge_map import FittedEdge
    from quorate.research.past import Hours
    from quorate.research.prices import Prices
    from quorate.research.sample import Sample

LEAST_KNOWN = 0.99
"""Share of the rows in which a feature must be known, or no model reads it."""
LEAST_ROWS = 1_000
LEAST_DAYS = 20
"""Days of votes below which nothing is calibrated: coins move together, so a day is one sample."""
STATED = "stated"
EDGES = (*edge_map.METHODS, STATED)
N_BLOCKS = 4
"""Blocks of time of the fits that a trained engine is calibrated on."""

_NAMES = tuple(feature.name for feature in FEATURES)
# a number of coins says nothing that another coin's number could be held against
_OF_SCALE = frozenset(feature.name for feature in FEATURES if feature.unit == "coins")


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
    return learn(learned, rules, asked, horizon_bars=horizon_bars, **how)  # type: ignore[arg-type]


def learn(
    learned: Learned,
    rules: Sequence[Engine],
    asked: Sequence[Learner],
    *,
    horizon_bars: int,
    calibrated: bool = True,
    edge: str = "slope",
    edge_z: float = 0.0,
) -> Fit:
    """Learn from hours with their labels, whichever they are.

    Parameters
    ----------
    learned : Learned
        From ``learned.labelled``, or some of its rows.
    rules, asked, horizon_bars, calibrated, edge, edge_z
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
    for learner in asked:
        model, told, own = _train(learner, learned)
        engines.append(silent(learner) if model is None else _voting(learner, model))
        remarks += told
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


def _readable(features: Mat) -> tuple[IntVec, tuple[str, ...]]:
    """Return the columns that a model may read, and why others are left out."""
    known = np.isfinite(features).mean(axis=0) >= LEAST_KNOWN
    first = np.take_along_axis(features, np.argmax(np.isfinite(features), axis=0)[None], axis=0)
    varies = (np.isfinite(features) & (features != first)).any(axis=0)
    useful = np.array([name not in _OF_SCALE for name in _NAMES])
    said = []
    for what, out in (("hardly known", ~known), ("constant", known & ~varies)):
        if (out & useful).any():
            named = ", ".join(name for name, left in zip(_NAMES, out & useful, strict=True) if left)
            said.append(f"features left out as {what}: {named}")
    return np.flatnonzero(known & varies & useful), tuple(said)


def _train(
    learner: Learner, learned: Learned
) -> tuple[Model | None, list[str], tuple[ByteVec, Vec, Learned] | None]:
    """Return the model of all rows, remarks, and votes of models that did not see the row."""
    columns, said = _readable(learned.hours.features)
    remarks = [f"{learner.name}: {each}" for each in said]
    whole = np.isfinite(learned.hours.features[:, columns]).all(axis=1) & (len(columns) > 0)
    rows = learned.only(np.flatnonzero(whole))
    names = tuple(_NAMES[column] for column in columns)
    if rows.hours.n < LEAST_ROWS:
        remarks.append(f"{learner.name}: {rows.hours.n} whole rows, fewer than {LEAST_ROWS}")
        return None, remarks, None
    x = np.ascontiguousarray(rows.hours.features[:, columns])
    try:
        model = learner.fit(x, rows.went_up, names, rows.weight)
        side, strength, tested = _out_of_fold(learner, x, rows, names)
    except ResearchError as error:
        remarks.append(f"{learner.name}: {error.message}")
        return None, remarks, None
    return model, remarks, (side, strength, rows.only(tested))


def _engine(learner: Learner, x: Mat, rows: Learned, names: tuple[str, ...]) -> Engine:
    return _voting(learner, learner.fit(x, rows.went_up, names, rows.weight))


def _voting(learner: Learner, model: Model) -> Engine:
    return model.engine(
        name=learner.name, family=learner.family, approved=EVERY, hypothesis=learner.hypothesis
    )


def _out_of_fold(
    learner: Learner, x: Mat, rows: Learned, names: tuple[str, ...]
) -> tuple[ByteVec, Vec, IntVec]:
    """Return votes by models of the other blocks of time, and the rows they are of."""
    order = np.lexsort((rows.labels.coin, rows.labels.start_k))
    start, end = rows.labels.start_ms[order], rows.labels.end_ms[order]
    sides, strengths, tested = [], [], []
    for split in combinatorial(start, end, n_blocks=N_BLOCKS, n_test=1):
        train, test = order[split.train_rows], order[split.test_rows]
        engine = _engine(learner, x[train], rows.only(train), names)
        side, strength = _voted(engine, x[test], names)
        sides.append(side)
        strengths.append(strength)
        tested.append(test)
    return np.concatenate(sides), np.concatenate(strengths), np.concatenate(tested)


def _voted(engine: Engine, x: Mat, names: tuple[str, ...]) -> tuple[ByteVec, Vec]:
    """Return the votes on rows of features, shape (row,) each."""
    side, strength = engine.vote(Rows(np.ascontiguousarray(x)[:, :, None], names))
    return side[:, 0], strength[:, 0]


def predicted(
    learner: Learner, learned: Learned, train: IntVec, test: IntVec
) -> tuple[ByteVec, Vec]:
    """Return the votes on some rows of a model of other rows.

    Parameters
    ----------
    learner : Learner
        What is fitted.
    learned : Learned
        The rows.
    train, test : IntVec
        Which are learned from, and which are voted on.

    Returns
    -------
    side, strength : ByteVec, Vec
        Shape (test,); side 0 where a feature that the model reads is unknown.

    Raises
    ------
    ResearchError
        There are fewer than 1,000 whole rows, or they all went one way.

    Notes
    -----
    Units: probabilities.  Causal: as the rows: which features are read is decided on those that
    train.  Missing: abstains.  METHODS 5.

    Examples
    --------
    >>> import inspect
    >>> list(inspect.signature(predicted).parameters)
    ['learner', 'learned', 'train', 'test']
    """
    columns, _ = _readable(learned.hours.features[train])
    names = tuple(_NAMES[column] for column in columns)
    whole = np.isfinite(learned.hours.features[train][:, columns]).all(axis=1) & (len(columns) > 0)
    rows = train[whole]
    if len(rows) < LEAST_ROWS:
        raise ResearchError(
            f"{learner.name}: {len(rows)} whole rows, fewer than {LEAST_ROWS}",
            hint="give a longer history, or fewer blocks",
        )
    x = learned.hours.features[:, columns]
    engine = _engine(learner, np.ascontiguousarray(x[rows]), learned.only(rows), names)
    return _voted(engine, x[test], names)


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
