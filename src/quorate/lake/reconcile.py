r"""Two or more vendors' bars of one coin: do they agree, and which one counts.

In: tidy series of one coin, the most trusted vendor first. Out: the difference of every common bar
against what is tolerated,

.. math:: |\ln(A_t / B_t)| \le \max(10\,\text{bps},\ \min(100\,\text{bps},
    3 \operatorname{med}_{\text{hour}} |\ln(A/B)|),\ \text{tick} / B_t)

(the day's median where a bar is longer than 15 minutes; never more than 100 bps, for a median would
excuse an error that lasts), the days on which too many bars disagree, whether one vendor's clock is
shifted, and a merged series that says of every bar where it came from. Two must agree; a third
breaks a tie; a bar that one vendor alone has is left out unless it is asked for. Volumes are not
compared: each venue has its own. A spot price and a perpetual's differ by the basis, which is a
price of its own and not an error: ``compare`` measures it, ``merge`` refuses to mix them.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.lake.grid import take
from quorate.lake.sources import MINUTE_MS, PRICES, Series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import ByteMat, ByteVec, IntVec, Vec

    Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

LEAST_BPS: Final = 10.0
MOST_BPS: Final = 100.0
MEDIANS: Final = 3.0
QUARANTINE_FRAC: Final = 0.005
"""A day on which more bars than this share disagree is not to be trusted."""
QUORUM: Final = 2
"""How many vendors must show a bar's price."""
_LONGEST_MINUTES = 15
TICK_BARS = 100
_HOUR_MS = 60 * MINUTE_MS
_DAY_MS = 24 * _HOUR_MS


class Differences(NamedTuple):
    """The common bars of two vendors, in bps of log price, shape (bar,)."""

    open_ms: IntVec
    bps: Vec  # signed: first over second
    tolerated_bps: Vec

    @property
    def agrees(self) -> Mask:
        """Return where the difference is tolerated."""
        good: Mask = np.abs(self.bps) <= self.tolerated_bps
        return good


class Summary(NamedTuple):
    """How far apart two vendors are over all their common bars."""

    n_bars: int
    median_bps: float
    p99_bps: float
    max_bps: float
    max_ms: int
    agree_frac: float


def compare(first: Series, second: Series, tick: float, bar_minutes: int) -> Differences:
    """Compare the closes of two vendors on the bars that both have.

    Parameters
    ----------
    first, second : Series
        Tidy bars of one coin and one length.
    tick : float
        Price step of the second vendor, in quote.
    bar_minutes : int
        Length of a bar.

    Returns
    -------
    Differences
        Empty if no bar is common.

    Notes
    -----
    Units: bps.  Causal: the tolerance of a bar reads all bars of its hour or day; ``daily`` tells a
    day when it is over.  Missing: a bar of one vendor alone is not compared.  Spec 13; METHODS 12.

    Examples
    --------
    >>> from quorate.lake.sources import Series
    >>> at, one = np.array([0, 300_000, 600_000]), np.full(3, 100.0)
    >>> two = one * np.array([1.0, 1.01, 1.0])
    >>> a, b = (Series("f", at, p, p, p, p, p, p) for p in (one, two))
    >>> compare(a, b, 0.01, 5).agrees.tolist()
    [True, False, True]
    """
    at, left, right = np.intersect1d(
        first.open_ms, second.open_ms, assume_unique=True, return_indices=True
    )
    close = second.close[right]
    bps: Vec = 1e4 * np.log(first.close[left] / close)
    usual = np.minimum(MEDIANS * _median(at, np.abs(bps), bar_minutes), MOST_BPS)
    return Differences(at, bps, np.maximum(np.maximum(usual, 1e4 * tick / close), LEAST_BPS))


def disputes(
    first: Series, second: Series, tick: float, bar_minutes: int, since_ms: int | None = None
) -> Mask:
    """Return where the second vendor shows another price, by what is known at each bar's close.

    As ``compare``, with the median of the hour (or day) *before* the bar, so that a bar is not
    excused by the ones that follow it.

    Parameters
    ----------
    first, second, tick, bar_minutes
        As ``compare``.
    since_ms : int, optional
        When the second vendor's tick is known (``TICK_BARS``), where its bars are part of more.

    Returns
    -------
    array of bool
        One a bar of ``first``; False where the second vendor has no such bar.

    Notes
    -----
    Units: bps.  Causal: yes.  Missing: a bar of one vendor alone is not disputed; where no bar was
    common in the span before, 10 bps or a tick are tolerated; before the second vendor's hundredth
    bar, by which its tick is known, nothing is disputed.  Spec 13; METHODS 12.

    Examples
    --------
    >>> from quorate.lake.sources import Series
    >>> at, one = np.array([0, 300_000, 600_000]), np.full(3, 100.0)
    >>> two = one * np.array([1.0, 1.01, 1.0])
    >>> a, b = (Series("f", at, p, p, p, p, p, p) for p in (one, two))
    >>> disputes(a, b, 0.01, 5).tolist()
    [False, False, False]
    """
    out: Mask = np.zeros(first.open_ms.size, np.bool_)
    at, left, right = np.intersect1d(
        first.open_ms, second.open_ms, assume_unique=True, return_indices=True
    )
    if at.size == 0:
        return out
    close = second.close[right]
    far = np.abs(1e4 * np.log(first.close[left] / close))
    span = _HOUR_MS if bar_minutes <= _LONGEST_MINUTES else _DAY_MS
    rows = pl.DataFrame({"at": at, "far": far})
    before = rows.select(
        pl.col("far").rolling_median_by("at", f"{span}i", closed="left").fill_null(0.0)
    )["far"].to_numpy()
    usual = np.minimum(MEDIANS * before, MOST_BPS)
    # a tick is known from the first hundred closes (``infer_tick``)
    is_known = right >= TICK_BARS if since_ms is None else at >= since_ms
    far_off = far > np.maximum(np.maximum(usual, 1e4 * tick / close), LEAST_BPS)
    out[left] = far_off & is_known
    return out


def _median(at_ms: IntVec, values: Vec, bar_minutes: int) -> Vec:
    """Return each value's median of its clock hour, or of its day where an hour has few bars."""
    if values.size == 0:
        return values
    span = _HOUR_MS if bar_minutes <= _LONGEST_MINUTES else _DAY_MS
    rows = pl.DataFrame({"span": at_ms // span, "value": values})
    return rows.select(pl.col("value").median().over("span"))["value"].to_numpy()


def summary(given: Differences) -> Summary:
    """Return the median, 99th percentile and largest of the absolute differences.

    Raises
    ------
    ValueError
        If no bar is common.

    Examples
    --------
    >>> bps = np.array([1.0, -3.0, 2.0])
    >>> summary(Differences(np.array([0, 1, 2]), bps, np.full(3, 10.0)))[:4]
    (3, 2.0, 2.98, 3.0)
    """
    if given.bps.size == 0:
        raise ValueError("the two vendors have no bar in common: nothing to summarise")
    summing = Summing()
    summing.add(given)
    return summing.summary()


class Summing:
    """Sums up how far apart two vendors are, span after span (``summary``).

    Notes
    -----
    Units: as ``Summary``.  Causal: reads all bars.  Missing: as ``compare``.  Memory: 8 bytes a
    bar, for a median is of all of them.
    """

    def __init__(self) -> None:
        self._far: list[Vec] = []
        self._n_agree = 0
        self._most = -1.0, 0

    def add(self, given: Differences) -> None:
        """Take the common bars of a span that is later than those before."""
        far = np.abs(given.bps)
        if far.size == 0:
            return
        self._far.append(far)
        self._n_agree += int(given.agrees.sum())
        row = int(far.argmax())
        if far[row] > self._most[0]:
            self._most = float(far[row]), int(given.open_ms[row])

    @property
    def n_bars(self) -> int:
        """Return how many bars were common."""
        return sum(each.size for each in self._far)

    def summary(self) -> Summary:
        """Return it, of a bar at least."""
        far = np.concatenate(self._far)
        return Summary(
            n_bars=far.size,
            median_bps=float(np.median(far)),
            p99_bps=float(np.quantile(far, 0.99)),
            max_bps=self._most[0],
            max_ms=self._most[1],
            agree_frac=self._n_agree / far.size,
        )


def daily(given: Differences, quarantine_frac: float = QUARANTINE_FRAC) -> pl.DataFrame:
    """Return how many bars of each UTC day disagree, and which days are quarantined.

    Parameters
    ----------
    given : Differences
        From ``compare``.
    quarantine_frac : float
        The largest share of a day's bars that may disagree.

    Returns
    -------
    polars.DataFrame
        ``day, n, n_off, median_bps, p99_bps, max_bps, quarantined``.

    Notes
    -----
    Units: bars, bps.  Causal: known when the day is over.  Missing: a day without a common bar has
    no row.  METHODS 12.
    """
    rows = pl.DataFrame(
        {
            "day": (given.open_ms // _DAY_MS).astype(np.int32),
            "far": np.abs(given.bps),
            "off": ~given.agrees,
        }
    )
    return (
        rows.group_by(pl.col("day").cast(pl.Date))
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("off").sum().cast(pl.Int64).alias("n_off"),
            pl.col("far").median().alias("median_bps"),
            pl.col("far").quantile(0.99, "linear").alias("p99_bps"),
            pl.col("far").max().alias("max_bps"),
        )
        .with_columns((pl.col("n_off") > quarantine_frac * pl.col("n")).alias("quarantined"))
        .sort("day")
    )


class Merged(NamedTuple):
    """One series of several vendors, and of each bar where it came from and who agrees.

    ``vendor`` is an index into the vendors given, ``n_agree`` how many vendors show that price
    (1: nobody else has the bar). ``disputed`` are times at which no two agree, ``short`` others
    at which fewer agree than a quorum, and ``whose`` bar that would be. Both are left out.
    """

    series: Series
    vendor: ByteVec
    n_agree: ByteVec
    disputed: IntVec
    short: IntVec
    whose: ByteVec


def merge(
    vendors: Sequence[Series],
    ticks: Sequence[float],
    kinds: Sequence[str],
    bar_minutes: int,
    quorum: int = QUORUM,
) -> Merged:
    """Merge vendors of one coin: each bar from the first that most others confirm.

    Parameters
    ----------
    vendors : sequence of Series
        Tidy bars of one length, the most trusted first; at most 100.
    ticks : sequence of float
        Price step of each.
    kinds : sequence of str
        ``spot`` or ``perp`` of each: all alike.
    bar_minutes : int
        Length of a bar.
    quorum : int
        How many vendors must show a bar's price; with 1 a bar that one alone has is taken too.

    Returns
    -------
    Merged
        On the union of all bars, less those without a quorum.

    Raises
    ------
    ValueError
        If kinds differ, or the lengths of the arguments do, or a quorum is below 1.

    Notes
    -----
    Units: as ``Series``.  Causal: see ``compare``.  Missing: a bar on which two vendors or more
    disagree throughout is left out, whatever the quorum.  Spec 13; METHODS 12.
    """
    if len(set(kinds)) > 1:
        raise ValueError(f"{', '.join(kinds)} cannot be merged: the basis between them is a price")
    if not len(vendors) == len(ticks) == len(kinds) or not vendors:
        raise ValueError(
            f"{len(vendors)} vendors, {len(ticks)} ticks and {len(kinds)} kinds: as many of each"
        )
    if quorum < 1:
        raise ValueError(f"a quorum of {quorum} confirms nothing: at least 1")
    at = np.unique(np.concatenate([each.open_ms for each in vendors]))
    row = [np.searchsorted(at, each.open_ms) for each in vendors]
    has = np.zeros((len(vendors), at.size), np.bool_)
    for v, rows in enumerate(row):
        has[v, rows] = True
    agree = has.astype(np.int8)  # each shows its own price
    for i, j in combinations(range(len(vendors)), 2):
        told = compare(vendors[i], vendors[j], ticks[j], bar_minutes)
        rows = np.searchsorted(at, told.open_ms[told.agrees])
        agree[i, rows] += 1
        agree[j, rows] += 1
    return _chosen(vendors, at, row, (has, agree), quorum)


def _chosen(
    vendors: Sequence[Series],
    at: IntVec,
    row: Sequence[IntVec],
    seen: tuple[np.ndarray[tuple[int, int], np.dtype[np.bool_]], ByteMat],
    quorum: int,
) -> Merged:
    """Take every bar from the first whom most confirm; ``seen`` says who has it, and who agrees."""
    has, agree = seen
    vendor = agree.argmax(axis=0).astype(np.int8)  # the first of the largest
    n_agree = agree.max(axis=0)
    is_disputed = (n_agree == 1) & (has.sum(axis=0) > 1)
    values: dict[str, Any] = {}
    for name in (*PRICES, "volume", "taker_buy"):
        values[name] = np.full(at.size, np.nan)
        for v, each in enumerate(vendors):
            mine = vendor[row[v]] == v
            values[name][row[v][mine]] = getattr(each, name)[mine]
    first = vendors[0]
    has_taker = any(each.has_taker for each in vendors)
    merged = Series(first.file, at, **values, has_taker=has_taker)
    is_short = ~is_disputed & (n_agree < quorum)
    kept = ~is_disputed & ~is_short
    return Merged(
        take(merged, kept),
        vendor[kept],
        n_agree[kept],
        at[is_disputed],
        at[is_short],
        vendor[is_short],
    )
