"""Gradient boosting by XGBoost: held to one thread and one seed, and its trees as flat arrays.

In: checked rows and ``Settings``. Out: a booster; how many trees lower the loss of later rows; and
the trees of a booster, read from its JSON, as our kernels walk them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from math import log
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.core.engines.trees import MOST_DEPTH
from quorate.errors import ResearchError, TooLittleHistoryError
from quorate.research import libraries

if TYPE_CHECKING:
    from quorate.core.engines.trees import PlaceMat, SingleMat
    from quorate.core.types import IntVec, Mat, Vec

_COUNTS = {"n_trees": 5_000, "depth": MOST_DEPTH, "n_bins": 65_535, "patience": 5_000}
_STRETCHES = 8  # of time, each twice the longest label: fewer make no deviation
_SHARES = ("row_share", "column_share", "rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What boosted trees are fitted with.

    The defaults are for labels of five-minute bars of coins, where a good model is right 52 times
    in 100: shallow trees that each say little, leaves of many labels, half of the features a tree.

    Parameters
    ----------
    n_trees : int
        How many; at most, where ``later_frac`` is above 0.
    depth : int
        Levels of questions of a tree, 1 to 8; 3 are as many features that act together.
    rate : float
        Share of what a tree finds that is kept, in (0, 1].
    least_mass : float
        Labels of their own that a leaf must hold (sum of weights at even odds). The mean of 100
        fair coins is off by 0.05: a leaf of fewer sees edges that are luck.
    penalty : float
        Labels at even odds by which every leaf is drawn to no opinion.
    row_share, column_share : float
        Of rows and of features that each tree is grown on, drawn by the seed, in (0, 1].
    n_bins : int
        Thresholds tried a feature.
    seed : int
        Of the draws.
    later_frac : float
        Last share of the rows, by time, on which trees are counted: growing stops where
        ``patience`` more did not lower its loss, and that many are grown on all rows. 0: all of
        ``n_trees`` are. In [0, 0.5].
    patience : int
        See ``later_frac``.
    least_t : float
        Deviations by which the trees must lower the loss of the later rows, 0 or more: the best of
        many counts of trees on pure noise lowers it too, by one deviation or so.

    Notes
    -----
    Units: masses in labels.  Causal: see ``fit``.  Missing: none.

    Examples
    --------
    >>> Settings(depth=9)
    Traceback (most recent call last):
    ValueError: depth is 9, it must be in [1, 8]
    """

    n_trees: int = 200
    depth: int = 3
    rate: float = 0.05
    least_mass: float = 100.0
    penalty: float = 100.0
    row_share: float = 0.7
    column_share: float = 0.5
    n_bins: int = 64
    seed: int = 0
    later_frac: float = 0.0
    patience: int = 30
    least_t: float = 2.0

    def __post_init__(self) -> None:
        for name, most in _COUNTS.items():
            least = 2 if name == "n_bins" else 1
            if not least <= getattr(self, name) <= most:
                raise ValueError(
                    f"{name} is {getattr(self, name)}, it must be in [{least}, {most}]"
                )
        for name in _SHARES:
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is {getattr(self, name)}, it must be in (0, 1]")
        for name in ("least_mass", "penalty"):
            if not 0.0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; give a finite number above 0")
        if not 0.0 <= self.later_frac <= 0.5:
            raise ValueError(f"later_frac is {self.later_frac}, it must be in [0, 0.5]")
        if not 0.0 <= self.least_t < np.inf:
            raise ValueError(f"least_t is {self.least_t}; give a finite number, 0 or more")
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"seed is {self.seed}, it must be in [0, 2^31)")

    def told(self) -> dict[str, float]:
        """Return the settings by name, as plain numbers."""
        return asdict(self)

    def parameters(self, share_up: float) -> dict[str, Any]:
        """Return the settings as XGBoost names them; trees start from the share that rose.

        A label of weight w at even odds weighs w / 4 in the library's second derivatives.
        """
        return {
            "objective": "binary:logistic",
            "base_score": share_up,
            "tree_method": "hist",
            "grow_policy": "depthwise",
            "device": "cpu",
            "nthread": 1,
            "validate_parameters": True,
            "max_depth": self.depth,
            "eta": self.rate,
            "min_child_weight": self.least_mass / 4.0,
            "reg_lambda": self.penalty / 4.0,
            "subsample": self.row_share,
            "colsample_bytree": self.column_share,
            "max_bin": self.n_bins,
            "seed": self.seed,
        }


class Counted(NamedTuple):
    """How many trees lower the loss of later rows, what it is with them and without any.

    ``gain_t`` is their difference in its deviations, over stretches of time.
    """

    n_trees: int
    loss: float
    loss_without: float
    gain_t: float
    n_later: int
    n_purged: int


def grow(rows: Mat, up: Vec, weight: Vec, settings: Settings, n_trees: int) -> Any:  # noqa: ANN401
    """Return XGBoost's booster of so many trees on checked rows, shape (row, feature)."""
    library = libraries.boosting()
    data = library.DMatrix(rows, label=up, weight=weight, nthread=1)
    return library.train(settings.parameters(_share(up, weight)), data, n_trees)


def margins(booster: Any, rows: Mat) -> SingleMat:  # noqa: ANN401  (XGBoost's)
    """Return the library's own log odds of rows, float32, shape (row,)."""
    data = libraries.boosting().DMatrix(rows, nthread=1)
    found: SingleMat = booster.predict(data, output_margin=True)
    return found


def count_trees(
    rows: Mat, up: Vec, weight: Vec, settings: Settings, begun_k: IntVec, ended_k: IntVec
) -> Counted:
    """Return how many trees grown on the earlier rows lower the log loss of the later ones most.

    Parameters
    ----------
    rows, up, weight : Mat, Vec, Vec
        Checked, in any order of time.
    settings : Settings
        ``later_frac`` above 0.
    begun_k, ended_k : IntVec
        First and last bar of each label, both part of it, shape (row,).

    Returns
    -------
    Counted

    Raises
    ------
    TooLittleHistoryError
        One part is too small to say anything, or all of its labels went one way.
    ResearchError
        No number of trees lowers the loss of the later rows by ``least_t`` deviations.

    Notes
    -----
    Units: bars.  Causal: the later rows are those that begin on or after one bar, of all coins; an
    earlier row trains if its label ended before that bar.  Missing: none.  METHODS 5.3.
    Coins move together and labels overlap, so luck is judged over stretches of time, each twice as
    long as the longest label: what they gain, all coins together, is nearly independent.
    """
    cut = int(np.sort(begun_k)[int((1.0 - settings.later_frac) * len(rows))])
    later = begun_k >= cut
    earlier = ended_k < cut
    for what, part in (("earlier", earlier), ("later", later)):
        mass = float(np.sum(weight[part]))
        if mass < 2.0 * settings.least_mass or len(np.unique(up[part])) < 2:
            raise TooLittleHistoryError(
                f"{int(np.sum(part))} {what} rows come to {mass:.1f} labels of their own, of "
                f"{len(np.unique(up[part]))} directions; counting trees needs "
                f"{2.0 * settings.least_mass:g} of 2",
                hint="train on a longer history, or set later_frac to 0 and n_trees outright",
            )
    longest = int(np.max(ended_k - begun_k)) + 1
    n_bars = int(np.max(begun_k)) - cut + 1
    if n_bars < _STRETCHES * 2 * longest:
        raise TooLittleHistoryError(
            f"later rows begin on {n_bars} bars, and labels last up to {longest}; {_STRETCHES} "
            f"stretches of twice as long are needed, {_STRETCHES * 2 * longest} bars",
            hint="train on a longer history, or set later_frac to 0 and n_trees outright",
        )
    library = libraries.boosting()
    kinds = [
        library.DMatrix(rows[part], label=up[part], weight=weight[part], nthread=1)
        for part in (earlier, later)
    ]
    share = _share(up[earlier], weight[earlier])
    booster = library.train(
        {**settings.parameters(share), "eval_metric": "logloss"},
        kinds[0],
        settings.n_trees,
        evals=[(kinds[1], "later")],
        early_stopping_rounds=settings.patience,
        verbose_eval=False,
    )
    n_trees = int(booster.best_iteration) + 1
    z = booster.predict(kinds[1], output_margin=True, iteration_range=(0, n_trees))
    losses = _log_loss(z.astype(np.float64), up[later])
    without = _log_loss(np.full(len(z), log(share / (1.0 - share))), up[later])
    stretch = (begun_k[later] - cut) // (2 * longest)
    gain, gain_t = _luck(without - losses, weight[later], stretch)
    n_later = int(np.sum(later))
    if not gain_t >= settings.least_t:
        raise ResearchError(
            f"no number of trees lowers the log loss of {n_later} later rows beyond luck: the "
            f"best, {n_trees}, lowers it by {gain:.6f}, {gain_t:.1f} deviations; "
            f"{settings.least_t:g} are asked for",
            hint="these features say nothing about these labels that lasts; try others",
        )
    return Counted(
        n_trees,
        loss=float(np.average(losses, weights=weight[later])),
        loss_without=float(np.average(without, weights=weight[later])),
        gain_t=gain_t,
        n_later=n_later,
        n_purged=len(rows) - n_later - int(np.sum(earlier)),
    )


def laid_out(booster: Any) -> tuple[PlaceMat, SingleMat, IntVec]:  # noqa: ANN401  (XGBoost's)
    """Return a booster's trees, complete, and the features that they ask for.

    Parameters
    ----------
    booster : Booster
        Of depth 8 at most; read from its JSON.

    Returns
    -------
    place, number, used : PlaceMat, SingleMat, IntVec
        As of ``core.engines.trees.Forest``; ``place`` counts within ``used``, ascending numbers
        of features. No column where no tree asks for any.

    Notes
    -----
    Units: log odds.  Causal: no data.  Missing: as the trees learnt.
    """
    told = json.loads(bytes(booster.save_raw("json")))
    trees = told["learner"]["gradient_booster"]["model"]["trees"]
    used: IntVec = np.array(
        sorted({f for tree in trees for f in _asked(tree)}),
        dtype=np.int64,
    )
    seat = {f: i for i, f in enumerate(used.tolist())}
    n_inner = 2 ** max(_depth(tree) for tree in trees) - 1
    place = np.zeros((len(trees), n_inner), dtype=np.uint16)
    number = np.zeros((len(trees), 2 * n_inner + 1), dtype=np.float32)
    for row, tree in enumerate(trees):
        left, right = tree["left_children"], tree["right_children"]
        stack = [(0, 0)]
        while stack:
            node, i = stack.pop()
            number[row, i] = tree["split_conditions"][node]
            below = (left[node], right[node]) if left[node] >= 0 else (node, node)
            if left[node] >= 0:
                # a missing value that goes right reads the second copy of its feature
                seen = seat[tree["split_indices"][node]]
                place[row, i] = 2 * seen + (not tree["default_left"][node])
            if i < n_inner:
                stack += [(below[0], 2 * i + 1), (below[1], 2 * i + 2)]
    return place, number, used


def base(settings: Settings, up: Vec, weight: Vec) -> float:
    """Return the library's own log odds before the first tree, a float32."""
    library = libraries.boosting()
    data = library.DMatrix(np.zeros((2, 1)), label=np.array([0.0, 1.0]), nthread=1)
    booster = library.train(settings.parameters(_share(up, weight)), data, 0)
    return float(booster.predict(data, output_margin=True)[0])


def _log_loss(z: Vec, up: Vec) -> Vec:
    """Return the log loss of each label at log odds z."""
    return np.logaddexp(0.0, z) - up * z


def _luck(gain: Vec, weight: Vec, stretch: IntVec) -> tuple[float, float]:
    """Return the weighted mean of gains, and that over its deviation by stretches of time."""
    whole = float(np.sum(weight))
    mean = float(np.sum(weight * gain)) / whole
    strayed = np.bincount(stretch, weights=weight * (gain - mean))
    deviation = float(np.sum(strayed**2)) ** 0.5 / whole
    return mean, mean / deviation if deviation > 0.0 else 0.0


def _share(up: Vec, weight: Vec) -> float:
    """Return the share of labels that rose, by weight."""
    return float(np.sum(weight * up) / np.sum(weight))


def _asked(tree: dict[str, Any]) -> list[int]:
    """Return the features that the inner nodes of a tree ask for."""
    pairs = zip(tree["split_indices"], tree["left_children"], strict=True)
    return [f for f, left in pairs if left >= 0]


def _depth(tree: dict[str, Any]) -> int:
    """Return how many questions a tree asks before its deepest leaf."""
    deepest, stack = 0, [(0, 0)]
    while stack:
        node, level = stack.pop()
        deepest = max(deepest, level)
        if tree["left_children"][node] >= 0:
            stack += [(tree[side][node], level + 1) for side in ("left_children", "right_children")]
    return deepest
