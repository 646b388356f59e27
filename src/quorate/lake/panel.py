"""The panel: everything a run reads of the market, as arrays (time, venue, coin).

A ``Panel`` is made by ``load`` from folders, by ``synthetic`` from a seed, or by hand in a test.
Bars are stored by open time and enter here stamped at their close (``k``): what stands in row t
could be known at that stamp, and trades happen after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from quorate.core.types import Bars, Market
from quorate.lake.silence import delisted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from quorate.core.types import ByteMat, IntVec, Vec, Venues
    from quorate.hands import Word
    from quorate.lake.certificate import Certificate

Kind = Literal["spot", "perp"]
FundingSource = Literal["known", "assumed", "mixed", "none"]


class Provenance(NamedTuple):
    """Where a panel came from: a description for people, a digest of the content read.

    ``made`` is what ``lake.again`` makes the same panel from, as plain JSON; None for a panel
    that was put together by hand.
    """

    description: str
    digest: str
    made: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Panel:
    """A market over a span of time.

    Attributes
    ----------
    symbols : tuple[str, ...]
        The coins, as the primary venue spells them; the order of the coin axis.
    bar_minutes : int
        Length of a bar; a divisor of 60.
    k0 : int
        Counter of the first bar's close: its stamp over the length of a bar, since 1970.
    bars, market, venues
        See ``core.types``. ``market`` may share memory with ``bars`` on a single venue, except
        for ``spread_bps``: it is NaN where no quote is known, and the run fills it from the
        features' estimate before anything is traded.
    venue_names : tuple[str, ...]
        The venue axis; the first is the primary one, whose bars are ``bars``.
    kinds : tuple[str, ...]
        ``spot`` or ``perp``, one a coin (as on the primary venue).
    funding : tuple[str, ...]
        One a coin: ``known``, ``assumed``, ``mixed`` (holes filled by the assumption), or
        ``none`` (spot).
    quote_usd : Vec
        USD per quote coin, shape (time,); 1.0 where no series was given.
    member : ByteMat
        1 from a coin's first bar on, but while no price of it has come for a day (``silence``),
        shape (time, coin).
    delisted_k : IntVec
        Counter of the last bar that traded of a coin without a price for a day when the panel
        ends, else ``grid.NEVER``: as known then. Nothing that decides reads it.
    is_synthetic : bool
        True if the prices were made up; every page must say so.
    source : Provenance
        Description and digest.
    notes : tuple[str, ...]
        What a reader of the results must know (assumed funding, coins left out).
    lacks : frozenset[str]
        Inputs that the sources do not have at all: ``taker_buy`` where no file of the primary
        venue has the column, ``funding`` on spot, ``basis`` where the primary venue is not a
        perpetual one with a spot source beside it. A fact of the files' form, never of their
        values: what is null today may be known tomorrow, and the run may not know that today.
    words : tuple[Word, ...]
        What people asked of the desk meanwhile (``by_hand``), in the order of time.
    certificate : Certificate, optional
        Where the data come from, the rules they were held against and what was found. None for a
        market that was made up or put together by hand.
    """

    symbols: tuple[str, ...]
    bar_minutes: int
    k0: int
    bars: Bars
    market: Market
    venues: Venues
    venue_names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    funding: tuple[FundingSource, ...]
    quote_usd: Vec
    member: ByteMat
    delisted_k: IntVec
    is_synthetic: bool
    source: Provenance
    notes: tuple[str, ...] = ()
    lacks: frozenset[str] = frozenset()
    words: tuple[Word, ...] = ()
    certificate: Certificate | None = None

    def __repr__(self) -> str:  # type: ignore[explicit-override]
        """Return one line: what it holds, where from, and when."""
        made_up = "synthetic, " if self.is_synthetic else ""
        return f"Panel({made_up}{self.source.description}; {self.n_bars:,} bars)"

    @property
    def n_bars(self) -> int:
        """Return the number of bars."""
        return int(self.bars.close.shape[0])

    @property
    def n_coins(self) -> int:
        """Return the number of coins."""
        return len(self.symbols)

    @property
    def bars_per_hour(self) -> int:
        """Return how many bars close within an hour."""
        return 60 // self.bar_minutes

    def close_ms(self, t: int) -> int:
        """Return the stamp of row t, its close, in milliseconds since 1970."""
        return (self.k0 + t) * self.bar_minutes * 60_000


class Block(NamedTuple):
    """A run of consecutive bars of a panel; the arrays are views, writable and C-contiguous."""

    t: int
    k0: int
    n_bars: int
    bars: Bars
    market: Market
    member: ByteMat
    quote_usd: Vec


def part(panel: Panel, first: int, after: int) -> Panel:
    """Return some consecutive bars of a panel, as a panel that knows nothing after them.

    Parameters
    ----------
    panel : Panel
        The panel.
    first, after : int
        The first row, and the one after the last.

    Returns
    -------
    Panel
        Views, not copies; what ends after the part has not ended in it, nor what fell silent
        within a day of its end, and what is silent there is gone though it comes back later:
        nobody can tell yet. It cannot be made again from its files, so its source says how it was
        cut.

    Raises
    ------
    ValueError
        There is no such part.

    Notes
    -----
    Units: bars.  Causal: ends at its last bar.  Missing: as in the panel.

    Examples
    --------
    >>> from quorate.lake.synthetic import synthetic
    >>> whole = synthetic(n_coins=2, days=2)
    >>> half = part(whole, 288, 576)
    >>> half.n_bars, half.k0 - whole.k0
    (288, 288)
    """
    if not 0 <= first < after <= panel.n_bars:
        raise ValueError(f"rows {first} to {after} are no part of {panel.n_bars} bars")
    rows = slice(first, after)
    cut = f"bars {first} to {after - 1} of it"
    return replace(
        panel,
        k0=panel.k0 + first,
        bars=Bars._make(array[rows] for array in panel.bars),
        market=Market._make(array[rows] for array in panel.market),
        quote_usd=panel.quote_usd[rows],
        member=panel.member[rows],
        delisted_k=delisted(panel.bars.status, panel.k0, panel.bar_minutes, after),
        source=Provenance(
            f"{panel.source.description}, {cut}", f"{panel.source.digest}:{first}:{after}"
        ),
    )


def blocks(panel: Panel, n_bars: int) -> Iterator[Block]:
    """Cut a panel into blocks of at most n bars, in order, without copying what is in memory.

    Parameters
    ----------
    panel : Panel
        The panel.
    n_bars : int
        Bars in a block, at least 1; the last block may be shorter.

    Yields
    ------
    Block
        ``t`` is the row of its first bar, ``k0`` that bar's counter.

    Raises
    ------
    ValueError
        If ``n_bars`` is below 1.

    Notes
    -----
    Units: bars.  Causal: blocks come in order of time.  Missing: as in the panel.

    Examples
    --------
    >>> from quorate.lake.synthetic import synthetic
    >>> [block.n_bars for block in blocks(synthetic(n_coins=2, days=1), 100)]
    [100, 100, 88]
    """
    if n_bars < 1:
        raise ValueError(
            f"n_bars is {n_bars}, it must be at least 1: about 25,000 coin-bars a block"
        )
    for t in range(0, panel.n_bars, n_bars):
        rows = slice(t, min(t + n_bars, panel.n_bars))
        yield Block(
            t,
            panel.k0 + t,
            rows.stop - t,
            Bars._make(array[rows] for array in panel.bars),
            Market._make(array[rows] for array in panel.market),
            panel.member[rows],
            panel.quote_usd[rows],
        )
