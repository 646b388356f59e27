"""The state of a desk, and what a breach or an operator makes of it; it survives a restart.

SAFE after every start: only cancels leave. ACTIVE: everything that passes. REDUCING: only what
closes. HALTED: only cancels, and what the kill switch sends. Nothing but a deliberate arming leads
out of HALTED, and that asks for a reason, a reconciled account, and two people or ten minutes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from quorate.live.controls.facts import Action
from quorate.records import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.live.controls.facts import Refusal

DAY_MS: Final = 86_400_000
DELAY_MS: Final = 600_000
"""How long a single operator waits between asking to arm after a halt and arming."""

HELD: Final = "until 00:00 UTC only what closes may leave"
"""What a desk says that may do no more this day, whoever starts or arms it."""

_KEPT_MS: Final = 3_600_000


class Trading(StrEnum):
    """What may leave."""

    SAFE = "safe"
    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The desk's state, why, and which symbols are blocked until when.

    Notes
    -----
    Units: ms since 1970; until ``until_ms`` only what closes may leave, whoever starts or arms the
    desk meanwhile.  ``breaches`` are the times of breaches of the rate.  ``is_killed`` asks the
    guard to flatten.  ``looked_ms`` is when the desk was last armed after a halt: who did has seen
    what was found before.  Causal: changed by ``react``, ``halt``, ``arm``, ``start``, ``expire``.
    Missing: None for a desk that is not held to closing.
    """

    trading: Trading = Trading.SAFE
    why: str = "just started"
    since_ms: int = 0
    until_ms: int | None = None
    blocked: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    breaches: tuple[int, ...] = ()
    is_killed: bool = False
    asked_ms: int | None = None
    asked_by: str = ""
    looked_ms: int = -1


def to_text(standing: Standing) -> str:
    """Return the one text of a standing, as the journal keeps it.

    Examples
    --------
    >>> from_text(to_text(Standing(why="drill", breaches=(5,)))).breaches
    (5,)
    """
    row = {name: getattr(standing, name) for name in Standing.__slots__}
    return canonical_json(
        row
        | {
            "trading": standing.trading.value,
            "blocked": dict(standing.blocked),
            "breaches": list(standing.breaches),
        }
    )


def from_text(text: str) -> Standing:
    """Return the standing of a text; an empty one is the first, SAFE.

    Raises
    ------
    ValueError
        The text is not what ``to_text`` writes.
    """
    if not text:
        return Standing()
    try:
        row = json.loads(text)
        return Standing(
            **row
            | {
                "trading": Trading(row["trading"]),
                "blocked": MappingProxyType(dict(row["blocked"])),
                "breaches": tuple(row["breaches"]),
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no standing: {error!r} in {text[:80]!r}") from error


def start(before: Standing, now_ms: int) -> Standing:
    """Return the standing after a start: SAFE, unless it was halted before.

    Who might only close until 00:00 UTC may do no more after a start.

    Examples
    --------
    >>> start(Standing(trading=Trading.ACTIVE), 5).trading.value
    'safe'
    >>> start(Standing(trading=Trading.HALTED, why="drawdown"), 5).why
    'drawdown'
    """
    if before.trading is Trading.HALTED:
        return replace(before, asked_ms=None, asked_by="")
    until_ms = _held_ms(before, now_ms)
    why = "just started" if until_ms is None else f"just started; {HELD}"
    return replace(before, trading=Trading.SAFE, why=why, since_ms=now_ms, until_ms=until_ms)


def _held_ms(before: Standing, now_ms: int) -> int | None:
    """Return until when only what closes may leave, None once that is over."""
    until_ms = before.until_ms
    return None if until_ms is None or now_ms >= until_ms else until_ms


def react(before: Standing, refusal: Refusal, symbol: str, now_ms: int) -> Standing:
    """Return the standing after a control refused an order; it never becomes laxer."""
    after = before
    if refusal.control.name == "RATE":
        recent = tuple(each for each in before.breaches if each > now_ms - _KEPT_MS)
        after = replace(after, breaches=(*recent, now_ms))
    why = f"{refusal.control}: {refusal.text}"
    if refusal.action is Action.BLOCK:
        return replace(after, blocked=MappingProxyType({**after.blocked, symbol: why}))
    if refusal.action is Action.REDUCE and before.trading is Trading.ACTIVE:
        tomorrow_ms = now_ms - now_ms % DAY_MS + DAY_MS
        return replace(
            after, trading=Trading.REDUCING, why=why, since_ms=now_ms, until_ms=tomorrow_ms
        )
    if refusal.action in {Action.HALT, Action.KILL}:
        return halt(after, why, now_ms, is_killed=refusal.action is Action.KILL)
    return after


def halt(before: Standing, why: str, now_ms: int, *, is_killed: bool = False) -> Standing:
    """Return the standing of a desk that is stopped; the first reason stays."""
    is_first = before.trading is not Trading.HALTED
    return replace(
        before,
        trading=Trading.HALTED,
        why=why if is_first else before.why,
        since_ms=now_ms if is_first else before.since_ms,
        is_killed=before.is_killed or is_killed,
        asked_ms=None,
        asked_by="",
    )


def expire(before: Standing, now_ms: int) -> Standing:
    """Return the standing once a new day lets entries in again; SAFE and HALTED stay so."""
    if before.until_ms is None or now_ms < before.until_ms:
        return before
    if before.trading is Trading.REDUCING:
        return replace(
            before, trading=Trading.ACTIVE, why="a new day", since_ms=now_ms, until_ms=None
        )
    return replace(before, until_ms=None)


@dataclass(frozen=True, slots=True)
class Armed:
    """The desk trades again, or may at least close what it holds until 00:00 UTC."""

    standing: Standing


@dataclass(frozen=True, slots=True)
class NotArmed:
    """Why it does not, what to do next, and the standing: who has asked is remembered."""

    standing: Standing
    text: str
    hint: str


def arm(
    before: Standing,
    *,
    operator: str,
    reason: str,
    n_differences: int,
    key_troubles: Sequence[str],
    now_ms: int,
) -> Armed | NotArmed:
    """Arm a desk deliberately.

    Parameters
    ----------
    before : Standing
        Of now.
    operator : str
        Who asks. After a halt a second one arms at once, the same one after ten minutes; names are
        compared as ``hands.spoken`` says, and nothing proves them.
    reason : str
        Why it may trade again, kept for good.
    n_differences : int
        Between the journal and the venue; there must be none.
    key_troubles : sequence of str
        Why the key must not be used (``keys.troubles``); there must be none.
    now_ms : int
        The desk's clock.

    Returns
    -------
    Armed or NotArmed
        With the standing that is to be kept: ACTIVE, or REDUCING as long as only what closes may
        leave, which no arming ends.

    Notes
    -----
    Units: ms.  Causal: yes.  Missing: none.
    RELIABILITY 4.

    Examples
    --------
    >>> halted = halt(Standing(), "drawdown", 0)
    >>> fine = {"reason": "seen", "n_differences": 0, "key_troubles": ()}
    >>> first = arm(halted, operator="ann", **fine, now_ms=1)
    >>> first.hint
    'a second operator may arm now, the same one in 600 s'
    >>> arm(first.standing, operator="bob", **fine, now_ms=2).standing.why
    'armed by bob, asked by ann: seen'
    """
    from quorate.hands import spoken  # arming alone asks for it, and NumPy comes with it

    if not spoken(operator) or not spoken(reason):
        return NotArmed(before, "an arming names who arms and why", "give --reason")
    if n_differences:
        return NotArmed(
            before,
            f"{n_differences} differences between the journal and the venue",
            "reconcile first: quorate status shows them",
        )
    if key_troubles:
        return NotArmed(before, "; ".join(key_troubles), "the venue is asked again at every arming")
    by, breaches, looked_ms = operator, before.breaches, before.looked_ms
    if before.trading is Trading.HALTED:
        if before.asked_ms is None:
            asked = replace(before, asked_ms=now_ms, asked_by=operator)
            hint = f"a second operator may arm now, the same one in {DELAY_MS // 1000} s"
            return NotArmed(asked, f"halted: {before.why}", hint)
        left_ms = before.asked_ms + DELAY_MS - now_ms
        if spoken(operator) == spoken(before.asked_by) and left_ms > 0:
            hint = f"again in {-(-left_ms // 1000)} s, or another operator now"
            return NotArmed(before, f"halted: {before.why}", hint)
        by, breaches, looked_ms = f"{operator}, asked by {before.asked_by}", (), now_ms
    why, until_ms = f"armed by {by}: {reason}", _held_ms(before, now_ms)
    after = Standing(
        trading=Trading.ACTIVE, why=why, since_ms=now_ms, breaches=breaches, looked_ms=looked_ms
    )
    if until_ms is not None:
        why = f"{why}; {HELD}"
        after = replace(after, trading=Trading.REDUCING, why=why, until_ms=until_ms)
    return Armed(after)
