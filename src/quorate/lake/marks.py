"""The mark prices of one coin on a venue, part after part of the grid.

In: files of marks. Out: the mark at each close, and the close where none is known. Of marks of
shorter bars the one counts that closes with the panel's bar; of marks of longer bars the basis is
carried (``basis``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.errors import DataError
from quorate.lake import basis, layout, renames
from quorate.lake.basis import HeldBasis
from quorate.lake.governance import values
from quorate.lake.grid import window
from quorate.lake.sources import MARK, MINUTE_MS, SNAP_MS, checked, epoch_ms, snap
from quorate.lake.spacing import Spacings

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.core.types import Vec
    from quorate.lake.asof import Told
    from quorate.lake.governance.values import Valued
    from quorate.lake.laying import Laying
    from quorate.lake.lives import Life
    from quorate.lake.shelf import Lying, Reading
    from quorate.lake.spec import Source

_TOLERATED_FRAC = 0.01
_FAR_LOG = np.log(2.0)


class Marks:
    """One coin's marks on one venue.

    Parameters
    ----------
    source : Source
        The venue.
    paths : tuple of Path
        The coin's files there; none where the closes are its marks.
    life : Life
        From when to when its symbol means it, and its unit.
    where : (Laying, str)
        The coin's bars on the panel's grid, and a name for the pile on the shelf.
    reading : Reading
        Where from, as of when, and in which unit.

    Raises
    ------
    SchemaError, DataError
        As ``sources.read_bars``.

    Notes
    -----
    ``found`` is what the rules find in them, None where the closes are the marks. ``is_skipped``
    says that their bars neither divide the panel's nor are multiples of them.

    Units: quote.  Causal: a mark is known at its close, one of a longer bar when the lake knew it.
    Missing: the close.  Memory: the rows asked for; of longer bars all of the coin's.  METHODS 6.4.
    """

    def __init__(
        self,
        source: Source,
        paths: tuple[Path, ...],
        life: Life,
        where: tuple[Laying, str],
        reading: Reading,
    ) -> None:
        self.is_skipped = False
        self.paths: tuple[Path, ...] = ()
        self._source, self._life = source, life
        self._minutes, self._lying = 0, None  # type: tuple[int, Lying | None]
        self._n_far = self._n_known = 0
        self._unfinished_ms: list[int] = []
        self._told: Told | None = None
        self._n_held = self._oldest_ms = 0
        self.found: Valued | None = None
        self._laying, name = where
        if source.mark is None or not paths:
            return
        lying, minutes = self._read(paths, reading, name)
        own = self._laying.bar_minutes
        if minutes is None or (own % minutes and minutes % own):
            self.is_skipped = True
            return
        for piece in lying.each():
            snap(piece, minutes)  # or refuse what is on no grid
        self.paths, self._lying, self._minutes = paths, lying, minutes
        self.found = values.marked(layout.spelt(paths), lying.each(), minutes, self._unfinished_ms)
        if minutes > own:
            self._told = basis.known(lying, paths, life, reading, minutes)

    @property
    def held(self) -> HeldBasis | None:
        """Return how the basis was carried in the parts asked for, None where marks are not so."""
        return (
            None if self._told is None else HeldBasis(self._n_held, self._oldest_ms, self._minutes)
        )

    def _read(
        self, paths: tuple[Path, ...], reading: Reading, name: str
    ) -> tuple[Lying, int | None]:
        """Lay the marks on the shelf; return them and the length of their bars."""
        spacings, pile = Spacings(), reading.shelf.pile(name)
        label = ""
        for part in renames.stored(paths, reading, MARK):
            label = part.name
            at = epoch_ms(part.rows, label)
            is_forming = part.is_last and at.size and at[-1] > reading.forming_ms
            if is_forming:
                self._unfinished_ms.append(int(at[-1]))
            series = checked(part.rows, label, drop_last=bool(is_forming), has_volume=False)
            spacings.add(series.open_ms)
            pile.put(self._life.name, series)
        return pile.coins[0][1], spacings.minutes(label)

    def price(self, t: int, n: int) -> Vec:
        """Return the marks of n rows of the grid from the t-th on, shape (time,)."""
        laid = self._laying.lay(t, n)
        close = laid.close[:, 0]
        if self._lying is None:
            return close
        grid = self._laying.grid.part(t, n)
        if self._told is not None:
            reach = self._minutes // grid.bar_minutes
            before = self._laying.lay(t - reach, reach)
            mark, age = basis.carried(self._told, self._minutes, grid, before, laid)
            self._n_held += int((age >= 0).sum())
            self._oldest_ms = max(self._oldest_ms, int(age.max(initial=0)))
            self._see(mark[age >= 0] / close[age >= 0])
            return mark
        length = self._minutes * MINUTE_MS
        around = grid.first_ms - length - SNAP_MS, grid.end_ms + SNAP_MS
        series = window(snap(self._lying.within(*around), self._minutes), *self._life.span)
        closes_ms = series.open_ms + length
        row = closes_ms // grid.bar_ms - grid.k0
        inside = (closes_ms % grid.bar_ms == 0) & (row >= 0) & (row < grid.n_bars)
        price = (series.close / self._life.units.of(series.open_ms))[inside]
        self._see(price / close[row[inside]])
        mark = close.copy()
        mark[row[inside]] = price
        return mark

    def _see(self, ratio: Vec) -> None:
        known = ratio[np.isfinite(ratio)]
        self._n_known += known.size
        self._n_far += int((np.abs(np.log(known)) > _FAR_LOG).sum()) if known.size else 0

    def refuse_far(self) -> None:
        """Refuse marks that are those of something else than the bars, once all were seen.

        Raises
        ------
        DataError
            More than 1% of them are more than twice or less than half the close.
        """
        if self._n_far > _TOLERATED_FRAC * self._n_known:
            raise DataError(
                f"marks of {self._source.venue} {self._life.name} are more than twice or less than "
                f"half its closes on {self._n_far} of {self._n_known} bars",
                hint=f"look at {self._source.mark}: another coin, unit or interval",
            )
