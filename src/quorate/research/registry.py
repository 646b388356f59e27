"""The registry: a folder of model sets that were published, and who of them is champion.

In: a model set, its recipe, evidence. Out: a version; and from the registry the champion's fits, or
an error that says why there are none. In the folder::

    registry.index     signed: every version, its stage, every move (``index_file``)
    v0001/             a model set, never changed again, and audit.json: the audit that it passed
    lock               held by who writes

A version's folder is made beside, checked, and renamed into place; then the index is replaced in
one step. So a kill at any moment leaves the old champion or the new one, whole. A folder that no
index lists was left by a kill, or an older index was restored: it is never used and never deleted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from quorate.errors import RegistryError
from quorate.research import index_file, keys, looks, model_set, shelves, stages
from quorate.research.evidence import Audited
from quorate.research.planned import USUAL, Asked, Planned
from quorate.research.versions import Index, Stage, Version, recipe_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from quorate.research.evidence import Evidence, Look
    from quorate.research.fits import Fits
    from quorate.research.keys import Signer

MAX_AGE_DAYS: Final = 7.0
WARN_AFTER_HOURS: Final = 26.0


@dataclass(frozen=True, slots=True, eq=False)
class Champion:
    """The champion: its version, its fits, how old these are, and what is to be said of it."""

    version: Version
    fits: Fits
    age_days: float
    remarks: tuple[str, ...]


def read(folder: Path, trusted: Iterable[bytes] | None = None) -> Index:
    """Return the index of a registry; ``RegistryError`` as ``index_file.read``."""
    return index_file.read(folder, trusted)


def publish(
    folder: Path,
    source: Path,
    *,
    evidence: Sequence[Evidence],
    at: datetime,
    why: str,
    recipe: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float | None] | None = None,
    parent: int | str | None = None,
    by: Signer | None = None,
) -> Version:
    """Publish a model set as a version that never changes.

    Parameters
    ----------
    folder : Path
        Of the registry, made if missing.
    source : Path
        The model set, from ``model_set.write``; it is copied.
    evidence : sequence of Evidence
        As ``stages.lacking``: without an audit that passes nothing is published.
    at : datetime
        When, aware.
    why : str
        In words.
    recipe : Mapping, optional
        What earns promotion, in parts: settings, engines, features, hyper-parameters. That which
        the set itself says when left out; another one than that is refused.
    metrics : Mapping of str to float, optional
        What its makers found.
    parent : int or str, optional
        The version that it was made to beat, where no version has its recipe.
    by : Signer, optional
        Who signs the index.

    Returns
    -------
    Version
        A candidate; or in the stage of the fit it renews. A set that was published with this
        recipe already is the version that it is, and nothing changes.

    Raises
    ------
    RegistryError
        Evidence is lacking (``stages.lacking`` tells before), or the index is refused.
    ModelFileError
        The set is none, or refused.
    DataError
        The disk refuses, or another process holds the registry; what was there stands.

    Notes
    -----
    Units: none.  Causal: the set says until when its labels reached.  Missing: a metric that is
    not finite is not known.  METHODS row 14.
    """
    fits = model_set.read(source)
    audited = next((each for each in evidence if isinstance(each, Audited)), None)
    with shelves.held(folder):
        index = _begun(folder, by)
        beaten = None if parent is None else index.version(parent).number
        version = Version(
            number=shelves.next_number(folder, index),
            digest=fits.digest,
            certificate=fits.certificate,
            until=datetime.fromisoformat(fits.until),
            recipe=_recipe(fits, recipe),
            engines=tuple(engine.name for engine in fits.engines),
            parent=beaten,
            metrics={name: _known(value) for name, value in (metrics or {}).items()},
            audit="" if audited is None else audited.digest,
            published_at=at,
        )
        same = [each for each in index.versions if each.digest == version.digest]
        if again := [each for each in same if each.recipe_hash == version.recipe_hash]:
            return again[-1]
        trusted = keys.trusted() if by is None else (by.public,)
        grown = stages.added(index, version, why, evidence, trusted)
        record = shelves.put(folder, version, fits, {} if audited is None else audited.kept)
        grown = grown.with_record(version.number, record)
        index_file.write(folder, grown, by)
        return grown.version(version.number)


def lacking(
    folder: Path,
    source: Path,
    *,
    evidence: Sequence[Evidence],
    recipe: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:
    """Return what a model set lacks to be published, in words; empty where it may be.

    Parameters
    ----------
    folder, source, evidence, recipe
        As ``publish``; nothing is written.

    Notes
    -----
    Units: none.  Causal: none.  Missing: what is missing is what is returned.
    """
    fits = model_set.read(source)
    until = datetime.fromisoformat(fits.until)
    version = Version(
        number=0, digest=fits.digest, certificate=fits.certificate, until=until,
        recipe=_recipe(fits, recipe), engines=(), parent=None, metrics={}, audit="",
        published_at=until,
    )  # fmt: skip
    index = read(folder) if (folder / index_file.FILE).exists() else Index()
    return stages.lacking(index, version, evidence, keys.trusted())


def move(
    folder: Path,
    which: int | str,
    to: Stage,
    *,
    at: datetime,
    why: str,
    evidence: Sequence[Evidence] = (),
    asked: Asked = USUAL,
    override: str = "",
    by: Signer | None = None,
) -> Version:
    """Move a version to another stage, as ``stages.moved``, and return it.

    Parameters
    ----------
    folder : Path
        Of the registry.
    which, to, at, why, evidence, asked, override
        As ``stages.moved``.
    by : Signer, optional
        Who signs the index.

    Raises
    ------
    RegistryError
        The move is not allowed, evidence is lacking, or the index is refused.
    ModelFileError
        It is to be champion, and its files are refused.
    DataError
        The disk refuses, or another process holds the registry; what was there stands.

    Notes
    -----
    Units: none.  Causal: none.  Missing: refused.
    """
    with shelves.held(folder):
        index = read(folder)
        moved = stages.moved(index, which, to, at, why, evidence, asked, override)
        version = moved.version(which)
        if to is Stage.CHAMPION:
            shelves.fits(folder, version)
        index_file.write(folder, moved, by)
        return version


def look(
    folder: Path,
    which: int | str,
    plan: Planned,
    seen: Look,
    *,
    at: datetime,
    by: Signer | None = None,
) -> None:
    """Keep a look at a version in the history, as ``looks.looked``.

    Raises
    ------
    RegistryError
        The look is none of an open plan, or the index is refused.
    DataError
        The disk refuses, or another process holds the registry; what was there stands.
    """
    with shelves.held(folder):
        index = read(folder)
        grown = looks.looked(index, which, plan, seen, at)
        if grown is not index:
            index_file.write(folder, grown, by)


def roll_back(
    folder: Path,
    *,
    at: datetime,
    why: str,
    to: int | str | None = None,
    by: Signer | None = None,
) -> Version:
    """Make an earlier champion champion again, as ``stages.rolled_back``, and return it.

    Parameters
    ----------
    folder : Path
        Of the registry.
    at, why, to
        As ``stages.rolled_back``.
    by : Signer, optional
        Who signs the index.

    Raises
    ------
    RegistryError
        There is none to go back to, or the index is refused.
    ModelFileError
        The files of that version are refused; name another one.
    DataError
        The disk refuses, or another process holds the registry; what was there stands.

    Notes
    -----
    Units: none.  Causal: none.  Missing: refused.
    """
    with shelves.held(folder):
        gone_back = stages.rolled_back(read(folder), at, why, to)
        version = gone_back.champion
        if version is None:  # what ``rolled_back`` returns has one
            raise AssertionError
        shelves.fits(folder, version)
        index_file.write(folder, gone_back, by)
        return version


def champion(
    folder: Path,
    *,
    at: datetime,
    max_age_days: float = MAX_AGE_DAYS,
    warn_after_hours: float = WARN_AFTER_HOURS,
) -> Champion:
    """Return the champion with its fits, or refuse one that may not vote.

    Parameters
    ----------
    folder : Path
        Of the registry.
    at : datetime
        The moment at which it is to vote, aware.
    max_age_days, warn_after_hours : float
        How long ago its data may have ended, and from when on that is remarked.

    Raises
    ------
    RegistryError
        There is no registry or no champion, it is too old or knows what comes after the moment, or
        the index is refused.
    ModelFileError
        A file of it is missing, damaged, changed, or fitted on other features.

    Notes
    -----
    Units: days, hours.  Causal: the age counts from the last label's end.  Missing: refused: no
    older version is taken in its place unasked.  METHODS row 14.
    """
    version = read(folder).champion
    if version is None:
        raise RegistryError(
            f"the registry {folder} has no champion yet",
            hint="`quorate models ls` lists its versions, `quorate models stage` moves one on",
        )
    age = version.age_days(at)
    if age < 0.0:
        raise RegistryError(
            f"the champion {version.name} is fitted on data until {version.until:%Y-%m-%d %H:%M} "
            f"UTC, after the {at:%Y-%m-%d %H:%M} at which it is to vote",
            hint="name an earlier version's folder for what is past",
        )
    if age > max_age_days:
        raise RegistryError(
            f"the champion {version.name} is {age:.1f} days old (its data ended "
            f"{version.until:%Y-%m-%d %H:%M} UTC), more than models.max_age_days = "
            f"{max_age_days:g}: it does not vote",
            hint="fit its recipe again and publish the refit; its folder "
            f"{folder / version.name} can still be named for runs over past bars",
        )
    remarks = []
    if age * 24.0 > warn_after_hours:
        remarks.append(
            f"the champion {version.name} is {age * 24.0:.0f} hours old, more than "
            f"{warn_after_hours:g}: it was not renewed"
        )
    return Champion(version, shelves.fits(folder, version), age, tuple(remarks))


def _begun(folder: Path, by: Signer | None) -> Index:
    """Return the index, an empty one in a folder that holds nothing of a registry."""
    if (folder / index_file.FILE).exists():
        return read(folder)
    if lost := shelves.names(folder):
        raise RegistryError(
            f"{folder} holds {len(lost)} versions and no {index_file.FILE}: the index is gone",
            hint=f"restore {index_file.FILE} from a backup, or publish into another folder",
        )
    # before the first version, so that a kill after its rename leaves no folder without an index
    index_file.write(folder, Index(), by)
    return Index()


def _recipe(fits: Fits, given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the recipe of a set, which it says itself or which is given for one that does not."""
    said = fits.recipe
    if given and said and recipe_hash(given) != recipe_hash(said):
        raise RegistryError(
            f"the recipe that is given ({recipe_hash(given)[:16]}) is not the one that the set was "
            f"made by ({recipe_hash(said)[:16]})",
            hint="leave it out: the set says its own",
        )
    if not (said or given):
        raise RegistryError(
            "the set does not say by which recipe it was made",
            hint="give the recipe, or fit again: what is fitted now says it",
        )
    return said or given or {}


def _known(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
