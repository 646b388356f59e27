"""Who fills the places of the page that hold any number of tables.

In: a ``Run``. Out: tables for a place, in order. A maker of tables earns its place by joining the
tuple of it; a place without a table is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.report import (
    benchmark,
    breaking,
    distribution,
    falls,
    promises,
    stress,
    votes,
    walk,
    who,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.report.exhibit import Table
    from quorate.report.reading import Run

    Maker = Callable[[Run], list[Table]]

FOLDS: Final[tuple[Maker, ...]] = (walk.tables,)
"""What each window of a walk forward came to."""

BENCHMARK: Final[tuple[Maker, ...]] = (benchmark.tables,)
"""What holding would have made in the same days."""

ATTRIBUTION: Final[tuple[Maker, ...]] = (who.tables,)
"""Which engine, regime, venue or coin did it: sums that are the books to the last digit."""

VOTES: Final[tuple[Maker, ...]] = (promises.tables, votes.tables)
"""What entries promised and came to; what votes came to, whether they were traded or not."""

SHOCKS: Final[tuple[Maker, ...]] = (breaking.tables, stress.tables)
"""What would break it: crashes and a failing venue on what was held; dearer costs, less luck."""

FALLS: Final[tuple[Maker, ...]] = (falls.tables,)
"""The deepest drawdowns."""

SPREAD: Final[tuple[Maker, ...]] = (distribution.tables,)
"""How days and trades were spread: tails and streaks."""


def tables(makers: tuple[Maker, ...], run: Run) -> list[Table]:
    """Return the tables of a place.

    Notes
    -----
    Units: in each column.  Causal: reads a finished run.  Missing: an empty list.  METHODS 13.
    """
    return [table for maker in makers for table in maker(run)]
