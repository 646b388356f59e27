"""A whole trained pipeline: what it makes at a close is the same whatever comes after.

In: a panel and a function ``fit(panel, row)`` that trains on what is known at the close of a row
and returns arrays. Out: findings. It is called with the whole panel, with one that ends there, and
with one whose later rows are noise; the bytes must agree. ``trained`` is the one that the audit
makes itself, of the project's own labels, weights, scaler and linear fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from quorate.api.auditing import future
from quorate.api.auditing.finding import Test
from quorate.api.auditing.sheet import Array, Meaning, Place, Sheet
from quorate.api.configure import configure
from quorate.api.folding import bitcoin
from quorate.core import features
from quorate.core.features.table import index
from quorate.errors import QuorateError, ResearchError
from quorate.lake import Panel, blocks
from quorate.research import calibrate, edge_map, events, labels, linear
from quorate.research.prices import of
from quorate.research.sample import sample
from quorate.research.weights import uniqueness

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.research.labels import Labels
    from quorate.settings import Settings

Made: TypeAlias = Any
"""Arrays: one, a tuple, or a NamedTuple such as ``Votes``."""

_NEXT = (
    "train on rows up to the one that is named: scalers, encodings, ranks, imputers, selections "
    "and early stops included, and on labels that had ended by then (as_of_k refuses others)"
)
_MEANINGS = {
    Test.CUT: Meaning("Trained on a history that ends there, it says otherwise.", _NEXT),
    Test.NOISE: Meaning("Trained with another future, it says otherwise of the past.", _NEXT),
    Test.AGAIN: Meaning(
        "Trained twice on the same, it says two things.", "fix every seed, and the threads"
    ),
}
NAMES = ("ret_24h", "vol_24h", "volume_z", "rsi_14")
HORIZON_HOURS = 8


def audit(
    panel: Panel,
    fit: Callable[[Panel, int], Made],
    cuts: Sequence[int],
    seed: int,
    sheet: Sheet,
    tick: Callable[[], None],
) -> None:
    """Train at some rows, with the true, no, and another future.

    Parameters
    ----------
    panel : Panel
        The market.
    fit : callable
        From a panel and a row of it to arrays: what is known at the close of that row. Those with
        more than ``row + 1`` rows are read up to it.
    cuts : sequence of int
        The row before each is the one that is trained at.
    seed : int
        Of the noise.
    sheet : Sheet
        Where findings go.
    tick : callable
        Called after each cut.
    """
    for i, cut in enumerate(cuts):
        row = cut - 1
        try:
            whole = _arrays(fit(panel, row), cut)
        except QuorateError as error:
            sheet.not_covered.append(f"pipeline: not trained at a cut: {error.message}")
            tick()
            continue
        others = [
            (Test.CUT, future.cut_panel(panel, cut)),
            (Test.NOISE, future.noised_panel(panel, cut, seed)),
        ]
        if i == 0:
            others.insert(0, (Test.AGAIN, panel))
        for test, other in others:
            try:
                then = _arrays(fit(other, row), cut)
            except QuorateError as error:
                sheet.note(test, "pipeline", _MEANINGS[test], then=error.message, later="trained")
                continue
            if then.keys() != whole.keys():
                named = [", ".join(each) for each in (then, whole)]
                sheet.note(test, "pipeline", _MEANINGS[test], then=named[0], later=named[1])
                continue
            same = [
                sheet.hold(
                    test, name, then[name], array, _place(panel, array, cut), _MEANINGS[test]
                )
                for name, array in whole.items()
            ]
            if test is Test.AGAIN and not all(same):
                return
        sheet.n_times += 1
        tick()


def _place(panel: Panel, array: Array, cut: int) -> Place:
    """Return where rows stand: from the first on, or the last rows of the history."""
    if array.ndim < 2:  # numbers of a model, not rows of time
        return Place(panel, at=np.full(array.size, cut - 1))
    return Place(panel, max(0, cut - array.shape[0]))


def _arrays(made: Made, cut: int) -> dict[str, Array]:
    """Return what a pipeline made as arrays by name, no row after the cut among them."""
    if isinstance(made, dict):
        named = made
    elif isinstance(made, tuple):
        names = getattr(made, "_fields", [str(i) for i in range(len(made))])
        named = dict(zip(names, made, strict=True))
    else:
        named = {"": made}
    arrays = {f"pipeline {name}".strip(): np.asarray(each) for name, each in named.items()}
    return {
        name: array[:cut] if array.ndim and array.shape[0] > cut else array
        for name, array in arrays.items()
    }


def trained(settings: Settings) -> Callable[[Panel, int], Made]:
    """Return the pipeline that the audit makes itself: a linear engine on hourly labels.

    Features of the panel; labels of 8 hours that have ended by the row; uniqueness of their
    intervals; a scaler and a logistic regression; a calibration and an edge map of what it says;
    its log odds over the last day.
    """

    def fit(panel: Panel, row: int) -> Made:
        until = row + 1
        values = built(panel, settings)
        prices = of(panel)
        per_hour = 60 // prices.bar_minutes
        # what ends later is no label yet, and takes no weight from those that are
        made = labels.fixed_horizon(prices, events.hourly(prices), horizon=HORIZON_HOURS * per_hour)
        last = panel.k0 + row
        x = values[made.start_k - panel.k0, :, made.coin]
        kept = (made.end_k <= last) & np.isfinite(x).all(axis=1) & (made.gross != 0.0)
        weight = uniqueness(made.first_k[kept], made.exit_k[kept], made.coin[kept])
        model = linear.fit(
            np.ascontiguousarray(x[kept]),
            made.gross[kept] > 0.0,
            NAMES,
            weight,
            ended_k=made.end_k[kept],
            as_of_k=last,
        )
        day = slice(max(0, until - 24 * per_hour), until)
        said = _odds(model, values[day].transpose(0, 2, 1))
        chance = 1.0 / (1.0 + np.exp(-_odds(model, x[kept])))
        ended = made._replace(
            **{name: getattr(made, name)[kept] for name in ("gross", "start_k", "end_k")}
        )
        return {
            "coefficients": np.append(model.coefficients, model.intercept),
            "scaler": np.append(model.mean, model.scale),
            "calibration": _calibrated(chance, ended, weight, last),
            "edges": _edges(chance, ended, np.maximum(x[kept, 1], 1e-4), last),
            "votes": said,
        }

    return fit


def _odds(model: linear.Linear, x: Array) -> Array:
    """Return the log odds of rows, features on the last axis."""
    scaled = np.clip((x - model.mean) / model.scale, -model.clip, model.clip)
    return np.asarray((scaled * model.coefficients).sum(axis=-1) + model.intercept)


def _calibrated(chance: Array, ended: Labels, weight: Array, last: int) -> Array:
    """Return the numbers of a calibration of the model's votes."""
    votes = sample(
        np.maximum(chance, 1.0 - chance),
        (chance > 0.5) == (ended.gross > 0.0),
        weight,
        ended_k=ended.end_k,
        as_of_k=last,
    )
    found = calibrate.fit(votes, method="platt", least_mass=1.0)
    return found.coefficients if isinstance(found, calibrate.Calibration) else np.zeros(3)


def _edges(chance: Array, ended: Labels, sigma: Array, last: int) -> Array:
    """Return what scores earned, fitted; zeros where there are too few days."""
    per_day = 24 * 60 // ended.bar_minutes
    scored = edge_map.scored(
        2.0 * chance - 1.0,
        ended.gross,
        sigma,
        ended.start_k,
        horizon_bars=HORIZON_HOURS * per_day // 24,
        bars_per_day=per_day,
        as_of_k=last,
    )
    try:
        found = edge_map.fit(scored, horizon_days=HORIZON_HOURS / 24.0, method="slope", z=1.0)
    except ResearchError:
        return np.zeros(2)
    return np.append(found.mean.ravel(), found.error.ravel())


def built(
    panel: Panel, settings: Settings
) -> np.ndarray[tuple[int, int, int], np.dtype[np.float64]]:
    """Return a few features of a panel, shape (time, feature, coin)."""
    params = configure(settings, panel.bar_minutes, bitcoin(panel)).features
    state = features.init(panel.n_coins, params)
    rows = [index(name) for name in NAMES]
    found = []
    for block in blocks(panel, max(1, 25_000 // panel.n_coins)):
        cube = features.build(block.bars, block.k0, state, params)
        found.append(cube.values[:, rows])
    return np.concatenate(found)
