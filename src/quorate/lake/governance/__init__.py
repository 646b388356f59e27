"""Governance: rules with ids, by which rows become bars that may be traded on (Spec 13).

In: one symbol's rows as a vendor stored them. Out: one series a coin, and every finding.

1. ``rows``: order, doubles, the grid, impossible values, the unfinished last bar;
2. ``gaps.untraded``: where nothing traded, and ``gaps.Frozen``: what was printed after trading
   had stopped;
3. ``identity``: one coin a name, one unit;
4. ``outliers``: what is suspect, and ``belief``: kept or dropped;
5. ``gaps.gaps``: what is missing, carried or a break.

``governing`` applies them in this order, to all rows or to stretch after stretch of them.
Nothing is clipped: prices used for profit, labels and stops are what the market paid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quorate.lake.governance.findings import Rule, Severity
from quorate.lake.governance.governing import Governing
from quorate.lake.governance.params import BOUNDS, MEANINGS, Params, params

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import polars as pl

    from quorate.lake.sources import Series

__all__ = [
    "BOUNDS",
    "MEANINGS",
    "Governed",
    "Governing",
    "Params",
    "Rule",
    "Severity",
    "govern",
    "params",
]


class Governed(NamedTuple):
    """The coins of one symbol by name, and what the rules found (``findings.frame``)."""

    coins: tuple[tuple[str, Series], ...]
    findings: pl.DataFrame


def govern(
    symbol: str,
    frame: pl.DataFrame,
    bar_minutes: int,
    given: Params | None = None,
    *,
    drop_last: bool = False,
    disputed: Callable[[Series], np.ndarray[tuple[int], np.dtype[np.bool_]]] | None = None,
) -> Governed:
    """Apply every rule to one symbol's rows.

    Parameters
    ----------
    symbol : str
        As the vendor spells it.
    frame : polars.DataFrame
        Rows as stored, with ``ts open high low close volume``.
    bar_minutes : int
        Length of a bar.
    given : Params, optional
        Of the rules; the defaults when left out.
    drop_last : bool
        Leave out the last bar, which may still have been forming.
    disputed : callable, optional
        Returns where a second vendor shows another price than a coin's bars, shape (bar,), by
        what is known at each bar's close (``reconcile.disputes``).

    Returns
    -------
    Governed
        At least one coin unless no row is left.

    Raises
    ------
    SchemaError
        If a column is missing or no number, or a time is missing.

    Notes
    -----
    Units: as ``Series``.  Causal: a bar is kept or dropped by what is known at its close.
    Missing: told, and filled by ``grid.lay`` alone.
    Spec 13; METHODS 12.
    """
    chosen = Params() if given is None else given
    governing = Governing(symbol, bar_minutes, chosen, drop_last=drop_last, disputed=disputed)
    coins = governing.step(frame, is_last=True)
    return Governed(tuple(coins), governing.findings)
