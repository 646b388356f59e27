"""Fits: the order in which samples are handed over says nothing, and late labels are refused.

In: samples of the panel's own labels. Out: findings by fit. Calibrations give the same bytes in any
order. A logistic regression and an edge map add up rows in their order, so they may differ by
rounding: ``CLOSE`` says by how much. Handed a label that ends after the fit, each must refuse it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.api.auditing.finding import Test
from quorate.api.auditing.pipeline import HORIZON_HOURS, NAMES, built
from quorate.api.auditing.sheet import Meaning, Place, Sheet
from quorate.errors import ConfigError, LeakageError, QuorateError
from quorate.research import calibrate, edge_map, events, labels, linear
from quorate.research.prices import of
from quorate.research.sample import sample
from quorate.research.weights import uniqueness

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.core.types import IntVec, Mat, Vec
    from quorate.lake import Panel
    from quorate.settings import Settings

CLOSE = 1e-6
"""Relative tolerance of fits that add up rows in their order."""
LEAST = 200
"""Samples below which nothing is fitted."""
MOST = 20_000
N_FITS = len(calibrate.METHODS) + 1
"""Fits that are tried: each method of calibration, but for the one that chooses; two more."""

_ORDER = Meaning(
    "The order of the samples changes the fit, by more than rounding.",
    "a fit may not know which row came first: look for a split, a seed or a sum that runs along "
    "the rows",
)
_GUARD = Meaning(
    "A label that ends after the fit was taken.", "hand over ended_k and as_of_k, and check them"
)


class Samples(NamedTuple):
    """What is fitted, shape (sample,) each; ``x`` is (sample, feature)."""

    x: Mat
    gross: Vec
    weight: Vec
    start_k: IntVec
    end_k: IntVec


def audit(
    panel: Panel, settings: Settings, seed: int, sheet: Sheet, tick: Callable[[], None]
) -> None:
    """Fit everything twice, in two orders of the samples.

    Parameters
    ----------
    panel, settings
        The market, and the settings of its features.
    seed : int
        Of the other order.
    sheet : Sheet
        Where findings go.
    tick : callable
        Called after each fit.
    """
    given = _samples(panel, settings)
    if len(given.gross) < LEAST:
        sheet.not_covered.append(
            f"fits: {len(given.gross)} samples, fewer than {LEAST}; give a longer history"
        )
        return
    order = np.random.default_rng(seed).permutation(len(given.gross))
    mixed = Samples._make(np.ascontiguousarray(each[order]) for each in given)
    bars_per_day = 24 * panel.bars_per_hour
    for name, fit in _fits(bars_per_day).items():
        try:
            later, then = fit(given), fit(mixed)
        except ConfigError as error:
            sheet.not_covered.append(f"fits: {name}: {error.message}")
        except QuorateError as error:
            sheet.not_covered.append(f"fits: {name}: {error.message}")
        else:
            if not name.startswith("calibration"):
                then = np.where(np.isclose(then, later, CLOSE, CLOSE, equal_nan=True), later, then)
            sheet.hold(Test.ROWS, name, then, later, Place(panel), _ORDER)
        tick()
    _guards(given, bars_per_day, sheet)


def _samples(panel: Panel, settings: Settings) -> Samples:
    """Return features at events, and what followed within hours."""
    values, prices = built(panel, settings), of(panel)
    made = labels.fixed_horizon(
        prices, events.hourly(prices), horizon=HORIZON_HOURS * panel.bars_per_hour
    )
    x = values[made.start_k - panel.k0, :, made.coin]
    kept = np.flatnonzero(np.isfinite(x).all(axis=1) & (made.gross != 0.0))
    kept = kept[:: max(1, len(kept) // MOST)]
    weight = uniqueness(made.first_k[kept], made.exit_k[kept], made.coin[kept])
    return Samples(
        np.ascontiguousarray(x[kept]),
        made.gross[kept],
        weight,
        made.start_k[kept],
        made.end_k[kept],
    )


def _fits(bars_per_day: int) -> dict[str, Callable[[Samples], Vec]]:
    """Return every fit by name: from samples to its numbers."""

    def calibrated(method: str) -> Callable[[Samples], Vec]:
        def fit(given: Samples) -> Vec:
            strength, right = _votes(given)
            found = calibrate.fit(
                sample(strength, right, given.weight), method=method, least_mass=1.0
            )
            if isinstance(found, calibrate.Uncalibrated):
                return np.zeros(1)
            return np.concatenate((found.coefficients, found.knots, found.values, found.highs))

        return fit

    def regressed(given: Samples) -> Vec:
        model = linear.fit(given.x, given.gross > 0.0, NAMES, given.weight)
        parts = (model.mean, model.scale, model.coefficients, [model.intercept])
        return np.concatenate(parts)

    def mapped(given: Samples) -> Vec:
        found = edge_map.fit(
            _scored(given, bars_per_day), horizon_days=HORIZON_HOURS / 24.0, method="slope", z=1.0
        )
        return np.concatenate((found.mean.ravel(), found.error.ravel(), found.slopes))

    named = {f"calibration by {m}": calibrated(m) for m in calibrate.METHODS if m != "auto"}
    return {**named, "linear fit": regressed, "edge map": mapped}


def _votes(given: Samples) -> tuple[Vec, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return strengths of a vote for the day's trend, in a dozen steps, and who was right."""
    move = given.x[:, 0]
    strength = 0.5 + np.round(np.minimum(np.abs(move) / 0.1, 1.0) * 12.0) / 48.0
    return strength, (np.sign(move) * given.gross) > 0.0


def _scored(given: Samples, bars_per_day: int, as_of_k: int | None = None) -> edge_map.Scored:
    return edge_map.scored(
        np.clip(given.x[:, 0], -1.0, 1.0),
        given.gross,
        np.maximum(given.x[:, 1], 1e-4),
        given.start_k,
        horizon_bars=HORIZON_HOURS * bars_per_day // 24,
        bars_per_day=bars_per_day,
        weight=given.weight,
        as_of_k=as_of_k,
    )


def _guards(given: Samples, bars_per_day: int, sheet: Sheet) -> None:
    """Hand every fit a label that ends a bar too late."""
    late = int(given.end_k.max()) - 1
    strength, right = _votes(given)
    tried: dict[str, Callable[[], object]] = {
        "calibration": lambda: sample(
            strength, right, given.weight, ended_k=given.end_k, as_of_k=late
        ),
        "linear fit": lambda: linear.fit(
            given.x, given.gross > 0.0, NAMES, given.weight, ended_k=given.end_k, as_of_k=late
        ),
        "edge map": lambda: _scored(given, bars_per_day, late),
    }
    for name, call in tried.items():
        sheet.count(Test.GUARD, 1)
        try:
            call()
        except LeakageError:
            continue
        sheet.note(Test.GUARD, name, _GUARD)
