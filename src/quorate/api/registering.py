"""The registry of models from Python: publish, move on, go back, and take the champion.

In: a folder, and model sets to publish. Out: ``Registry``: a table of versions, and what may be
done with them. What a version must have shown is ``research.stages``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from quorate.api.effective import read_settings
from quorate.errors import ConfigError
from quorate.research import registry as kept
from quorate.research import shelves
from quorate.research.planned import USUAL, Asked
from quorate.research.versions import Index, Stage, Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.api.auditing import Audit
    from quorate.research.evidence import Evidence
    from quorate.research.registry import Champion
    from quorate.settings import Settings

_SKEW = timedelta(minutes=5)
BOUNDS = {"max_age_days": 3_650.0, "warn_after_hours": 87_600.0}
TABLE = pl.Schema(
    {
        "version": pl.String(),
        "stage": pl.String(),
        "until": pl.Datetime("us", "UTC"),
        "age_days": pl.Float64(),
        "recipe": pl.String(),
        "parent": pl.String(),
        "engines": pl.List(pl.String()),
        "metrics": pl.String(),
        "published_at": pl.Datetime("us", "UTC"),
        "digest": pl.String(),
    }
)
"""One row a version, the newest last; ``metrics`` is JSON."""


@dataclass(frozen=True)
class Registry:
    """A registry of models.

    Parameters
    ----------
    folder : Path
        Where it is, made when something is published.
    max_age_days, warn_after_hours : float
        How long ago the champion's data may have ended, and from when on that is remarked.

    Notes
    -----
    Units: days, hours.  Causal: none.  Missing: an error where there is no registry yet.

    Examples
    --------
    >>> registry("no-such-folder").max_age_days
    7.0
    """

    folder: Path
    max_age_days: float
    warn_after_hours: float

    @property
    def index(self) -> Index:
        """Return all versions and every move, as they are now."""
        return kept.read(self.folder)

    def table(self, at: datetime | None = None) -> pl.DataFrame:
        """Return a row a version, the newest last; ages are those of a moment, now if left out."""
        index, moment = self.index, _moment(at)
        names = {each.number: each.name for each in index.versions}
        rows = [
            {
                "version": each.name,
                "stage": str(each.stage),
                "until": each.until,
                "age_days": each.age_days(moment),
                "recipe": each.recipe_hash,
                "parent": None if each.parent is None else names[each.parent],
                "engines": list(each.engines),
                "metrics": json.dumps(dict(each.metrics), sort_keys=True),
                "published_at": each.published_at,
                "digest": each.digest,
            }
            for each in index.versions
        ]
        return pl.DataFrame(rows, schema=TABLE)

    def version(self, which: int | str) -> Version:
        """Return a version by its name or number."""
        return self.index.version(which)

    def champion(self, at: datetime | None = None) -> Champion:
        """Return the champion with its fits, or refuse one that may not vote any more.

        Parameters
        ----------
        at : datetime, optional
            When it is to vote, aware; now when left out.

        Raises
        ------
        RegistryError
            There is no registry or no champion, or it is older than ``max_age_days``.
        ModelFileError
            A file of it is refused.

        Notes
        -----
        Units: days.  Causal: its age counts from the last label's end.  Missing: refused.
        """
        return kept.champion(
            self.folder,
            at=_moment(at),
            max_age_days=self.max_age_days,
            warn_after_hours=self.warn_after_hours,
        )

    def publish(
        self,
        models: str | Path,
        audit: Audit | Mapping[str, Any] | str | Path,
        *,
        why: str,
        evidence: Sequence[Evidence] = (),
        metrics: Mapping[str, float | None] | None = None,
        parent: str | None = None,
        at: datetime | None = None,
    ) -> Version:
        """Publish a model set; without an audit that passes that is impossible.

        Parameters
        ----------
        models : str or Path
            Folder of the set, from ``quorate.train``; it is copied.
        audit : Audit, mapping or path
            From ``quorate.audit``, or the file that ``quorate audit --json`` printed: of these
            data, with this code.
        why : str
            In words.
        evidence : sequence of Evidence
            Of a recipe that is at work: ``Checked`` and ``Renewal``, of ``research.evidence``.
        metrics : mapping, optional
            What is worth knowing of it, by name.
        parent : str, optional
            The version it was made to beat.
        at : datetime, optional
            When, aware; now when left out.

        Returns
        -------
        Version
            A candidate, or in the stage of the fit of its recipe that it renews.

        Raises
        ------
        LeakageError
            The audit does not pass.
        RegistryError
            It is of other code or data, or more evidence is lacking; what is lacking is named.
        ModelFileError, DataError
            The set is refused; the disk refuses.

        Notes
        -----
        Units: none.  Causal: none.  Missing: refused; what was there stands.  METHODS row 14.
        """
        # all of the audit comes with it, which a run of the champion does not wait for
        from quorate.api.proofs import audited_of

        audited = audited_of(audit)
        return kept.publish(
            self.folder,
            Path(models),
            evidence=(audited, *evidence),
            at=made_at(at),
            why=why,
            metrics=metrics,
            parent=parent,
        )

    def stage(
        self,
        which: str,
        to: str,
        *,
        why: str,
        evidence: Sequence[Evidence] = (),
        plan: Asked = USUAL,
        override: str = "",
        at: datetime | None = None,
    ) -> Version:
        """Move a version to another stage: up a step at a time, on a verdict, or down.

        Parameters
        ----------
        which, to : str
            The version; ``candidate``, ``shadow``, ``canary``, ``champion`` or ``retired``.
        why : str
            In words.
        evidence : sequence of Evidence
            A ``Look`` that promotes, for canary and champion where there is a champion:
            ``quorate.promote(...).look``. Figures, for shadow (``figures.researched``) and for
            champion (``figures.canaried``).
        plan : Asked, optional
            Of shadow: the plan of the looks that follow, as ``promoting.asked_of`` makes it. It is
            fixed with this move, on days from the next one on.
        override : str, optional
            Why it goes on although figures are missing or short, in words: the history keeps both.
        at : datetime, optional
            When, aware; now when left out.

        Raises
        ------
        ConfigError
            There is no such stage.
        RegistryError
            The move is not allowed, or evidence is lacking.

        Notes
        -----
        Units: none.  Causal: none.  Missing: refused.  METHODS 10.
        """
        if to not in list(Stage):
            raise ConfigError(f"there is no stage {to!r}", hint=f"one of: {', '.join(Stage)}")
        moment = made_at(at)
        return kept.move(
            self.folder,
            which,
            Stage(to),
            at=moment,
            why=why,
            evidence=evidence,
            asked=plan,
            override=override,
        )

    def roll_back(self, to: str | None = None, *, why: str, at: datetime | None = None) -> Version:
        """Make the champion before this one champion again, or the earlier one that is named.

        Raises
        ------
        RegistryError
            There is none to go back to.
        ModelFileError
            Its files are refused; name another one.

        Notes
        -----
        Units: none.  Causal: none.  Missing: refused.
        """
        return kept.roll_back(self.folder, at=made_at(at), why=why, to=to)

    def differences(self) -> tuple[str, ...]:
        """Return in words where the folders are not what the signed index says; empty if equal."""
        return shelves.differences(self.folder, self.index)


def registry(folder: str | Path | None = None, settings: Settings | None = None) -> Registry:
    """Return the registry of models.

    Parameters
    ----------
    folder : str or Path, optional
        Where it is; ``models.registry`` of the settings when left out.
    settings : Settings, optional
        Their section ``[models]`` has the bounds on the champion's age; read as ``run`` reads them
        when left out.

    Returns
    -------
    Registry
        ``print(registry().table())``; ``publish``, ``stage``, ``roll_back``, ``champion``.

    Raises
    ------
    ConfigError
        A bound is outside its own.

    Notes
    -----
    Units: days, hours.  Causal: none.  Missing: nothing is read before it is asked for.

    Examples
    --------
    >>> registry("no-such-folder").table()
    Traceback (most recent call last):
    quorate.errors.RegistryError: no-such-folder holds no registry: it has no file registry.index
      next: `quorate models publish` makes one; models.registry says where it is
    """
    chosen = (read_settings() if settings is None else settings)["models"]
    ages = {name: cast("float", chosen[name]) for name in BOUNDS}
    for name, most in BOUNDS.items():
        if not 0.0 < ages[name] <= most:
            raise ConfigError(
                f"models.{name} is {ages[name]:g}, outside (0, {most:g}]",
                hint=f"the default is {DEFAULTS[name]:g}",
            )
    return Registry(Path(str(chosen["registry"])) if folder is None else Path(folder), **ages)


DEFAULTS = {"max_age_days": kept.MAX_AGE_DAYS, "warn_after_hours": kept.WARN_AFTER_HOURS}


def _moment(at: datetime | None) -> datetime:
    return datetime.now(UTC) if at is None else at


def made_at(at: datetime | None) -> datetime:
    """Return the moment of a move; one that lies ahead would keep all others out until then."""
    now = datetime.now(UTC)
    if at is not None and at.tzinfo is not None and at > now + _SKEW:
        raise ConfigError(
            f"the moment {at:%Y-%m-%d %H:%M} UTC lies ahead", hint="leave it out: now is meant"
        )
    return now if at is None else at
