"""Run the whole system over a panel, book the run, and leave a folder that explains it.

In: a panel and settings. Out: ``Result`` and, where asked for, a run folder with its page. Every
run is booked in the store before its first bar, so one that fails counts as a trial too.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from quorate import report
from quorate.api import events, folder, folding
from quorate.api.effective import read_settings
from quorate.api.extensions import engines as find_engines
from quorate.api.gathering import Gathering
from quorate.api.models import fits_of, keep_files, recipe
from quorate.api.trials import data_of, trials_of
from quorate.core.kernel import source_hash
from quorate.errors import ConfigError
from quorate.lake import Panel, certificate
from quorate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.api.result import Result
    from quorate.core.engines.base import Engine
    from quorate.lake.certificate import Certificate
    from quorate.research.fits import Fits
    from quorate.statistics.accounts import Trials

_BATCH = 10_000
"""Events that are in memory, and written in one transaction."""


def run(
    panel: Panel,
    settings: Settings | None = None,
    *,
    engines: Sequence[Engine] | None = None,
    models: str | Path | Fits | None = None,
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
    models : str, Path or Fits, optional
        What was fitted out of sample: the folder of a model set, whose engines join the vote,
        whose calibrations and edge map are used in place of the streaming and the stated one. Its
        files are copied into the run's folder.
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
    ConfigError, EngineError, ModelFileError, DataError, StoreError
        With what to do next; nothing half-written stays.

    Notes
    -----
    Units: USD and integer 1e-8 quote.  Causal: the decision at a close reads nothing after it.
    Missing: a coin without bars waits.  Spec 1 to 8, 10, 12.
    """
    chosen = _checked(panel, settings)
    fits = fits_of(models)
    voters = tuple(engines) if engines is not None else _named(chosen)
    if fits is not None:
        voters = fits.voters(voters)
    given = _Given(panel, chosen, voters, fits)
    if out is None:
        return _simulate(given, "unbooked", progress, None, None)
    from quorate.store import open_store  # SQLAlchemy: only where a run is booked

    out = Path(out)
    store = open_store(folder.store_place(str(chosen["account"]["store"]), out))
    with store:
        run_id = store.runs.begin(
            chosen.values,
            data_hash=panel.source.digest,
            code_hash=source_hash(),
            recipe=recipe(voters, fits),
            kind=kind,
        )
        try:
            tried = trials_of(store, data_of(panel))
            result = _simulate(given, run_id, progress, tried, out)
            result.facts["kind"] = kind
            place = out / run_id
            with folder.whole(place) as partial:
                _write(partial, result, panel.certificate, fits)
                kept = folder.read_rows(partial, "decisions.parquet")
                # before the folder takes its name: a run that is seen is a run that is booked
                noted = events.events(run_id, kept, result.fills, result.incidents)
                while batch := [*islice(noted, _BATCH)]:
                    store.events.append(run_id, batch)
        except BaseException as error:
            store.runs.finish(run_id, "failed", message=str(error))
            raise
        store.runs.finish(run_id, "finished", metrics=result.metrics)
    return replace(result, folder=place, kept=folder.read_rows(place, "decisions.parquet"))


def _checked(panel: Panel, settings: Settings | None) -> Settings:
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


def _named(settings: Settings) -> tuple[Engine, ...]:
    chosen = settings["engines"]
    return find_engines(chosen["extra"], chosen["exclude"], settings.path)  # type: ignore[arg-type]


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
    tried: Trials | None,
    place: Path | None,
) -> Result:
    """Fold the panel block by block and gather what it leaves, on the disk of a folder."""
    begun = time.perf_counter()
    panel, settings, engines, fits = given
    fold = folding.begin(panel, settings, engines, fits)
    gathered = Gathering(panel, settings, engines, fold, place=place, fits=fits)
    for t, done in folding.advance(panel, fold):
        gathered.add(done)
        if progress is not None:
            progress(t + len(done.decisions.equity), panel.n_bars)
    return gathered.result(run_id, {"simulate": time.perf_counter() - begun}, tried)


def _write(place: Path, result: Result, certified: Certificate | None, fits: Fits | None) -> None:
    folder.write_json(place / "run.json", result.facts)
    if fits is not None:
        keep_files(fits, place)
    if certified is not None:
        certificate.write(certified, place / certificate.FOLDER)
    folder.write_json(place / "metrics.json", result.metrics)
    folder.write_table(place / "equity.parquet", result.equity)
    folder.write_table(place / "trades.parquet", result.trades)
    folder.write_rows(place / "decisions.parquet", result.kept)
    folder.write_table(place / "fills.parquet", result.fills)
    folder.write_table(place / "funding.parquet", result.funding)
    folder.write_table(place / "positions.parquet", result.positions)
    folder.write_table(place / "incidents.parquet", result.incidents)
    folder.write_table(place / "attribution.parquet", result.attribution)
    folder.write_table(place / "scorecard.parquet", result.scorecard)
    folder.write_table(place / "benchmark.parquet", result.benchmark)
    report.render(place)
