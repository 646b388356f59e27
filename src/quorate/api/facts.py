"""What a run was made of: data, settings and where each came from, engines, versions.

In: panel, settings, engines. Out: the tree that ``run.json`` keeps.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from quorate.api import models
from quorate.core.kernel import source_hash
from quorate.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.engines.base import Engine
    from quorate.lake.panel import Panel
    from quorate.research.fits import Fits
    from quorate.settings import Settings


def facts_of(
    panel: Panel,
    settings: Settings,
    engines: Sequence[Engine],
    run_id: str,
    failures: dict[str, str],
    seconds: dict[str, float],
    fits: Fits | None = None,
) -> dict[str, Any]:
    """Return what a run was made of, as ``run.json`` keeps it.

    Parameters
    ----------
    panel, settings, engines
        The inputs.
    run_id, failures, seconds
        Its name, engines that failed with why, and where the time went.
    fits : Fits, optional
        What was fitted out of sample and took part.

    Notes
    -----
    Units: as named.  Causal: no data are read.  Missing: empty lists.  Spec 10, 12.
    """

    def instant(t: int) -> str:
        return datetime.fromtimestamp(panel.close_ms(t) / 1000.0, tz=UTC).isoformat()

    notes = [*panel.notes]
    notes += [f"engine {name} failed and abstained: {why}" for name, why in failures.items()]
    quorum, least = (settings["consensus"][name] for name in ("quorum", "min_families"))
    n_families = len({engine.family for engine in engines})
    if quorum and n_families < int(least):  # type: ignore[arg-type]
        notes.append(
            f"a quorum needs engines of {least} families, and there is {n_families}: nothing can "
            "trade. Set consensus.quorum=0 or consensus.min_families=1"
        )
    if fits is not None:
        notes += models.notes(fits, panel)
    where = {} if fits is None else fits.approved
    return {
        "run_id": run_id,
        "version": VERSION,
        "code": source_hash(),
        "kind": "backtest",
        "settings": {s: {n: _plain(v) for n, v in f.items()} for s, f in settings.values.items()},
        "origins": settings.origins,
        "settings_file": None if settings.path is None else str(settings.path.absolute()),
        "data": {
            "description": panel.source.description,
            "digest": panel.source.digest,
            "made": panel.source.made,
            "symbols": list(panel.symbols),
            "venues": list(panel.venue_names),
            "kinds": list(panel.kinds),
            "funding": list(panel.funding),
            "bar_minutes": panel.bar_minutes,
            "start": instant(0),
            "end": instant(panel.n_bars - 1),
            "n_bars": panel.n_bars,
            "is_synthetic": panel.is_synthetic,
            "notes": notes,
        },
        "failures": failures,
        "engines": [
            {
                "name": engine.name,
                "family": engine.family,
                "approved": sorted(
                    regime.name.lower() for regime in where.get(engine.name, engine.approved)
                ),
                "hypothesis": engine.hypothesis,
            }
            for engine in engines
        ],
        "seconds": seconds,
    } | ({} if fits is None else {"models": models.told(fits, panel)})


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
