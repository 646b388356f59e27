"""Whether a panel fits in memory, before its arrays are made.

In: how large it is. Out: nothing, or a refusal that says how it is kept on disk instead. A system
that lends memory it does not have would end the process without a word.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from quorate.errors import DataError

_GIB: Final = 2**30
_OF_BARS: Final = 82  # bytes a bar of a coin: ten numbers, a status, membership
_OF_VENUE: Final = 24  # more for each venue: mark, funding, spread
_OF_SECOND: Final = 41  # and where there are several, for the bars of each
_MEMINFO: Final = Path("/proc/meminfo")


def panel_bytes(n_bars: int, n_venues: int, n_coins: int) -> int:
    """Return the memory that a panel's arrays take, in bytes.

    Examples
    --------
    >>> panel_bytes(105_120, 1, 50) // 2**20
    531
    """
    of_venue = _OF_VENUE + (_OF_SECOND if n_venues > 1 else 0)
    return n_bars * n_coins * (_OF_BARS + n_venues * of_venue)


def free_bytes() -> int | None:
    """Return the memory that can be had without others losing theirs; None where nothing says."""
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB", _MEMINFO.read_text(), re.MULTILINE)
    except OSError:
        return None
    return None if found is None else int(found[1]) * 1024


def refuse_what_does_not_fit(n_bars: int, n_venues: int, n_coins: int) -> None:
    """Refuse a panel that memory does not hold.

    Parameters
    ----------
    n_bars, n_venues, n_coins : int
        Of the panel.

    Raises
    ------
    DataError
        It takes more than there is.

    Notes
    -----
    Units: bytes.  Causal: none.  Missing: where nothing says how much there is, nothing is refused.

    Examples
    --------
    >>> refuse_what_does_not_fit(288, 1, 2)
    """
    wanted, free = panel_bytes(n_bars, n_venues, n_coins), free_bytes()
    if free is not None and wanted > free:
        raise DataError(
            f"{n_bars:,d} bars of {n_coins} coins take {wanted / _GIB:.1f} GiB of memory, "
            f"{free / _GIB:.1f} are free",
            hint="keep them on disk first, in little memory: `quorate keep` with the same options "
            "and --to FOLDER, then `quorate backtest --bars FOLDER` (keep_in= in Python)",
        )
