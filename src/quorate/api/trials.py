"""What a run was chosen from: every run ever booked on the same data.

In: a store and the digest of the data. Out: how many different settings and engines were tried,
and how much their Sharpe ratios vary: what the deflated ratio asks for.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from quorate.statistics.accounts import Trials
from quorate.statistics.ratios import DAYS_PER_YEAR

if TYPE_CHECKING:
    from quorate.store import Store


def trials_of(store: Store, digest: str) -> Trials:
    """Return the trials on one set of data, the run that is being made among them.

    Parameters
    ----------
    store : Store
        Its run was booked before.
    digest : str
        Of the panel.

    Notes
    -----
    Units: the variance is that of daily Sharpe ratios; repeats count once, by their last result.
    Causal: what was booked so far.  Missing: None with fewer than two known ratios.
    METHODS 5.5; Bailey and Lopez de Prado (2014).
    """
    known = {
        (run.recipe, run.settings_hash): run.metrics["net"].get("sharpe")
        for run in store.runs.list(status="finished")
        if run.data_hash == digest and run.metrics
    }
    daily = [sharpe / math.sqrt(DAYS_PER_YEAR) for sharpe in known.values() if sharpe is not None]
    variance = float(np.var(daily, ddof=1)) if len(daily) > 1 else None
    return Trials(float(store.runs.count_trials(data_hash=digest)), variance)
