"""Models of the hours of a past: fitted to all of them, and to blocks of time without each other.

In: labelled hours, learners, who does the fits. Out: of each learner the model of all rows and the
votes of models that did not see the row. Every fit is a piece of its own, so that they can be done
side by side; which rows a piece reads is decided before it is sent.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from quorate.core.engines.base import Rows
from quorate.core.features.table import FEATURES
from quorate.errors import ResearchError
from quorate.research import meta
from quorate.research.learned import Learned
from quorate.research.learners import Learner, Model
from quorate.research.meta import Bets, Meta
from quorate.research.sample import varying
from quorate.research.splits import combinatorial

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.core.engines.base import Engine
    from quorate.core.types import ByteVec, IntVec, Mat, Vec
    from quorate.research.pieces import Each

    _Split: TypeAlias = tuple[IntVec, IntVec | None]
    _Found: TypeAlias = Model | tuple[ByteVec, Vec] | ResearchError

LEAST_KNOWN = 0.99
"""Share of the rows in which a feature must be known, or no model reads it."""
LEAST_ROWS = 1_000
N_BLOCKS = 4
"""Blocks of time of the fits that a trained engine is calibrated on."""

_NAMES = tuple(feature.name for feature in FEATURES)
# a number of coins says nothing that another coin's number could be held against
_OF_SCALE = frozenset(feature.name for feature in FEATURES if feature.unit == "coins")


class Trained(NamedTuple):
    """What came of a learner: a model, or none and why; votes on rows it did not see."""

    model: Model | None
    remarks: tuple[str, ...]
    own: tuple[ByteVec, Vec, Learned] | None


def trained(asked: Sequence[Learner], learned: Learned, each: Each) -> list[Trained]:
    """Fit every learner to all rows, and to all but each block of time.

    Parameters
    ----------
    asked : sequence of Learner
        What is fitted.
    learned : Learned
        The rows.
    each : Each
        Who does the fits.

    Returns
    -------
    list of Trained
        One a learner, in their order.

    Notes
    -----
    Units: probabilities.  Causal: as the rows.  Missing: a model reads features known in 99% of the
    rows that vary there, and rows in which all of them are known; a feature that is constant on a
    learner's own rows is no part of its model, and told. A learner of one regime learns
    from its rows alone, one of a rule from those where it voted. Below 1,000 rows there is no
    model.  METHODS 1.4, 5.

    Examples
    --------
    >>> import inspect
    >>> list(inspect.signature(trained).parameters)
    ['asked', 'learned', 'each']
    """
    if not asked:
        return []
    columns, said = _readable(learned.hours.features)
    whole = np.isfinite(learned.hours.features[:, columns]).all(axis=1) & (len(columns) > 0)
    rows = learned.only(np.flatnonzero(whole))
    names = tuple(_NAMES[column] for column in columns)
    x = np.ascontiguousarray(rows.hours.features[:, columns])
    questions = {rule: _asked(rule, rows) for rule in dict.fromkeys(each.rule for each in asked)}
    plans = [_planned(learner, rows, questions[learner.rule]) for learner in asked]
    pieces = [
        (learner, train, test)
        for learner, plan in zip(asked, plans, strict=True)
        if not isinstance(plan, ResearchError)
        for train, test in plan
    ]
    found = iter(each(_fitted, _Table(x, questions, names), pieces))
    return [
        _none(learner, (*said, plan.message))
        if isinstance(plan, ResearchError)
        else _together(
            learner,
            plan,
            list(islice(found, len(plan))),
            rows,
            (*said, *_level(x[plan[0][0]], names)),
        )
        for learner, plan in zip(asked, plans, strict=True)
    ]


class _Table(NamedTuple):
    """What models are fitted to: rows of features, and what is asked of them, by rule."""

    features: Mat
    questions: Mapping[str, Bets]
    names: tuple[str, ...]


def _asked(rule: str, rows: Learned) -> Bets:
    """Return what is learned of rows: whether a rule's side paid, or, without one, went up."""
    if not rule:
        return Bets(np.ones(rows.hours.n, np.int8), rows.went_up, rows.weight)
    return meta.bets(rows, _rule(rule))


def _rule(name: str) -> Engine:
    """Return a built-in rule by its name: a worker finds it where it runs."""
    found = meta.built_in(name)
    if found is None:
        raise ResearchError(
            f"no built-in rule is called {name!r}", hint="name one of the catalogue"
        )
    return found


def _together(
    learner: Learner,
    plan: Sequence[_Split],
    found: Sequence[Any],
    rows: Learned,
    said: tuple[str, ...],
) -> Trained:
    """Return what the pieces of a learner come to: a model only where every one was fitted."""
    for one in found:
        if isinstance(one, ResearchError):
            return _none(learner, (*said, one.message))
    model, *votes = found
    sides, strengths = zip(*votes, strict=True)
    tested = np.concatenate([test for _, test in plan if test is not None])
    own = (np.concatenate(sides), np.concatenate(strengths), rows.only(tested))
    if learner.rule:
        model = Meta(_rule(learner.rule), model)
    return Trained(model, _named(learner, said), own)


def _none(learner: Learner, said: tuple[str, ...]) -> Trained:
    return Trained(None, _named(learner, said), None)


def _named(learner: Learner, said: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{learner.name}: {one}" for one in said)


def _planned(learner: Learner, rows: Learned, asked: Bets) -> list[_Split] | ResearchError:
    """Return which rows train and which test, of every fit of a learner; the first tests none."""
    regime = learner.regime
    mine = np.flatnonzero(((rows.hours.regime == regime) | (regime is None)) & (asked.side != 0))
    if len(mine) < LEAST_ROWS:
        where = "" if regime is None else f" in {regime.name}"
        where += f" with a vote of {learner.rule}" if learner.rule else ""
        return ResearchError(f"{len(mine)} whole rows{where}, fewer than {LEAST_ROWS}")
    labels = rows.only(mine).labels
    order = np.lexsort((labels.coin, labels.start_k))
    try:
        splits = combinatorial(
            labels.start_ms[order], labels.end_ms[order], n_blocks=N_BLOCKS, n_test=1
        )
    except ResearchError as error:
        return error
    by_time = mine[order]
    return [
        (mine, None),
        *((by_time[split.train_rows], by_time[split.test_rows]) for split in splits),
    ]


def _fitted(table: _Table, piece: tuple[Learner, IntVec, IntVec | None]) -> _Found:
    """Return a model of some rows, or the votes of one on others, or why there is none."""
    learner, train, test = piece
    x, questions, names = table
    side, yes, weight = questions[learner.rule]
    try:
        model = learner.fit(x[train], yes[train], names, weight[train])
    except ResearchError as error:
        return error
    if test is None:
        return model
    votes = _voted(voting(learner, model), x[test], names)
    return meta.taken(side[test], *votes) if learner.rule else votes


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
    asked = _asked(learner.rule, learned)
    rows = train[whole & (asked.side[train] != 0)]
    if len(rows) < LEAST_ROWS:
        raise ResearchError(
            f"{learner.name}: {len(rows)} whole rows, fewer than {LEAST_ROWS}",
            hint="give a longer history, or fewer blocks",
        )
    x = learned.hours.features[:, columns]
    model = learner.fit(np.ascontiguousarray(x[rows]), asked.paid[rows], names, asked.weight[rows])
    votes = _voted(voting(learner, model), x[test], names)
    return meta.taken(asked.side[test], *votes) if learner.rule else votes


def voting(learner: Learner, model: Model) -> Engine:
    """Return the engine that votes with a model."""
    return model.engine(
        name=learner.name,
        family=learner.family,
        approved=learner.approved,
        hypothesis=learner.hypothesis,
    )


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


def _level(rows: Mat, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return which features a fit of these rows leaves out, though they vary elsewhere."""
    try:
        _, kept = varying(rows, names)
    except ResearchError:
        return ()  # the fit says so
    named = ", ".join(name for name in names if name not in kept)
    return (f"features left out as constant on its rows: {named}",) if named else ()


def _voted(engine: Engine, x: Mat, names: tuple[str, ...]) -> tuple[ByteVec, Vec]:
    """Return the votes on rows of features, shape (row,) each."""
    side, strength = engine.vote(Rows(np.ascontiguousarray(x)[:, :, None], names))
    return side[:, 0], strength[:, 0]
