r"""Combinatorial purged cross-validation: how a model would have done on whole histories.

In: hours with labels, learners. Out: ``Paths``, one row a model and path. Time is cut into blocks;
every choice of some is predicted by a model of the others, purged, with an embargo; put together
they make several whole histories, none of which was seen by the model that predicted it (Lopez de
Prado 2018, chapter 12). A model learns from the future of some of its tests, so this chooses
between models and tells how far results lie apart; what would have been earned is told by a walk
forward (METHODS 5.4).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from quorate.errors import ConfigError
from quorate.research.models import predicted
from quorate.research.parallel import alone
from quorate.research.splits import combinatorial, paths
from quorate.statistics.ratios import sharpe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import ByteVec, Vec
    from quorate.research.learned import Learned
    from quorate.research.learners import Learner
    from quorate.research.pieces import Each
    from quorate.research.splits import Split

N_BLOCKS, N_TEST = 6, 2


class Paths(NamedTuple):
    """How each model did on each path.

    ``table``: ``model``, ``path``; ``brier_skill`` (1 less its Brier score over that of a coin);
    ``hit_rate``; ``net_bps`` a vote after costs; ``sharpe`` a year of its days, every vote of equal
    size; ``n_votes``. ``spread``: of each model and measure the mean, std, min, median and max over
    paths, and the share of paths with a positive net. Then what they were made with: blocks of
    time, how many were predicted at once, and what a vote cost.
    """

    table: pl.DataFrame
    spread: pl.DataFrame
    n_blocks: int = 0
    n_test: int = 0
    cost_bps: float = math.nan


def cpcv(
    learned: Learned,
    learners: Sequence[Learner],
    *,
    n_blocks: int = N_BLOCKS,
    n_test: int = N_TEST,
    cost_bps: float = 0.0,
    each: Each = alone,
) -> Paths:
    r"""Return how models do on whole histories that they did not see.

    .. math:: \binom{N}{k} \text{ fits a model}, \qquad \binom{N-1}{k-1} \text{ paths}

    Parameters
    ----------
    learned : Learned
        From ``learned.labelled``.
    learners : sequence of Learner
        What is fitted.
    n_blocks, n_test : int
        N blocks of time, of which k are predicted at once.
    cost_bps : float
        What a vote that is traded costs, in and out.
    each : Each
        Who does the fits, from ``parallel.together``; the bytes are those of one process.

    Returns
    -------
    Paths

    Raises
    ------
    TooLittleHistoryError
        There are too few labels for so many blocks.
    ResearchError
        A model cannot be fitted to some of the blocks.
    ConfigError
        A vote is to cost less than nothing.

    Notes
    -----
    Units: bps; per square root of a year.  Causal: no: a model learns from the future of its test.
    Missing: rows in which a feature of the model is unknown are not predicted.  Spec 3,
    METHODS 5.4.

    Examples
    --------
    >>> import quorate
    >>> panel = quorate.synthetic(n_coins=3, days=45, planted_edge=4.0)
    >>> found = quorate.cpcv(panel, models=["linear"], n_blocks=4, n_test=1)
    >>> found.table.height, bool(found.table["brier_skill"][0] > 0.0)
    (1, True)
    """
    require_cost(cost_bps)
    splits = combinatorial(
        learned.labels.start_ms, learned.labels.end_ms, n_blocks=n_blocks, n_test=n_test
    )
    votes = each(_predicted, learned, [(one, split) for one in learners for split in splits])
    rows = []
    for i, learner in enumerate(learners):
        mine = votes[i * len(splits) : (i + 1) * len(splits)]
        for number, path in enumerate(paths(n_blocks, n_test)):
            side, strength = _joined(learned, splits, mine, path.tolist())
            told = _judged(learned, side, strength, cost_bps)
            rows.append({"model": learner.name, "path": number} | told)
    table = pl.DataFrame(rows, schema=_TABLE)
    return Paths(table, spread(table), n_blocks, n_test, cost_bps)


def require_cost(cost_bps: float) -> None:
    """Refuse a cost of a vote that is below 0, or no number."""
    if not 0.0 <= cost_bps < math.inf:
        raise ConfigError(
            f"cost_bps is {cost_bps:g}, a vote costs 0 or more",
            hint="leave it out: the fees of the market are asked then",
        )


_MEASURES = ("brier_skill", "hit_rate", "net_bps", "sharpe")
_TABLE = {"model": pl.String, "path": pl.Int64, "n_votes": pl.Int64}
_TABLE |= dict.fromkeys(_MEASURES, pl.Float64)


def _predicted(learned: Learned, piece: tuple[Learner, Split]) -> tuple[ByteVec, Vec]:
    """Return the votes of a model of a split's training rows on its test rows."""
    learner, split = piece
    return predicted(learner, learned, split.train_rows, split.test_rows)


def _joined(
    learned: Learned,
    splits: Sequence[Split],
    votes: Sequence[tuple[ByteVec, Vec]],
    path: Sequence[int],
) -> tuple[ByteVec, Vec]:
    """Return one whole history of votes: of each block those of the split that the path names."""
    side = np.zeros(learned.hours.n, np.int8)
    strength = np.full(learned.hours.n, 0.5)
    for block, number in enumerate(path):
        split, (said, sure) = splits[number], votes[number]
        first, after = split.test[split.blocks.index(block)]
        # the votes of a split are of its test blocks, one after the other
        sizes = np.cumsum([0, *(np.diff(split.test, axis=1)[:, 0])])
        at = int(sizes[split.blocks.index(block)])
        side[first:after] = said[at : at + after - first]
        strength[first:after] = sure[at : at + after - first]
    return side, strength


def _judged(learned: Learned, side: ByteVec, strength: Vec, cost_bps: float) -> dict[str, float]:
    """Return the measures of a whole history of votes."""
    voted = side != 0
    weight = learned.weight[voted]
    mass = float(np.sum(weight))
    if mass <= 0.0:
        return dict.fromkeys(_MEASURES, math.nan) | {"n_votes": 0}
    right = (side[voted] > 0) == (learned.went_up[voted] != 0)
    error = float(np.sum(weight * (strength[voted] - right) ** 2) / mass)
    net = side[voted] * learned.labels.gross[voted] - cost_bps / 1e4
    per_day = 1440 // learned.labels.bar_minutes
    day = (learned.labels.start_k[voted] - 1) // per_day
    first = int(day.min())
    # a day's return is that of its votes, each of the same size: their mean by weight
    made, held = (np.bincount(day - first, of) for of in (weight * net, weight))
    daily = np.divide(made, held, out=np.zeros(len(made)), where=held > 0.0)
    return {
        "n_votes": int(voted.sum()),
        "brier_skill": 1.0 - error / 0.25,
        "hit_rate": float(np.sum(weight * right) / mass),
        "net_bps": float(np.sum(weight * net) / mass) * 1e4,
        "sharpe": float(sharpe(daily)),
    }


def spread(table: pl.DataFrame) -> pl.DataFrame:
    """Return how far the paths of each model lie apart; one without a vote is not a good one."""
    table = table.with_columns(pl.col(_MEASURES).fill_nan(None))
    long = table.unpivot(_MEASURES, index=["model", "path"], variable_name="measure")
    value = pl.col("value")
    return long.group_by("model", "measure", maintain_order=True).agg(
        value.mean().alias("mean"),
        value.std().alias("std"),
        value.min().alias("min"),
        value.median().alias("median"),
        value.max().alias("max"),
        # a path without a vote is not a good one
        (value.fill_null(-1.0) > 0.0).mean().alias("share_positive"),
    )
