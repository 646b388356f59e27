"""Suspect prices are judged in order of time: believed, held back, or dropped.

In: one coin's bars, in one piece or in stretches one after the other. Out: the bars that are
believed, and what was found of each suspect (``outliers`` says what is one).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.lake.governance.findings import Finding, Rule, found
from quorate.lake.governance.outliers import CONSISTENT, NONE, Scales, median, returns, scales
from quorate.lake.grid import take
from quorate.lake.instruments import infer_tick

if TYPE_CHECKING:
    from quorate.core.types import Vec
    from quorate.lake.governance.params import Params
    from quorate.lake.sources import Mask, Series

_DAY_MS = 86_400_000


def believed(
    series: Series,
    bar_minutes: int,
    tick: float,
    params: Params,
    disputed: Mask | None = None,
) -> tuple[Series, list[Finding]]:
    """Drop what only the feed says, and tell every suspect.

    Parameters
    ----------
    series : Series
        Bars of one coin, tidy.
    bar_minutes : int
        Length of a bar.
    tick : float
        The venue's price step, in quote.
    params : Params
        ``suspect_z``, ``z_days``, ``z_bars``, ``revert_frac``, ``revert_bars``, ``gap_minutes``.
    disputed : array of bool, optional
        Where a second vendor shows another price, shape (bar,).

    Returns
    -------
    series, findings : Series, list[Finding]
        Without the dropped bars.

    Notes
    -----
    Units: as ``Series``.  Causal: whether a bar is in the result depends on bars up to it; only
    whether a held price is *told* as reverted or as held waits for the next ones.
    Missing: a dropped bar is a missing one.  Spec 13; METHODS 12.
    """
    belief = Belief(bar_minutes, params, tick)
    return belief.step(series, disputed), belief.findings


class _Case(NamedTuple):
    """A suspect that is not judged yet: the last price believed, in logs, and those without volume.

    ``held`` says of each when it was and how far out, ``went`` how far the first of them went.
    """

    base: float
    held: tuple[tuple[int, float], ...] = ()
    went: float = 0.0


class _Stretch(NamedTuple):
    """The bars at hand and what each is measured by; ``follows`` where no gap before it breaks."""

    bars: Series
    close: Vec
    by: Scales
    follows: Mask
    disputed: Mask | None
    dropped: Mask


class Belief:
    """Believes one coin's bars or not, stretch after stretch (``believed``).

    Parameters
    ----------
    bar_minutes, params
        As ``believed``.
    tick : float, optional
        As ``believed``; that of the closes of the first stretch when left out.

    Notes
    -----
    Units, Causal, Missing: as ``believed`` of all stretches together; each begins on a later UTC
    day than the one before it ends on.  Memory: the returns and volumes of ``z_days``, or
    ``z_bars`` of them.
    """

    def __init__(self, bar_minutes: int, params: Params, tick: float | None = None) -> None:
        self._minutes, self._params, self._tick = bar_minutes, params, tick
        self._returns = self._volumes = NONE
        self._last: tuple[int, float] | None = None  # open and close of the bar before
        self._case: _Case | None = None
        self._told: dict[Rule, list[tuple[int, float]]] = {
            rule: []
            for rule in (
                Rule.RETURN_SUSPECT,
                Rule.SPIKE_DISPUTED,
                Rule.SPIKE_REVERTED,
                Rule.SPIKE_HELD,
            )
        }

    @property
    def findings(self) -> list[Finding]:
        """Return every suspect so far; a price that is held at the end is told as held."""
        held = () if self._case is None else self._case.held
        told = self._told | {Rule.SPIKE_HELD: [*self._told[Rule.SPIKE_HELD], *held]}
        return [
            found(
                rule,
                np.array([at for at, _ in rows], np.int64),
                value=np.array([score for _, score in rows]),
                bound=self._params.suspect_z,
            )
            for rule, rows in told.items()
            if rows
        ]

    def step(self, series: Series, disputed: Mask | None = None) -> Series:
        """Return a stretch without the bars that are not believed.

        Parameters
        ----------
        series : Series
            Later bars than those of the stretches before, at least one.
        disputed : array of bool, optional
            As ``believed``.
        """
        given = self._params
        if self._tick is None:
            self._tick = infer_tick(series.close)
        moved = returns(series, self._minutes, given.gap_minutes, self._last)
        by = scales(series.open_ms, moved, given, self._returns)
        spread = CONSISTENT * np.maximum(by.deviation, self._tick / series.close)
        with np.errstate(invalid="ignore"):
            far = np.abs(moved - by.middle) > given.suspect_z * spread
        here = _Stretch(
            series,
            np.log(series.close),
            Scales(by.middle, spread),
            np.isfinite(moved),
            disputed,
            np.zeros(far.size, np.bool_),
        )
        end = 0 if self._case is None else self._judge(here, 0)
        for row in np.flatnonzero(far).tolist():
            if row >= end:
                end = self._judge(here, row)
        self._keep(series, moved)
        return take(series, ~here.dropped) if here.dropped.any() else series

    def _judge(self, here: _Stretch, row: int) -> int:
        """Judge a suspect and what follows it; return the first row not judged."""
        case = self._case or _Case(self._before(here, row))
        while self._is_next(here, row):
            score = self._score(here, row, case.base)
            if not abs(score) > self._params.suspect_z:
                break
            seen = int(here.bars.open_ms[row]), score
            if self._is_disputed(here, row):
                self._told[Rule.SPIKE_DISPUTED].append(seen)
                here.dropped[row] = True
            elif here.bars.volume[row] <= 0.0 and len(case.held) < self._params.revert_bars:
                went = case.went if case.held else abs(float(here.close[row]) - case.base)
                case = _Case(case.base, (*case.held, seen), went)
                here.dropped[row] = True
            else:
                # it traded, or it stayed: the market is there
                self._told[Rule.RETURN_SUSPECT].append(seen)
                self._told[Rule.SPIKE_HELD] += case.held
                self._case = None
                return row + 1
            row += 1
        if row == here.close.size:
            self._case = case  # the next stretch goes on with it
            return row
        self._case = None
        self._close(here, row, case)
        return row + 1 if self._is_next(here, row) else row

    def _close(self, here: _Stretch, row: int, case: _Case) -> None:
        """Say of the held prices whether they went back."""
        is_back = self._is_next(here, row) and (
            abs(here.close[row] - case.base) <= (1.0 - self._params.revert_frac) * case.went
        )
        self._told[Rule.SPIKE_REVERTED if is_back else Rule.SPIKE_HELD] += case.held

    def _before(self, here: _Stretch, row: int) -> float:
        """Return the log price before a row."""
        if row > 0:
            return float(here.close[row - 1])
        assert self._last is not None  # noqa: S101  (the very first bar has no return)
        return float(np.log(self._last[1]))

    def _is_disputed(self, here: _Stretch, row: int) -> bool:
        """Return whether a second vendor shows another price, and little was traded here."""
        if here.disputed is None or not here.disputed[row]:
            return False
        at, volume = here.bars.open_ms, here.bars.volume
        since = int(at[row]) - round(self._params.z_days * _DAY_MS)
        first = min(int(np.searchsorted(at, since)), row - self._params.z_bars)
        usual = volume[max(first, 0) : row]
        if first <= 0:  # it begins in a stretch before
            past = self._volumes.and_then(at[:row], volume[:row])
            usual = past.since(since, self._params.z_bars).value
        return usual.size > 0 and bool(volume[row] <= median(usual))

    def _is_next(self, here: _Stretch, row: int) -> bool:
        """Return whether there is such a bar, and no gap before it that breaks."""
        return row < here.close.size and bool(here.follows[row])

    def _score(self, here: _Stretch, row: int, base: float) -> float:
        """Return how far out a price is from the last believed one."""
        return float((here.close[row] - base - here.by.middle[row]) / here.by.deviation[row])

    def _keep(self, series: Series, moved: Vec) -> None:
        """Keep what the next stretch looks back on, which begins on a later day."""
        at, given = series.open_ms, self._params
        day = (int(at[-1]) // _DAY_MS + 1) * _DAY_MS
        since = day - round(given.z_days * _DAY_MS)
        self._returns = self._returns.and_then(at, moved).since(since, given.z_bars)
        self._volumes = self._volumes.and_then(at, series.volume).since(since, given.z_bars)
        self._last = int(at[-1]), float(series.close[-1])
