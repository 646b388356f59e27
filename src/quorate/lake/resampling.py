r"""Bars of files become longer ones: minutes five minutes, five minutes hours (METHODS 12).

In: one coin's bars, held against the rules at their own length. Out: bars of a multiple of it,
keyed by their open on the grid of 1970,

.. math:: O = o_1, \quad H = \max_i h_i, \quad L = \min_i l_i, \quad C = c_n,
    \quad V = ((v_1 + v_2) + \dots) + v_n,

of the parts that are there. A part without volume that did not move repeats a price that nobody
paid: it counts for the close, and for the others only where every part is such a one, as in the
longer bars that venues make. What a bar is worth follows from what was known at its close:

- all of its parts are there: it is TRADED, a bar as any other;
- some are missing, each for less than the limit of a gap (an hour): it is IMPUTED, so nothing is
  traded or learned on it; its prices were all printed;
- a part is missing for longer: the series is cut there, so the bar is ABSENT;
- none is there: it is missing, and the grid carries the price or not as ever.

A bar is known once the last of its parts is, and a correction of a part corrects it: as of a moment
it is made of what was known of its parts then. Decision 36.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from quorate.core.types import Bar
from quorate.lake.governance import findings
from quorate.lake.governance.findings import Finding, Rule, found
from quorate.lake.grid import NEVER, join, most_carried, moves, take, window
from quorate.lake.judging import Aside
from quorate.lake.shelf import Pile
from quorate.lake.sources import MINUTE_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from quorate.core.types import IntVec, Vec
    from quorate.lake.certificate import Certificate
    from quorate.lake.governance import Params
    from quorate.lake.reading import Symbol
    from quorate.lake.sources import Mask, Series

_SHOWN = 5
_RULES = (Rule.BAR_PARTIAL.value, Rule.BAR_BROKEN.value)


def fold(
    series: Series, minutes: int, to_minutes: int, gap_minutes: float
) -> tuple[Series, list[Finding]]:
    """Make longer bars of a coin's bars.

    Parameters
    ----------
    series : Series
        Bars of one coin, tidy: on their grid, times increase.
    minutes : int
        Their length.
    to_minutes : int
        The length to make, a multiple of it.
    gap_minutes : float
        A part missing for as long as this, or longer, cuts the series.

    Returns
    -------
    series, findings : Series, list[Finding]
        Of the longer bars, the one the series ends within too (``finished`` leaves it out);
        ``value`` of a finding is how many parts are there, ``bound`` how many make the bar.

    Raises
    ------
    ValueError
        If the longer length is no multiple of the shorter.

    Notes
    -----
    Units: as ``Series``.  Causal: a bar reads its own parts, and of a gap before it where it began.
    Missing: see the module; a volume of takers that one part lacks is NaN.  Spec 13; METHODS 12.

    Hours made of minutes at once and by way of five minutes are the same but for the last digits
    of a volume: it is added from the first part to the last, and other parts round otherwise. (And
    but for a price that changed without volume or a move, which counts where it is the close.)

    Examples
    --------
    >>> from quorate.lake.grid import take
    >>> from quorate.lake.sources import Series
    >>> at, p = 300_000 * np.arange(24), 100.0 + np.arange(24.0)
    >>> bars = Series("f", at, p, p + 0.5, p - 0.5, p, np.ones(24), np.full(24, np.nan))
    >>> hours, told = fold(take(bars, np.delete(np.arange(24), 14)), 5, 60, 60.0)
    >>> hours.close.tolist(), hours.volume.tolist(), hours.status.tolist()
    ([111.0, 123.0], [12.0, 11.0], [1, 2])
    >>> [(each.rule.value, each.value.tolist()) for each in told]
    [('BAR_PARTIAL', [11.0])]
    """
    if minutes < 1 or to_minutes % minutes:
        raise ValueError(f"bars of {to_minutes} minutes cannot be made of bars of {minutes}")
    if to_minutes == minutes or series.open_ms.size == 0:
        return series, []
    n_parts = to_minutes // minutes
    at = series.open_ms // (to_minutes * MINUTE_MS) * (to_minutes * MINUTE_MS)
    first = np.flatnonzero(np.diff(at, prepend=-1))
    last = np.append(first[1:], at.size) - 1
    bar = np.repeat(np.arange(first.size), last - first + 1)
    n_there = last - first + 1
    counts = moves(series)
    counts |= np.bincount(bar[counts], minlength=first.size)[bar] == 0
    rows = np.flatnonzero(counts)
    close = series.close[last]
    high = np.maximum.reduceat(np.where(counts, series.high, -np.inf), first)
    low = np.minimum.reduceat(np.where(counts, series.low, np.inf), first)
    is_broken = _broken(series, at, bar, (minutes, to_minutes), gap_minutes)
    worth = np.ones(at.size, np.int8) if series.status is None else series.status
    is_partial = np.bincount(bar[worth == Bar.TRADED], minlength=first.size) < n_parts
    status = np.where(is_partial, Bar.IMPUTED, Bar.TRADED)
    made = series._replace(
        open_ms=at[first],
        open=series.open[rows[np.flatnonzero(np.diff(bar[rows], prepend=-1))]],
        high=np.maximum(high, close),
        low=np.minimum(low, close),
        close=close,
        volume=_sums(bar, series.volume),
        taker_buy=_sums(bar, series.taker_buy),
        status=np.where(is_broken, Bar.ABSENT, status).astype(np.int8),
    )
    told = [
        found(rule, at[first[which]], value=n_there[which].astype(np.float64), bound=float(n_parts))
        for rule, which in (
            (Rule.BAR_PARTIAL, is_partial & ~is_broken),
            (Rule.BAR_BROKEN, is_broken),
        )
        if which.any()
    ]
    return made, told


class Folding:
    """Makes longer bars of a coin's bars that come stretch after stretch (``fold``).

    Parameters
    ----------
    minutes, to_minutes, gap_minutes
        As ``fold``.

    Notes
    -----
    Units, Causal, Missing: as ``fold`` of all stretches together; each begins with another of the
    longer bars than the one before it ends with.  Memory: two stretches.
    """

    def __init__(self, minutes: int, to_minutes: int, gap_minutes: float) -> None:
        self._given = minutes, to_minutes, gap_minutes
        self._bar_ms = to_minutes * MINUTE_MS
        self._behind: Series | None = None  # the part before those that wait
        self._waiting: Series | None = None  # until it is known how long the gap after them is
        self.told: list[Finding] = []

    def step(self, series: Series) -> Series:
        """Return the bars of the stretch before; none at first.

        Parameters
        ----------
        series : Series
            The next stretch, of a bar at least.
        """
        made = self._fold(take(series, slice(1)))
        last = None if self._waiting is None else self._waiting.open_ms.size - 1
        if self._waiting is not None and last is not None:
            self._behind = take(self._waiting, np.arange(last, last + 1))
        self._waiting = series
        return made

    def end(self) -> Series:
        """Return the bars of the last stretch."""
        return self._fold(None)

    def _fold(self, ahead: Series | None) -> Series:
        """Fold what waits, with the part before and the one behind it, of which no bar is told."""
        if self._waiting is None:
            assert ahead is not None  # noqa: S101  (there is a stretch)
            return take(ahead, slice(0))._replace(status=np.empty(0, np.int8))
        at = self._waiting.open_ms
        first, end = (int(each) // self._bar_ms * self._bar_ms for each in (at[0], at[-1]))
        parts = [each for each in (self._behind, self._waiting, ahead) if each is not None]
        made, told = fold(join(parts), *self._given)
        self.told += [_between(each, first, end) for each in told]
        return window(made, first, end + 1)


def _between(finding: Finding, first_ms: int, last_ms: int) -> Finding:
    """Return what was found from one time to another."""
    inside = (finding.at_ms >= first_ms) & (finding.at_ms <= last_ms)
    _, at, n, value, bound = finding
    return Finding(finding.rule, at[inside], n[inside], value[inside], bound[inside])


def _sums(bar: IntVec, values: Vec) -> Vec:
    """Add the values of each bar one after the other: the same digits on every machine."""
    sums: Vec = np.bincount(bar, weights=values).astype(np.float64, copy=False)
    return sums


def _broken(
    series: Series, at: IntVec, bar: IntVec, lengths: tuple[int, int], gap_minutes: float
) -> Mask:
    """Return which bars hold a part that is missing for too long to be carried."""
    open_ms = series.open_ms
    part_ms, bar_ms = (length * MINUTE_MS for length in lengths)
    # of the gap behind each part: its first part that is not carried, and the part that ends it
    begins = open_ms + part_ms * (1 + most_carried(gap_minutes, lengths[0]))
    ends = np.append(open_ms[1:], NEVER)
    is_long = begins < ends
    is_broken: Mask = np.zeros(int(bar[-1]) + 1, np.bool_)
    if series.status is not None:
        is_broken[bar[series.status == Bar.ABSENT]] = True
    is_broken[bar[is_long & (begins < at + bar_ms)]] = True
    behind = np.flatnonzero(is_long[:-1]) + 1
    is_broken[bar[behind[open_ms[behind] > at[behind]]]] = True
    return is_broken


def folded(
    given: Aside, minutes: int, rules: Params, pile: Callable[[], Pile] | None = None
) -> Aside:
    """Make longer bars of every coin of a symbol, and tell which lack a part.

    Parameters
    ----------
    given : Aside
        Held against the rules at the length of the files.
    minutes : int
        The length to make: theirs, or a multiple.
    rules : Params
        ``gap_minutes``.
    pile : callable, optional
        Returns where the longer bars are laid; in memory when left out.

    Notes
    -----
    Units, Causal, Missing: as ``fold``.  Spec 13.
    """
    judged = given.judged
    if judged.minutes == minutes:
        return given
    place, told = Pile(None) if pile is None else pile(), [judged.governed.findings]
    for name, lying in given.coins:
        folding = Folding(judged.minutes, minutes, rules.gap_minutes)
        for series in lying.each():
            place.put(name, folding.step(series))
        place.put(name, folding.end())
        told.append(findings.frame(name, folding.told))
    governed = judged.governed._replace(findings=findings.concat(told))
    return Aside(judged._replace(governed=governed, left_ms=given.at_ms()), place.coins)


def finished(given: Sequence[Aside | None], end_ms: int, minutes: int) -> list[Aside | None]:
    """Leave out the bars made of shorter ones that had not ended when the data did.

    Parameters
    ----------
    given : sequence of Aside or None
        One symbol on every venue, from ``folded``.
    end_ms : int
        When the data end.
    minutes : int
        Length of a bar.

    Notes
    -----
    Units: minutes, milliseconds.  Causal: a bar is there from its close on.  Missing: left out.
    Spec 13.
    """
    before_ms = end_ms - end_ms % (minutes * MINUTE_MS)
    return [
        each if each is None or each.judged.minutes == minutes else _before(each, before_ms)
        for each in given
    ]


def _before(given: Aside, end_ms: int) -> Aside:
    """Return the bars that open before a time, and what was told of them."""
    governed = given.judged.governed
    is_early = pl.col("at").dt.epoch("ms") < end_ms
    told = governed.findings.filter(is_early | ~pl.col("rule").is_in(_RULES))
    cut = [(name, lying.cut(end_ms)) for name, lying in given.coins]
    return Aside(
        given.judged._replace(governed=governed._replace(findings=told)),
        tuple((name, lying) for name, lying in cut if lying.pieces),
    )


def ended(symbols: Sequence[Symbol], minutes: int) -> list[Symbol]:
    """Leave out of all symbols the bars that had not ended when the data did (``finished``).

    Parameters
    ----------
    symbols : sequence of Symbol
        All that are loaded together. The data end when the last of them does on the first venue, so
        that a coin which fell silent within a bar is not taken for one that would have gone on.
    minutes : int
        Length of a bar.

    Notes
    -----
    Units, Causal, Missing: as ``finished``.
    """
    end_ms = max((symbol.end_ms for symbol in symbols), default=0)
    return [
        symbol if set(symbol.minutes) <= {0, minutes} else _ended(symbol, end_ms, minutes)
        for symbol in symbols
    ]


def _ended(symbol: Symbol, end_ms: int, minutes: int) -> Symbol:
    """Leave out of one symbol what had not ended; a coin of which nothing is left goes."""
    bar_ms = minutes * MINUTE_MS
    last_ms = end_ms - end_ms % bar_ms - bar_ms

    def cut(span: tuple[int, int] | None) -> tuple[int, int] | None:
        return None if span is None or span[0] > last_ms else (span[0], min(span[1], last_ms))

    spans = [tuple(map(cut, coin)) for coin in symbol.spans]
    n = max(sum(coin[0] is not None for coin in spans), 1)
    return symbol._replace(
        lives=symbol.lives[:n],
        spans=tuple(spans[:n]),
        aside=tuple(finished(symbol.aside, end_ms, minutes)),
    )


def made_of(lengths: Iterable[int], minutes: int) -> tuple[int, ...]:
    """Return the lengths of files' bars that are shorter than a panel's, sorted; 0 is none."""
    return tuple(sorted(set(lengths) - {0, minutes}))


def told(found_of: pl.DataFrame, lengths: Sequence[int], minutes: int) -> str:
    """Return the sentence that says what bars were made of, and how many lack a part.

    Examples
    --------
    >>> one = findings.frame("A", [found(Rule.BAR_BROKEN, np.array([0, 3_600_000]))])
    >>> told(one, (5,), 60)
    'bars of 60 minutes made of 5-minute ones; missing, for a gap cuts the series in them: 2 (A 2)'
    """
    parts = []
    for rule, what in (
        (Rule.BAR_PARTIAL, "not traded on, for some of these are missing"),
        (Rule.BAR_BROKEN, "missing, for a gap cuts the series in them"),
    ):
        rows = found_of.filter(pl.col("rule") == rule.value)
        if rows.is_empty():
            continue
        most = (
            rows["symbol"]
            .value_counts(sort=True)
            .sort(["count", "symbol"], descending=[True, False])
        )
        named = ", ".join(f"{symbol} {n:,d}" for symbol, n in most.head(_SHOWN).rows())
        more = f" and {most.height - _SHOWN} more coins" if most.height > _SHOWN else ""
        parts.append(f"; {what}: {rows.height:,d} ({named}{more})")
    of = ", ".join(f"{length}-minute" for length in lengths)
    return f"bars of {minutes} minutes made of {of} ones{''.join(parts)}"


def notes(certificate: Certificate) -> list[str]:
    """Return what a reader must know of a panel whose bars were made of shorter ones."""
    minutes = certificate.bar_minutes
    return [
        f"On {origin.venue}: {told(each.findings, origin.made_of, minutes)}."
        for origin, each in certificate.venues
        if origin.made_of
    ]
