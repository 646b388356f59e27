"""What may follow what: how versions are published, move between stages, and go back.

In: an ``Index``, and what is asked of it. Out: another index, or a ``RegistryError`` that says what
is lacking. A *recipe* (settings, engines, features, hyper-parameters) earns its stage; its *fit* is
renewed (METHODS, row 14): a version whose recipe is at work takes the stage of the fit it renews::

    candidate --> shadow --> canary --> champion        up: on figures, a verdict, figures and it
        ^            <----------'           |
        '-- retired <-- any but a champion  '--> retired, when another takes its place

There is one champion at most, and none goes without another taking its place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from quorate.errors import RegistryError
from quorate.research import looks, moves
from quorate.research.evidence import Audited, Checked, Look, Renewal
from quorate.research.planned import USUAL, Asked
from quorate.research.shown import Overridden, Shown
from quorate.research.versions import How, Index, Move, Stage, Version, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from quorate.research.evidence import Evidence

_Kind = TypeVar("_Kind")

AT_WORK: Final = (Stage.CHAMPION, Stage.CANARY, Stage.SHADOW)
"""Stages in which a version decides something; its refit needs all three pieces of evidence."""
MOVES: Final[Mapping[Stage, tuple[Stage, ...]]] = {
    Stage.CANDIDATE: (Stage.SHADOW, Stage.CANARY, Stage.RETIRED),
    Stage.SHADOW: (Stage.CANDIDATE, Stage.CANARY, Stage.RETIRED),
    Stage.CANARY: (Stage.SHADOW, Stage.CHAMPION, Stage.RETIRED),
    Stage.CHAMPION: (),
    Stage.RETIRED: (Stage.CANDIDATE,),
}
"""Where a version may be moved to; a champion goes, and comes back, by the moves of others."""
_ON_VERDICT: Final = (Stage.CANARY, Stage.CHAMPION)
_FIGURES: Final = {
    (Stage.CANDIDATE, Stage.SHADOW): "research",
    (Stage.CANDIDATE, Stage.CANARY): "research",
    (Stage.CANARY, Stage.CHAMPION): "canary",
}
"""Which figures a step up asks for; beside a champion it is a verdict that leads to canary."""
_GO_ON: Final = "name the runs that show it; --override 'why' goes on without, and stays on record"
_FIRST: Final = "rule engines alone (--rules-only) may be the first canary as they are; or "


def lacking(
    index: Index, version: Version, evidence: Sequence[Evidence], trusted: Iterable[bytes] = ()
) -> tuple[str, ...]:
    """Return what a version lacks to be published, in words; empty where it may be.

    Parameters
    ----------
    index : Index
        Of the registry.
    version : Version
        As it would be published; its stage does not matter.
    evidence : sequence of Evidence
        An audit always, signed; of a recipe that is at work also the checks of the data and the
        test against the fit that it renews.
    trusted : iterable of bytes
        Public keys whose signature of an audit is taken.

    Notes
    -----
    Units: none.  Causal: none.  Missing: what is missing is what is returned.  METHODS row 14.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> made = Version(number=1, digest="d", certificate="c", until=now, recipe={}, engines=(),
    ...                parent=None, metrics={}, audit="", published_at=now)
    >>> lacking(Index(), made, ())
    ('there is no audit',)
    """
    found = []
    if version.until > version.published_at:
        found.append(
            f"its data ended {version.until:%Y-%m-%d %H:%M} UTC, after the "
            f"{version.published_at:%Y-%m-%d %H:%M} of its publication"
        )
    audited = _of_kind(evidence, Audited)
    if audited is None:
        found.append("there is no audit")
    else:
        found += audited.reasons
        if version.certificate != audited.data:
            found.append(
                f"the audit is of the data {audited.data[:16] or '?'}, the set is fitted on "
                f"{version.certificate[:16]}"
            )
        found += [
            f"the audit is of other {part} than those of the recipe"
            for part in ("engines", "settings")
            if not audited.covers(part, version.recipe.get(part))
        ]
        if unsealed := audited.unsealed(trusted):
            found.append(f"{unsealed}: audit again, nobody else's word is taken")
    old = index.of(version.recipe_hash)
    if old is None or old.stage not in AT_WORK:
        return tuple(found)
    checked, renewal = _of_kind(evidence, Checked), _of_kind(evidence, Renewal)
    what = f"of this recipe {old.name} is {old.stage}, and"
    if checked is None:
        found.append(f"{what} there are no checks of the refit's data")
    else:
        found += checked.reasons
        if checked.certificate != version.certificate:
            found.append(f"the checks are of other data ({checked.certificate[:16]})")
    if renewal is None:
        found.append(f"{what} no test says that the refit is not worse")
    else:
        found += renewal.reasons
        for said, given, wanted in (
            ("old fit", renewal.old, old.digest),
            ("refit", renewal.new, version.digest),
        ):
            if given != wanted:
                found.append(f"the {said} of the test is {given[:16]}, here it is {wanted[:16]}")
    return tuple(found)


def added(
    index: Index,
    version: Version,
    why: str,
    evidence: Sequence[Evidence],
    trusted: Iterable[bytes] = (),
) -> Index:
    """Return an index with a version that is published.

    Parameters
    ----------
    index, version, evidence, trusted
        As ``lacking``; the number must be larger than all before.
    why : str
        In words.

    Returns
    -------
    Index
        The version is a candidate, or has the stage of the fit of its recipe that it renews,
        which is retired.

    Raises
    ------
    RegistryError
        Something is lacking.

    Notes
    -----
    Units: none.  Causal: none.  Missing: refused.  METHODS row 14.
    """
    if lacks := lacking(index, version, evidence, trusted):
        raise RegistryError(
            f"{version.name} cannot be published: {'; '.join(lacks)}",
            hint="the versions there are stand as they are; mend what is named and publish again",
        )
    if any(each.number >= version.number for each in index.versions):
        raise ValueError(f"number {version.number} is not above those of the index")
    old = index.of(version.recipe_hash)
    is_renewal = old is not None and old.stage is not Stage.RETIRED
    stage = old.stage if old is not None and is_renewal else Stage.CANDIDATE
    move = Move(
        at=version.published_at,
        version=version.number,
        before=None,
        after=stage,
        how=How.RENEWED if is_renewal else How.PUBLISHED,
        why=moves.said(why),
        evidence=tuple(each.as_dict() for each in evidence),
    )
    if old is not None:
        version = replace(version, parent=old.number)
    grown = Index(
        (*index.versions, replace(version, stage=Stage.CANDIDATE)),
        index.history,
    )
    if old is not None and is_renewal:
        gone = f"renewed by {version.name}"
        grown = moves.put(grown, old.number, Stage.RETIRED, move.at, How.REPLACED, gone)
    return moves.appended(grown, move)


def moved(
    index: Index,
    which: int | str,
    to: Stage,
    at: datetime,
    why: str,
    evidence: Sequence[Evidence] = (),
    asked: Asked = USUAL,
    override: str = "",
) -> Index:
    """Return an index in which a version has another stage.

    Parameters
    ----------
    index : Index
        Of the registry.
    which : int or str
        Number or name.
    to : Stage
        Where to; one step up, or down.
    at : datetime
        When, aware.
    why : str
        In words.
    evidence : sequence of Evidence
        Beside a champion, a ``Look`` that promotes is needed for canary and for champion: one that
        is kept in the history. To shadow the figures of research, to champion those of the canary
        (``Shown``). Without a champion rule engines alone become canary as they are; who learned an
        engine shows the figures of research.
    asked : Asked
        Of shadow: the plan of the looks that follow.
    override : str
        Why somebody goes on without all figures, in words; the history keeps what was lacking. It
        is no way around a verdict.

    Raises
    ------
    RegistryError
        The move is not allowed, or evidence is lacking; what is lacking is named.

    Notes
    -----
    Units: none.  Causal: none.  Missing: refused.  METHODS row 14, 10.
    """
    version = index.version(which)
    allowed = MOVES[version.stage]
    if to not in allowed:
        raise RegistryError(
            f"{version.name} is {version.stage} and cannot become {to}",
            hint=f"it may become: {', '.join(allowed)}"
            if allowed
            else "roll back, or let another version take its place",
        )
    champion = index.champion
    if champion is not None and version.stage is Stage.CANDIDATE and to is Stage.CANARY:
        raise RegistryError(
            f"{version.name} is a candidate and cannot become canary beside a champion",
            hint="let it be shadow first",
        )
    if champion is not None and to in _ON_VERDICT:
        _judged(index, version, champion, to, evidence)
    told = tuple(each.as_dict() for each in _with_override(index, version, to, evidence, override))
    if to is Stage.CHAMPION and champion is not None:
        gone = f"replaced by {version.name}"
        index = moves.put(index, champion.number, Stage.RETIRED, at, How.REPLACED, gone)
    made = moves.put(index, version.number, to, at, How.MOVED, why, told)
    # the days that will count are chosen before the first of them
    return looks.begun(made, version.number, at, asked) if to is Stage.SHADOW else made


def rolled_back(index: Index, at: datetime, why: str, to: int | str | None = None) -> Index:
    """Return an index in which an earlier champion is champion again.

    Parameters
    ----------
    index : Index
        Of the registry.
    at : datetime
        When, aware.
    why : str
        In words.
    to : int or str, optional
        Which earlier champion; the one before when left out.

    Raises
    ------
    RegistryError
        There is none to go back to, or that one never was champion before this one.

    Notes
    -----
    Units: none.  Causal: none.  Missing: refused. It asks for no evidence: going back must be
    quick, and what is gone back to has shown all of it.
    """
    past = [number for number in index.champions if number != index.champions[-1]]
    if not past:
        raise RegistryError(
            "there is no champion before this one to go back to",
            hint="`quorate models ls` lists the versions and their stages",
        )
    version = index.version(past[-1] if to is None else to)
    if version.number not in past:
        raise RegistryError(
            f"{version.name} was not champion before this one",
            hint=f"go back to one of: {', '.join(map(name_of, past))}",
        )
    gone = index.version(index.champions[-1])
    # going back is not held up by a clock that was set back
    at = max(at, index.history[-1].at)
    said = f"rolled back to {version.name}: {moves.said(why)}"
    index = moves.put(index, gone.number, Stage.RETIRED, at, How.ROLLED_BACK, said)
    return moves.put(index, version.number, Stage.CHAMPION, at, How.ROLLED_BACK, why)


def _judged(
    index: Index, version: Version, champion: Version, to: Stage, evidence: Sequence[Evidence]
) -> None:
    """Refuse a step up beside a champion that no verdict on these recipes allows."""
    look = _of_kind(evidence, Look)
    lacks: list[str] = []
    if look is None:
        lacks.append(f"no look holds it against the champion {champion.name}")
    else:
        lacks += look.reasons
        told = look.as_dict()
        if any(m.after is to and m.before is not to and told in m.evidence for m in index.history):
            # who was sent back comes again on days that were not looked at then
            lacks.append(f"this look has made {version.name} or a fit of it {to} before")
        if strange := looks.strangers(index, version, champion, look):
            lacks += strange
        elif not looks.is_taken(index, version, look):
            lacks.append("this look is not in the history, so that nobody knows of which plan")
    if lacks:
        raise RegistryError(
            f"{version.name} cannot become {to}: {'; '.join(lacks)}",
            hint="the champion stands; `quorate promote` looks at two runs",
        )


def _with_override(
    index: Index, version: Version, to: Stage, evidence: Sequence[Evidence], override: str
) -> tuple[Evidence, ...]:
    """Return the evidence of a move; refuse one whose figures are missing or short.

    What is lacking is kept as it is, with the reason of who goes on all the same.
    """
    stage = _FIGURES.get((version.stage, to))
    is_first = version.stage is Stage.CANDIDATE and to is Stage.CANARY
    if is_first and version.is_rules_alone:
        stage = None  # nobody to be held against, nothing learned (METHODS row 14)
    lacks = () if stage is None else _figures(index, version, stage, evidence)
    if not lacks:
        return tuple(evidence)
    if override.strip():
        return (*evidence, Overridden(reason=override.strip(), lacking=lacks))
    raise RegistryError(
        f"{version.name} cannot become {to}: {'; '.join(lacks)}",
        hint=f"{_FIRST if is_first else ''}{_GO_ON}",
    )


def _figures(
    index: Index, version: Version, stage: str, evidence: Sequence[Evidence]
) -> tuple[str, ...]:
    """Return what the figures of a stage lack, in words."""
    champion = index.champion
    wanted = "" if champion is None else champion.recipe_hash
    given = [each for each in evidence if isinstance(each, Shown) and each.stage == stage]
    if not given:
        return Shown(stage=stage, recipe=version.recipe_hash, champion=wanted).short(wanted)
    if given[0].recipe != version.recipe_hash:
        return (f"the figures of {stage} are of another recipe than that of {version.name}",)
    return given[0].short(wanted)


def _of_kind(evidence: Sequence[Evidence], kind: type[_Kind]) -> _Kind | None:
    return next((each for each in evidence if isinstance(each, kind)), None)
