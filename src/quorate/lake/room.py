"""Whether a panel fits in memory, before its arrays are made.

In: how large it is. Out: nothing, or a refusal that says how it is kept on disk instead. A system
that lends memory it does not have would end the process without a word.
"""

from __future__ import annotations

import re
import resource
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from quorate.errors import DataError
from quorate.lake.address import is_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_GIB: Final = 2**30
_OF_BARS: Final = 82  # bytes a bar of a coin: ten numbers, a status, membership
_OF_VENUE: Final = 24  # more for each venue: mark, funding, spread
_OF_SECOND: Final = 41  # and where there are several, for the bars of each
_OF_ROW: Final = 56  # bytes a row that waits: a time, prices, volumes
_UNPACKED: Final = 16  # a row of a file takes four bytes at least
_KEEP: Final = (
    "keep them on disk first, in little memory: `quorate keep` with the same options "
    "and --to FOLDER, then `quorate backtest --bars FOLDER` (keep_in= in Python)"
)
_PROC: Final = Path("/proc")
_GROUPS: Final = Path("/sys/fs/cgroup")
_FILES: Final = {
    "": ("memory.max", "memory.current", "inactive_file"),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""Limit, use, and what of it goes by itself, of version 2 and of version 1."""
_NO_LIMIT: Final = 2**60


def panel_bytes(n_bars: int, n_venues: int, n_coins: int) -> int:
    """Return the memory that a panel's arrays take, in bytes.

    Examples
    --------
    >>> panel_bytes(105_120, 1, 50) // 2**20
    531
    """
    of_venue = _OF_VENUE + (_OF_SECOND if n_venues > 1 else 0)
    return n_bars * n_coins * (_OF_BARS + n_venues * of_venue)


def free_bytes() -> int | None:
    """Return the memory that can be had without others losing theirs; None where nothing says.

    Notes
    -----
    Units: bytes.  It is the least of what the machine, the container (its control group and those
    above it, version 2 or 1) and ``ulimit -v`` leave: a container is told how much the machine has,
    and ended when it takes more than its own.
    """
    told = [*_of_machine(), *_of_group(), *_of_process()]
    return max(min(told), 0) if told else None


def _of_machine() -> Iterator[int]:
    found = re.search(r"^MemAvailable:\s+(\d+) kB", _text(_PROC / "meminfo"), re.MULTILINE)
    if found is not None:
        yield int(found[1]) * 1024


def _of_group() -> Iterator[int]:
    """Yield what each limit of a control group that holds this process leaves."""
    for line in _text(_PROC / "self" / "cgroup").splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers not in {"", "memory"}:
            continue
        top = _GROUPS / "memory" if controllers else _GROUPS
        limit, used, idle = _FILES[controllers]
        # what a container sees of its own group may be the top one, under the path of outside
        for path in {*(top / place.strip("/")).parents, top / place.strip("/"), top}:
            given = _text(path / limit).strip()
            if path.is_relative_to(top) and given.isdigit() and int(given) < _NO_LIMIT:
                kept = re.search(rf"^{idle} (\d+)$", _text(path / "memory.stat"), re.MULTILINE)
                spare = int(kept[1]) if kept is not None else 0
                yield int(given) - int(_text(path / used).strip() or 0) + spare


def _of_process() -> Iterator[int]:
    """Yield what ``ulimit -v`` leaves."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    pages = _text(_PROC / "self" / "statm").split()
    if limit != resource.RLIM_INFINITY and pages:
        yield limit - int(pages[0]) * resource.getpagesize()


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def refuse_what_cannot_be_read(files: Iterable[Sequence[Path]]) -> None:
    """Refuse files whose rows alone memory does not hold, before any of them is read.

    Parameters
    ----------
    files : iterable of sequence of Path
        The files of each symbol. Those in a bucket are not asked.

    Raises
    ------
    DataError
        Their rows take more than there is.

    Notes
    -----
    Units: bytes.  Causal: none.  Missing: where nothing says how much there is, nothing is refused;
    nor is it by a file that cannot be read, which is told when it is.

    Examples
    --------
    >>> refuse_what_cannot_be_read([])
    """
    paths = [path for each in files for path in each if not is_object(path)]
    free = free_bytes()
    # the footer of every file is only read where it may come to that
    if free is None or sum(map(_size, paths)) * _UNPACKED < free:
        return
    n_rows = sum(map(_n_rows, paths))
    if n_rows * _OF_ROW > free:
        raise _refused(f"{n_rows:,d} rows of {len(paths):,d} files", n_rows * _OF_ROW, free)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _n_rows(path: Path) -> int:
    try:
        return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError):
        return 0


@contextmanager
def told() -> Iterator[None]:
    """Turn a request for memory that is refused into the error that says what to do.

    Raises
    ------
    DataError
        Memory ran out.
    """
    try:
        yield
    except MemoryError as error:
        raise DataError("memory ran out while the bars were read", hint=_KEEP) from error


def _refused(what: str, wanted: int, free: int) -> DataError:
    return DataError(
        f"{what} take {wanted / _GIB:.1f} GiB of memory, {free / _GIB:.1f} are free", hint=_KEEP
    )


def refuse_what_does_not_fit(n_bars: int, n_venues: int, n_coins: int) -> None:
    """Refuse a panel that memory does not hold.

    Parameters
    ----------
    n_bars, n_venues, n_coins : int
        Of the panel.

    Raises
    ------
    DataError
        It takes more than there is.

    Notes
    -----
    Units: bytes.  Causal: none.  Missing: where nothing says how much there is, nothing is refused.

    Examples
    --------
    >>> refuse_what_does_not_fit(288, 1, 2)
    """
    wanted, free = panel_bytes(n_bars, n_venues, n_coins), free_bytes()
    if free is not None and wanted > free:
        raise _refused(f"{n_bars:,d} bars of {n_coins} coins", wanted, free)
