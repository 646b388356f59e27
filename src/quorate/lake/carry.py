"""What holding a coin costs, on every venue of a panel: funding, mark prices, basis.

In: the panel's spec, its grid and one coin's bars on each venue. Out: ``Carried`` arrays of the
coin, and the notes a reader must see of all. A perpetual whose funding is not known is refused
unless the caller states the rate to assume: a backtest without funding would flatter every long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.types import Bar
from quorate.errors import DataError
from quorate.lake import forming, funding, layout
from quorate.lake.marks import Marks
from quorate.lake.multiples import ONE
from quorate.lake.renames import EVER, Leg, Part
from quorate.lake.shelf import Reading
from quorate.lake.sources import MINUTE_MS
from quorate.lake.spec import as_of_ms, match

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.core.types import Vec
    from quorate.lake.basis import HeldBasis
    from quorate.lake.governance.values import Valued
    from quorate.lake.grid import Grid, Laid
    from quorate.lake.laying import Laying
    from quorate.lake.lives import Life
    from quorate.lake.multiples import Found
    from quorate.lake.panel import FundingSource
    from quorate.lake.prints import Prints
    from quorate.lake.shelf import Shelf
    from quorate.lake.spec import PanelSpec

    Files = dict[str, tuple[Path, ...]]

_TOLERATED_HOURS = 24.0
_TOLERATED_FRAC = 0.01
_NONE: Vec = np.empty(0)


class Carrying(NamedTuple):
    """What is the same for all coins: the spec, the grid, and each venue's folders by symbol.

    ``forming`` says from when on the last marks of each venue may have been forming.
    """

    spec: PanelSpec
    grid: Grid
    funding: tuple[Files, ...]
    mark: tuple[Files, ...]
    forming: tuple[int, ...]
    prints: Prints
    shelf: Shelf


class Carried(NamedTuple):
    """One coin's funding on the primary venue, and by venue its funding and marks, shape (time,).

    ``source`` says how the funding is known, ``is_skipped`` that there are marks of another bar
    length, ``funding_paths`` and ``mark_paths`` what was read, ``found`` what the rules found in
    the funding of each symbol of the coin, ``marked`` what they found in its marks, ``held`` where
    a basis was carried between marks, all by venue.
    """

    rate: Vec
    hours: Vec
    basis_bps: Vec
    settled: tuple[Vec, ...]
    mark: tuple[Vec, ...]
    source: tuple[FundingSource, ...]
    is_skipped: tuple[bool, ...]
    funding_paths: tuple[tuple[Path, ...], ...]
    mark_paths: tuple[tuple[Path, ...], ...]
    found: tuple[tuple[Valued, ...], ...] = ()
    marked: tuple[Valued | None, ...] = ()
    held: tuple[HeldBasis | None, ...] = ()


def carrying(spec: PanelSpec, grid: Grid, prints: Prints, shelf: Shelf) -> Carrying:
    """Look which coins have funding and marks.

    Parameters
    ----------
    spec : PanelSpec
        Its sources name the folders.
    grid : Grid
        The bars.
    prints : Prints
        What is read of each file will be put there.
    shelf : Shelf
        Where marks are laid meanwhile.

    Raises
    ------
    DataError
        A folder is missing.
    """
    of_funding = [None if each.kind == "spot" else each.funding for each in spec.sources]
    of_marks = [each.mark for each in spec.sources]
    listed = [
        tuple({} if folder is None else layout.files(folder) for folder in folders)
        for folders in (of_funding, of_marks)
    ]
    since = tuple(
        forming.of_folder(folder, files, drop_last=spec.drop_last)
        for folder, files in zip(of_marks, listed[1], strict=True)
    )
    return Carrying(spec, grid, listed[0], listed[1], since, prints, shelf)


class Carry:
    """What holding one coin costs, on every venue, part after part of the grid.

    Parameters
    ----------
    given : Carrying
        ``spec.assume_funding`` fills what lacks.
    life : Life
        A symbol may mean two coins, one after the other, and change its unit.
    layings : sequence of Laying
        The coin's bars on the grid, an entry a venue.
    spans : sequence of (int, int)
        The parts of the grid that will be asked for: first row, number of rows.
    found : sequence of Found
        How each venue spells it.

    Raises
    ------
    DataError
        Funding is unknown for more than 24 h and more than 1% of a perpetual's bars, and
        ``assume_funding`` is not given; or marks are those of something else.

    Notes
    -----
    Units: fractions per settlement; hours; quote; bps.  Causal: rates are known from their
    settlement on.  Missing: a tolerated hole books no funding, and its rate is NaN.
    Spec 4, METHODS 6.4.
    """

    def __init__(
        self,
        given: Carrying,
        life: Life,
        layings: Sequence[Laying],
        spans: Sequence[tuple[int, int]],
        found: Sequence[Found],
    ) -> None:
        self._given, self._layings = given, layings
        self._funding = [
            _known(given, v, life.name, (laying, _legs(life, there, given.funding[v])), spans)
            for v, (laying, there) in enumerate(zip(layings, found, strict=True))
        ]
        self._marks = []
        for v, (source, there) in enumerate(zip(given.spec.sources, found, strict=True)):
            legs = () if source.mark is None else _legs(life, there, given.mark[v])
            paths = tuple(path for leg in legs for path in leg.paths)
            reading = Reading(
                given.shelf,
                as_of_ms(given.spec),
                given.prints,
                there.times,
                legs if there.legs else (),
                given.forming[v],
                there.since_ms,
            )
            place = f"{life.name}.{v}.mark"
            self._marks.append(Marks(source, paths, life, (layings[v], place), reading))

    def part(self, t: int, n: int) -> Carried:
        """Return it of n rows of the grid from the t-th on.

        On spot the rates are 0. ``basis_bps`` is perpetual over spot where the primary venue is a
        perpetual one and another source has the coin on spot, else NaN.
        """
        grid = self._given.grid.part(t, n)
        laid = [laying.lay(t, n) for laying in self._layings]
        paid = [each.lay(grid, self._given.spec.assume_funding) for each in self._funding]
        marks = [each.price(t, n) for each in self._marks]
        return Carried(
            paid[0].rate,
            paid[0].hours,
            _basis(self._given.spec, laid),
            tuple(each.settled for each in paid),
            tuple(marks),
            tuple(each.kind for each in self._funding),
            tuple(each.is_skipped for each in self._marks),
            tuple(each.paths for each in self._funding),
            tuple(each.paths for each in self._marks),
        )

    def done(self) -> Carried:
        """Return what is short of it, after the last part: how it is known, and what was read."""
        for each in self._marks:
            each.refuse_far()
        return Carried(
            _NONE,
            _NONE,
            _NONE,
            (),
            (),
            tuple(each.kind for each in self._funding),
            tuple(each.is_skipped for each in self._marks),
            tuple(each.paths for each in self._funding),
            tuple(each.paths for each in self._marks),
            tuple(each.found for each in self._funding),
            tuple(each.found for each in self._marks),
            tuple(each.held for each in self._marks),
        )


def notes(spec: PanelSpec, coins: Sequence[str], carried: Sequence[Carried]) -> list[str]:
    """Return what a reader must know of all coins: what was assumed, what was not used."""
    said = []
    for v, source in enumerate(spec.sources):
        assumed = [
            name
            for name, each in zip(coins, carried, strict=True)
            if each.source[v] in {"assumed", "mixed"}
        ]
        if assumed and spec.assume_funding is not None:
            said.append(
                f"Funding on {source.venue} is assumed, not known, at "
                f"{spec.assume_funding * 1e4:.4g} bps per 8 h where data lack: "
                f"{', '.join(assumed)}."
            )
        skipped = [name for name, each in zip(coins, carried, strict=True) if each.is_skipped[v]]
        if skipped:
            said.append(
                f"Mark prices of other bar lengths on {source.venue} not used: "
                f"{', '.join(skipped)}."
            )
        said += _held(source.venue, coins, [each.held[v] for each in carried])
    return said


def _held(venue: str, coins: Sequence[str], held: Sequence[HeldBasis | None]) -> list[str]:
    """Return on how many bars a basis stands in for a mark, and how old it is at most."""
    own = {name: each for name, each in zip(coins, held, strict=True) if each is not None}
    if not own:
        return []
    lengths = sorted({each.minutes for each in own.values()})
    oldest_ms = max(each.oldest_ms for each in own.values())
    n_bars = sum(each.n_bars for each in own.values())
    said = (
        f"Marks on {venue} are of bars of {', '.join(map(str, lengths))} minutes: {n_bars:,d} bars "
        f"of {len(own)} coins are valued at their close times the last known mark over its own "
        f"close, {oldest_ms // MINUTE_MS} minutes old at most; the others at their close."
    )
    return [said]


def paths(spec: PanelSpec, carried: Sequence[Carried]) -> list[Path]:
    """Return the files of all coins, by venue: those of funding, then those of marks."""
    return [
        path
        for v in range(len(spec.sources))
        for group in ("funding_paths", "mark_paths")
        for each in carried
        for path in getattr(each, group)[v]
    ]


class _Known(NamedTuple):
    """One coin's funding on a venue: its settlements, None where it has none, and how it is known.

    ``is_filled`` says that some rate lacks and is assumed, ``first_k`` from which bar on.
    """

    settlements: funding.Settlements | None
    kind: FundingSource
    is_filled: bool
    paths: tuple[Path, ...]
    found: tuple[Valued, ...]
    first_k: int = 0

    def lay(self, grid: Grid, assumed: float | None) -> funding.Funding:
        """Return it on a grid."""
        if self.kind == "none":
            n = grid.n_bars
            return funding.Funding(_all(0.0, n), _all(0.0, n), _all(funding.ASSUMED_HOURS, n))
        known = _laid(self.settlements, grid)
        if self.is_filled and assumed is not None:
            made = funding.assume(known, assumed, grid)
            unborn = slice(max(self.first_k - grid.k0, 0))
            made.settled[unborn] = known.settled[unborn]  # nobody knew there would be a coin
            return made
        return known


def _laid(settlements: funding.Settlements | None, grid: Grid) -> funding.Funding:
    if settlements is not None:
        return funding.lay(settlements, grid)
    nothing = np.full(grid.n_bars, np.nan)
    return funding.Funding(np.zeros(grid.n_bars), nothing, nothing.copy())


def _legs(life: Life, there: Found, files: Files) -> tuple[Leg, ...]:
    """Return a coin's files in another folder of a venue, as its bars there are spelt."""
    name = life.name if there.claim is None or not there.paths else there.claim.other
    parts = [leg.part for leg in there.legs] or [Part(name, there.since_ms, EVER[1], ONE)]
    legs = (Leg(part, match(part.symbol, files)) for part in parts)
    return tuple(leg for leg in legs if leg.paths)


def _settled(
    given: Carrying, legs: Sequence[Leg]
) -> tuple[funding.Settlements | None, tuple[Valued, ...]]:
    """Return a coin's settlements; of one that has several symbols, each one's in its time.

    And what the rules found in the files of each symbol.
    """
    limit = as_of_ms(given.spec)
    read = [funding.read(leg.paths, limit, given.prints) for leg in legs]
    parts = [
        funding.between(each, leg.part.first_ms, leg.part.end_ms)
        for each, leg in zip(read, legs, strict=True)
    ]
    found = tuple(each.found for each in read if each.found is not None)
    return (funding.joined(parts) if parts else None), found


def _known(
    given: Carrying,
    v: int,
    name: str,
    held: tuple[Laying, tuple[Leg, ...]],
    spans: Sequence[tuple[int, int]],
) -> _Known:
    """Read one coin's funding on one venue, and see how it is known, or refuse it."""
    source, (laying, legs) = given.spec.sources[v], held
    found = tuple(path for leg in legs for path in leg.paths)
    read, judged = _settled(given, legs)
    if source.kind == "spot" or all(laying.lay(t, n).last[0] < 0 for t, n in spans):
        return _Known(None, "none", is_filled=False, paths=found, found=judged)
    unknown, n_traded, firsts = 0, 0, []
    for t, n in spans:
        laid = laying.lay(t, n)
        if laid.last[0] >= 0:
            firsts.append(given.grid.k0 + t + int(laid.first[0]))
        traded = laid.status[:, 0] == Bar.TRADED
        unknown += int((np.isnan(_laid(read, given.grid.part(t, n)).rate) & traded).sum())
        n_traded += int(traded.sum())
    kind: FundingSource = "known"
    if unknown and given.spec.assume_funding is not None:
        kind = "assumed" if unknown == n_traded else "mixed"
    elif unknown:
        unknown_hours = unknown * given.grid.bar_minutes / 60.0
        share = unknown / max(n_traded, 1)
        if read is None or (unknown_hours > _TOLERATED_HOURS and share > _TOLERATED_FRAC):
            raise DataError(
                f"{source.venue} {name}: funding is unknown for {unknown_hours:.0f} h, "
                f"{share:.0%} of its bars",
                hint="give a funding folder that covers the span, leave the coin out of symbols, "
                "or set assume_funding, e.g. 0.0001 per 8 h; the report will say so",
            )
    return _Known(read, kind, unknown > 0, found, judged, min(firsts))


def _all(value: float, n: int) -> Vec:
    """Return n times a number, in the memory of one."""
    made: Vec = np.broadcast_to(np.float64(value), (n,))
    return made


def _basis(spec: PanelSpec, laid: Sequence[Laid]) -> Vec:
    """Return perpetual over spot in bps where both traded on the bar, else NaN."""
    spot = [
        bars
        for source, bars in zip(spec.sources[1:], laid[1:], strict=True)
        if source.kind == "spot"
    ]
    if spec.sources[0].kind == "spot" or not spot:
        return _all(np.nan, laid[0].close.shape[0])
    basis: Vec = np.full(laid[0].close.shape[0], np.nan)
    both = ((laid[0].status == Bar.TRADED) & (spot[0].status == Bar.TRADED))[:, 0]
    basis[both] = (laid[0].close[both, 0] / spot[0].close[both, 0] - 1.0) * 1e4
    return basis
