"""What a run was chosen from: every run ever booked whose data overlap with its own.

In: books of runs and the data of a run. Out: how many different settings, engines and cuts of the
data were tried, how many independent ones they amount to by their daily returns, and how much their
Sharpe ratios vary: what the deflated ratio asks for. Leaving out a
coin or starting a day later is another trial on the same market, not a new beginning.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.statistics import currency
from quorate.statistics.accounts import Trials
from quorate.statistics.daily import EQUITY, daily_returns
from quorate.statistics.effective import effective_trials, in_steps
from quorate.statistics.ratios import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

    from quorate.core.types import Vec
    from quorate.lake import Panel
    from quorate.statistics.daily import Daily
    from quorate.statistics.effective import Steps
    from quorate.store.runs import RunBook, Tried
    from quorate.store.spans import Span


class Data(NamedTuple):
    """What a run read: the digest of it, its first and last close, and where it was traded."""

    digest: str
    start: datetime
    end: datetime
    venues: frozenset[str]
    is_synthetic: bool

    @property
    def span(self) -> Span:
        """Where and when it is, for the ledger."""
        from quorate.store.spans import Span  # SQLAlchemy: only where a run is booked

        return Span(self.venues, self.start, self.end, self.is_synthetic)


def data_of(panel: Panel) -> Data:
    """Return what a run over a panel reads.

    Notes
    -----
    Units: UTC.  Causal: no value of a bar is read.  Missing: none.
    """
    first, last = (
        datetime.fromtimestamp(panel.close_ms(t) / 1000.0, tz=UTC) for t in (0, panel.n_bars - 1)
    )
    venues = frozenset(panel.venue_names)
    return Data(panel.source.digest, first, last, venues, panel.is_synthetic)


class Own(NamedTuple):
    """A run that is being made: its name, its Sharpe ratio per day and its daily returns."""

    run_id: str
    sharpe: float
    record: Steps | None


def record(daily: Daily) -> Steps | None:
    """Return the daily returns of a run as the ledger keeps them; None of a run of no day."""
    if not len(daily.day):
        return None
    return in_steps(int(daily.day[0]), daily.net)


def record_of(equity: pl.DataFrame) -> Steps | None:
    """Return the daily returns of a run's equity, in USD, as the ledger keeps them."""
    return record(daily_returns(currency.in_usd(equity).select(list(EQUITY))))


def trials_of(books: Sequence[RunBook], data: Data, own: Own | None = None) -> Trials:
    """Return the trials on overlapping data, the run that is being made among them.

    A run counts where its digest is the same, or where it traded in days that overlap, whatever its
    venue is called; a made-up market is known by its digest alone. One that was killed or failed
    counts by where it would have traded.

    Parameters
    ----------
    books : sequence of RunBook
        Its run was booked in each before. A run that several know counts once; its place in the
        order is that of the last of them.
    data : Data
        From ``data_of``.
    own : Own, optional
        What the run that is being made came to: no book knows it yet.

    Notes
    -----
    Units: the variance is that of daily Sharpe ratios; repeats count once, by their last result.
    Causal: what was booked so far.  Missing: None with fewer than two known ratios; a run that
    an older version booked, and that did not end, is known by its digest alone. A trial of which
    no daily returns are known counts as one that is like no other.
    METHODS 5.5; Bailey and Lopez de Prado (2014).
    """
    known: dict[tuple[str, str, str], tuple[float | None, str]] = {}
    for one in _in_order(books, data):
        trial = (one.recipe, one.settings_hash, one.data_hash)
        sharpe = (one.metrics or {}).get("net", {}).get("sharpe")
        if own is not None and one.run_id == own.run_id and math.isfinite(own.sharpe):
            sharpe = own.sharpe * math.sqrt(DAYS_PER_YEAR)
        if sharpe is not None or trial not in known:
            known[trial] = (sharpe, one.run_id)
    n = float(len(known))
    run_ids = [run_id for _, run_id in known.values()]
    booked: dict[str, tuple[int, int, Vec]] = {}
    for book in books:
        booked |= book.daily(run_ids)
    if own is not None and own.record is not None:
        booked[own.run_id] = own.record
    # in the order of the ledger: sums in another order have other last digits
    records = [booked[run_id] for run_id in run_ids if run_id in booked]
    variance = variance_of(sharpe for sharpe, _ in known.values())
    return Trials(n, variance, effective(records, len(known) - len(records)))


def _in_order(books: Sequence[RunBook], data: Data) -> Iterable[Tried]:
    """Return the trials that count, those of the last book at the end and in its order."""
    found: dict[str, Tried] = {}
    for book in books:
        for one in book.tried(data.digest, data.span):
            span = one.span or _said(one)
            if one.data_hash == data.digest or (span is not None and span.meets(data.span)):
                before = found.pop(one.run_id, one)
                found[one.run_id] = before if one.metrics is None else one
    return found.values()


def effective(records: Sequence[tuple[int, int, Vec]], n_unknown: int) -> float:
    """Return how many independent trials there are: of those without returns, each is one.

    Notes
    -----
    Units: trials.  Causal: reads finished runs.  Missing: at least one.  METHODS 5.5.
    """
    return max(1.0, effective_trials(records) + max(0, n_unknown))


def variance_of(sharpes: Iterable[float | None]) -> float | None:
    """Return the variance per day of annual Sharpe ratios, those left out that are not known.

    Notes
    -----
    Units: per day.  Causal: none.  Missing: None with fewer than two known ratios.  METHODS 5.5.

    Examples
    --------
    >>> variance_of([365**0.5, None, 3 * 365**0.5]), variance_of([1.0, None])
    (2.0, None)
    """
    daily = [sharpe / math.sqrt(DAYS_PER_YEAR) for sharpe in sharpes if sharpe is not None]
    return float(np.var(daily, ddof=1)) if len(daily) > 1 else None


def _said(one: Tried) -> Span | None:
    """Return the span that a run told when it ended: an older version booked none before."""
    said = (one.metrics or {}).get("data") or {}
    if any(name not in said for name in ("venues", "start", "end")):
        return None
    from quorate.store.spans import Span

    start, end = (datetime.fromisoformat(said[name]) for name in ("start", "end"))
    return Span(frozenset(said["venues"]), start, end, bool(said.get("is_synthetic")))
