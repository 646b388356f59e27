"""Which numbers of a run are defined and yet say nothing: too few trades, losing days, or falls.

In: the tree of ``metrics.summary`` and the equity it was made from. Out: the dotted name of every
such number, with the reason; ``metrics.json`` keeps the number, a page shows the reason instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quorate.statistics.daily import EQUITY, daily_returns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

FEW_TRADES: Final = 30
"""Below it a ratio tells the days of a few trades: one trade in N days gives sqrt(365 / N)."""
FEW_LOSING_DAYS: Final = 10
SMALL_FALL: Final = 0.001

_BY_TRADES: Final = ("sharpe", "psr", "min_track_record_days")
_OF_ACCOUNT: Final = (
    *_BY_TRADES,
    *("sharpe_low", "sharpe_high", "sharpe_lo", "deflated_sharpe"),
    *("sortino", "sortino_low", "sortino_high", "calmar"),
)
_BY_LOSING_DAYS: Final = ("sortino", "sortino_low", "sortino_high", "calmar")


def too_few(n_trades: int) -> str:
    """Return why so few trades have no ratio, or an empty text where they are enough.

    Examples
    --------
    >>> too_few(1), too_few(30)
    ('too few: 1 trade', '')
    """
    if n_trades >= FEW_TRADES:
        return ""
    return f"too few: {n_trades} trade{'' if n_trades == 1 else 's'}"


def cautions(tree: Mapping[str, Any], equity: pl.DataFrame) -> dict[str, str]:
    """Return the numbers that are defined and say nothing, each with the reason.

    Parameters
    ----------
    tree : mapping
        From ``metrics.summary``.
    equity : DataFrame
        What it was made from, with the columns of ``daily.EQUITY``.

    Returns
    -------
    dict
        Dotted name, as in the ``flags`` of the tree, to reason.

    Notes
    -----
    Units: none.  Causal: reads the whole run.  Missing: a number that is not defined has its flag
    already and is left out.  Spec 12, METHODS 5.5, 11.
    """
    daily = daily_returns(equity.select(list(EQUITY)))
    found: dict[str, str] = {}
    for name in ("net", "gross"):
        account: dict[str, Any] = tree.get(name, {})
        why = _few_falls(account.get("max_drawdown"), int((getattr(daily, name) < 0.0).sum()))
        found |= {f"{name}.{part}": said for part, said in why.items()}
        few = too_few(int(account.get("n_trades") or 0))
        if few:
            found |= {f"{name}.{part}": few for part in _OF_ACCOUNT}
    for group, branch in tree.get("stability", {}).items():
        for key, row in branch.get("groups", {}).items():
            # a year of an older run does not say how many trades it closed
            few = too_few(int(row["n_trades"])) if "n_trades" in row else ""
            if few:
                found |= {f"stability.{group}.groups.{key}.{part}": few for part in _BY_TRADES}
    return {name: why for name, why in found.items() if _at(tree, name) is not None}


def _few_falls(max_drawdown: float | None, n_losing: int) -> dict[str, str]:
    """Return why ratios over losses say nothing, where losses are too few or too small."""
    if n_losing < FEW_LOSING_DAYS:
        days = f"{n_losing} losing day{'' if n_losing == 1 else 's'}"
        return dict.fromkeys(_BY_LOSING_DAYS, f"too few: {days}, at least {FEW_LOSING_DAYS}")
    if max_drawdown is not None and max_drawdown > -SMALL_FALL:
        return {"calmar": f"the deepest fall is below {SMALL_FALL:.1%}"}
    return {}


def _at(tree: Mapping[str, Any], name: str) -> object:
    """Return the number of a dotted name; the key of a group may have dots of its own."""
    first, _, rest = name.partition(".")
    if first != "stability":
        return tree.get(first, {}).get(rest)
    group, _, rest = rest.partition(".groups.")
    key, _, part = rest.rpartition(".")
    return tree["stability"][group]["groups"][key].get(part)
