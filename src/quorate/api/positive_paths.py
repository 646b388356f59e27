"""The share of whole histories on which a recipe's learners earned something, from a signed file.

In: what ``quorate cpcv --json`` left, a version, a run of its recipe. Out: the share, or why there
is none. A file of another market, of votes that cost less than the fees there, or of few paths is
refused: each makes as many paths positive as somebody likes.
"""

from __future__ import annotations

import json
from math import comb
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from quorate.errors import RegistryError
from quorate.records import canonical_json
from quorate.research import keys, sealing
from quorate.research.cpcv import N_BLOCKS, N_TEST

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from quorate.report.reading import Run
    from quorate.research.versions import Version

LEAST_PATHS: Final = comb(N_BLOCKS - 1, N_TEST - 1)
"""As many as ``quorate cpcv`` makes where nothing is said."""
NO_ENGINE: Final = (
    "the recipe learns no engine, so no cross-validation can show it: rules alone reach shadow by "
    '--override "why" alone, which is kept'
)


class _Told(NamedTuple):
    """What a file of a cross-validation says."""

    digest: str
    source: str
    certificate: str
    settings: Any
    models: frozenset[str]
    cost_bps: float
    fees_bps: float
    nets: dict[str, dict[int, float]]


def share(
    path: Path | None, version: Version, run: Run, certificates: AbstractSet[str]
) -> tuple[float | None, str]:
    """Return the share of paths with a positive net of the worst learner, and where it is from.

    Parameters
    ----------
    path : Path, optional
        What ``quorate cpcv --json`` printed.
    version : Version
        Whose recipe it must be of.
    run : Run
        Of the recipe: the paths are of its market, or of one that the recipe was fitted on.
    certificates : set of str
        Of the data that fits of the recipe were made of.

    Returns
    -------
    value, source : float or None, str
        None with the reason where the recipe learns nothing, no file is named, or it lacks a
        learner of the recipe.

    Raises
    ------
    RegistryError
        The file is none, not signed, of other settings, of another market, at less than the fees
        of its market, or of fewer paths than ``LEAST_PATHS``.

    Notes
    -----
    Units: a share.  Causal: reads a finished file.  Missing: None.  METHODS 5.4, 5.7.
    """
    asked = set(dict(version.recipe.get("learning") or {}).get("models", ()))
    if not asked:
        return None, NO_ENGINE
    if path is None:
        return None, "no cross-validation is named"
    told = _read(path)
    if canonical_json(told.settings) != canonical_json(version.recipe.get("settings")):
        raise RegistryError(
            f"{path} is of other settings than the recipe of {version.name}",
            hint="run `quorate cpcv` with the settings of the recipe",
        )
    _require_market(told, path, version, run, certificates)
    if lacks := asked - told.models:
        return None, f"{path.name} lacks {', '.join(sorted(lacks))}"
    fewest = min((len(each) for each in told.nets.values()), default=0)
    if fewest < LEAST_PATHS:
        raise RegistryError(
            f"{path} has {fewest} paths, {LEAST_PATHS} are needed",
            hint="leave --blocks and --test-blocks out, or cut into more",
        )
    shares = [np.mean([net > 0.0 for net in each.values()]) for each in told.nets.values()]
    return float(min(shares)), f"cpcv {told.digest[:16]}, the worst learner"


def _read(path: Path) -> _Told:
    """Return what a file says; refuse one that is none, or that nobody trusted has signed."""
    try:
        told = json.loads(path.read_bytes())
        nets: dict[str, dict[int, float]] = {}
        for row in told["paths"]:
            nets.setdefault(str(row["model"]), {})[int(row["path"])] = float(row["net_bps"])
        found = _Told(
            sealing.digest_of(told),
            str(told["source"]),
            str(told["certificate"]),
            told["settings"],
            frozenset(told["models"]),
            float(told["cost_bps"]),
            float(told["fees_bps"]),
            nets,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RegistryError(
            f"{path} is no cross-validation: {error}",
            hint="give what `quorate cpcv ... --json > cpcv.json` of this version left",
        ) from error
    if why := sealing.broken(told.get("seal"), "cpcv", found.digest, keys.trusted()):
        raise RegistryError(f"{path}: {why}", hint="run `quorate cpcv --json` again")
    return found


def _require_market(
    told: _Told, path: Path, version: Version, run: Run, certificates: AbstractSet[str]
) -> None:
    """Refuse paths of another market than the run's or a fit's, or at less than its fees."""
    data = str(run.about["data"]["digest"])
    # the days that a walk is judged on are a part of what it was given
    if not f"{data}:".startswith(f"{told.source}:") and told.certificate not in certificates:
        raise RegistryError(
            f"{path} is of other data than the run {run.about['run_id']} and the fits of "
            f"{version.name}",
            hint="run `quorate cpcv` over the bars of that run, or those it was trained on",
        )
    if not told.cost_bps >= told.fees_bps:
        raise RegistryError(
            f"{path} counts a vote at {told.cost_bps:g} bps, the fees of a round trip in its "
            f"market are {told.fees_bps:g}",
            hint="leave --cost-bps out: a vote costs the fees then, or more",
        )
