"""A symbol's rows become bars that may be traded on, in one piece or stretch after stretch.

In: rows as a vendor stored them, of whole UTC days, in order. Out: the believed bars of each coin
as they become known, the same whatever the stretches were: what a rule looks back on goes along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.lake.governance import findings, gaps, rows
from quorate.lake.governance.belief import Belief
from quorate.lake.governance.identity import Identity
from quorate.lake.grid import join

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from quorate.lake.governance.findings import Finding
    from quorate.lake.governance.identity import Part
    from quorate.lake.governance.params import Params
    from quorate.lake.sources import Mask, Series

    Disputed = Callable[[Series], Mask]

_LEAST = 100  # closes that a tick is inferred from


class Governing:
    """Applies every rule to one symbol's rows (``governance.govern``).

    Parameters
    ----------
    symbol, bar_minutes, given, drop_last, forming_ms, disputed
        As ``governance.govern``, and ``rows.tidy``; ``disputed`` is asked with the coin's bars of a
        day before the stretch in front of those of the stretch.

    Notes
    -----
    Units, Causal, Missing: as ``governance.govern``.  Memory: the stretch, what ``Belief`` and
    ``Frozen`` look back on, and the findings.

    Examples
    --------
    >>> import polars as pl
    >>> from quorate.lake.governance.params import Params
    >>> at = 86_400_000 * np.arange(4) // 2
    >>> prices = dict.fromkeys(("open", "high", "low", "close"), 2.0)
    >>> rows = pl.DataFrame({"ts": at, "volume": 1.0}).with_columns(**prices)
    >>> governing = Governing("A", 720, Params())
    >>> governing.step(rows[:2], is_last=False)  # a tick is inferred from a hundred closes
    []
    >>> [(name, bars.open_ms.size) for name, bars in governing.step(rows[2:], is_last=True)]
    [('A', 4)]
    """

    def __init__(
        self,
        symbol: str,
        bar_minutes: int,
        given: Params,
        *,
        drop_last: bool = False,
        forming_ms: int = -(2**62),
        disputed: Disputed | None = None,
    ) -> None:
        self._symbol, self._minutes, self._given = symbol, bar_minutes, given
        self._drop_last, self._forming_ms, self._disputed = drop_last, forming_ms, disputed
        self._frozen = gaps.Frozen(bar_minutes, given)
        self._identity = Identity(symbol, bar_minutes, given)
        self._seen: list[Finding] = []
        self._coin: _Coin | None = None
        self._told: list[pl.DataFrame] = []

    def step(self, frame: pl.DataFrame, *, is_last: bool) -> list[tuple[str, Series]]:
        """Return what is believed now, by coin, in order of time.

        Parameters
        ----------
        frame : polars.DataFrame
            Rows, all of them of later UTC days than those of the stretches before.
        is_last : bool
            No more will come.

        Raises
        ------
        SchemaError
            As ``governance.govern``.
        """
        tidy, seen = rows.tidy(
            frame,
            self._symbol,
            self._minutes,
            self._given,
            drop_last=self._drop_last and is_last,
            forming_ms=self._forming_ms,
        )
        self._seen += [*seen, gaps.untraded(tidy, self._minutes)]
        # a venue that prints a frozen price fills the hole in which one coin becomes another
        moving = self._frozen.step(tidy, is_last=is_last)
        made: list[tuple[str, Series]] = []
        for part in self._identity.step(moving) if moving.open_ms.size else ():
            if self._coin is None or self._coin.name != part.name:
                made += self._end()
                self._coin = _Coin(part.name, self._minutes, self._given)
            made += self._coin.step(part, self._mask(part))
        if is_last:
            made += self._end()
        return made

    def _mask(self, part: Part) -> Mask | None:
        """Return where a second vendor shows another price."""
        if self._disputed is None:
            return None
        if part.before is None:
            return self._disputed(part.stored)
        n = part.before.open_ms.size
        return self._disputed(join([part.before, part.stored]))[n:]

    def _end(self) -> list[tuple[str, Series]]:
        """Return what still waits of a coin of which no more will come."""
        if self._coin is None:
            return []
        made = self._coin.believed()
        self._told.append(self._coin.findings)
        self._coin = None
        return made

    @property
    def findings(self) -> pl.DataFrame:
        """Return what the rules found, once the last stretch was."""
        told = [*self._seen, *self._frozen.findings, *self._identity.split]
        return findings.concat([findings.frame(self._symbol, told), *self._told])


class _Coin:
    """One coin's bars, believed once its tick can be known."""

    def __init__(self, name: str, bar_minutes: int, given: Params) -> None:
        self.name = name
        self._minutes, self._given = bar_minutes, given
        self._belief = Belief(bar_minutes, given)
        self._waiting: list[tuple[Series, Mask | None]] = []
        self._n_bars = 0
        self._last_ms: int | None = None
        self._told: list[Finding] = []

    def step(self, part: Part, disputed: Mask | None) -> list[tuple[str, Series]]:
        """Return the believed bars of a stretch and of what waited, once they can be."""
        self._told += part.told
        self._n_bars += part.series.open_ms.size
        self._waiting.append((part.series, disputed))
        return self.believed() if self._n_bars >= _LEAST else []

    def believed(self) -> list[tuple[str, Series]]:
        """Return the believed bars of what waited."""
        if not self._waiting:
            return []
        series, masks = zip(*self._waiting, strict=True)
        self._waiting = []
        disputed = None if masks[0] is None else np.concatenate(masks)
        kept = self._belief.step(join(series), disputed)
        if kept.open_ms.size == 0:
            return []
        self._told += gaps.gaps(kept, self._minutes, self._given, self._last_ms)
        self._last_ms = int(kept.open_ms[-1])
        return [(self.name, kept)]

    @property
    def findings(self) -> pl.DataFrame:
        """Return what was found of the coin."""
        return findings.frame(self.name, [*self._told, *self._belief.findings])
