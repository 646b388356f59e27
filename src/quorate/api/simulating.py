"""Weights of one's own, played out under every cost: no engine, no consensus.

In: a panel, and the share of equity that each coin should be on each bar. Out: equity, fills and
what was paid for what. The exchange, its stops and its costs are those of ``quorate.run``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from quorate.api.configure import check_equity, configure
from quorate.api.effective import read_settings
from quorate.backtest import gate, given, spreads
from quorate.backtest.fills import COLUMNS, ROWS_PER_BAR, Fills, clear, column, fills
from quorate.core import ledger
from quorate.core.types import MONEY_SCALE, Bars, IntVec, Line, Market, Mat
from quorate.errors import ConfigError, DataError
from quorate.lake.columns import Column
from quorate.statistics import currency

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quorate.lake import Panel
    from quorate.settings import Settings

_BLOCK_CELLS = 1 << 16
"""Coin-bars in a block: what a panel on disk takes of memory, some 5 MB."""

_ROWS = 1 << 16
"""Room for fills between two looks at them: some megabytes, whatever the history."""


@dataclass(frozen=True)
class Simulation:
    """What weights came to.

    Attributes
    ----------
    equity : IntVec
        At every close, integer money (1e-8 quote), shape (time,).
    fills : DataFrame
        One row an execution or a funding settlement, as ``backtest.fills.COLUMNS``.
    lines : dict of str to int
        GROSS and each cost, integer money: ``equity[-1] = start + GROSS - costs``.
    start : int
        Opening equity, integer money.
    """

    equity: IntVec
    fills: pl.DataFrame
    lines: dict[str, int]
    start: int

    @property
    def net_return(self) -> float:
        """Return equity at the end over equity at the start, less 1."""
        return float(self.equity[-1] / self.start - 1.0)

    def __repr__(self) -> str:  # type: ignore[explicit-override]
        """Return one line: the return, and how much was traded."""
        return f"Simulation(net {self.net_return:+.2%}, {self.fills.height:,} fills and fundings)"


def simulate(
    panel: Panel,
    weights: Mat | Column,
    settings: Settings | None = None,
    *,
    stop_frac: float = float("nan"),
) -> Simulation:
    r"""Play out weights: what they would have made, after every cost.

    A weight that changes is acted on: an order for ``weight * equity`` at this close is sent at
    the next open, pays half the spread, impact, latency and fee, and never takes more of a bar's
    volume than the settings allow. Perpetuals pay funding and are liquidated; the daily loss and
    the streak of losses bind as in a run.

    Parameters
    ----------
    panel : Panel
        One venue; from ``quorate.load`` or ``quorate.synthetic``, or kept on disk
        (``lake.columns``), from where it is read block by block.
    weights : Mat or Column
        Signed share of equity by coin, as known at each close; NaN says nothing, 0 is flat,
        shape (time, coin). Those of ``lake.columns.array`` stay on disk like such a panel.
    settings : Settings, optional
        Costs, risk and exchange; the defaults when left out.
    stop_frac : float
        Distance of a stop from the entry, a fraction; NaN for none. A coin that was stopped stays
        flat until its weight changes.

    Returns
    -------
    Simulation
        Equity, fills and cost lines; the books balance to the last digit.

    Raises
    ------
    DataError
        The panel is empty, or has a second venue.
    ConfigError
        Weights of another shape, infinite ones, or a stop outside (0, 1).
    ValueError
        The panel was made by hand, and an array of it has a shape, type or price it cannot have.
    ArithmeticError
        The books do not balance: a bug.

    Notes
    -----
    Units: fractions; money in 1e-8 quote.  Causal: row t trades from row t + 1.  Missing: an
    order waits for a coin's next bar; a spread that is not quoted is estimated as in a run.
    Spec 4, 6, 8; DESIGN 5.

    Examples
    --------
    >>> import numpy as np, quorate
    >>> panel = quorate.synthetic(n_coins=2, days=1)
    >>> done = quorate.simulate(panel, np.full((panel.n_bars, 2), 0.01))
    >>> done.fills["lots"].sign().to_list()  # two purchases, then six fundings
    [1, 1, 0, 0, 0, 0, 0, 0]
    """
    chosen = read_settings() if settings is None else settings
    given_weights = weights if isinstance(weights, Column) else np.asarray(weights)
    _check(panel, given_weights, stop_frac)
    params = configure(chosen, panel.bar_minutes, -1).exchange
    start_usd = float(chosen["account"]["equity_usd"])  # type: ignore[arg-type]
    start_quote = start_usd / currency.first(panel.quote_usd)
    check_equity("account.equity_usd in quote currency", start_quote)
    n_coins = panel.n_coins
    rules = given.Rules(params, np.full(n_coins, stop_frac), np.full(n_coins, np.nan))
    state = given.init(n_coins, start_quote, params)
    room = fills(max(_ROWS, 8 * ROWS_PER_BAR * n_coins))
    equity = np.zeros(panel.n_bars, np.int64)
    parts = []
    for rows, market in _markets(panel):
        asked = _asked(given_weights, rows)
        n_bars, k0, t = len(asked), panel.k0 + rows.start, 0
        while True:
            t = given.scan(t, k0, market, asked, panel.venues, rules, state, room, equity[rows])
            if t == n_bars:
                break
            parts.append(_table(room))
            clear(room)
    parts.append(_table(room))
    books = state.account.ledger
    off = ledger.imbalance(books)
    if off != 0 or ledger.equity(books) != equity[-1]:
        raise ArithmeticError(f"the books are off by {off} units of 1e-8: please report this bug")
    lines = {line.name.lower(): int(books.lines[line].sum()) for line in Line}
    return Simulation(equity, pl.concat(parts), lines, round(start_quote * MONEY_SCALE))


def _table(room: Fills) -> pl.DataFrame:
    """Return a copy of the rows that are filled."""
    return pl.DataFrame({name: column(room, name).copy() for name in COLUMNS})


def _markets(panel: Panel) -> Iterator[tuple[slice, Market]]:
    """Cut the market into blocks, checked, with a spread on every bar.

    Of a panel on disk only the block at hand is in memory, and bars are read only where a spread
    has to be estimated from them.
    """
    length = max(1, _BLOCK_CELLS // panel.n_coins)
    cuts = [slice(t, min(t + length, panel.n_bars)) for t in range(0, panel.n_bars, length)]
    # the least of numbers of which one is NaN is NaN
    is_quoted = not any(np.isnan(panel.market.spread_bps[rows].min()) for rows in cuts)
    memory = None if is_quoted else spreads.init(panel.n_coins, panel.bars_per_hour)
    for rows in cuts:
        market = Market._make(array[rows] for array in panel.market)
        shape = (rows.stop - rows.start, panel.n_coins)
        gate.check_market(market, (shape[0], 1, shape[1]))
        if memory is not None:
            bars = Bars._make(array[rows] for array in panel.bars)
            gate.check_bars(bars, shape)
            estimate = np.empty(shape)
            spreads.estimate(bars, panel.k0 + rows.start, panel.bars_per_hour, memory, estimate)
            filled = spreads.fill(market, panel.venues.tick, estimate, memory.last)
            market = market._replace(spread_bps=filled)
        yield rows, market


MAX_WEIGHT = 1000.0
"""Share of equity that no account is given; far beyond it, lots would not fit in integers."""


def _asked(weights: Mat | Column, rows: slice) -> Mat:
    """Return the weights of a block as the kernel reads them."""
    asked = np.require(weights[rows], np.float64, ["C", "W"])
    # these two pass over NaN, and where nothing else is there they are NaN, beyond nothing
    least, most = np.fmin.reduce(asked, axis=None), np.fmax.reduce(asked, axis=None)
    if least < -MAX_WEIGHT or most > MAX_WEIGHT:
        raise ConfigError(
            f"a weight is {max(-least, most):g}, beyond {MAX_WEIGHT:g} either way",
            hint="give shares of equity: 0.1 is a tenth; NaN says nothing",
        )
    return asked


def _check(panel: Panel, weights: Mat | Column, stop_frac: float) -> None:
    """Refuse what cannot be played out, as far as it is told without reading the bars."""
    if panel.n_bars < 1 or panel.n_coins < 1:
        raise DataError("the panel is empty", hint="load at least one bar of one coin")
    if len(panel.venue_names) != 1:
        raise DataError(
            f"the panel has {len(panel.venue_names)} venues, weights are traded on one",
            hint="load it without the second venue",
        )
    if weights.shape != (panel.n_bars, panel.n_coins):
        raise ConfigError(
            f"weights have shape {weights.shape}, the panel has {panel.n_bars} bars of "
            f"{panel.n_coins} coins",
            hint="give one row a bar and one column a coin, in the order of panel.symbols",
        )
    if not np.isnan(stop_frac) and not 0.0 < stop_frac < 1.0:
        raise ConfigError(
            f"stop_frac is {stop_frac}, it must lie between 0 and 1",
            hint="give the distance from the entry as a fraction, 0.03 for 3%",
        )
    gate.check_venues(panel.venues)
