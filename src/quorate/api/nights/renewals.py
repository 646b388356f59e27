"""The recipes that a night fits anew: the one it is asked for, and those at work in the registry.

In: settings, a plan, a registry. Out: ``Renewal`` records. A recipe that is at work was published
with its settings and its plan; it is taken from there, not from tonight's file, so that a changed
file makes a challenger and never a changed champion (METHODS, row 14).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from quorate.api.auditing.binding import UNTOLD
from quorate.api.extensions import named
from quorate.api.folder import settings_of
from quorate.api.recipes import recipe
from quorate.errors import ConfigError, QuorateError
from quorate.research import index_file
from quorate.research.stages import AT_WORK
from quorate.research.versions import Index, recipe_hash

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.api.plans import Plan
    from quorate.core.engines.base import Engine
    from quorate.research.versions import Version
    from quorate.settings import Settings

SHORT = 12
"""Characters of a recipe's hash that name its folder."""


@dataclass(frozen=True)
class Recipe:
    """What is fitted tonight.

    Parameters
    ----------
    settings : Settings
        Of its runs.
    plan : Plan
        What is learned.
    engines : tuple of Engine
        The rule engines.
    old : Version or None
        The fit of it that is in the registry.
    hash : str
        Of the recipe.
    """

    settings: Settings
    plan: Plan
    engines: tuple[Engine, ...]
    old: Version | None
    hash: str

    @property
    def name(self) -> str:
        """Return what its folder and its rows are called."""
        return self.hash[:SHORT]

    @property
    def is_at_work(self) -> bool:
        """Return whether a fit of it decides something now."""
        return self.old is not None and self.old.stage in AT_WORK


def index_of(folder: Path) -> Index:
    """Return the index of a registry, an empty one where there is none yet."""
    return index_file.read(folder) if (folder / index_file.FILE).exists() else Index()


def renewals(
    settings: Settings, plan: Plan, index: Index
) -> tuple[tuple[Recipe, ...], tuple[str, ...]]:
    """Return the recipes of a night, the one asked for first, and why others cannot be renewed.

    Parameters
    ----------
    settings : Settings
        Tonight's.
    plan : Plan
        What is learned, and on how many days it is tested.
    index : Index
        Of the registry.

    Notes
    -----
    Units: none.  Causal: none.  Missing: a recipe whose engines or learners are other ones now is
    no longer that recipe; it is named and keeps its fit until that is too old.
    """
    asked = _made(settings, plan, index)
    found, remarks = {asked.hash: asked}, []
    for version in index.versions:
        if version.stage not in AT_WORK or version.recipe_hash in found:
            continue
        try:
            again = _again(version, settings, plan, index)
        except QuorateError as error:
            remarks.append(f"{version.name} is not renewed: {error.message}")
            continue
        if again.hash == version.recipe_hash:
            found[again.hash] = again
        else:
            remarks.append(f"{version.name} is not renewed: {_differs(version, again)} other now")
    return tuple(found.values()), tuple(remarks)


def _made(settings: Settings, plan: Plan, index: Index) -> Recipe:
    engines = named(settings)
    digest = recipe_hash(recipe(settings, engines, plan))
    return Recipe(settings, plan, engines, index.of(digest), digest)


def _again(version: Version, settings: Settings, plan: Plan, index: Index) -> Recipe:
    """Return the recipe of a version from what was published with it."""
    told: dict[str, Any] = dict(version.recipe)
    if not {"settings", "learning"} <= told.keys():
        raise ConfigError("its recipe does not say settings and learning")
    kept = settings_of({"settings": told["settings"]})
    values = kept.values | {each: settings[each] for each in UNTOLD}
    learned: dict[str, Any] = {
        n: tuple(v) if isinstance(v, list) else v for n, v in told["learning"].items()
    }
    try:
        learning = replace(plan, **learned)
    except TypeError as error:
        raise ConfigError(f"its learning says {sorted(learned)}") from error
    return _made(replace(kept, values=values, path=settings.path), learning, index)


def _differs(version: Version, again: Recipe) -> str:
    now = recipe(again.settings, again.engines, again.plan)
    parts = [name for name in now if now[name] != version.recipe.get(name)]
    return f"its {' and '.join(parts) or 'recipe'} {'are' if len(parts) > 1 else 'is'}"
