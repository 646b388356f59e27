"""Where a panel came from, and a digest that says whether another one came from the same.

In: what was asked for and the files that were read. Out: ``Provenance``. Without ``as_of`` the
files' bytes count. With it what was known then counts, so that a correction which comes later
leaves the digest, and a run can be made again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quorate.lake import assets, universe
from quorate.lake.governance.params import params
from quorate.lake.panel import Provenance
from quorate.lake.prints import together
from quorate.lake.spec import as_of_ms, plain

READING = 6
"""How rows become a panel; another number, another panel of the same files."""

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.lake.grid import Grid
    from quorate.lake.prints import Prints
    from quorate.lake.spec import PanelSpec


def told(
    spec: PanelSpec, symbols: tuple[str, ...], grid: Grid, paths: Sequence[Path], prints: Prints
) -> Provenance:
    """Describe the panel and hash what was read: the files, the coins and the span."""
    chosen = (
        READING,
        symbols,
        tuple(grid),
        spec.assume_funding,
        spec.drop_last,
        [(source.venue, source.kind) for source in spec.sources],
        [sorted(each.items()) for each in (spec.tick, spec.lot)],
        params(**spec.rules),
        None if spec.universe is None else universe.rules(**spec.universe),
        [] if spec.assets is None else sorted(assets.read(spec.assets, as_of_ms(spec)).items()),
    )
    digest = together(paths, prints, repr(chosen))
    venues = ", ".join(source.venue for source in spec.sources)
    first, last = (datetime.fromtimestamp(ms / 1e3, UTC) for ms in _ends(grid))
    return Provenance(
        f"{venues}: {len(symbols)} coins, bars of {grid.bar_minutes} min, "
        f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC",
        digest,
        plain(spec),
    )


def _ends(grid: Grid) -> tuple[int, int]:
    """Return the first open and the last close in milliseconds."""
    return grid.first_ms, grid.first_ms + grid.n_bars * grid.bar_ms
