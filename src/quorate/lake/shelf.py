"""Bars that were judged, laid aside until every symbol of a panel was: in memory or in files.

In: what was found of one symbol on every venue. Out: the same, as often as it is asked for. A panel
is looked through three times (rules, worth, columns), for its span is known when the last symbol
was read; on the disk's shelf no more than the symbols at hand are in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.errors import DataError
from quorate.lake.sources import Series

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from quorate.lake.reading import Judged

    Held = Sequence[Judged | None]
    Get = Callable[[], Held]

_TIMES = np.dtype(np.int64)
_VALUES = np.dtype(np.float64)
_COLUMNS = ("open_ms", "open", "high", "low", "close", "volume", "taker_buy")


class Shelf:
    """Where symbols wait.

    Parameters
    ----------
    folder : Path, optional
        For a file a symbol; made if missing. In memory when left out.

    Notes
    -----
    Units, Causal, Missing: what is taken is what was put, to the byte.  Memory: on disk, findings
    and names only; 56 bytes a row and venue are in the file.

    Examples
    --------
    >>> Shelf().put("A", [None])()
    [None]
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def put(self, symbol: str, held: Held) -> Get:
        """Lay a symbol aside; return what takes it from the shelf again.

        Raises
        ------
        OSError
            The disk refuses.
        """
        if self._folder is None:
            return lambda: held
        path = self._folder / f"{symbol}.bars"
        with path.open("wb") as stream:
            written = [_written(each, stream) for each in held]
        return lambda: _taken(path, written)


class _Lying(NamedTuple):
    """A coin's bars in the file: its name, what is no array, how many, where they begin."""

    name: str
    file: str
    has_taker: bool
    n_rows: int
    offset: int


class _Written(NamedTuple):
    """One venue's share: what was judged without its bars, and where these are."""

    judged: Judged
    coins: tuple[_Lying, ...]


def _written(judged: Judged | None, stream: Any) -> _Written | None:  # noqa: ANN401  (a file)
    """Write the bars of one venue."""
    if judged is None:
        return None
    coins = []
    for name, series in judged.governed.coins:
        offset = stream.tell()
        for column in _COLUMNS:
            np.ascontiguousarray(getattr(series, column)).tofile(stream)
        coins.append(_Lying(name, series.file, series.has_taker, series.open_ms.size, offset))
    bare = judged._replace(governed=judged.governed._replace(coins=()))
    return _Written(bare, tuple(coins))


def _taken(path: Path, written: Sequence[_Written | None]) -> Held:
    """Read what was written."""
    try:
        with path.open("rb") as stream:
            return [each and _read(each, stream) for each in written]
    except OSError as error:
        raise DataError(
            f"{path} cannot be read any more: {error.strerror or error}",
            hint="it is a file of this process, and only for its time: keep the panel again",
        ) from error


def _read(written: _Written, stream: Any) -> Judged:  # noqa: ANN401  (a file)
    coins = tuple((each.name, _series(each, stream)) for each in written.coins)
    return written.judged._replace(governed=written.judged.governed._replace(coins=coins))


def _series(lying: _Lying, stream: Any) -> Series:  # noqa: ANN401  (a file)
    stream.seek(lying.offset)
    columns: dict[str, Any] = {
        name: np.fromfile(stream, _TIMES if name == "open_ms" else _VALUES, lying.n_rows)
        for name in _COLUMNS
    }
    return Series(file=lying.file, has_taker=lying.has_taker, **columns)
