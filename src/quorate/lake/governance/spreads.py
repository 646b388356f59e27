"""Spreads that cannot be: the best ask below the best bid.

In: rows as they are stored. Out: a finding a row. ``universe.spreads_of`` takes such a spread as
not known, and that alone would hide that the vendor's quotes are wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.lake.governance.findings import Rule, found
from quorate.lake.sources import epoch_ms, floats

if TYPE_CHECKING:
    import polars as pl

    from quorate.lake.governance.findings import Finding

_SPREAD = "spread_bps"


def crossed(rows: pl.DataFrame, name: str) -> Finding:
    """Return the bars whose spread is below 0.

    Parameters
    ----------
    rows : polars.DataFrame
        As stored, perhaps with ``spread_bps``.
    name : str
        The file, for messages.

    Raises
    ------
    SchemaError
        The column is no number.

    Notes
    -----
    Units: bps.  Causal: a row at a time.  Missing: null or NaN is not told.  Spec 13.

    Examples
    --------
    >>> import polars as pl
    >>> rows = pl.DataFrame({"ts": [0, 1, 2], "spread_bps": [4.0, None, -8.0]})
    >>> crossed(rows, "A").at_ms.tolist()
    [2]
    """
    if _SPREAD not in rows.columns:
        return found(Rule.SPREAD_IMPOSSIBLE, np.empty(0, np.int64))
    spread = floats(rows, _SPREAD, name)
    bad = spread < 0.0
    return found(Rule.SPREAD_IMPOSSIBLE, epoch_ms(rows, name)[bad], value=spread[bad], bound=0.0)
