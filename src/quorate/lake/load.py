"""Folders of files become a panel, in memory or on disk.

In: a ``PanelSpec``. Out: a ``Panel``. The first source is the primary venue: its symbols are the
coin axis and its bars decide; further sources are other venues for the same coins, matched by
symbol or, where the spelling differs, by base asset (``BTC``, ``BTCUSDT``). First every symbol is
read and judged, and the axes follow (``gathered``). Then coin after coin is laid on the grid
(``grid``), with what holding it costs (``carry``), and woven into the panel (``strands``): into
arrays in memory, or for ``keep`` into columns on disk, with no more than a coin a thread and a
block in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.core.types import Bars, Market
from quorate.errors import DataError
from quorate.lake import (
    carry,
    columns,
    facts,
    gathered,
    instruments,
    origin,
    quote,
    room,
    scope,
    silence,
    strands,
)
from quorate.lake.grid import NEVER, hidden
from quorate.lake.laying import Laying, Membership
from quorate.lake.panel import Panel
from quorate.lake.quarantine import trusted
from quorate.lake.shelf import Shelf
from quorate.lake.spec import check

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.core.types import ByteMat, Vec
    from quorate.lake.carry import Carried, Carrying
    from quorate.lake.gathered import Gathered
    from quorate.lake.grid import Grid
    from quorate.lake.prints import Prints
    from quorate.lake.spec import PanelSpec
    from quorate.lake.strands import Loom


def load(spec: PanelSpec) -> Panel:
    """Load a panel from files.

    Parameters
    ----------
    spec : PanelSpec
        Folders, span, coins and the treatment of what is unknown.

    Returns
    -------
    Panel
        On one regular grid; arrays float64, C-contiguous, writable.

    Raises
    ------
    ConfigError
        If the spec cannot be meant (``spec.check``).
    DataError
        If a folder is missing or empty, a coin has no usable bar or its rows fail a rule
        (``governance``) that is not accepted, a perpetual's funding is unknown and not assumed, or
        memory does not hold it.
    SchemaError
        If a file's columns are wrong or bar lengths differ.

    Notes
    -----
    Units: see ``core.types``.  Causal: every row holds what is known at its close, membership too;
    ``delisted_k`` is as known at the last one; ticks and lots are facts of the instrument.
    Missing: see ``grid``. Coins that were not asked for by name and have no traded bar in the
    span are left out, with a note; one asked for by name is an error.
    Spec 13, METHODS 12.
    """
    check(spec)
    with room.told():
        found = gathered.gather(spec, shelf := Shelf())
        size = found.grid.n_bars, len(spec.sources), len(found.coins)
        room.refuse_what_does_not_fit(*size)
        loom = strands.InMemory(*size)
        spun = _spin(spec, found, loom, shelf)
        usd, told = _quote(spec, found.grid, found.prints)
        return _panel(spec, found, spun, told, (*strands.woven(loom.arrays), usd))


def keep(spec: PanelSpec, where: Path) -> Panel:
    """Load a panel from files onto the disk, a coin at a time: histories that memory cannot hold.

    Parameters
    ----------
    spec : PanelSpec
        As ``load``.
    where : Path
        As ``columns.write``. On the way there is room for what is read, about as much again as the
        panel takes; a kill or a full disk leaves the panel that was there.

    Returns
    -------
    Panel
        As ``columns.read`` returns it: that of ``load``, to the byte.

    Raises
    ------
    ConfigError, DataError, SchemaError
        As ``load`` and ``columns.write``.

    Notes
    -----
    Units, Causal, Missing: as ``load``.  Memory: two symbols' files and rows while they are judged,
    a block, and what is known of every coin and day; neither coins nor bars.
    Spec 13, METHODS 12.
    """
    check(spec)
    sizes: list[int] = []  # the strands and the panel, once both are known to come
    with columns.begun(where, lambda: sum(sizes) or None) as (scratch, finish):
        found = gathered.gather(spec, shelf := Shelf(scratch / "shelf"))
        size = found.grid.n_bars, len(spec.sources), len(found.coins)
        sizes += 2 * [room.panel_bytes(*size)]
        loom = strands.OnDisk(scratch / "strands", *size)
        spun = _spin(spec, found, loom, shelf)
        usd, told = _quote(spec, found.grid, found.prints)
        blocks = loom.blocks(found.grid.k0, usd)
        return finish(_panel(spec, found, spun, told, (*_no_bars(size), usd)), blocks)


class _Spun(NamedTuple):
    """What is known of a coin once its strand is made."""

    prices: tuple[Vec, ...]  # the first traded ones by venue
    delisted_k: int
    carried: Carried


def _spin(spec: PanelSpec, found: Gathered, loom: Loom, shelf: Shelf) -> list[_Spun]:
    """Lay coin after coin on the grid and put its strand on the loom."""
    given = carry.carrying(spec, found.grid, found.prints, shelf)
    n_bars, step = found.grid.n_bars, loom.step
    spans = [(t, min(step, n_bars - t)) for t in range(0, n_bars, step)]

    def one(c: int) -> _Spun:
        return _coin(found, given, c, spans, loom)

    return gathered.each_of(one, range(len(found.coins)))


def _coin(
    found: Gathered, given: Carrying, c: int, spans: Sequence[tuple[int, int]], loom: Loom
) -> _Spun:
    """Lay one coin on the grid, part after part of it."""
    grid, (symbol, nth) = found.grid, found.coins[c]
    life = found.coins[c].life
    layings = [
        Laying(aside, nth if v == 0 else None, life, grid, found.rules)
        for v, aside in enumerate(symbol.aside)
    ]
    presence, ending = Membership(layings[0]), silence.Ending(grid.k0, grid.bar_minutes)
    held = carry.Carry(given, life, layings, spans, symbol.found)
    prices: list[list[Vec]] = [[] for _ in layings]
    for t, n in spans:
        laid = [each.lay(t, n) for each in layings]
        part = grid.part(t, n)
        member = presence.members(t, n)
        if found.members is not None:
            member &= found.members.mask(life.name, part)
            unseen = found.members.entered(life.name, part) == 0
            laid = [hidden(each, unseen) for each in laid]
        member &= trusted(found.apart, [life.name], part)[:, 0]
        ending.see(laid[0].status[:, 0])
        loom.put(c, strands.strand(laid, held.part(t, n), member), t)
        for known, each in zip(prices, laid, strict=True):
            known.append(instruments.first_prices(each.close[:, 0], each.status[:, 0]))
    return _Spun(
        tuple(np.concatenate(each)[: instruments.FIRST] for each in prices),
        ending.delisted_k(),
        held.done(),
    )


def _panel(
    spec: PanelSpec,
    found: Gathered,
    spun: Sequence[_Spun],
    told: list[str],
    woven: tuple[Bars, Market, ByteMat, Vec],
) -> Panel:
    """Put the parts together."""
    bars, market, member, usd = woven
    grid = found.grid
    symbols = tuple(coin.life.name for coin in found.coins)
    carried = [each.carried for each in spun]
    gone = [name for name, each in zip(symbols, spun, strict=True) if each.delisted_k != NEVER]
    notes = list(found.notes)
    if gone:
        notes.append(
            f"Silent for a day when the panel ends, treated as delisted: {', '.join(gone)}."
        )
    names = [(source.venue, source.kind) for source in spec.sources]
    held = carry.paths(spec, carried)
    paths = [
        *(path for v in range(len(names)) for each in found.symbols for path in each.paths[v]),
        *held,
        *([] if spec.quote_usd is None else [spec.quote_usd]),
    ]
    inputs = facts.inputs(spec, held, found.prints)
    read = [*(each for each, _ in found.certificate.venues), *inputs]
    told = [*told, *facts.open_ended(spec, read, grid.bar_minutes)]
    return Panel(
        symbols=symbols,
        bar_minutes=grid.bar_minutes,
        k0=grid.k0,
        bars=bars,
        market=market,
        venues=instruments.venues(
            [each.prices for each in spun], symbols, names, spec.tick, spec.lot
        ),
        venue_names=tuple(name for name, _ in names),
        kinds=(spec.sources[0].kind,) * len(symbols),
        funding=tuple(each.source[0] for each in carried),
        quote_usd=usd,
        member=member,
        delisted_k=np.array([each.delisted_k for each in spun], np.int64),
        is_synthetic=False,
        source=origin.told(spec, symbols, grid, paths, found.prints),
        notes=(*notes, *told, *carry.notes(spec, symbols, carried)),
        lacks=found.lacks,
        certificate=found.certificate._replace(
            inputs=inputs,
            valued=facts.judged(spec, carried, scope.told(spec, found.symbols)),
        ),
    )


def _no_bars(size: tuple[int, int, int]) -> tuple[Bars, Market, ByteMat]:
    """Return the arrays of a panel whose bars come block by block."""
    _, n_venues, n_coins = size
    names = (*(f"bars.{name}" for name in Bars._fields), "member")
    arrays: dict[str, np.ndarray[Any, Any]] = {name: np.empty((0, n_coins)) for name in names}
    arrays |= {f"market.{name}": np.empty((0, n_venues, n_coins)) for name in Market._fields}
    return strands.woven(arrays)


def _quote(spec: PanelSpec, grid: Grid, prints: Prints) -> tuple[Vec, list[str]]:
    """Return USD per unit of quote, and a note of how often it is not known."""
    if spec.quote_usd is None:
        return np.ones(grid.n_bars), []
    found = quote.quote_usd(spec.quote_usd, grid, prints)
    if np.isnan(found[0]):
        raise DataError(
            f"{spec.quote_usd} does not say what the quote currency is worth on the first bar",
            hint="give a longer series, or a later start: the opening equity is converted there",
        )
    unknown = int(np.isnan(found).sum())
    told = f"USD price of the quote currency unknown on {unknown} bars: no entries then."
    return found, [told] if unknown else []
