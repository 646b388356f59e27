"""How much money fits, by trying it: the same settings with accounts of many sizes.

In: a panel and settings. Out: what each account made, and where half of the return, half of the
Sharpe ratio and all of the profit are gone. A report estimates this from one run; here every gate
that refuses what has become too dear, and every order that no longer fills, is played out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quorate.api.effective import read_settings
from quorate.api.sweeping import sweep
from quorate.core.costs.capacity import crossing_usd
from quorate.errors import ConfigError
from quorate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from quorate.core.engines.base import Engine
    from quorate.lake import Panel
    from quorate.research.fits import Fits

ACCOUNTS: Final = (1e4, 1e5, 1e6, 3e6, 1e7, 3e7, 1e8, 1e9)
"""Opening equities that are tried, USD."""


@dataclass(frozen=True)
class Sizes:
    """What accounts of many sizes made.

    Attributes
    ----------
    table : DataFrame
        ``account_usd``, ``net_usd``, ``net_return``, ``sharpe``, ``n_trades``, one row an account.
    half_return_usd, half_sharpe_usd, break_even_usd : float
        The smallest account at which the return, or the Sharpe ratio, is half of the smallest
        account's, and at which nothing is made; between two that were tried it is interpolated.
        0 where the smallest made nothing already, inf where none that was tried comes so low.
    """

    table: pl.DataFrame
    half_return_usd: float
    half_sharpe_usd: float
    break_even_usd: float


def sizes(
    panel: Panel,
    settings: Settings | None = None,
    *,
    accounts: Sequence[float] = ACCOUNTS,
    engines: Sequence[Engine] | None = None,
    models: str | Path | Fits | None = None,
    threads: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Sizes:
    """Run the same settings with accounts of many sizes, in one pass over the panel.

    Parameters
    ----------
    panel : Panel
        The data.
    settings : Settings, optional
        From ``quorate.read_settings``; their ``account.equity_usd`` is not read.
    accounts : sequence of float
        Opening equities in USD, ascending.
    engines, models, threads, progress
        As ``quorate.sweep``.

    Returns
    -------
    Sizes
        A table, and the accounts at which half of the return, half of the Sharpe ratio and all of
        the profit are gone.

    Raises
    ------
    ConfigError
        An account is out of bounds, or they do not ascend.

    Notes
    -----
    Units: USD, fractions.  Causal: as ``quorate.run``.  Missing: None where a ratio is not defined.
    Nothing is booked: these are replays of one trial.  Nobody else reacts to the orders but by the
    impact that is charged.  METHODS 6.6.

    Examples
    --------
    >>> import quorate
    >>> found = sizes(quorate.synthetic(n_coins=2, days=1), accounts=(1e4, 1e6))
    >>> found.table["net_usd"].to_list(), found.break_even_usd
    ([0.0, 0.0], 0.0)
    """
    if any(after <= before for before, after in pairwise(accounts)):
        raise ConfigError(
            f"accounts are {', '.join(f'{usd:g}' for usd in accounts)}, not ascending",
            hint="give each size once, the smallest first: what is left is measured against it",
        )
    chosen = read_settings() if settings is None else settings
    tried = [_with(chosen, usd) for usd in accounts]
    found = sweep(
        panel, tried, engines=engines, models=models, threads=threads, progress=progress
    ).table
    usd = np.array(accounts, np.float64)
    made = found["net_return"].to_numpy().astype(np.float64)
    sharpe = found["sharpe"].cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64)
    table = pl.DataFrame(
        {
            "account_usd": usd,
            "net_usd": made * usd,
            "net_return": made,
            "sharpe": found["sharpe"].cast(pl.Float64),
            "n_trades": found["n_trades"],
        }
    )
    earns = len(made) > 0 and made[0] > 0.0
    return Sizes(
        table,
        half_return_usd=crossing_usd(usd, made, made[0] / 2.0) if earns else 0.0,
        half_sharpe_usd=crossing_usd(usd, sharpe, sharpe[0] / 2.0) if earns else 0.0,
        break_even_usd=crossing_usd(usd, made, 0.0) if earns else 0.0,
    )


def _with(settings: Settings, usd: float) -> Settings:
    """Return the settings with another opening equity."""
    account = settings["account"] | {"equity_usd": float(usd)}
    return Settings({**settings.values, "account": account}, settings.origins, settings.path)
