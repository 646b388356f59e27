"""Where a panel came from, and a digest that says whether another one came from the same.

In: what was asked for and the files that were read. Out: ``Provenance``. Without ``as_of`` the
files' bytes count. With it what was known then counts, so that a correction which comes later
leaves the digest, and a run can be made again.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quorate.lake import months, universe, versions
from quorate.lake.governance.params import params
from quorate.lake.kinds import KNOWN_AT
from quorate.lake.panel import Provenance
from quorate.lake.spec import as_of_ms, plain

READING = 2
"""How rows become a panel; another number, another panel of the same files."""

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.lake.grid import Grid
    from quorate.lake.spec import PanelSpec


def told(
    spec: PanelSpec, symbols: tuple[str, ...], grid: Grid, paths: Sequence[Path]
) -> Provenance:
    """Describe the panel and hash what was read: the files, the coins and the span."""
    digest = hashlib.blake2b(digest_size=16)
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
    )
    digest.update(repr(chosen).encode())
    limit = as_of_ms(spec)
    for path, held in zip(paths, months.each(paths), strict=True):
        digest.update(path.name.encode())
        if limit is None or not months.is_ours(path):
            digest.update(held)
            continue
        rows = versions.seen(months.parsed(path, held), limit).drop(KNOWN_AT)
        for name in rows.columns if rows.height else ():
            digest.update(name.encode())
            digest.update(rows[name].to_physical().to_numpy().tobytes())
    venues = ", ".join(source.venue for source in spec.sources)
    first, last = (datetime.fromtimestamp(ms / 1e3, UTC) for ms in _ends(grid))
    return Provenance(
        f"{venues}: {len(symbols)} coins, bars of {grid.bar_minutes} min, "
        f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC",
        digest.hexdigest(),
        plain(spec),
    )


def _ends(grid: Grid) -> tuple[int, int]:
    """Return the first open and the last close in milliseconds."""
    return grid.first_ms, grid.first_ms + grid.n_bars * grid.bar_ms
