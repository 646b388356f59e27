"""Hold a challenger's run against the champion's, by what a user calls them.

In: folders, ids or the beginnings of ids. Out: a ``Promotion``.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from quorate.api.finding import find
from quorate.errors import ConfigError
from quorate.report.promotion import Promotion, look_at
from quorate.statistics.sequential import LONG_LOOKS, LOOKS, obrien_fleming

__all__ = ["Promotion", "promote"]

LEVEL: Final = 0.05
_PLANS: Final = {28: LOOKS, 90: LONG_LOOKS}


def promote(
    champion: str | Path,
    challenger: str | Path,
    *,
    day: int,
    start: date | str | None = None,
    max_days: int = 28,
    challengers: int = 1,
    expected: float = 1.0,
    out: str | Path = Path("runs"),
) -> Promotion:
    """Say whether a challenger may take the champion's place: PROMOTE, REJECT or EXTEND.

    Parameters
    ----------
    champion, challenger : str or Path
        Folders, ids, or the beginnings of ids of runs below ``out``, over the same bars.
    day : int
        Which look: 14, 21 or 28; with ``max_days`` 90 also 60 or 90.
    start : date or str, optional
        The first day that counts; the first that both have and neither was fitted on when left
        out.
    max_days : int
        How long the plan lasts, 28 or 90: chosen before the first day.
    challengers : int
        How many are looked at side by side: each has so much smaller a level.
    expected : float
        The difference of annual Sharpe ratios whose power is told.
    out : str or Path
        Folder of runs.

    Returns
    -------
    Promotion
        ``print`` it, or take ``as_dict``; ``look`` is evidence for ``Registry.stage``.

    Raises
    ------
    ConfigError
        The day is no look of the plan, or a number is out of bounds.
    DataError
        A run is not there, has too few days, or was priced otherwise than the other.

    Notes
    -----
    Units: days; ratios a year.  Causal: reads the days up to the look.  Missing: a day that is not
    known of both is left out, with more than a tenth of them nothing is decided.  METHODS 10.

    Examples
    --------
    >>> promote("one", "other", day=15)
    Traceback (most recent call last):
    quorate.errors.ConfigError: day 15 is not one of the looks (14, 21, 28): the next is day 21
      next: a look at another day is not in the plan, and its chance of a false alarm is not kept
    """
    if max_days not in _PLANS:
        raise ConfigError(f"max_days is {max_days}", hint="a plan lasts 28 days, or 90")
    if not 1 <= challengers <= 100:
        raise ConfigError(
            f"challengers is {challengers}, outside [1, 100]", hint="the default is 1"
        )
    plan = obrien_fleming(_PLANS[max_days], LEVEL / challengers)
    try:
        plan.at(day)
    except ValueError as error:
        raise ConfigError(
            str(error),
            hint="a look at another day is not in the plan, and its chance of a false alarm is "
            "not kept",
        ) from error
    return look_at(
        find(champion, out),
        find(challenger, out),
        day=day,
        plan=plan,
        start=_date(start),
        expected=expected,
    )


def _date(start: date | str | None) -> date | None:
    if not isinstance(start, str):
        return start
    try:
        return date.fromisoformat(start)
    except ValueError as error:
        raise ConfigError(f"start is {start!r}, no day", hint="write it 2024-01-31") from error
