"""Hold a challenger's run against the champion's, by what a user calls them.

In: folders, ids or the beginnings of ids. Out: a ``Promotion``. Where both runs are of models of
the registry, the plan of the looks is the registry's: fixed once, and each look that is taken is
kept there with its result (``research.looks``). Such runs have the settings of the two recipes, and
what their folders hold is what the ledger booked (``vouching``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from quorate.api.finding import find
from quorate.api.registering import Registry, made_at
from quorate.api.registering import registry as registry_of
from quorate.api.vouching import require_vouched
from quorate.errors import ConfigError
from quorate.report.promotion import Promotion, first_day, look_at, models_of
from quorate.report.reading import read
from quorate.research import index_file, looks
from quorate.research import registry as kept
from quorate.research.planned import LEVEL, PLANS, Asked, Planned

if TYPE_CHECKING:
    from datetime import datetime

    from quorate.report.reading import Run
    from quorate.research.versions import Index, Version

__all__ = ["Promotion", "asked_of", "promote"]

_USUAL_DAYS: Final = 28
_NOT_KEPT: Final = (
    "No registry keeps this look: it holds no champion and challenger with these models. The plan "
    "is whatever was said now, and the verdict moves no version."
)


def promote(  # noqa: PLR0913  (what may be said of a look, each with its name)
    champion: str | Path,
    challenger: str | Path,
    *,
    day: int,
    start: date | str | None = None,
    max_days: int | None = None,
    challengers: int | None = None,
    expected: float | None = None,
    out: str | Path = Path("runs"),
    registry: Registry | str | Path | None = None,
    at: datetime | None = None,
) -> Promotion:
    """Say whether a challenger may take the champion's place: PROMOTE, REJECT or EXTEND.

    Parameters
    ----------
    champion, challenger : str or Path
        Folders, ids, or the beginnings of ids of runs below ``out``, over the same bars.
    day : int
        Which look: 14, 21 or 28; with ``max_days`` 90 also 60 or 90.
    start : date or str, optional
        The first day that counts. What the plan says when left out; of a new one the first that
        both have, neither was fitted on, and that begins after the challenger was published.
    max_days : int, optional
        How long the plan lasts, 28 or 90: chosen before the first day. What the plan says when left
        out; 28 of a new one.
    challengers : int, optional
        How many are looked at side by side: each has so much smaller a level. What the registry
        counts when left out; fewer are refused.
    expected : float, optional
        The least difference of annual Sharpe ratios that matters: its power is told. What the plan
        says when left out; 1 of a new one.
    out : str or Path
        Folder of runs.
    registry : Registry, str or Path, optional
        That of the models; ``models.registry`` of the settings when left out.
    at : datetime, optional
        When the look is taken, aware; now when left out.

    Returns
    -------
    Promotion
        ``print`` it, or take ``as_dict``; ``look`` is evidence for ``Registry.stage``.

    Raises
    ------
    ConfigError
        The day is no look of the plan, or a number is out of bounds.
    DataError
        A run is not there, has too few days, or was priced otherwise than the other.
    RegistryError
        The registry has another plan, and what differs is named; the look was taken and came to
        something else; its days are not over, or lie before the challenger was published; a run
        has other settings than its recipe, or is not what the ledger below ``out`` booked.

    Notes
    -----
    Units: days; ratios a year.  Causal: reads the days up to the look.  Missing: a day that is not
    known of both is left out, with more than a tenth of them nothing is decided. Runs of models
    that the registry does not have are looked at, and nothing is kept.  METHODS 10.

    Examples
    --------
    >>> promote("one", "other", day=28, max_days=30)
    Traceback (most recent call last):
    quorate.errors.ConfigError: max_days is 30
      next: a plan lasts 28 days, or 90
    """
    asked = asked_of(max_days, start, challengers, expected)
    # read once: what is vouched for is what is looked at
    runs = read(find(champion, out)), read(find(challenger, out))
    place = registry if isinstance(registry, Registry) else registry_of(registry)
    version = _challenger(place, runs)
    if version is None:
        seen = _unkept(runs, day, asked)
        return replace(seen, cautions=(*seen.cautions, _NOT_KEPT))
    index, moment = place.index, made_at(at)
    _vouched(index, version, runs, Path(out))
    first = None
    if looks.standing(index, version) is None:
        first = first_day(*runs, asked.start)
    plan = looks.planned(index, version.number, asked, first)
    _planned_on(plan, day)
    seen = look_at(*runs, day=day, plan=plan.bounds, start=plan.start, expected=plan.expected)
    kept.look(place.folder, version.number, plan, seen.look, at=moment)
    return seen


def asked_of(
    max_days: int | None = None,
    start: date | str | None = None,
    challengers: int | None = None,
    expected: float | None = None,
) -> Asked:
    """Return what is asked of a plan; ``ConfigError`` where a part of it is out of bounds."""
    if max_days is not None and max_days not in PLANS:
        raise ConfigError(f"max_days is {max_days}", hint="a plan lasts 28 days, or 90")
    if challengers is not None and not 1 <= challengers <= 100:
        raise ConfigError(
            f"challengers is {challengers}, outside [1, 100]", hint="leave it out: they are counted"
        )
    return Asked(max_days, _date(start), challengers, expected)


def _challenger(place: Registry, runs: tuple[Run, Run]) -> Version | None:
    """Return the version whose models the challenger's run has; None where nothing can be kept."""
    if not (place.folder / index_file.FILE).exists():
        return None
    index = place.index
    if index.champion is None:
        return None
    theirs, ours = (models_of(run) for run in runs)
    recipes = {each.digest: each.recipe_hash for each in index.versions}
    beside = index.champion.recipe_hash
    if recipes.get(theirs) != beside or recipes.get(ours, beside) == beside:
        return None
    return next(each for each in index.versions if each.digest == ours)


def _vouched(index: Index, version: Version, runs: tuple[Run, Run], out: Path) -> None:
    """Refuse runs with other settings than those of the two recipes, or whose folder was changed.

    The models alone make no recipe: the same fit trades otherwise where the consensus is another.
    """
    champion = index.champion
    for run, of in zip(runs, (champion, version), strict=True):
        if of is not None:
            require_vouched(run, of, out)


def _unkept(runs: tuple[Run, Run], day: int, asked: Asked) -> Promotion:
    plan = Planned(
        champion="",
        start=asked.start or date.min,
        looks=PLANS[asked.max_days or _USUAL_DAYS],
        level=LEVEL,
        challengers=asked.challengers or 1,
    )
    _planned_on(plan, day)
    expected = plan.expected if asked.expected is None else asked.expected
    return look_at(*runs, day=day, plan=plan.bounds, start=asked.start, expected=expected)


def _planned_on(plan: Planned, day: int) -> None:
    try:
        plan.bounds.at(day)
    except ValueError as error:
        raise ConfigError(
            str(error),
            hint="a look at another day is not in the plan, and its chance of a false alarm is "
            "not kept",
        ) from error


def _date(start: date | str | None) -> date | None:
    if not isinstance(start, str):
        return start
    try:
        return date.fromisoformat(start)
    except ValueError as error:
        raise ConfigError(f"start is {start!r}, no day", hint="write it 2024-01-31") from error
