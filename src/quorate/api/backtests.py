"""Run the whole system over a panel, book the run, and leave a folder that explains it.

In: a panel and settings. Out: ``Result`` and, where asked for, a run folder with its page.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from quorate.api import folding
from quorate.api.booking import booked, noted
from quorate.api.effective import read_settings
from quorate.api.extensions import named
from quorate.api.gathering import Gathering
from quorate.api.models import fits_of, keep_files, recipe
from quorate.api.stressing import Stressed
from quorate.backtest import run as passes
from quorate.errors import ConfigError
from quorate.lake import Panel
from quorate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.api.result import Result
    from quorate.core.engines.base import Engine
    from quorate.research.fits import Fits
    from quorate.statistics.accounts import Trials
    from quorate.statistics.daily import Daily


def run(
    panel: Panel,
    settings: Settings | None = None,
    *,
    engines: Sequence[Engine] | None = None,
    models: str | Path | Fits | None = None,
    out: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    kind: str = "backtest",
    stress: bool = False,
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
    models : str, Path or Fits, optional
        What was fitted out of sample: the folder of a model set, whose engines join the vote,
        whose calibrations and edge map are used in place of the streaming and the stated one. Its
        files are copied into the run's folder.
    out : str or Path, optional
        Folder of runs: the run is booked in its store and written below it. Without it, as
        in a notebook's cell, nothing is written but that it was tried, in the ledger of trials; of
        a made-up market not even that.
    progress : callable, optional
        Called with bars done and bars in all.
    kind : str
        What the store calls it.
    stress : bool
        Whether to play it out a second time with all costs half as high again, decided anew:
        ``metrics["stress"]``. It takes a sixth of the run's time again.

    Returns
    -------
    Result
        Metrics and tables.

    Raises
    ------
    ConfigError, EngineError, ModelFileError, DataError, StoreError
        With what to do next; nothing half-written stays.

    Notes
    -----
    Units: USD and integer 1e-8 quote.  Causal: the decision at a close reads nothing after it.
    Missing: a coin without bars waits.  Spec 1 to 8, 10, 12.
    """
    chosen = checked(panel, settings)
    fits = fits_of(models, chosen)
    voters = tuple(engines) if engines is not None else named(chosen)
    if fits is not None:
        voters = fits.voters(voters)
    given = _Given(panel, chosen, voters, fits)
    told = recipe(voters, fits)
    if out is None:

        def alone() -> Result:
            return _simulate(given, "unwritten", progress, None, None, stress=stress)

        return noted(panel, chosen, told, kind, alone)

    def make(run_id: str, tried: Callable[[Daily], Trials], place: Path) -> Result:
        return _simulate(given, run_id, progress, tried, place, stress=stress)

    def more(place: Path) -> None:
        if fits is not None:
            keep_files(fits, place)

    return booked(panel, chosen, told, Path(out), kind, make, more=more)


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


class _Given(NamedTuple):
    """What a run is of."""

    panel: Panel
    settings: Settings
    engines: tuple[Engine, ...]
    fits: Fits | None


def _simulate(
    given: _Given,
    run_id: str,
    progress: Callable[[int, int], None] | None,
    tried: Callable[[Daily], Trials] | None,
    place: Path | None,
    *,
    stress: bool,
) -> Result:
    """Fold the panel block by block and gather what it leaves, on the disk of a folder."""
    begun = time.perf_counter()
    panel, settings, engines, fits = given
    fold = folding.begin(panel, settings, engines, fits)
    gathered = Gathering(panel, settings, engines, fold, place=place, fits=fits)
    dear = Stressed(panel, settings, engines) if stress else None
    for t, seen in folding.looks(panel, fold):
        said = passes.weigh(fold.made, fold.memory, seen)
        done = passes.trade(fold.made, fold.memory, seen, said)
        folding.balanced(done)
        gathered.add(done)
        if dear is not None:
            dear.add(seen, said)
        if progress is not None:
            progress(t + len(done.decisions.equity), panel.n_bars)
    made = gathered.result(run_id, {"simulate": time.perf_counter() - begun}, tried)
    if dear is not None:
        made.metrics["stress"] = dear.result()
    return made
