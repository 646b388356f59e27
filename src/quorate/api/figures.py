"""The figures that a recipe must show before shadow and before champion, from what was recorded.

In: a version, and the runs, the sweep and the cross-validation that are said to show it. Out:
``Shown``. A run counts where it is of the recipe, out of sample, and what its folder holds is what
the ledger booked; its trials are counted as of now. Whatever is not there is told, not guessed.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.api import ledger, positive_paths, vouching
from quorate.api.finding import find
from quorate.api.folder import settings_of, store_place
from quorate.api.recipes import OF_TESTS, settings_told
from quorate.api.trials import Data
from quorate.errors import RegistryError
from quorate.records import canonical_json
from quorate.report.arms import days_of
from quorate.report.promotion import priced_alike
from quorate.report.reading import Run, read
from quorate.research.looks import day_from
from quorate.research.shown import Shown
from quorate.research.versions import How, Stage
from quorate.statistics.accounts import deflated
from quorate.statistics.confidence import running
from quorate.statistics.selection import against, overfit

if TYPE_CHECKING:
    from quorate.api.ledger import Book
    from quorate.api.registering import Registry
    from quorate.core.types import Vec
    from quorate.research.versions import Version
    from quorate.settings import Settings
    from quorate.statistics.daily import Daily
    from quorate.store import Store

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC).date()
_NO_VENUE: Final = "a backtest is filled by the model itself: only orders at a venue show it"
_DEAR: Final = 1.5


class _Of(NamedTuple):
    """A run that is of a recipe and in the ledger."""

    run: Run
    daily: Daily
    metrics: dict[str, Any]


class _Found:
    """Figures as they are found, or why they are not."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}
        self.sources: dict[str, str] = {}

    def put(self, name: str, value: float | None, source: str) -> None:
        """Keep a figure with its source; one that is not known keeps why alone."""
        self.sources[name] = source
        if value is not None and math.isfinite(value):
            self.figures[name] = float(value)


def researched(
    place: Registry,
    which: str,
    run: str | Path,
    *,
    champion_run: str | Path | None = None,
    sweep: str | None = None,
    cpcv: str | Path | None = None,
    out: str | Path = Path("runs"),
) -> Shown:
    """Return the figures that lead a recipe from research to shadow.

    Parameters
    ----------
    place : Registry
        With the version.
    which : str
        The version.
    run : str or Path
        A walk forward of its recipe, or a run with its models after they were fitted: DSR, closed
        trades, the net result at dearer costs (decided anew where it was run with ``--stress``,
        else by arithmetic on its books).
    champion_run : str or Path, optional
        The champion's over the same bars: SPA.
    sweep : str, optional
        A run of the sweep or search in which the recipe's settings were chosen, or the beginning
        of its id: PBO over all of its settings, from the ledger.
    cpcv : str or Path, optional
        What ``quorate cpcv --json`` printed, of all learners of the recipe: CPCV. A recipe of
        rules alone has none: an override leads it on.
    out : str or Path
        Folder of runs.

    Returns
    -------
    Shown
        Evidence for ``Registry.stage``; ``short`` names what is missing and what falls short.

    Raises
    ------
    RegistryError
        A run is of another recipe, in its sample, or not what the ledger says; a walk forward left
        fewer than three days between learning and test; the file of a cross-validation is not
        signed, or of another recipe.
    DataError
        A run is not there, or the two were not priced alike.

    Notes
    -----
    Units: probabilities, shares, USD.  Causal: reads finished runs; DSR counts every trial booked
    so far.  Missing: left out, ``sources`` says why.  METHODS 5.5 to 5.7.
    """
    version, champion = place.version(which), place.index.champion
    folder, out = find(run, out), Path(out)
    found = _Found()
    settings = settings_of(read(folder).about)
    with ledger.opened(settings, out) as book:
        store = book.store
        ours = _of(place, version, folder, store)
        name = f"run {folder.name}, {_opened(settings)}"
        found.put("deflated_sharpe", deflated(ours.daily.net, _trials(book, ours.run)), name)
        booked = ours.metrics.get("net", {}).get("n_trades")
        found.put("n_trades", None if booked is None else float(booked), name)
        _dear(found, ours, name)
        if sweep is None:
            found.put("overfit", None, "no sweep is named")
        else:
            _overfit(found, store, version, sweep)
        if champion is not None and champion_run is not None:
            theirs = _of(place, champion, find(champion_run, out), store)
            _superiority(found, ours, theirs)
    certificates = {
        each.certificate for each in place.index.versions if each.recipe_hash == version.recipe_hash
    }
    file = None if cpcv is None else Path(cpcv)
    found.put("positive_paths", *positive_paths.share(file, version, ours.run, certificates))
    return Shown(
        stage="research",
        recipe=version.recipe_hash,
        champion="" if champion is None else champion.recipe_hash,
        figures=found.figures,
        sources=found.sources,
    )


def canaried(
    place: Registry,
    which: str,
    run: str | Path,
    *,
    control: str | Path | None = None,
    out: str | Path = Path("runs"),
) -> Shown:
    """Return the figures that lead a canary to champion, on the days since it is canary.

    Parameters
    ----------
    place : Registry
        With the version.
    which : str
        The version.
    run : str or Path
        With its models, over the days since it is canary.
    control : str or Path, optional
        The champion's over the same bars; a first canary is held against cash and needs none.
    out : str or Path
        Folder of runs.

    Returns
    -------
    Shown
        Slippage against the model and rejected orders are in no backtest, and stay missing: whoever
        has them of a venue makes a ``Shown`` with them.

    Raises
    ------
    RegistryError, DataError
        As ``researched``; the version is no canary.

    Notes
    -----
    Units: counts, days, fractions a day.  Causal: reads days that begin after the version became
    canary.  Missing: left out, ``sources`` says why.  METHODS 10.5, 10.7.
    """
    from quorate.store import open_store

    index = place.index
    version, champion = index.version(which), index.champion
    since = [
        move.at
        for move in index.history
        if move.after is Stage.CANARY
        and move.how is How.MOVED
        and index.version(move.version).recipe_hash == version.recipe_hash
    ]
    if version.stage is not Stage.CANARY or not since:
        raise RegistryError(
            f"{version.name} is {version.stage}, no canary", hint="let it be canary first"
        )
    first = day_from(since[-1])
    folder, out = find(run, out), Path(out)
    settings = settings_of(read(folder).about)
    found, name = _Found(), f"run {folder.name} from {first}, {_opened(settings)}"
    with open_store(store_place(str(settings["account"]["store"]), out)) as store:
        ours = _of(place, version, folder, store)
        counts = ours.daily.day >= (first - _EPOCH).days
        begins = datetime(first.year, first.month, first.day, tzinfo=UTC)
        closed = ours.run.trades.filter(pl.col("closed_at") > begins)
        found.put("n_days", float(counts.sum()), name)
        found.put("n_trades", float(closed.height), name)
        if champion is None:
            # cash earns nothing: the excess over it is the return itself
            _ahead(found, ours.daily.net[counts], f"{name} against cash")
        elif control is not None:
            theirs = _of(place, champion, find(control, out), store)
            priced_alike(theirs.run, ours.run)
            _, a, b = np.intersect1d(ours.daily.day[counts], theirs.daily.day, return_indices=True)
            ahead = ours.daily.net[counts][a] - theirs.daily.net[b]
            _ahead(found, ahead, f"{name} against {theirs.run.about['run_id']}")
    for each in ("slippage_ratio", "reject_rate"):
        found.put(each, None, _NO_VENUE)
    return Shown(
        stage="canary",
        recipe=version.recipe_hash,
        champion="" if champion is None else champion.recipe_hash,
        figures=found.figures,
        sources=found.sources,
    )


def _ahead(found: _Found, ahead: Vec, source: str) -> None:
    """Put the lower bound, at every moment, of what is earned a day above a control."""
    found.put("ahead_low", float(running(ahead).low[-1]) if len(ahead) else math.nan, source)


def _opened(settings: Settings) -> str:
    """Return in words what a run opened with: no part of a recipe, and impact grows with it."""
    return f"opened with {float(str(settings['account']['equity_usd'])):,.0f} USD"


def _of(place: Registry, version: Version, folder: Path, store: Store) -> _Of:
    """Return a run that is of a version's recipe, out of sample, and as the ledger has it."""
    run = read(folder)
    vouching.require_settings(run, version)
    if "walk" in run.about:
        learned = {n: v for n, v in run.about["walk"]["plan"].items() if n not in OF_TESTS}
        if canonical_json(learned) != canonical_json(version.recipe.get("learning")):
            raise vouching.refused(run, f"learns otherwise than the recipe of {version.name}")
        vouching.require_gap(run)
    else:
        _require_out_of_sample(place, version, run)
    booked = vouching.require_booked(run, store)
    return _Of(run, days_of(run), dict(booked.metrics or {}))


def _require_out_of_sample(place: Registry, version: Version, run: Run) -> None:
    models = run.about.get("models") or {}
    fits = {v.digest: v for v in place.index.versions if v.recipe_hash == version.recipe_hash}
    fit = fits.get(str(models.get("digest", "")))
    if fit is None:
        why = f"is neither a walk forward nor of a fit of the recipe of {version.name}"
        raise vouching.refused(run, why)
    if datetime.fromisoformat(run.about["data"]["start"]) < fit.until:
        why = f"begins before {fit.until:%Y-%m-%d %H:%M} UTC, until when it was fitted"
        raise vouching.refused(run, why)


def _trials(book: Book, run: Run) -> Any:  # noqa: ANN401  (``Trials``)
    data = run.about["data"]
    start, end = (datetime.fromisoformat(data[name]) for name in ("start", "end"))
    venues = frozenset(data["venues"])
    return book.trials(Data(data["digest"], start, end, venues, data["is_synthetic"]))


def _dear(found: _Found, ours: _Of, name: str) -> None:
    """Put the net result at dearer costs: decided anew where that was asked, else arithmetic."""
    stress = ours.metrics.get("stress")
    if stress is not None and stress["times"] >= _DEAR:
        found.put("dear_net_usd", float(stress["pnl_usd"]), f"{name}, decided anew")
        return
    lines = {n: float(v) for n, v in ours.metrics.get("lines_usd", {}).items()}
    paid = sum(v for n, v in lines.items() if n != "GROSS" and v > 0.0)
    net = lines.get("GROSS", math.nan) - sum(v for n, v in lines.items() if n != "GROSS")
    found.put("dear_net_usd", net - (_DEAR - 1.0) * paid, f"{name}, by arithmetic on its books")


def _overfit(found: _Found, store: Store, version: Version, sweep: str) -> None:
    """Put the PBO of a sweep from the ledger, in which the recipe was one of the choices."""
    runs = [each for each in store.runs.list(status="finished") if each.run_id.startswith(sweep)]
    if not runs:
        raise RegistryError(
            f"the ledger has no run whose id begins {sweep}", hint="`quorate sweep` prints its ids"
        )
    first = runs[0]
    trials = [
        each
        for each in store.runs.list(status="finished", kind=first.kind)
        if each.data_hash == first.data_hash
    ]
    wanted = canonical_json(version.recipe.get("settings"))
    if not any(canonical_json(settings_told(each.settings)) == wanted for each in trials):
        raise RegistryError(
            f"the settings of {version.name} are none of the {len(trials)} of {first.kind} {sweep}",
            hint="name the sweep in which they were chosen",
        )
    kept = store.runs.daily([each.run_id for each in trials])
    own = kept.get(first.run_id)
    alike = [v[2] for v in kept.values() if own and v[:2] == own[:2] and len(v[2]) == len(own[2])]
    seen = overfit(np.column_stack(alike)) if alike else None
    source = f"{first.kind} {first.run_id}, {len(alike)} settings"
    if seen is None or seen.found is None:
        found.put("overfit", None, f"{source}: {'no returns' if seen is None else seen.why}")
        return
    found.put("overfit", seen.found.probability, source)


def _superiority(found: _Found, ours: _Of, theirs: _Of) -> None:
    priced_alike(theirs.run, ours.run)
    _, a, b = np.intersect1d(ours.daily.day, theirs.daily.day, return_indices=True)
    name = str(theirs.run.about["run_id"])
    seen = against(ours.daily.net[a][:, None], theirs.daily.net[b], f"the champion's {name}")
    value = None if seen.found is None else seen.found.consistent
    found.put("superiority", value, seen.why or f"run {ours.run.about['run_id']} against {name}")
