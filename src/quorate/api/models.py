"""A model set on its way into a run: read, laid on the engines, told in the run's folder.

In: a folder, or fits made by hand. Out: ``Fits``, the machine of a run with them, and what
``run.json`` keeps of them; the files go into the run's folder, so that it explains itself for good.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.core.consensus.labels import N_BUCKETS
from quorate.core.types import Regime
from quorate.errors import ConfigError, ModelFileError
from quorate.report.plain import known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.backtest.run import Machine
    from quorate.core.engines.base import Engine
    from quorate.core.types import Vec
    from quorate.lake import Panel
    from quorate.research.fits import Fits
    from quorate.settings import Settings

CHAMPION = "champion"
"""The word that stands for the registry's champion where a folder of models is named."""
FOLDER = "models"
"""Where the files of the set lie in the folder of a run."""


def fits_of(models: str | Path | Fits | None, settings: Settings | None = None) -> Fits | None:
    """Return the fits of a run: of a folder, read whole, of the champion, or as they were given.

    Parameters
    ----------
    models : str, Path or Fits
        A folder, the word ``champion``, or fits.
    settings : Settings, optional
        Their ``models.registry`` is where the champion is.

    Raises
    ------
    ModelFileError
        The folder holds no set, or one that is refused; what does not fit is said.
    RegistryError
        There is no champion, or it is too old to vote.
    ConfigError
        It is neither a folder nor fits.

    Notes
    -----
    Units: none.  Causal: no data are read.  Missing: None stays None.
    """
    if models is None:
        return None
    # no run without models waits for these
    from quorate.research.fits import Fits

    if isinstance(models, Fits):
        return models
    if not isinstance(models, (str, Path)):
        raise ConfigError(
            f"models are {type(models).__name__}, neither a folder nor Fits",
            hint='name the folder of a model set: quorate.run(panel, models="models")',
        )
    from quorate.research import model_set

    if str(models) != CHAMPION:
        return model_set.read(Path(models))
    from quorate.api.registering import registry

    place = registry(settings=settings)
    found = place.champion()
    said = f"the champion {found.version.name} of {place.folder}, {found.age_days:.1f} days old"
    return replace(found.fits, remarks=(*found.fits.remarks, said, *found.remarks))


def laid_on(made: Machine, fits: Fits | None, settings: Settings) -> Machine:
    """Return a machine that decides with fits.

    Parameters
    ----------
    made : Machine
        Its engines are those of ``Fits.voters``.
    fits : Fits or None
        None: the machine as it is.
    settings : Settings
        Of the run.

    Raises
    ------
    ConfigError
        The run holds for another horizon than the fits are of.

    Notes
    -----
    Units: hours.  Causal: before the run.  Missing: as ``Fits``.  METHODS 1.4, 3.4.
    """
    if fits is None:
        return made
    hours = float(settings["risk"]["horizon_hours"])  # type: ignore[arg-type]
    if fits.horizon_hours is not None and abs(fits.horizon_hours - hours) > 1e-9:
        raise ConfigError(
            f"the model set is fitted to what {fits.horizon_hours:g} hours bring, and "
            f"risk.horizon_hours is {hours:g}",
            hint=f"set risk.horizon_hours={fits.horizon_hours:g}, or fit to the other horizon",
        )
    return replace(
        made,
        cells=fits.table(made.engines),
        edges=fits.edges,
        approved=fits.approval(made.engines),
    )


def keep_files(fits: Fits, place: Path) -> None:
    """Copy the files of a set into the folder of a run; those made by hand have none.

    Raises
    ------
    OSError
        The disk refuses.
    """
    for path in fits.files:
        (place / FOLDER).mkdir(exist_ok=True)
        shutil.copyfile(path, place / FOLDER / path.name)


def fits_then(facts: dict[str, Any], folder: Path, given: Fits | None = None) -> Fits | None:
    """Return what took part in an old run: from its folder, or as it is given.

    Parameters
    ----------
    facts : dict
        Its ``run.json``.
    folder : Path
        Where it lies.
    given : Fits, optional
        Those that were made by hand and are in no folder.

    Raises
    ------
    ModelFileError
        They are not there any more, or not those of the run.

    Notes
    -----
    Units: none.  Causal: as they were.  Missing: None, for a run without models.
    """
    then = facts.get("models")
    if then is None:
        return None
    if given is None:
        from quorate.research import model_set

        return model_set.read(folder / FOLDER, digest=then["digest"])
    if given.digest != then["digest"]:
        raise ModelFileError(
            f"the run had the models {then['digest'][:16]}, given are {given.digest[:16]}",
            hint="give those of the run, or leave them out to read them from its folder",
        )
    return given


def recipe(engines: Sequence[Engine], fits: Fits | None) -> str:
    """Return what is tried, for the ledger of trials: the engines by name, and the set of models.

    Examples
    --------
    >>> from quorate.core.engines.catalogue import builtin
    >>> recipe(builtin()[:2], None)
    'momentum_day,momentum_week'
    """
    names = ",".join(sorted(engine.name for engine in engines))
    return names if fits is None else f"{names} models:{fits.digest}"


def told(fits: Fits, panel: Panel) -> dict[str, Any]:
    """Return what ``run.json`` keeps of a model set.

    Parameters
    ----------
    fits : Fits
        Of the run.
    panel : Panel
        Of the run.

    Notes
    -----
    Units: probabilities, hours.  Causal: before the run.  Missing: None, where the streaming
    calibration spoke.
    """
    edges = fits.edges
    return {
        "digest": fits.digest,
        "certificate": fits.certificate,
        "horizon_hours": fits.horizon_hours,
        "until": fits.until,
        "n_in_sample": n_in_sample(fits, panel),
        "engines": [engine.name for engine in fits.engines],
        "approved": {n: sorted(r.name.lower() for r in w) for n, w in fits.approved.items()},
        "cells": {name: _by_regime(row) for name, row in fits.cells.items()},
        "edge_map": None
        if edges is None
        else {name: array.tolist() for name, array in edges._asdict().items()},
        "remarks": list(fits.remarks),
    }


def notes(fits: Fits, panel: Panel) -> list[str]:
    """Return what a reader of the run has to know of its models."""
    found = [f"models: {remark}" for remark in fits.remarks]
    n = n_in_sample(fits, panel)
    if n is None:
        found.append(
            "models: nothing says until when they were fitted, so nothing is out of sample"
        )
    elif n:
        found.append(
            f"models were fitted on bars up to {fits.until[:16]}: {n:,} of {panel.n_bars:,} bars "
            "of this run are in their sample, and what is earned on these proves nothing"
        )
    return found


def n_in_sample(fits: Fits, panel: Panel) -> int | None:
    """Return how many bars of a run had closed when the fits were made; None if unknown."""
    if not fits.until:
        return None
    end_ms = datetime.fromisoformat(fits.until).astimezone(UTC).timestamp() * 1000.0
    n = int((end_ms - panel.close_ms(0)) // (panel.bar_minutes * 60_000)) + 1
    return min(max(n, 0), panel.n_bars)


def _by_regime(row: Vec) -> dict[str, list[float | None]]:
    """Return a row of cells by regime, the regimes with a fit alone."""
    parts = row.reshape(len(Regime), N_BUCKETS)
    return {r.name.lower(): [known(p) for p in parts[r]] for r in Regime if not _empty(parts[r])}


def _empty(part: Vec) -> bool:
    return bool(np.isnan(part).all())
