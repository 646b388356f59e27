"""Hours with their labels: what a fit learns from, and what the leaderboard judges.

In: hours of a past, prices, a moment. Out: the hours whose label had ended by then, and which way
it went. Nothing after the moment is read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.errors import ResearchError
from quorate.research.events import Events
from quorate.research.labels import Labels, fixed_horizon
from quorate.research.leaderboard import Judged
from quorate.research.past import Hours
from quorate.research.weights import by_uniqueness

if TYPE_CHECKING:
    from quorate.core.types import ByteVec, IntVec, Vec
    from quorate.research.prices import Prices


class Learned(NamedTuple):
    """Hours that have a label that moved, one of each a row: which way, how much each counts."""

    hours: Hours
    labels: Labels
    went_up: ByteVec
    weight: Vec

    def only(self, chosen: IntVec) -> Learned:
        """Return some of the rows."""
        return Learned(
            self.hours.rows(chosen),
            _some(self.labels, chosen),
            self.went_up[chosen],
            self.weight[chosen],
        )


def labelled(hours: Hours, prices: Prices, as_of_k: int, horizon_bars: int) -> Learned:
    """Return the hours whose label had ended by a bar, and moved.

    Parameters
    ----------
    hours : Hours
        From ``Past.between``.
    prices : Prices
        Up to ``as_of_k`` or further.
    as_of_k, horizon_bars : int
        The bar at whose close this is known; the horizon of every label.

    Raises
    ------
    ResearchError
        There is none.

    Notes
    -----
    Units: counters of bars.  Causal: labels that end after ``as_of_k`` are left out.  Missing: as
    ``labels.fixed_horizon``.  METHODS 1.1, 5.2.
    """
    known = hours.rows(hours.k <= as_of_k - horizon_bars)
    # which way the coin went: what a delisting costs, it costs either side
    labels = fixed_horizon(prices, Events(known.k, known.coin), horizon=horizon_bars, haircut=0.0)
    ended = _some(labels, np.flatnonzero(labels.end_k <= as_of_k))
    kept = np.flatnonzero(ended.gross != 0.0)
    if len(ended.gross) and not len(kept):
        raise ResearchError(
            f"none of {len(ended.gross)} hours whose label ended saw its price move",
            hint="look at the bars: quorate data check",
        )
    if not len(kept):
        raise ResearchError(
            f"none of {hours.n} hours has a label that ended by {_closed(as_of_k, prices)}",
            hint="learn from a longer history, or with a shorter horizon",
        )
    chosen = _some(ended, kept)
    went_up = (chosen.gross > 0.0).astype(np.int8)
    return Learned(known.rows(chosen.event), chosen, went_up, by_uniqueness(ended)[kept])


def _closed(k: int, prices: Prices) -> str:
    """Return when a bar closes, in words."""
    at = datetime.fromtimestamp(k * prices.bar_minutes * 60, tz=UTC)
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _some(labels: Labels, chosen: IntVec) -> Labels:
    """Return some of the labels."""
    return Labels._make(
        value[chosen] if isinstance(value, np.ndarray) else value for value in labels
    )


def judged(hours: Hours, prices: Prices, *, as_of_k: int, horizon_bars: int) -> Judged:
    """Return votes and what followed them, for the leaderboard of a week.

    Parameters
    ----------
    hours, prices, as_of_k, horizon_bars
        As of ``fit``.

    Raises
    ------
    ResearchError
        No hour has a label that ended.

    Notes
    -----
    Units: deviations of the coin over the horizon.  Causal: as ``fit``.  Missing: hours without a
    known volatility are left out.  METHODS 4.4.
    """
    learned = labelled(hours, prices, as_of_k, horizon_bars)
    sigma = learned.hours.sigma_daily
    known = np.flatnonzero(np.isfinite(sigma) & (sigma > 0.0))
    rows = learned.only(known)
    per_day = 1440 // prices.bar_minutes
    return Judged(
        side=rows.hours.side,
        regime=rows.hours.regime,
        earned=rows.labels.gross / (rows.hours.sigma_daily * np.sqrt(horizon_bars / per_day)),
        day=(rows.labels.start_k - 1) // per_day,
        weight=rows.weight,
        horizon_days=-(-horizon_bars // per_day),
    )
