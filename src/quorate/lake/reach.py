"""How far a series of the lake goes, so that what comes later is not said to have been known.

In: a folder of the lake, and rows that are to be put there. Out: when those became known. History
that is imported is taken to have been known at each bar's close. A bar that closed before the last
one that the lake had of any symbol, and that the lake did not have between others of its own, was
not known: whoever read it as of then did without. It became known when it came.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from quorate.errors import DataError
from quorate.lake import manifest, objects
from quorate.lake.address import is_object
from quorate.lake.kinds import INSTANT, KNOWN_AT, epoch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Reach(NamedTuple):
    """How far a series of the lake went before an import.

    ``told_ms`` is the last close of any symbol, ``first_ms`` the first row of the one that is
    written, None where it is new: whatever comes of that is history.
    """

    told_ms: int
    first_ms: int | None = None


class Reached(NamedTuple):
    """How far a folder of the lake went: the last close of any symbol, the first row of each."""

    told_ms: int
    first_ms: Mapping[str, int]

    def of(self, symbol: str) -> Reach:
        """Return it for whoever writes a symbol."""
        return Reach(self.told_ms, self.first_ms.get(symbol))


def reached(where: Path, length_ms: int) -> Reached | None:
    """Return how far a folder of the lake goes, None of an empty one.

    Parameters
    ----------
    where : Path
        The folder of a vendor, kind and interval; it need not be there.
    length_ms : int
        Of a bar; 0 for rows that are known at their time.

    Notes
    -----
    Units: milliseconds.  Causal: what manifests say.  Missing: a symbol whose manifest cannot be
    read says nothing; its write will say why.

    Examples
    --------
    >>> from pathlib import Path
    >>> reached(Path("no-such-folder"), 300_000) is None
    True
    """
    places = objects.folders(where) if is_object(where) else sorted(where.glob("symbol=*"))
    firsts: dict[str, int] = {}
    last = -1
    for place in places:
        with suppress(DataError):
            held = (manifest.load(place) or {}).values()
            if held:
                firsts[place.name.removeprefix("symbol=")] = min(each.first_ms for each in held)
                last = max(last, *(each.last_ms for each in held))
    return Reached(last + length_ms, firsts) if firsts else None


def dated(
    given: pl.DataFrame, stored: pl.DataFrame | None, reach: Reach, learned_ms: int
) -> tuple[pl.DataFrame, int]:
    """Return rows with what was not known by its close dated to when it came, and how many.

    Parameters
    ----------
    given : polars.DataFrame
        A month of a symbol, from ``kinds.bring``.
    stored : polars.DataFrame, optional
        What the lake has of it.
    reach : Reach
        How far the series went. What comes before its first row is history: known at each close.
    learned_ms : int
        When the rows came.

    Returns
    -------
    (polars.DataFrame, int)
        In the order given.

    Notes
    -----
    Units: milliseconds.  Causal: what it is for: who read as of a time within the reach reads the
    same again.  Missing: nothing is filled.  Spec 13; METHODS 12.

    Examples
    --------
    >>> row = pl.DataFrame({"ts": [5], "known_at": [6]}).cast(INSTANT)
    >>> [dated(row, None, Reach(9, first), 20)[1] for first in (None, 2, 7)]
    [0, 1, 0]
    """
    if reach.first_ms is None:
        return given, 0
    at, close = epoch(given["ts"]), epoch(given[KNOWN_AT])
    is_late = (at > reach.first_ms) & (close <= min(reach.told_ms, learned_ms - 1))
    if stored is not None and is_late.any():
        is_late &= ~np.isin(at, epoch(stored["ts"]))
    if not is_late.any():
        return given, 0
    at_ms = np.where(is_late, learned_ms, close)
    return given.with_columns(pl.Series(KNOWN_AT, at_ms).cast(INSTANT)), int(is_late.sum())


def n_known(rows: pl.DataFrame | None, at_ms: int) -> int:
    """Return how many rows were known at a time."""
    return 0 if rows is None else int((epoch(rows[KNOWN_AT]) <= at_ms).sum())
