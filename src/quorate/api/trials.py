"""What a run was chosen from: every run ever booked in the store whose data overlap with its own.

In: a store and the data of a run. Out: how many different settings, engines and cuts of the data
were tried, and how much their Sharpe ratios vary: what the deflated ratio asks for. Leaving out a
coin or starting a day later is another trial on the same market, not a new beginning.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.statistics.accounts import Trials
from quorate.statistics.ratios import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quorate.lake import Panel
    from quorate.store import Store
    from quorate.store.runs import Run


class Data(NamedTuple):
    """What a run read: the digest of it, its first and last close, and where it was traded."""

    digest: str
    start: datetime
    end: datetime
    venues: frozenset[str]
    is_synthetic: bool


def data_of(panel: Panel) -> Data:
    """Return what a run over a panel reads.

    Notes
    -----
    Units: UTC.  Causal: no value of a bar is read.  Missing: none.
    """
    first, last = (
        datetime.fromtimestamp(panel.close_ms(t) / 1000.0, tz=UTC) for t in (0, panel.n_bars - 1)
    )
    venues = frozenset(panel.venue_names)
    return Data(panel.source.digest, first, last, venues, panel.is_synthetic)


def trials_of(store: Store, data: Data) -> Trials:
    """Return the trials on overlapping data, the run that is being made among them.

    A run counts where its digest is the same, or where it traded on one of the same venues in
    days that overlap; a made-up market is known by its digest alone.

    Parameters
    ----------
    store : Store
        Its run was booked before.
    data : Data
        From ``data_of``.

    Notes
    -----
    Units: the variance is that of daily Sharpe ratios; repeats count once, by their last result.
    Causal: what was booked so far.  Missing: None with fewer than two known ratios; a run that
    failed, or that an older version booked, is known by its digest alone.
    METHODS 5.5; Bailey and Lopez de Prado (2014).
    """
    known: dict[tuple[str, str, str], float | None] = {}
    for run in store.runs.list():
        if run.data_hash == data.digest or _overlaps(run, data):
            trial = (run.recipe, run.settings_hash, run.data_hash)
            sharpe = (run.metrics or {}).get("net", {}).get("sharpe")
            known[trial] = known.get(trial) if sharpe is None else sharpe
    return Trials(float(len(known)), variance_of(known.values()))


def variance_of(sharpes: Iterable[float | None]) -> float | None:
    """Return the variance per day of annual Sharpe ratios, those left out that are not known.

    Notes
    -----
    Units: per day.  Causal: none.  Missing: None with fewer than two known ratios.  METHODS 5.5.

    Examples
    --------
    >>> variance_of([365**0.5, None, 3 * 365**0.5]), variance_of([1.0, None])
    (2.0, None)
    """
    daily = [sharpe / math.sqrt(DAYS_PER_YEAR) for sharpe in sharpes if sharpe is not None]
    return float(np.var(daily, ddof=1)) if len(daily) > 1 else None


def _overlaps(run: Run, data: Data) -> bool:
    """Whether a booked run says that it traded in the same place and days."""
    said = (run.metrics or {}).get("data")
    if not said or said.get("is_synthetic") or data.is_synthetic:
        return False
    if any(name not in said for name in ("venues", "start", "end")):
        return False  # booked by a version that did not say
    start, end = (datetime.fromisoformat(said[name]) for name in ("start", "end"))
    return not data.venues.isdisjoint(said["venues"]) and start <= data.end and data.start <= end
