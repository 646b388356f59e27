"""Any slower series of the lake beside a panel: at every bar what had happened and was known then.

In: a panel and a folder of funding, marks, index prices, open interest or longer bars. Out: an
array (time, coin). Nothing of it enters the panel: a run reads what ``load`` names.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.errors import ConfigError, DataError
from quorate.lake import asof, layout, months
from quorate.lake.address import located
from quorate.lake.kinds import KNOWN_AT, epoch, interval_ms, kind_of
from quorate.lake.sources import MINUTE_MS, floats, on_minute
from quorate.lake.spec import instant_ms, match

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from quorate.core.types import Mat
    from quorate.lake.asof import Told
    from quorate.lake.panel import Panel

_COLUMN: Final = {
    "ohlcv": "close",
    "mark": "close",
    "index": "close",
    "funding": "funding_rate",
    "open_interest": "open_interest",
}
"""What is meant of a kind where no column is named."""
_HOUR_MS: Final = 3_600_000


def join_asof(
    panel: Panel,
    where: str | Path,
    column: str | None = None,
    *,
    longest_hours: float = 24.0,
    as_of: datetime | str | None = None,
) -> Mat:
    r"""Return, at every bar of a panel, the latest value of a series that was known at its close.

    .. math:: x_t = v_i, \quad i = \arg\max_i \{(at_i, known_i) : \max(at_i, known_i) \le t\},
        \quad \text{if } t - at_i \le longest

    Parameters
    ----------
    panel : Panel
        Whose grid and coins are meant.
    where : path
        A folder of the lake, ``lake/vendor=V/kind=K/interval=I``, of any kind but instruments.
    column : str, optional
        ``close`` of bars, ``funding_rate`` and ``open_interest`` when left out; ``open``,
        ``volume`` ... are as good.
    longest_hours : float
        The age up to which a value counts: since the close of its bar, or since its time.
    as_of : datetime or str, optional
        Only what the lake knew then, UTC: no later correction, no row that came later.

    Returns
    -------
    Mat
        Shape (time, coin), in the order of ``panel.symbols``.

    Raises
    ------
    ConfigError
        ``longest_hours`` is not above 0, or the series has no such column of numbers.
    DataError
        The folder is none of a lake's series, a file is damaged, or a coin may be several of its
        symbols.

    Notes
    -----
    Units: those of the lake (``lake.kinds``), of the symbol as its vendor counts it: neither
    multiples (1000PEPE) nor redenominations are converted.  Causal: a bar counts from its close,
    every row from when it was known, a correction from when that was.  Missing: NaN before the
    first value, where the latest is older than ``longest_hours`` or NaN itself, and for a coin that
    the folder does not have.  Memory: a coin's rows within the panel's span.  Spec 13; METHODS 12.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import datetime
    >>> import polars as pl
    >>> from quorate.lake import layout, synthetic
    >>> panel = synthetic(n_coins=1, days=1)
    >>> at = [datetime(2024, 1, 1, hour) for hour in (0, 1)]
    >>> rows = pl.DataFrame({"ts": at, "open_interest": [5.0, 7.0]})
    >>> key = layout.Key("demo", "open_interest", "1h")
    >>> with tempfile.TemporaryDirectory() as lake:
    ...     done = layout.write(rows, located(lake), key, panel.symbols[0])
    ...     found = join_asof(panel, layout.folder(located(lake), key), longest_hours=2)
    >>> panel.close_ms(11) == round(at[1].timestamp() * 1e3), found[[0, 10, 11, 35, 36], 0].tolist()
    (True, [5.0, 5.0, 7.0, 7.0, nan])
    """
    if not (longest_hours > 0.0 and math.isfinite(longest_hours)):
        raise ConfigError(
            f"longest_hours is {longest_hours}, it must be a number above 0",
            hint="name the age up to which a value counts, such as 24",
        )
    place = located(where)
    kind, length_ms = _series(place)
    name = column or _COLUMN[kind]
    files = layout.files(place)
    stamps = np.array([panel.close_ms(0)]) + np.arange(panel.n_bars) * panel.bar_minutes * MINUTE_MS
    longest_ms = longest_hours * _HOUR_MS
    limit_ms = None if as_of is None else instant_ms(as_of)
    made = np.full((panel.n_bars, panel.n_coins), np.nan)
    for c, symbol in enumerate(panel.symbols):
        paths = match(symbol, files)
        if paths and panel.n_bars:
            low_ms = int(stamps[0]) - round(longest_ms) - length_ms
            told = _told(_between(paths, low_ms, int(stamps[-1])), name, length_ms, limit_ms)
            row = asof.latest(told.at_ms, told.known_ms, stamps, longest_ms)
            made[row >= 0, c] = told.value[row[row >= 0]]
    return made


def _series(place: Path) -> tuple[str, int]:
    """Return the kind of a lake's folder, and the length of its bars; 0 where it has none."""
    named = dict(part.split("=", 1) for part in place.parts[-2:] if "=" in part)
    if set(named) != {"kind", "interval"} or named["kind"] not in _COLUMN:
        raise DataError(
            f"{place} is no series of a lake that could be joined",
            hint=f"name lake/vendor=V/kind=K/interval=I, of a kind {', '.join(_COLUMN)}; "
            "`quorate data ls LAKE` lists them, `quorate data import` makes one of a plain folder",
        )
    kind = named["kind"]
    return kind, (interval_ms(named["interval"]) or 0) if kind_of(kind).is_bar else 0


def _between(paths: Sequence[Path], low_ms: int, high_ms: int) -> Sequence[Path]:
    """Return the months that may have a row of a span, the last one at least."""
    low, high = (f"{np.datetime64(at, 'ms').astype('datetime64[M]')}" for at in (low_ms, high_ms))
    kept = [each for each in paths if low <= each.parent.name.removeprefix("month=") <= high]
    return kept or paths[-1:]


def _told(paths: Sequence[Path], column: str, length_ms: int, limit_ms: int | None) -> Told:
    """Return every version of a symbol's values, its time and when it became known."""
    rows = months.rows(paths)
    if column not in rows.columns or not rows.schema[column].is_numeric():
        have = [each for each, of in rows.schema.items() if of.is_numeric()]
        raise ConfigError(
            f"{paths[-1].parent.parent} has no numbers {column}",
            hint=f"name a column of it: {', '.join(have)}",
        )
    at, known = epoch(rows["ts"]), epoch(rows[KNOWN_AT])
    value = floats(rows, column, str(paths[-1]))
    if limit_ms is not None:
        seen = known <= limit_ms
        at, known, value = at[seen], known[seen], value[seen]
    end = on_minute(at) + length_ms
    # what a stamp is late by (00:00:00.009) is no delay of the row
    return asof.Told(end, end + np.maximum(known - at - length_ms, 0), value)
