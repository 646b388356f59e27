"""A market in which nothing can be foreseen, made of the bars of one that was: white noise.

In: a panel. Out: its own bars in another order. Blocks of consecutive bars are drawn from all days,
each for its hour, all coins and all columns of a bar together, and prices are chained anew from the
moves they made, less the mean move of the coin. So the returns of every coin have the distribution
they had, with the volume, spread and range beside each, the coins move together and busy hours are
where they were; but nothing rises on the whole, and what was before a bar says nothing of it.

Blocks are drawn again and again rather than dealt out once: a path that must end where it began
leans back towards its start, which is something to find.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.core.types import Bar, Bars, Market
from quorate.lake.panel import Panel, Provenance

if TYPE_CHECKING:
    from quorate.core.types import ByteVec, IntVec, Vec

    Array = np.ndarray[tuple[int, ...], np.dtype[Any]]

_PRICES = ("open", "high", "low", "close")
_BLOCK_MINUTES = 15


def usual_block(bar_minutes: int) -> int:
    """Return the usual length of a block: 15 minutes, or so much more that whole bars fit in.

    What lasts longer is gone, what is over within it stays.

    Examples
    --------
    >>> usual_block(5), usual_block(4), usual_block(60)
    (15, 16, 60)
    """
    return -(-_BLOCK_MINUTES // bar_minutes) * bar_minutes


def shuffled(panel: Panel, seed: int, block_minutes: int | None = None) -> Panel:
    """Return a market of the same bars, drawn anew in blocks.

    Parameters
    ----------
    panel : Panel
        Any panel; one on disk is read into memory.
    seed : int
        The same seed gives the same market, on the same NumPy.
    block_minutes : int, optional
        Length of a block, a multiple of the panel's bar and a divisor of a day; ``usual_block``
        when left out.

    Returns
    -------
    Panel
        Of the same form, marked as made up. Which bars a coin has, when it is listed and when it
        ends, funding, the basis and what the quote currency is worth stay where they were.

    Raises
    ------
    ValueError
        A length of a block that does not divide a day, or does not hold whole bars.

    Notes
    -----
    Units: as the panel; volume so that what was traded in money stays that of the bar.  Causal:
    none: it is made of all bars.  Missing: a coin that lacks a bar where the others have one takes
    another of its own; a bar that was filled in stays filled in, at the price before.
    METHODS 5.5.

    Examples
    --------
    >>> from quorate.lake.synthetic import synthetic
    >>> panel = synthetic(n_coins=2, days=3)
    >>> other = shuffled(panel, seed=1)
    >>> spread = [float(np.nanstd(np.diff(np.log(p.bars.close[:, 0])))) for p in (panel, other)]
    >>> other.n_bars == panel.n_bars, 0.8 < spread[1] / spread[0] < 1.2
    (True, True)
    """
    if block_minutes is None:
        block_minutes = usual_block(panel.bar_minutes)
    if block_minutes < 1 or 1440 % block_minutes or block_minutes % panel.bar_minutes:
        raise ValueError(
            f"block_minutes is {block_minutes}: it must divide a day and hold whole bars of "
            f"{panel.bar_minutes} minutes"
        )
    bars = Bars._make(array[0 : panel.n_bars] for array in panel.bars)
    market = Market._make(array[0 : panel.n_bars] for array in panel.market)
    generator = np.random.default_rng(seed)
    order = _order(panel, generator, block_minutes // panel.bar_minutes)
    made_bars = {name: array.copy() for name, array in bars._asdict().items()}
    made_market = {name: array.copy() for name, array in market._asdict().items()}
    for c in range(panel.n_coins):
        source = _sources(order, bars.status[:, c], generator)
        move = _chained(bars.close[:, c], bars.open[:, c], source)
        _put(bars._asdict(), made_bars, (c,), bars.status[:, c], move)
        for v in range(market.close.shape[1]):
            _put(market._asdict(), made_market, (v, c), bars.status[:, c], move)
    digest = hashlib.blake2b(
        f"{panel.source.digest} shuffled {seed} {block_minutes}".encode(), digest_size=16
    )
    said = f"the bars of {panel.source.description}, shuffled in blocks of {block_minutes} minutes"
    return replace(
        panel,
        bars=Bars(**made_bars),
        market=Market(**made_market),
        member=panel.member[0 : panel.n_bars],
        is_synthetic=True,
        source=Provenance(f"{said}, seed {seed}", digest.hexdigest()),
        notes=(*panel.notes, f"Shuffled market: {said}; nothing in it can be foreseen."),
        certificate=None,
    )


def _order(panel: Panel, generator: np.random.Generator, block: int) -> IntVec:
    """Return which bar stands where: a block is any of those of its hour, of whatever day.

    A block that the panel's ends cut stays where it is.
    """
    order = np.arange(panel.n_bars)
    per_day = 1440 // panel.bar_minutes // block
    lead = -(panel.k0 - 1) % block  # the bar of counter k opens at k - 1
    first = (panel.k0 - 1 + lead) // block
    n_blocks = (panel.n_bars - lead) // block
    hours = (first + np.arange(n_blocks)) % per_day
    within = np.arange(block)
    for hour in range(per_day):
        places = np.flatnonzero(hours == hour)
        taken = generator.choice(places, len(places)) if len(places) else places
        order[(lead + places[:, None] * block + within).ravel()] = (
            lead + taken[:, None] * block + within
        ).ravel()
    return order


def _sources(order: IntVec, status: ByteVec, generator: np.random.Generator) -> IntVec:
    """Return which bar of its own a coin takes where it has one, -1 where it has none.

    Where the others' bar is one that it lacks, it takes any of its own.
    """
    traded = status == Bar.TRADED
    source = np.where(traded & traded[order], order, -1)
    lacks = np.flatnonzero(traded & (source < 0))
    if len(lacks):
        source[lacks] = generator.choice(np.flatnonzero(traded), len(lacks))
    return source


class _Move(NamedTuple):
    """The bars that a coin has, where each is taken from, its prices' factor, and its new close."""

    rows: IntVec
    taken: IntVec
    scale: Vec
    close: Vec


def _chained(close: Vec, opened: Vec, source: IntVec) -> _Move:
    """Chain the moves of a coin's bars in their new order, from its first price on."""
    rows = np.flatnonzero(source >= 0)
    taken = source[rows]
    if not len(rows):
        return _Move(rows, taken, np.zeros(0), np.zeros(0))
    before = np.empty(len(close))
    before[rows[1:]] = close[rows[:-1]]
    before[rows[0]] = start = opened[rows[0]]
    moved = np.log(close[rows] / before[rows])
    mean = float(np.mean(moved))
    total = np.cumsum(np.log(close[taken] / before[taken]) - mean)
    chained = start * np.exp(total)
    level = np.concatenate(([start], chained[:-1]))
    return _Move(rows, taken, level * np.exp(-mean) / before[taken], chained)


def _put(
    old: dict[str, Array], made: dict[str, Array], at: tuple[int, ...], status: ByteVec, move: _Move
) -> None:
    """Put the bars of a coin, on a venue or without one, in their new places.

    ``status`` is that of the primary venue. A second venue that has a bar now, and had none where
    it came from, shows that of the primary; where the primary has none it shows none either.
    """
    rows, taken, scale, close = move
    here: Any = (slice(None), *at)
    first: Any = (slice(None), *((0, at[-1]) if len(at) > 1 else at))
    there: Any = (rows, *at)
    is_absent = np.isnan(old["close"][here][rows])
    for name in (*_PRICES, *(["mark"] if "mark" in old else [])):
        found = old[name][here][taken]
        found = np.where(np.isnan(found), old[name][first][taken], found)
        made[name][there] = np.where(is_absent, np.nan, found * scale)
    for name in ("volume", *(["taker_buy"] if "taker_buy" in old else [])):
        found = old[name][here][taken] / scale
        if len(at) > 1:
            found = np.where(is_absent, np.nan, np.nan_to_num(found))
        made[name][there] = found
    made["spread_bps"][there] = old["spread_bps"][here][taken]
    rest = np.flatnonzero(status != Bar.TRADED)
    if not len(rest):
        return
    there = (rest, *at)
    last = np.searchsorted(rows, rest) - 1
    carried = np.full(len(rest), np.nan)
    carried[last >= 0] = close[last[last >= 0]]
    is_filled = (status[rest] == Bar.IMPUTED) & (old["status"][here][rest] != Bar.ABSENT)
    for name in (*_PRICES, *(["mark"] if "mark" in old else [])):
        made[name][there] = np.where(is_filled, carried, np.nan)
    made["volume"][there] = np.where(is_filled, 0.0, np.nan)
    made["status"][there] = np.where(is_filled, Bar.IMPUTED, Bar.ABSENT)
