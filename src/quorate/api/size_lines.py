"""Gates, breakers and size of an explanation as lines: what stopped it, and what made it smaller.

In: an ``Explanation``. Out: lines of at most 80 columns, without the title of their step.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from quorate.report.formats import code, number, percent

if TYPE_CHECKING:
    from quorate.api.explanation import Explanation, Step, Watch

WIDTH: Final = 80
_NOTE: Final = 45  # the column of notes


def gates(found: Explanation) -> list[str]:
    """Return a line for each gate and each breaker.

    Notes
    -----
    Units: said beside every number.  Causal: as the explanation.  Missing: in words.  Spec 6, 10.
    """
    if not found.gates and found.breakers is None:
        return ["   gates are not recorded; the reason above says which one closed"]
    lines: list[str] = []
    for gate in found.gates:
        lines += _noted(f"   {gate.name:<16}{'open' if gate.is_open else 'CLOSED'}", 28, gate.note)
    for watch in found.breakers.watches if found.breakers else ():
        lines += _watch(watch)
    return lines


def _watch(watch: Watch) -> list[str]:
    """Return what a breaker measured, where it trips, whether it is on."""
    if watch.unit == "frac":
        value, level, unit = percent(watch.value), percent(watch.level), ""
    else:
        digits = 2 if watch.unit == "USD" else 0
        value, level = number(watch.value, digits), number(watch.level, digits)
        unit = f" {watch.unit}"
    state = "ON" if watch.is_on else "off"
    where = watch.note.removeprefix("off: ") if watch.note else f"trips at {level}{unit}"
    is_below = watch.value is not None and watch.level is not None and watch.value < watch.level
    if watch.unit == "frac" and watch.is_on and is_below:
        where += ", stays until well below"
    return _noted(f"   {watch.name:<19}{state:<6}{value:>12}", 44, where)


def size(found: Explanation) -> list[str]:
    """Return the size after every factor down to the target, and what is left to order.

    Notes
    -----
    Units: USD, negative for a short.  Causal: as the explanation.  Missing: a line is left out.
    Spec 5, 7, 10.
    """
    given = found.size
    bound = "" if given.cap == "NONE" else f"on record: {code(given.cap)}"
    lines = [] if given.equity_usd is None else [_row("equity", given.equity_usd)]
    if given.steps:
        lines += _steps(given.steps)
    else:
        lines += _recorded(found)
    lines += _noted(_row("target", given.target_usd), _NOTE, bound)
    lines.append(_row("position before", given.position_usd))
    lines.append(_row("target less position", given.target_usd - given.position_usd))
    return lines


def _steps(steps: tuple[Step, ...]) -> list[str]:
    """Return the running size; what made it smaller has by how much."""
    lines, last = [], 0.0
    for step in steps:
        change = _cut(1.0 - abs(step.usd) / abs(last)) if step.is_cut else ""
        if step.is_cut and step.usd * last < 0.0:
            change = "turns"
        lines += _noted(_row(step.name, step.usd, change), _NOTE, step.note)
        last = step.usd
    return lines


def _cut(share: float) -> str:
    """Return by how much a step cut; no cut is shown as none.

    Examples
    --------
    >>> _cut(0.335), _cut(0.0001)
    ('−33.5%', '−<0.1%')
    """
    return f"−{percent(share, 1)}" if share >= 0.0005 else "−<0.1%"


def _recorded(found: Explanation) -> list[str]:
    """Return what a record alone knows of the way to the target."""
    given = found.size
    lines = []
    if given.sized_usd is not None:
        note = (
            f"stop at {percent(given.stop_frac)}, {percent(given.risk_frac, 4)} of equity at risk"
        )
        lines += _noted(_row("asked for by sizing", given.sized_usd), _NOTE, note)
    if given.multiplier is not None and given.multiplier != 1.0:
        lines.append(f"   {'breakers':<20}{f'x {given.multiplier:g}':>14}")
    if given.weight is not None:
        lines.append(f"   {'portfolio weight':<20}{percent(given.weight, 4):>14} of G")
    return lines


def _row(name: str, usd: float, change: str = "") -> str:
    return f"   {name:<20}{number(usd):>13}{change:>8}"


def _noted(line: str, column: int, note: str) -> list[str]:
    """Return a line with its note beside it, folded below itself where it is long."""
    if not note:
        return [line.rstrip()]
    first, *rest = textwrap.wrap(note, WIDTH - column)
    return [f"{line:<{column - 1}} {first}", *(f"{'':<{column}}{part}" for part in rest)]
