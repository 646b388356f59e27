"""Versions of a model set, where each stands, and the history of every move.

In: what was published and moved. Out: an ``Index``: who is champion, who was, which fits a recipe
has. No file and no clock is read here; ``stages`` says what may follow what, ``registry`` keeps it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from quorate.errors import RegistryError
from quorate.records import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Stage(StrEnum):
    """Where a version stands."""

    CANDIDATE = "candidate"
    SHADOW = "shadow"
    CANARY = "canary"
    CHAMPION = "champion"
    RETIRED = "retired"


class How(StrEnum):
    """Which kind of move it was."""

    PUBLISHED = "published"
    RENEWED = "renewed"
    MOVED = "moved"
    REPLACED = "replaced"
    ROLLED_BACK = "rolled back"
    PLANNED = "planned"
    LOOKED = "looked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A model set that was published: it never changes, its stage does.

    Parameters
    ----------
    number : int
        From 1 on; never given twice.
    digest, certificate : str
        Of the set, and of the rows it was fitted on.
    until : datetime
        When its last label had ended, aware.
    recipe : Mapping
        What earns promotion, in parts: plain values.
    engines : tuple of str
        Those that it fitted, by name.
    parent : int, optional
        The version before of the same recipe, or the one this one was made to beat.
    metrics : Mapping of str to float
        What its makers found; not known is None.
    audit, record : str
        Digest of the audit that passed, and of the file that keeps it.
    published_at : datetime
        Aware.
    stage : Stage
        Where it stands.
    """

    number: int
    digest: str
    certificate: str
    until: datetime
    recipe: Mapping[str, Any]
    engines: tuple[str, ...]
    parent: int | None
    metrics: Mapping[str, float | None]
    audit: str
    published_at: datetime
    record: str = ""
    stage: Stage = Stage.CANDIDATE

    @property
    def name(self) -> str:
        """Return what it is called; its folder has that name."""
        return name_of(self.number)

    @property
    def recipe_hash(self) -> str:
        """Return the digest of its recipe."""
        return recipe_hash(self.recipe)

    @property
    def is_rules_alone(self) -> bool:
        """Return whether it has rule engines alone: its recipe asks for no learner, it fitted none.

        Rules that are calibrated are rules. Of a recipe that does not say what it learns it counts
        what was fitted.
        """
        asked = self.recipe.get("learning", {}).get("models", ())
        return not (self.engines or asked or self.recipe.get("learners"))

    def age_days(self, at: datetime) -> float:
        """Return how many days before a moment its data ended."""
        return (at - self.until).total_seconds() / 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One step of a version: from where (None: it was published) to where, when, how, on what."""

    at: datetime
    version: int
    before: Stage | None
    after: Stage
    how: How
    why: str
    evidence: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """All versions of a registry, by number, and every move there ever was.

    Examples
    --------
    >>> Index().champion is None
    True
    """

    versions: tuple[Version, ...] = ()
    history: tuple[Move, ...] = ()

    @property
    def champion(self) -> Version | None:
        """Return the champion, None where there is none yet."""
        return next((each for each in self.versions if each.stage is Stage.CHAMPION), None)

    @property
    def champions(self) -> tuple[int, ...]:
        """Return the champions that follow one another, the present one last.

        A champion that was rolled back is not among them: going back twice goes back further.
        """
        found: list[int] = []
        for move in self.history:
            if move.after is not Stage.CHAMPION:
                continue
            if move.how is How.ROLLED_BACK:
                del found[found.index(move.version) :]
            found.append(move.version)
        return tuple(found)

    def champion_at(self, moment: datetime) -> Version | None:
        """Return who was champion at a moment, None if nobody was."""
        past = [m for m in self.history if m.after is Stage.CHAMPION and m.at <= moment]
        return self.version(past[-1].version) if past else None

    def before(self, moment: datetime) -> Index:
        """Return the index as it was before a moment."""
        history = tuple(move for move in self.history if move.at < moment)
        stages = {move.version: move.after for move in history}
        return Index(
            tuple(
                replace(each, stage=stages[each.number])
                for each in self.versions
                if each.number in stages
            ),
            history,
        )

    def version(self, which: int | str) -> Version:
        """Return a version by its number or name, or raise ``RegistryError``."""
        for each in self.versions:
            if which in (each.number, each.name):
                return each
        names = ", ".join(each.name for each in self.versions[-5:]) or "none"
        called = which if isinstance(which, str) else name_of(which)
        raise RegistryError(
            f"the registry has no version {called}", hint=f"the last there are: {names}"
        )

    def with_record(self, number: int, record: str) -> Index:
        """Return the index with the digest of the file that keeps a version's audit."""
        return replace(
            self,
            versions=tuple(
                replace(each, record=record) if each.number == number else each
                for each in self.versions
            ),
        )

    def of(self, recipe: str) -> Version | None:
        """Return the version of a recipe that stands highest, the newest of these, if any."""
        ours = [each for each in self.versions if each.recipe_hash == recipe]
        return max(ours, key=lambda each: (_RANK[each.stage], each.number), default=None)


_RANK: Final = {
    Stage.RETIRED: 0, Stage.CANDIDATE: 1, Stage.SHADOW: 2, Stage.CANARY: 3, Stage.CHAMPION: 4,
}  # fmt: skip


def name_of(number: int) -> str:
    """Return what a version is called.

    Examples
    --------
    >>> name_of(7)
    'v0007'
    """
    return f"v{number:04d}"


def recipe_hash(recipe: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a recipe, in hex.

    Examples
    --------
    >>> recipe_hash({"a": 1, "b": 2}) == recipe_hash({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(canonical_json(recipe).encode()).hexdigest()
