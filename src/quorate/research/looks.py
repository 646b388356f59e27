"""What was planned of the looks at a challenger, and which were taken: read from the history.

In: an ``Index``, and what somebody asks for. Out: a ``Planned`` that holds, or a ``RegistryError``
that says which part of what was asked is another; and an index in which a look is kept. A plan and
a look are moves of the signed history that lead nowhere. A recipe has one open plan against the
champion's recipe: it ends with a verdict, and whoever comes again does so on days that nobody has
looked at, as one challenger more (METHODS 10.3, 10.5, 10.6).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.errors import RegistryError
from quorate.research import moves
from quorate.research.planned import EXPECTED, PLANS, USUAL, Asked, Planned, plan_of
from quorate.research.versions import How, Stage
from quorate.statistics.promotion import Outcome
from quorate.statistics.sequential import LOOKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.research.evidence import Look
    from quorate.research.versions import Index, Version

_BESIDE: Final = (Stage.SHADOW, Stage.CANARY)


class Standing(NamedTuple):
    """The last plan of a recipe against the champion's, and the looks that were taken by it."""

    plan: Planned
    fixed_at: datetime
    taken: tuple[Mapping[str, Any], ...]

    @property
    def is_over(self) -> bool:
        """Return whether a verdict has ended it."""
        return bool(self.taken) and self.taken[-1]["verdict"]["outcome"] != Outcome.EXTEND


def standing(index: Index, version: Version) -> Standing | None:
    """Return the last plan of a version's recipe against the champion's; None without one."""
    champion = index.champion
    if champion is None:
        return None
    plan: Planned | None = None
    fixed_at = datetime.min.replace(tzinfo=UTC)
    taken: list[Mapping[str, Any]] = []
    for move in index.history:
        if move.how not in (How.PLANNED, How.LOOKED):
            continue
        if index.version(move.version).recipe_hash != version.recipe_hash:
            continue
        if move.how is How.PLANNED:
            told = move.evidence[0]
            plan = plan_of(told) if told["champion"] == champion.recipe_hash else None
            fixed_at, taken = move.at, []
        else:
            taken.append(move.evidence[0])
    return None if plan is None else Standing(plan, fixed_at, tuple(taken))


def challengers(index: Index, version: Version) -> int:
    """Return among how many the level of a version's next plan is divided.

    Each plan that there ever was against the champion's recipe counts, each recipe that stands
    beside it now without one, and the new plan.

    Notes
    -----
    Units: challengers.  Causal: reads the history so far.  Missing: none.  METHODS 10.6.
    """
    champion = index.champion
    if champion is None:
        return 1
    known = {version.recipe_hash}
    n = 1
    for move in index.history:
        if move.how is How.PLANNED and move.evidence[0]["champion"] == champion.recipe_hash:
            n += 1
            known.add(index.version(move.version).recipe_hash)
    beside = {each.recipe_hash for each in index.versions if each.stage in _BESIDE}
    return n + len(beside - known)


def not_before(index: Index, version: Version) -> date:
    """Return the first day that may count for a version's next plan.

    It begins after the version was published: what it was made of may have been chosen on the days
    before. And it was never looked at, by whatever plan of the recipe.
    """
    days = [day_from(version.published_at)]
    for move in index.history:
        if move.how is How.LOOKED:
            if index.version(move.version).recipe_hash == version.recipe_hash:
                days.append(date.fromisoformat(move.evidence[0]["last"]) + timedelta(days=1))
    return max(days)


def planned(
    index: Index, which: int | str, asked: Asked = USUAL, first: date | None = None
) -> Planned:
    """Return the plan that holds for a version, or the one that is made of what is asked.

    Parameters
    ----------
    index : Index
        Of the registry; it has a champion.
    which : int or str
        The challenger: number or name.
    asked : Asked
        What somebody asks for.
    first : date, optional
        The first day that a new plan may have, for other reasons.

    Raises
    ------
    RegistryError
        Another plan holds, and what differs is named; the days or the number of challengers that
        are asked for are less than what the registry knows of; there is no champion.

    Notes
    -----
    Units: days.  Causal: a new plan begins after publication.  Missing: what is not asked for is
    what holds, else what is usual.  METHODS 10.3, 10.5, 10.6.
    """
    version, champion = index.version(which), index.champion
    if champion is None:
        raise RegistryError(
            "there is no champion to be held against", hint="`quorate models ls` lists who is what"
        )
    found = standing(index, version)
    if found is not None:
        _same(found, asked, version, champion)
        return found.plan
    return _made(index, version, champion, asked, first)


def begun(
    index: Index, which: int | str, at: datetime, asked: Asked = USUAL, first: date | None = None
) -> Index:
    """Return an index in which a version has an open plan against the champion.

    Parameters
    ----------
    index, which, asked, first
        As ``planned``.
    at : datetime
        When, aware: a new plan begins on the first whole day from then on.

    Raises
    ------
    RegistryError
        As ``planned``.

    Notes
    -----
    Units: none.  Causal: none.  Missing: an index without a champion is returned as it is.
    """
    version, champion = index.version(which), index.champion
    if champion is None:
        return index
    found = standing(index, version)
    if found is not None and not found.is_over:
        _same(found, asked, version, champion)
        return index
    first = max(day_from(at), first or date.min)
    return _put_plan(index, version, _made(index, version, champion, asked, first), at)


def looked(index: Index, which: int | str, plan: Planned, look: Look, at: datetime) -> Index:
    """Return an index that keeps a look, and the plan with the first of them.

    Parameters
    ----------
    index : Index
        Of the registry.
    which : int or str
        The challenger that was looked at.
    plan : Planned
        By which, from ``planned``.
    look : Look
        What was seen.
    at : datetime
        When, aware.

    Returns
    -------
    Index
        The same one, where that look was taken and came to the same.

    Raises
    ------
    RegistryError
        The plan is over, another one holds, the look was taken and came to something else, a later
        one was taken, its days are not over, or its fits are of other recipes.

    Notes
    -----
    Units: none.  Causal: none.  Missing: none.
    """
    version, champion = index.version(which), index.champion
    if champion is None:
        raise RegistryError("there is no champion to be held against", hint="nothing is kept")
    if strange := strangers(index, version, champion, look):
        raise RegistryError("; ".join(strange), hint="look at runs of the models of both")
    _by(plan, look)
    day, found = look.verdict.day, standing(index, version)
    # another plan than the one that holds is refused here, as is one that overlooks what is known
    whole = Asked(plan.max_days, plan.start, plan.challengers, plan.expected)
    if planned(index, which, whole) != plan:
        raise RegistryError(f"the plan of {version.name} is another", hint="look by the plan")
    if found is None:
        index = _put_plan(index, version, plan, at)
    elif is_taken(index, version, look):
        return index
    else:
        _next(found, look, version)
    if at.astimezone(UTC).date() < plan.start + timedelta(days=day):
        raise RegistryError(
            f"day {day} of the plan is {plan.start + timedelta(days=day - 1)}, which is not over "
            f"at {at:%Y-%m-%d %H:%M} UTC",
            hint="look when it is",
        )
    why = f"day {day}: {look.verdict.outcome}"
    return moves.put(index, version.number, version.stage, at, How.LOOKED, why, (look.as_dict(),))


def is_taken(index: Index, version: Version, look: Look) -> bool:
    """Return whether a look is kept in the history, by the last plan against this champion."""
    found = standing(index, version)
    told = _core(look.as_dict())
    return found is not None and any(_core(each) == told for each in found.taken)


def strangers(index: Index, version: Version, champion: Version, look: Look) -> list[str]:
    """Return in words which arms of a look are no fits of the two recipes; a refit is one."""
    found = []
    for said, digest, wanted in (
        ("challenger", look.challenger, version),
        ("champion", look.champion, champion),
    ):
        fits = [each for each in index.versions if each.digest == digest]
        if not any(each.recipe_hash == wanted.recipe_hash for each in fits):
            found.append(
                f"the {said} that was looked at ({digest[:16] or 'no models'}) is no fit of the "
                f"recipe of {wanted.name}"
            )
    return found


def day_from(moment: datetime) -> date:
    """Return the first day, UTC, that begins at a moment or after it."""
    at = moment.astimezone(UTC)
    return at.date() if at.time() == time(0) else at.date() + timedelta(days=1)


def _made(
    index: Index, version: Version, champion: Version, asked: Asked, first: date | None
) -> Planned:
    earliest = max(not_before(index, version), first or date.min)
    if asked.start is not None and asked.start < earliest:
        raise RegistryError(
            f"days from {asked.start} on are asked for, those of {version.name} begin {earliest}: "
            f"it was published {version.published_at:%Y-%m-%d %H:%M} UTC, and days before, or that "
            "were looked at, count as seen",
            hint=f"leave --start out, or give {earliest} or later",
        )
    n = challengers(index, version)
    if asked.challengers is not None and asked.challengers < n:
        raise RegistryError(
            f"{asked.challengers} challengers are asked for, the registry counts {n} against this "
            "champion",
            hint="leave --challengers out, or give more where some are in no registry",
        )
    return Planned(
        champion=champion.recipe_hash,
        start=earliest if asked.start is None else asked.start,
        looks=PLANS[asked.max_days or LOOKS[-1]],
        challengers=n if asked.challengers is None else asked.challengers,
        expected=EXPECTED if asked.expected is None else asked.expected,
    )


def _put_plan(index: Index, version: Version, plan: Planned, at: datetime) -> Index:
    why = (
        f"looks on days {', '.join(map(str, plan.looks))} from {plan.start}, "
        f"{plan.level:.0%} among {plan.challengers}"
    )
    return moves.put(index, version.number, version.stage, at, How.PLANNED, why, (plan.as_dict(),))


def _same(found: Standing, asked: Asked, version: Version, champion: Version) -> None:
    """Refuse what is asked for otherwise than the plan has it."""
    held = {name: getattr(found.plan, name) for name in Asked._fields}
    for name, value in asked._asdict().items():
        if value is not None and value != held[name]:
            raise RegistryError(
                f"the plan of {version.name} against {champion.name} was fixed "
                f"{found.fixed_at:%Y-%m-%d %H:%M} UTC with {name} {held[name]}: {value} is another",
                hint=f"leave --{name.replace('_', '-')} out; a plan is kept to its end",
            )


def _by(plan: Planned, look: Look) -> None:
    """Refuse a look at other days, or by other bounds, than those of its plan."""
    day, bounds = look.verdict.day, plan.bounds
    level = bounds.nominal(bounds.at(day)) if day in bounds.looks else None
    if look.first != plan.start or look.verdict.primary.level != level:
        raise RegistryError(
            f"the look at day {day} from {look.first} is none of the plan from {plan.start}, with "
            f"looks on days {', '.join(map(str, plan.looks))}, {plan.level:.0%} among "
            f"{plan.challengers}",
            hint="`quorate promote` looks by the plan",
        )


def _next(found: Standing, look: Look, version: Version) -> None:
    """Refuse a look that is not the next one of an open plan."""
    day, outcome = look.verdict.day, look.verdict.outcome
    days = [int(each["verdict"]["day"]) for each in found.taken]
    if day in days:
        then = found.taken[days.index(day)]["verdict"]["outcome"]
        raise RegistryError(
            f"the look at {version.name} on day {day} was taken and came to {then}; these runs "
            f"come to {outcome} or to other figures, which do not count",
            hint="`quorate models show` has the look that counts, and its runs",
        )
    if found.is_over:
        raise RegistryError(
            f"the plan of {version.name} ended on day {days[-1]} with "
            f"{found.taken[-1]['verdict']['outcome']}",
            hint="who comes again enters shadow again: another plan, on days that lie after",
        )
    if days and day < days[-1]:
        raise RegistryError(
            f"the look of day {days[-1]} was taken: day {day} is passed", hint="the next one is due"
        )


def _core(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes a look that look: another run of the same may have another id."""
    return {name: told[name] for name in ("challenger", "champion", "first", "verdict")}
