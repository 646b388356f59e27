"""Books a run before its first bar, and leaves its folder whole or not at all.

In: what makes a run. Out: its ``Result`` with the folder. A run that fails counts as a trial too,
so it is in the store before anything is computed.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from quorate import report
from quorate.api import events, folder, ledger
from quorate.api.trials import Own, data_of, record, record_of
from quorate.lake import certificate
from quorate.statistics.ratios import sharpe_per_day

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from quorate.api.result import Result
    from quorate.lake import Panel
    from quorate.lake.certificate import Certificate
    from quorate.settings import Settings
    from quorate.statistics.accounts import Trials
    from quorate.statistics.daily import Daily

FILES = "files"
"""Under this name the ledger keeps the digests of a run's files, beside its metrics."""
_BATCH = 10_000
"""Events that are in memory, and written in one transaction."""


def noted(
    panel: Panel,
    settings: Settings,
    recipe: str,
    kind: str,
    make: Callable[[], Result],
    also: Mapping[str, Mapping[str, Any]] | None = None,
) -> Result:
    """Return the result of a run of which nothing is written but that it was tried.

    Parameters
    ----------
    panel, settings, recipe, kind, also
        As ``booked``.
    make : callable
        Makes the result.

    Raises
    ------
    QuorateError
        As ``make``; the ledger cannot be written.

    Notes
    -----
    Units: none.  Causal: booked before it reads a bar.  Missing: of a made-up market nothing is
    booked, for no run on another is judged by it.  METHODS 5.5.
    """
    if panel.is_synthetic:
        return make()
    with ledger.opened(settings, None) as book:
        run_id = book.begin({**settings.values, **(also or {})}, data_of(panel), recipe, kind)
        try:
            result = make()
        except BaseException as error:
            book.fail(run_id, error)
            raise
        book.finish(run_id, result.metrics, record_of(result.equity))
    return result


def booked(
    panel: Panel,
    settings: Settings,
    recipe: str,
    out: Path,
    kind: str,
    make: Callable[[str, Callable[[Daily], Trials], Path], Result],
    also: Mapping[str, Mapping[str, Any]] | None = None,
    more: Callable[[Path], None] | None = None,
) -> Result:
    """Return the result of a run that is booked and written.

    Parameters
    ----------
    panel, settings
        What the run is of.
    recipe : str
        Which engines vote, and by which fits.
    out : Path
        Folder of runs.
    kind : str
        What the store calls it.
    make : callable
        Makes the result of a run's name, what tells its trials by its daily returns, and the
        folder that may hold its tables.
    also : Mapping, optional
        Sections beside the settings that make another trial of it.
    more : callable, optional
        Writes what else belongs into the folder, once the result is made.

    Raises
    ------
    QuorateError
        With what to do next; nothing half-written stays.

    Notes
    -----
    Units: none.  Causal: the trials are those booked so far, this one among them.
    Missing: none.  Spec 10.
    """
    data = data_of(panel)
    with ledger.opened(settings, out) as book:
        run_id = book.begin({**settings.values, **(also or {})}, data, recipe, kind)
        try:

            def tried(daily: Daily) -> Trials:
                own = Own(run_id, sharpe_per_day(daily.net), record(daily))
                return book.trials(data, own)

            result = make(run_id, tried, out)
            result.facts["kind"] = kind
            place = out / run_id
            with folder.whole(place) as partial:
                if more is not None:
                    more(partial)
                _write(partial, result, panel.certificate)
                kept = folder.read_rows(partial, "decisions.parquet")
                # before the folder takes its name: a run that is seen is a run that is booked
                noted = events.events(run_id, kept, result.fills, result.incidents)
                while batch := [*islice(noted, _BATCH)]:
                    book.store.events.append(run_id, batch)
        except BaseException as error:
            book.fail(run_id, error)
            raise
        returns = record_of(result.equity)
        metrics = {**result.metrics, FILES: folder.file_digests(place)}
        book.finish(run_id, metrics, returns)
    return replace(result, folder=place, kept=folder.read_rows(place, "decisions.parquet"))


def _write(place: Path, result: Result, certified: Certificate | None) -> None:
    folder.write_json(place / "run.json", result.facts)
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
