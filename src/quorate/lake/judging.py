"""One symbol's files on one venue, held against the rules at the length of their bars.

In: files. Out: ``Judged``, with the believed bars of each coin; or ``Aside``, the same with the
bars on a ``Shelf``, through which files of any length go stretch by stretch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from quorate.errors import SchemaError
from quorate.lake import governance, layout, lengths, renames
from quorate.lake.governance import Governing, findings
from quorate.lake.governance.spreads import crossed
from quorate.lake.shelf import Reading, Shelf
from quorate.lake.sources import MINUTE_MS, epoch_ms
from quorate.lake.spacing import Spacings
from quorate.lake.spec import EVER_MS, quote_asset
from quorate.lake.universe import spreads_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from quorate.core.types import IntVec
    from quorate.lake.governance import Governed, Params
    from quorate.lake.governance.findings import Finding
    from quorate.lake.lengths import Length
    from quorate.lake.shelf import Lying, Pile
    from quorate.lake.sources import Mask, Series
    from quorate.lake.stretches import Stretch

    Disputed = Callable[[Series, int], Mask]


class Judged(NamedTuple):
    """One symbol's files, held against the rules: its name, how many rows stood there, the rest.

    ``left_ms`` are the times, on the grid, of rows that are no bar of ``governed``; ``quote`` is
    the money of the prices, empty where the files' own name does not say. ``minutes`` is the length
    of the rows, ``end_ms`` the last close of those that are believed, ``spreads`` what the rows say
    of the spread (``universe.spreads_of``).
    """

    symbol: str
    n_rows: int
    governed: Governed
    left_ms: IntVec
    quote: str
    minutes: int
    end_ms: int
    spreads: pl.DataFrame


class Aside(NamedTuple):
    """A judged symbol whose bars lie on the shelf, by coin; those of ``judged`` are none."""

    judged: Judged
    coins: tuple[tuple[str, Lying], ...]

    def within(self, first_ms: int = EVER_MS[0], end_ms: int = EVER_MS[1]) -> Judged:
        """Return it with the bars that open in a span; a coin without one has an empty series."""
        coins = tuple((name, lying.within(first_ms, end_ms)) for name, lying in self.coins)
        return self.judged._replace(governed=self.judged.governed._replace(coins=coins))

    def at_ms(self) -> IntVec:
        """Return the times of all rows."""
        bars = [part.open_ms for _, lying in self.coins for part in lying.each()]
        return np.concatenate([self.judged.left_ms, *bars])


def judge(
    symbol: str,
    paths: Sequence[Path],
    bars: Length,
    rules: Params,
    *,
    drop_last: bool,
    disputed: Disputed | None = None,
    reading: Reading | None = None,
    name: str = "",
) -> Aside:
    """Hold one symbol's files against the rules, at the length of their bars.

    Parameters
    ----------
    symbol : str
        As the vendor spells it.
    paths : sequence of Path
        Its files in order of time.
    bars : Length
        The bar length of all files, or one that is to be made of theirs (``resampling``).
    rules : Params
        Of governance.
    drop_last : bool
        Leave out the last bar, where it may still have been forming (``Reading.forming_ms``).
    disputed : callable, optional
        Returns where a second vendor shows another price than a coin's bars of a length
        (``govern``).
    reading : Reading, optional
        Where the bars are laid, as of when, in which unit, and what is told of each file; in
        memory, of the latest rows and as stored when left out.
    name : str
        Of the pile on the shelf.

    Returns
    -------
    Aside

    Raises
    ------
    SchemaError
        If a column is missing or no number, or the bars are of another length or of several.

    Notes
    -----
    Units, Causal, Missing: as ``governance.govern``.  Spec 13.
    """
    given = reading or Reading(Shelf())
    place = given.shelf

    def cut() -> Iterator[Stretch]:
        return renames.stored(paths, given)

    def held(minutes: int | None) -> Aside:
        spacings, judging, n_rows = Spacings(), None, 0
        part = None
        for part in cut():
            at = epoch_ms(part.rows, part.name)
            spacings.add(at)
            n_rows += at.size
            if judging is None:
                own = minutes or _length(part, at, cut, bars)
                governing = Governing(
                    symbol,
                    own,
                    rules,
                    drop_last=drop_last,
                    forming_ms=given.forming_ms,
                    disputed=_asked(disputed, own),
                )
                judging = _Judging(symbol, own, governing, place.pile(name))
            judging.step(part, at)
        assert part is not None and judging is not None  # noqa: S101, PT018  (one at least)
        whole = lengths.of_spacings(spacings, n_rows, part.name, bars)
        # a file may begin with bars of another length than most of it has
        return (
            judging.done(layout.spelt(paths), n_rows) if whole == judging.minutes else held(whole)
        )

    return held(None)


def _length(part: Stretch, at: IntVec, cut: Callable[[], Iterator[Stretch]], bars: Length) -> int:
    """Return the length of a file's bars by its first stretch, or where that has several by all."""
    try:
        return lengths.of_file(at, part.name, bars)
    except SchemaError:
        if part.is_last:
            raise
    spacings, n_rows = Spacings(), 0
    for each in cut():
        spacings.add(epoch_ms(each.rows, each.name))
        n_rows += each.rows.height
    return lengths.of_spacings(spacings, n_rows, part.name, bars)


def _asked(disputed: Disputed | None, minutes: int) -> Callable[[Series], Mask] | None:
    """Return what asks of bars of one length."""
    return None if disputed is None else lambda series: disputed(series, minutes)


class _Judging:
    """Lays what is believed of a symbol on the shelf, and keeps what became no bar."""

    def __init__(self, symbol: str, minutes: int, governing: Governing, pile: Pile) -> None:
        self.minutes = minutes
        self._symbol, self._pile, self._governing = symbol, pile, governing
        self._near: IntVec = np.empty(0, np.int64)  # of rows that may become bars yet
        self._left: list[IntVec] = []
        self._spreads: list[pl.DataFrame] = []
        self._crossed: list[Finding] = []

    def step(self, part: Stretch, at_ms: IntVec) -> None:
        """Judge a stretch."""
        is_last = part.is_last
        made = self._governing.step(part.rows, is_last=is_last)
        self._spreads.append(spreads_of(part.rows, part.name))
        self._crossed.append(crossed(part.rows, part.name))
        for name, series in made:
            self._pile.put(name, series)
        bar_ms = self.minutes * MINUTE_MS
        near = np.sort((at_ms + bar_ms // 2) // bar_ms * bar_ms)
        self._near = np.concatenate([self._near, near]) if self._near.size else near
        bars = [series.open_ms for _, series in made]
        # bars are believed in order of time: an earlier row that is none never will be
        settled = self._near.size
        if not is_last:
            last = max((int(each[-1]) for each in bars), default=-1)
            settled = int(np.searchsorted(self._near, last, side="right"))
        self._left.append(_left(self._near[:settled], bars))
        self._near = self._near[settled:].copy()

    def done(self, spelt: str, n_rows: int) -> Aside:
        """Return what was judged."""
        coins = self._pile.coins
        bare = tuple((name, lying.like) for name, lying in coins)
        bar_ms = self.minutes * MINUTE_MS
        judged = Judged(
            self._symbol,
            n_rows,
            governance.Governed(bare, self._found()),
            np.concatenate(self._left),
            quote_asset(spelt),
            self.minutes,
            max((lying.last_ms + bar_ms for _, lying in coins), default=0),
            pl.concat(self._spreads),
        )
        return Aside(judged, coins)

    def _found(self) -> pl.DataFrame:
        """Return what was found, in the spreads too."""
        told = self._governing.findings
        if not any(each.at_ms.size for each in self._crossed):
            return told
        return findings.concat([told, findings.frame(self._symbol, self._crossed)])


def _left(near_ms: IntVec, bars: Sequence[IntVec]) -> IntVec:
    """Return the times, sorted, of rows that became no bar, each as often as it stood there."""
    if sum(each.size for each in bars) == near_ms.size:
        return np.empty(0, np.int64)
    again = np.append(False, near_ms[1:] == near_ms[:-1])[: near_ms.size]
    once = near_ms[~again]
    lost = ~np.isin(once, np.concatenate([once[:0], *bars]), assume_unique=True)
    return np.concatenate([near_ms[again], once[lost]])
