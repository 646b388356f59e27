"""Run the whole system over a panel, book the run, and leave a folder that explains it.

In: a panel and settings. Out: ``Result`` and, where asked for, a run folder with its page.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from quorate.api import folding
from quorate.api.booking import booked
from quorate.api.effective import read_settings
from quorate.api.extensions import engines as find_engines
from quorate.api.gathering import Gathering
from quorate.errors import ConfigError
from quorate.lake import Panel
from quorate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.api.result import Result
    from quorate.core.engines.base import Engine
    from quorate.statistics.accounts import Trials


def run(
    panel: Panel,
    settings: Settings | None = None,
    *,
    engines: Sequence[Engine] | None = None,
    out: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    kind: str = "backtest",
) -> Result:
    """Run the whole system over a panel.

    Parameters
    ----------
    panel : Panel
        From ``quorate.load`` or ``quorate.lake.synthetic``.
    settings : Settings, optional
        From ``quorate.read_settings``, which is called when left out.
    engines : sequence of Engine, optional
        The engines that vote; those the settings name when left out.
    out : str or Path, optional
        Folder of runs: the run is booked in its store and written below it. Without it nothing
        is written or booked, as in a notebook's cell.
    progress : callable, optional
        Called with bars done and bars in all.
    kind : str
        What the store calls it.

    Returns
    -------
    Result
        Metrics and tables.

    Raises
    ------
    ConfigError, EngineError, DataError, StoreError
        With what to do next; nothing half-written stays.

    Notes
    -----
    Units: USD and integer 1e-8 quote.  Causal: the decision at a close reads nothing after it.
    Missing: a coin without bars waits.  Spec 1 to 8, 10, 12.
    """
    chosen = checked(panel, settings)
    voters = tuple(engines) if engines is not None else named(chosen)
    if out is None:
        return _simulate(panel, chosen, voters, "unbooked", progress, None, None)

    def make(run_id: str, tried: Trials, place: Path) -> Result:
        return _simulate(panel, chosen, voters, run_id, progress, tried, place)

    return booked(panel, chosen, voters, Path(out), kind, make)


def checked(panel: Panel, settings: Settings | None) -> Settings:
    """Return the settings of a run; refuse what is no panel or no settings."""
    if not isinstance(panel, Panel):
        raise ConfigError(
            f"a run needs a Panel, got {type(panel).__name__}",
            hint="make one: quorate.load(folder, venue=..., kind=...) or quorate.synthetic()",
        )
    if settings is None:
        return read_settings()
    if not isinstance(settings, Settings):
        raise ConfigError(
            f"settings are {type(settings).__name__}, not Settings",
            hint='make them: quorate.read_settings(overrides={"consensus.k": "1.0"})',
        )
    return settings


def named(settings: Settings) -> tuple[Engine, ...]:
    """Return the engines that settings name."""
    chosen = settings["engines"]
    return find_engines(chosen["extra"], chosen["exclude"], settings.path)  # type: ignore[arg-type]


def _simulate(
    panel: Panel,
    settings: Settings,
    engines: Sequence[Engine],
    run_id: str,
    progress: Callable[[int, int], None] | None,
    tried: Trials | None,
    place: Path | None,
) -> Result:
    """Fold the panel block by block and gather what it leaves, on the disk of a folder."""
    begun = time.perf_counter()
    fold = folding.begin(panel, settings, engines)
    gathered = Gathering(panel, settings, engines, fold, place=place)
    for t, done in folding.advance(panel, fold):
        gathered.add(done)
        if progress is not None:
            progress(t + len(done.decisions.equity), panel.n_bars)
    return gathered.result(run_id, {"simulate": time.perf_counter() - begun}, tried)
