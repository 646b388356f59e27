"""From a panel and settings to the blocks of a run: what a backtest and an explanation share.

In: a panel, settings, engines. Out: the machine with its memory, and its blocks in order of time.
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quorate.api.configure import check_equity, configure, data_rules, universe_rules
from quorate.api.models import laid_on
from quorate.backtest import run as passes
from quorate.core.account import Setup
from quorate.core.engines.checks import reads_one_row_at_a_time
from quorate.core.engines.rule import is_ours
from quorate.core.types import Bars, Market
from quorate.errors import ConfigError, DataError, EngineError
from quorate.hands import asked as asked_by_hand
from quorate.lake import Block, blocks
from quorate.lake.sectors import sectors
from quorate.lake.spec import base_asset
from quorate.statistics import currency

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from quorate.core.engines.base import Engine
    from quorate.core.types import ByteMat, Controls, Vec
    from quorate.lake import Panel
    from quorate.research.fits import Fits
    from quorate.settings import Settings


_READ_FROM = {
    "taker_buy": ("taker_imbalance_1h",),
    "funding": ("funding_bps_8h", "funding_mean_7d_bps"),
    "basis": ("basis_bps",),
}
_BITCOIN_FEATURES = frozenset(("beta_btc", "resid_24h", "btc_ret_1h", "lead_gap_1h"))


@dataclass(frozen=True)
class Fold:
    """A run that is ready for its next block: what is fixed, what it remembers, where it began."""

    made: passes.Machine
    memory: passes.Memory
    start_quote: float


def _refuse_other_rules(panel: Panel, settings: Settings) -> None:
    """Refuse settings that claim other rules of data than the panel was loaded by."""
    if panel.certificate is None:
        return
    for section, held, asked in (
        ("data", panel.certificate.rules, data_rules(settings)),
        ("universe", panel.certificate.universe, universe_rules(settings)),
    ):
        for name, value in held.items():
            if asked[name] != value:
                raise ConfigError(
                    f"{section}.{name} is {asked[name]:g}, but the bars were loaded with {value:g}",
                    hint="give load() the same settings; a sweep cannot vary the rules of data",
                )


def begin(
    panel: Panel,
    settings: Settings,
    engines: Sequence[Engine],
    fits: Fits | None = None,
    *,
    first: int = 0,
) -> Fold:
    """Return a run that has seen nothing yet.

    Parameters
    ----------
    panel : Panel
        At least one bar of one coin.
    settings : Settings
        Effective settings.
    engines : sequence of Engine
        The engines that vote.
    fits : Fits, optional
        What was fitted out of sample; its engines are among those that vote (``Fits.voters``).
    first : int
        The row of the first bar that may be traded on: the equity in USD is that of its day.

    Raises
    ------
    DataError
        The panel is empty.
    EngineError
        An engine of your own looks at other rows than the one it votes on.
    ConfigError
        A setting is out of its bounds, the panel was loaded by other rules of data, or the fits
        are of another horizon.

    Notes
    -----
    Units: the books are in the quote currency.  Causal: nothing is known yet.
    Missing: an engine without its data is not healthy.
    """
    if panel.n_bars < 1 or panel.n_coins < 1:
        raise DataError(
            f"the panel has {panel.n_bars} bars of {panel.n_coins} coins",
            hint="load at least one bar of one coin",
        )
    _refuse_other_rules(panel, settings)
    made = laid_on(machine(panel, settings, engines), fits, settings)
    start_usd = float(settings["account"]["equity_usd"])  # type: ignore[arg-type]
    start_quote = start_usd / currency.first(panel.quote_usd[first:])
    check_equity("account.equity_usd in quote currency", start_quote)
    memory = passes.begin(made, len(panel.venue_names), panel.n_coins, start_quote)
    return Fold(made, memory, start_quote)


def machine(panel: Panel, settings: Settings, engines: Sequence[Engine]) -> passes.Machine:
    """Return what is fixed while engines vote on a panel: see ``begin``."""
    _refuse_peeking(engines)
    params = configure(settings, panel.bar_minutes, bitcoin(panel))
    setup = Setup(
        venues=panel.venues,
        sector=sectors(panel.symbols),
        can_short=np.ascontiguousarray(panel.venues.is_perp[0]),
    )
    return passes.machine(engines, params, setup, missing(panel, params.features.btc))


def _refuse_peeking(engines: Sequence[Engine]) -> None:
    """Refuse an engine whose vote on a row changes with the rows beside it: it could see ahead."""
    for engine in engines:
        complaint = "" if is_ours(engine) else reads_one_row_at_a_time(engine)
        if complaint.startswith("shuffled"):
            raise EngineError(
                f"engine {engine.name} looks at other rows than the one it votes on: {complaint}",
                hint="vote elementwise on the row's features; what lies back in time is a feature",
            )


def advance(
    panel: Panel,
    fold: Fold,
    n_bars: int | None = None,
    alone: Collection[int] = (),
    *,
    threads: int = 2,
    may_enter: bool = True,
) -> Iterator[tuple[int, passes.Block]]:
    """Run the panel block by block; the memory of the fold moves on.

    With two threads one looks at the next block (features, regimes, votes) while the other decides
    on this one; they share nothing that either writes, so the bytes are those of one thread.

    Parameters
    ----------
    panel : Panel
        The data.
    fold : Fold
        From ``begin``. Between two blocks its features and regimes are those of the block ahead.
    n_bars : int, optional
        Only the first bars: the memory then is that after the last of them.
    alone : collection of int, optional
        Rows of the panel that come in a block of their own: the memory can be read just before
        and just after such a bar.
    threads : int
        1 or 2.
    may_enter : bool
        Whether positions may be opened; without, the run only learns.

    Yields
    ------
    tuple of (int, Block)
        The row of the block's first bar, and what the block left.

    Raises
    ------
    ArithmeticError
        The books do not balance: a bug.

    Notes
    -----
    Units: as ``backtest.run.Block``.  Causal: blocks come in order of time.  Missing: as there.
    DESIGN 1.
    """
    for t, seen in looks(panel, fold, n_bars, alone, threads=threads, may_enter=may_enter):
        done = passes.act(fold.made, fold.memory, seen)
        balanced(done)
        yield t, done


def looks(
    panel: Panel,
    fold: Fold,
    n_bars: int | None = None,
    alone: Collection[int] = (),
    *,
    threads: int = 2,
    may_enter: bool = True,
) -> Iterator[tuple[int, passes.Seen]]:
    """Look at the panel block by block: features, regimes and votes, which read no account.

    Parameters
    ----------
    panel, fold, n_bars, alone, threads, may_enter
        As ``advance``; only the features and regimes of the fold's memory move on.

    Notes
    -----
    Units, Causal, Missing: as ``backtest.run.look``.
    """
    cut = pieces(panel, panel.n_bars if n_bars is None else n_bars, alone)
    if not may_enter:
        cut = ((t, paused(piece)) for t, piece in cut)
    return _ahead(fold, cut) if threads > 1 else _looked(fold, cut)


def paused(piece: passes.Slice) -> passes.Slice:
    """Return a block on which nothing may be opened."""
    pause = np.ones_like(piece.controls.pause)
    return piece._replace(controls=piece.controls._replace(pause=pause))


def balanced(done: passes.Block) -> None:
    """Refuse a block whose books do not balance.

    Raises
    ------
    ArithmeticError
        They are off: a bug.
    """
    off = done.tally.imbalance[done.tally.imbalance != 0]
    if off.size:
        raise ArithmeticError(
            f"the books are off by {off[0]} units of 1e-8: "
            "this is a bug, please report it with the run's settings"
        )


def pieces(panel: Panel, n_bars: int, alone: Collection[int]) -> Iterator[tuple[int, passes.Slice]]:
    """Cut the first bars of a panel into blocks of about ``BLOCK_CELLS`` coin-bars.

    Parameters
    ----------
    panel, n_bars, alone
        As ``advance``.

    Yields
    ------
    tuple of (int, Slice)
        The row of the block's first bar, and what the passes read.

    Notes
    -----
    Units, Causal, Missing: as ``lake.panel``.
    """
    for whole in blocks(panel, max(1, passes.BLOCK_CELLS // panel.n_coins)):
        if whole.t >= n_bars:
            return
        for block in _cut(whole, n_bars, alone):
            controls = asked_of(panel, block.t, block.member, block.quote_usd)
            yield block.t, passes.Slice(block.k0, block.bars, block.market, controls)


def asked_of(panel: Panel, t: int, member: ByteMat, quote_usd: Vec) -> Controls:
    """Return what is asked of the decision from row t on: the universe, and what people said."""
    controls = passes.controls(member, quote_usd)
    if not panel.words:
        return controls
    closes = panel.close_ms(0) + (t + np.arange(len(quote_usd))) * panel.bar_minutes * 60_000
    return controls._replace(**asked_by_hand(panel.words, panel.symbols, closes)._asdict())


def _looked(
    fold: Fold, cut: Iterator[tuple[int, passes.Slice]]
) -> Iterator[tuple[int, passes.Seen]]:
    """Look at one block after the other."""
    for t, piece in cut:
        yield t, passes.look(fold.made, fold.memory, piece)


def _ahead(
    fold: Fold, cut: Iterator[tuple[int, passes.Slice]]
) -> Iterator[tuple[int, passes.Seen]]:
    """Look at the next block in a thread of its own while the last one is dealt with."""
    source = _looked(fold, cut)
    with ThreadPoolExecutor(1, "look") as pool:
        coming = pool.submit(next, source, None)
        while (seen := coming.result()) is not None:
            coming = pool.submit(next, source, None)
            yield seen


def _cut(block: Block, last: int, alone: Collection[int]) -> Iterator[Block]:
    """Cut a block before ``last`` and around single rows; any cut gives the same fold."""
    end = min(block.n_bars, last - block.t)
    inside = {t - block.t for t in alone}
    edges = {edge for t in inside for edge in (t, t + 1) if 0 < edge < end}
    marks = sorted({0, end, *edges})
    for first, after in itertools.pairwise(marks):
        yield _rows(block, first, after)


def _rows(block: Block, first: int, after: int) -> Block:
    """Return some bars of a block; all of them are the block itself."""
    if after - first == block.n_bars:
        return block
    return Block(
        block.t + first,
        block.k0 + first,
        after - first,
        Bars._make(array[first:after] for array in block.bars),
        Market._make(array[first:after] for array in block.market),
        block.member[first:after],
        block.quote_usd[first:after],
    )


def bitcoin(panel: Panel) -> int:
    """Return the column of BTC, -1 where the panel has none."""
    for c, symbol in enumerate(panel.symbols):
        if base_asset(symbol).upper().removeprefix("SYN-") in {"BTC", "XBT"}:
            return c
    return -1


def missing(panel: Panel, btc: int) -> frozenset[str]:
    """Return the features that this panel's sources do not have at all, whatever the bar.

    Facts of the sources' form and of the symbols decide, no value of any bar: values that first
    appear on a later day would otherwise change who may vote before it.
    """
    absent = {feature for lack in panel.lacks for feature in _READ_FROM[lack]}
    return frozenset(absent) | (_BITCOIN_FEATURES if btc < 0 else frozenset())
