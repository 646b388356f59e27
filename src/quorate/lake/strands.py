"""One coin of a panel along time, and many of them woven into time-major arrays.

In: a coin's series on every venue, the grid, and what holding it costs. Out: a ``Strand``, every
column of the coin by name and venue; then either whole arrays (time, coin) in memory, or ``Block``
after ``Block`` from a file that holds the strands piece by piece, so that neither a coin more nor a
year more takes more memory: a block is as many cells however many coins there are.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from quorate.core.types import Bars, Market
from quorate.lake.described import shared
from quorate.lake.panel import Block
from quorate.lake.shelf import STRETCH_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from quorate.core.types import ByteMat, ByteVec, Vec
    from quorate.lake.carry import Carried
    from quorate.lake.grid import Laid

    Array = np.ndarray[Any, np.dtype[Any]]

_OF_BARS = ("open", "high", "low", "close", "volume", "taker_buy", "status")
_OF_VENUES = ("open", "high", "low", "close", "volume", "status")
BLOCK_CELLS = 100_000
"""Coin-bars of a block."""
_NEIGHBOURS = 8  # coins that share a line of the processor's cache
_ROWS = 2_048


class Key(NamedTuple):
    """Which column: ``bars.close``, ``market.close`` of a venue, ``member``."""

    name: str
    venue: int = 0


Strand: TypeAlias = "dict[Key, Array]"
"""A coin's columns, each (time,). One that is the same on all bars repeats one number's memory;
one that is another's is of the same memory."""


def strand(laid: Sequence[Laid], carried: Carried, member: ByteVec) -> Strand:
    """Return one coin's columns.

    Parameters
    ----------
    laid : sequence of Laid
        Its bars on the grid, an entry a venue, of one coin each.
    carried : Carried
        Its funding, marks and basis.
    member : ByteVec
        Where it may be held, shape (time,).

    Returns
    -------
    Strand
        What ``Bars``, ``Market`` and ``Panel.member`` have of it; of one venue alone, the columns
        of the market that are those of the bars are left out.

    Notes
    -----
    Units: see ``core.types``.  Causal: as ``grid`` and ``carry``.  Missing: spreads are unknown.
    """
    unknown = np.broadcast_to(np.float64(np.nan), member.shape)
    made = {Key(f"bars.{name}"): getattr(laid[0], name)[:, 0] for name in _OF_BARS}
    made[Key("member")] = member
    for v, each in enumerate(laid):
        if len(laid) > 1:
            made |= {Key(f"market.{name}", v): getattr(each, name)[:, 0] for name in _OF_VENUES}
        made[Key("market.mark", v)] = carried.mark[v]
        made[Key("market.funding", v)] = carried.settled[v]
        made[Key("market.spread_bps", v)] = unknown
    made[Key("bars.funding_rate")] = carried.rate
    made[Key("bars.funding_hours")] = carried.hours
    made[Key("bars.basis_bps")] = carried.basis_bps
    made[Key("bars.spread_bps")] = unknown
    return made


def woven(arrays: Mapping[str, Array]) -> tuple[Bars, Market, ByteMat]:
    """Return arrays by name as ``Bars``, ``Market`` and membership; of one venue they share."""
    bars = Bars(*(arrays[f"bars.{name}"] for name in Bars._fields))
    columns = []
    for name in (f"market.{each}" for each in Market._fields):
        if name in arrays:
            columns.append(arrays[name])
        else:
            of_bars = arrays[str(shared(name))]
            columns.append(of_bars.reshape(of_bars.shape[0], 1, of_bars.shape[1]))
    return bars, Market(*columns), arrays["member"]


class Loom(Protocol):
    """Where strands are woven: several threads may put in different ones.

    ``step`` is of how many bars a strand is put at a time.
    """

    @property
    def step(self) -> int:
        """Return it; the last part of a strand may be shorter."""

    def put(self, c: int, made: Strand, t: int = 0) -> None:
        """Take the strand of one coin, or a part of it that begins at a row."""


class InMemory:
    """Weaves whole arrays, time first.

    Parameters
    ----------
    n_bars, n_venues, n_coins : int
        Of the panel.

    Notes
    -----
    Units, Causal, Missing: as the strands.
    """

    def __init__(self, n_bars: int, n_venues: int, n_coins: int) -> None:
        self._shape = (n_bars, n_venues, n_coins)
        self.arrays: dict[str, Array] = {}
        self._waiting: dict[int, Strand] = {}
        self._lock = threading.Lock()

    @property
    def step(self) -> int:
        """Return how many bars there are: a strand is put whole."""
        return self._shape[0]

    def put(self, c: int, made: Strand, t: int = 0) -> None:  # noqa: ARG002  (it is put whole)
        """Take one coin's columns; those of neighbours are written together, once all are there."""
        first = c // _NEIGHBOURS * _NEIGHBOURS
        coins = range(first, min(first + _NEIGHBOURS, self._shape[2]))
        with self._lock:
            for key, column in made.items():
                if key.name not in self.arrays:
                    self.arrays[key.name] = np.zeros(_shape(key, self._shape), column.dtype)
            self._waiting[c] = made
            if not all(each in self._waiting for each in coins):
                return
            together = [self._waiting.pop(each) for each in coins]
        for key in made:
            columns = [each[key] for each in together]
            # zeros that nobody writes take no memory
            if any(each.strides != (0,) or each[0] != 0.0 for each in columns):
                place = _of_coin(self.arrays[key.name], key, slice(first, coins.stop))
                for row in range(0, self._shape[0], _ROWS):
                    rows = slice(row, row + _ROWS)
                    place[rows] = np.stack([each[rows] for each in columns], axis=1)


class OnDisk:
    """Keeps strands in a file, so many bars of a coin together, and weaves block after block.

    Parameters
    ----------
    path : Path
        The file; made anew. It must not be there when the panel is.
    n_bars, n_venues, n_coins : int
        Of the panel.

    Notes
    -----
    Units, Causal, Missing: as the strands.  Memory: a strand a thread that puts one in; a block of
    about 100,000 coin-bars, and what is read for it.
    """

    def __init__(self, path: Path, n_bars: int, n_venues: int, n_coins: int) -> None:
        self._path = path
        self._size = (n_bars, n_venues, n_coins)
        self._step = max(1, min(n_bars, BLOCK_CELLS // n_coins))
        self._coins: list[_Spun | None] = [None] * n_coins
        self._end = 0
        self._lock = threading.Lock()
        path.touch()

    @property
    def step(self) -> int:
        """Return how many bars of a strand are put at a time: pieces of a block's, at least one."""
        return self._step * max(1, STRETCH_ROWS // self._step)

    def put(self, c: int, made: Strand, t: int = 0) -> None:
        """Write one coin's columns, from a row on; those of a coin have the same form throughout.

        Raises
        ------
        OSError
            The disk refuses.
        """
        spun, kinds = self._form(c, made)
        floats, signs = (_pieces(group, self._step) for group in kinds.values())
        with self._path.open("r+b") as stream:
            for pieces, begin in ((floats, spun.floats), (signs, spun.signs)):
                if pieces.size:
                    stream.seek(begin + t // self._step * pieces[0].nbytes)
                    pieces.tofile(stream)

    def _form(self, c: int, made: Strand) -> tuple[_Spun, dict[type, list[Array]]]:
        """Return where a coin's columns lie in the file, and those that do; room at first."""
        rows: dict[int, int] = {}
        where: dict[Key, tuple[type, int]] = {}
        flat: dict[Key, Any] = {}
        kinds: dict[type, list[Array]] = {np.float64: [], np.int8: []}
        for key, column in made.items():
            if column.strides == (0,):
                flat[key] = column[0]
                continue
            group = kinds[column.dtype.type]
            place = column.__array_interface__["data"][0]
            if place not in rows:
                rows[place] = len(group)
                group.append(column)
            where[key] = column.dtype.type, rows[place]
        found = self._coins[c]
        if found is None:
            n = -(-self._size[0] // self._step) * self._step
            floats, signs = (len(group) * n for group in kinds.values())
            with self._lock:
                begin, self._end = self._end, self._end + 8 * floats + signs
            found = self._coins[c] = _Spun(where, flat, begin, begin + 8 * floats)
        assert found.rows == where  # noqa: S101  (what a coin has is known of the whole grid)
        return found, kinds

    def blocks(self, k0: int, quote_usd: Vec) -> Iterator[Block]:
        """Yield the panel's blocks, once every coin has been put.

        Parameters
        ----------
        k0 : int
            Counter of the panel's first bar.
        quote_usd : Vec
            USD per quote coin, shape (time,).
        """
        n_bars = self._size[0]
        coins = self._spun
        kinds: dict[type, Array] = {kind: self._buffer(kind) for kind in (np.float64, np.int8)}
        handle = os.open(self._path, os.O_RDONLY)
        try:
            for nth, t in enumerate(range(0, n_bars, self._step)):
                n = min(self._step, n_bars - t)
                for c, spun in enumerate(coins):
                    for kind, begin in ((np.float64, spun.floats), (np.int8, spun.signs)):
                        of_coin = kinds[kind][c, : spun.n_rows(kind)]
                        if of_coin.nbytes:
                            os.preadv(handle, [of_coin.data], begin + nth * of_coin.nbytes)
                names = {key.name for key in self._keys}
                arrays = {name: self._array(name, n, kinds) for name in names}
                bars, market, member = woven(arrays)
                yield Block(t, k0 + t, n, bars, market, member, quote_usd[t : t + n])
        finally:
            os.close(handle)

    @property
    def _spun(self) -> list[_Spun]:
        return [each for each in self._coins if each is not None]

    @property
    def _keys(self) -> list[Key]:
        return [*self._spun[0].rows, *self._spun[0].flat]

    def _buffer(self, kind: type) -> Array:
        most = max(spun.n_rows(kind) for spun in self._spun)
        return np.empty((len(self._coins), most, self._step), kind)

    def _array(self, name: str, n: int, kinds: Mapping[type, Array]) -> Array:
        """Return one array of a block."""
        keys = [key for key in self._keys if key.name == name]
        kind = np.int8 if name in {"bars.status", "market.status", "member"} else np.float64
        array = np.empty(_shape(keys[0], (n, *self._size[1:])), kind)
        for key in keys:
            at = {spun.rows.get(key, (kind, -1))[1] for spun in self._spun}
            if len(at) == 1 and -1 not in at:  # in the same row of every coin: all at once
                _of_coin(array, key, slice(None))[:] = kinds[kind][:, at.pop(), :n].T
                continue
            for c, spun in enumerate(self._spun):
                here = spun.rows.get(key)
                _of_coin(array, key, c)[:] = (
                    spun.flat[key] if here is None else kinds[kind][c, here[1], :n]
                )
        return array


class _Spun(NamedTuple):
    """One coin in the file: which row of a piece each column is, what is flat, where it begins."""

    rows: dict[Key, tuple[type, int]]
    flat: dict[Key, Any]
    floats: int
    signs: int

    def n_rows(self, kind: type) -> int:
        """Return how many columns of a type are in the file."""
        return 1 + max((row for each, row in self.rows.values() if each is kind), default=-1)


def _pieces(columns: Sequence[Array], step: int) -> Array:
    """Return columns cut into pieces of so many bars, the columns of a piece together."""
    n_bars = columns[0].size
    whole = n_bars // step
    made = np.zeros((-(-n_bars // step), len(columns), step), columns[0].dtype)
    for row, column in enumerate(columns):
        made[:whole, row] = column[: whole * step].reshape(whole, step)
        if n_bars > whole * step:
            made[whole, row, : n_bars - whole * step] = column[whole * step :]
    return made


def _shape(key: Key, size: tuple[int, int, int]) -> tuple[int, ...]:
    """Return the shape of an array of a panel of so many bars, venues and coins."""
    return size if key.name.startswith("market.") else (size[0], size[2])


def _of_coin(array: Array, key: Key, c: int | slice) -> Array:
    """Return one column of an array, of one venue where it has several."""
    column: Array = array[:, key.venue, c] if array.ndim == 3 else array[:, c]
    return column
