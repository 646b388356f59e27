"""Bars that were judged, laid aside until every symbol of a panel was: in memory or in files.

In: a coin's bars, piece after piece, as they are believed. Out: those of any span, as often as they
are asked for. A panel is looked through three times (rules, worth, columns), for its span is known
when the last symbol was read; on the disk's shelf no more than the spans at hand are in memory.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.errors import DataError
from quorate.lake.grid import join, take, window
from quorate.lake.sources import COLUMNS, Series
from quorate.lake.stretches import Cutting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quorate.core.types import IntVec
    from quorate.lake.prints import Prints
    from quorate.lake.renames import Leg

_DAY_MS = 86_400_000
_VALUES = np.dtype(np.float64)
_STATUS = np.dtype(np.int8)
_EVER = -(2**62), 2**62
STRETCH_ROWS = 32_768
"""Bars of a coin that are looked at together, where bars lie on disk."""


class Shelf:
    """Where bars lie.

    Parameters
    ----------
    folder : Path, optional
        For a file a pile; made if missing. In memory when left out.

    Notes
    -----
    Units, Causal, Missing: what is taken is what was put, to the byte.  Memory: on disk names and
    spans only; 56 bytes a row are in the file.

    Examples
    --------
    >>> Shelf().pile("A").coins
    ()
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def cutting(self) -> Cutting | None:
        """Return how files are cut that come here; None where all of it is taken at once."""
        return None if self._folder is None else Cutting(STRETCH_ROWS, self._folder)

    def pile(self, name: str) -> Pile:
        """Begin a pile, of a name that no other has."""
        return Pile(None if self._folder is None else self._folder / f"{name}.bars")

    def spans(self, first_ms: int, end_ms: int, bar_ms: int) -> Iterator[tuple[int, int]]:
        """Yield spans of whole UTC days, one after the other, that together cover some time."""
        first = first_ms // _DAY_MS * _DAY_MS
        if self._folder is None:
            yield first, max(end_ms, first_ms + 1)
            return
        step = max(STRETCH_ROWS * bar_ms // _DAY_MS, 1) * _DAY_MS
        for low in range(first, max(end_ms, first_ms + 1), step):
            yield low, low + step


class Reading(NamedTuple):
    """Where what is read lies meanwhile, as of when it is read, and what is told of each file.

    ``times`` is what the prices of the files are multiplied by, and their volumes divided
    (``multiples``); ``legs`` are the parts of a coin that has several symbols (``renames``).
    A last bar that opens after ``forming_ms`` may have been forming (``forming``). Rows that open
    before ``since_ms`` are not taken: it was not known what they are (``multiples``).
    """

    shelf: Shelf
    as_of_ms: int | None = None
    prints: Prints | None = None
    times: Fraction = Fraction(1)
    legs: tuple[Leg, ...] = ()
    forming_ms: int = -(2**62)
    since_ms: int = -(2**62)


class _Piece(NamedTuple):
    """Bars that were put together: between which opens, how many, and where they begin."""

    first_ms: int
    last_ms: int
    n_rows: int
    offset: int
    held: Series | None


class Pile:
    """The bars of one symbol on one venue.

    Parameters
    ----------
    path : Path, optional
        The file; made anew. In memory when left out.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._end = 0
        self._coins: dict[str, tuple[Series, list[_Piece]]] = {}
        if path is not None:
            path.write_bytes(b"")

    def put(self, coin: str, series: Series) -> None:
        """Lay bars of a coin, later than all of its others, behind them.

        Raises
        ------
        OSError
            The disk refuses.
        """
        like, pieces = self._coins.get(coin) or (take(series, np.arange(0)), [])
        like = like._replace(has_taker=like.has_taker or series.has_taker)
        self._coins[coin] = like, pieces
        n = series.open_ms.size
        if n:
            at = int(series.open_ms[0]), int(series.open_ms[-1])
            held = series if self._path is None else None
            pieces.append(_Piece(*at, n, self._end, held))
        if n and self._path is not None:
            with self._path.open("r+b") as stream:
                stream.seek(self._end)
                for name in COLUMNS:
                    np.ascontiguousarray(getattr(series, name)).tofile(stream)
                if series.status is not None:
                    series.status.tofile(stream)
                self._end = stream.tell()

    @property
    def coins(self) -> tuple[tuple[str, Lying], ...]:
        """Return the coins that were put, in the order in which they came."""
        return tuple(
            (name, Lying(like, tuple(pieces), self._path))
            for name, (like, pieces) in self._coins.items()
        )


class Lying(NamedTuple):
    """A coin's bars on the shelf; ``like`` is a series of the same form without a bar."""

    like: Series
    pieces: tuple[_Piece, ...]
    path: Path | None

    @property
    def first_ms(self) -> int:
        """Return the open of the first bar; there is one."""
        return self.pieces[0].first_ms

    @property
    def last_ms(self) -> int:
        """Return the open of the last bar; there is one."""
        return self.pieces[-1].last_ms

    def within(self, first_ms: int = _EVER[0], end_ms: int = _EVER[1]) -> Series:
        """Return the bars that open in a span.

        Raises
        ------
        DataError
            The file cannot be read any more.
        """
        parts = [
            window(each.held, first_ms, end_ms)
            if each.held is not None
            else self._read(each, first_ms, end_ms)
            for each in self.pieces
            if each.last_ms >= first_ms and each.first_ms < end_ms
        ]
        return join(parts)._replace(has_taker=self.like.has_taker) if parts else self.like

    def around(self, first_ms: int, end_ms: int) -> Series:
        """Return the bars of a span, with the one before and the one behind it, if there are."""
        before, behind = self.before(first_ms), self.behind(end_ms)
        low = first_ms if before is None else before
        return self.within(low, end_ms if behind is None else behind + 1)

    def before(self, at_ms: int) -> int | None:
        """Return when the last bar before a time opens."""
        for each in reversed(self.pieces):
            if each.first_ms < at_ms:
                at = self._times(each)
                return int(at[np.searchsorted(at, at_ms) - 1])
        return None

    def behind(self, at_ms: int) -> int | None:
        """Return when the first bar from a time on opens."""
        for each in self.pieces:
            if each.last_ms >= at_ms:
                at = self._times(each)
                return int(at[np.searchsorted(at, at_ms)])
        return None

    def span(self, first_ms: int, end_ms: int) -> tuple[int, int] | None:
        """Return when the first and the last bar of a span open, None without one."""
        first, last = self.behind(first_ms), self.before(end_ms)
        return None if first is None or last is None or first > last else (first, last)

    def cut(self, end_ms: int) -> Lying:
        """Return the bars that open before a time."""
        pieces = []
        for each in self.pieces:
            if each.last_ms < end_ms:
                pieces.append(each)
            elif each.first_ms < end_ms:
                at = self._times(each)
                n = int(np.searchsorted(at, end_ms))
                held = None if each.held is None else take(each.held, slice(n))
                pieces.append(each._replace(last_ms=int(at[n - 1]), held=held))
        return self._replace(pieces=tuple(pieces))

    def each(self) -> Iterator[Series]:
        """Yield the bars as they were put, piece after piece."""
        for piece in self.pieces:
            yield self.within(piece.first_ms, piece.last_ms + 1)

    def _times(self, piece: _Piece) -> IntVec:
        if piece.held is not None:
            return piece.held.open_ms
        at: IntVec = self._column(piece, 0, "open_ms", slice(0, piece.n_rows))
        return at[: np.searchsorted(at, piece.last_ms, side="right")]

    def _read(self, piece: _Piece, first_ms: int, end_ms: int) -> Series:
        bounds = np.searchsorted(self._times(piece), (first_ms, end_ms))
        rows = slice(int(bounds[0]), int(bounds[1]))
        columns: dict[str, Any] = {
            name: self._column(piece, nth, name, rows) for nth, name in enumerate(COLUMNS)
        }
        if self.like.status is not None:
            columns["status"] = self._column(piece, len(COLUMNS), "status", rows)
        return self.like._replace(**columns)

    def _column(self, piece: _Piece, nth: int, name: str, rows: slice) -> Any:  # noqa: ANN401
        """Read some rows of the n-th column of a piece."""
        kinds: dict[str, np.dtype[Any]] = {"open_ms": np.dtype(np.int64), "status": _STATUS}
        kind = kinds.get(name, _VALUES)
        begin = piece.offset + nth * piece.n_rows * _VALUES.itemsize + rows.start * kind.itemsize
        assert self.path is not None  # noqa: S101  (what is in memory is not read)
        try:
            return np.fromfile(self.path, kind, rows.stop - rows.start, offset=begin)
        except OSError as error:
            raise DataError(
                f"{self.path} cannot be read any more: {error.strerror or error}",
                hint="it is a file of this process, and only for its time: keep the panel again",
            ) from error
