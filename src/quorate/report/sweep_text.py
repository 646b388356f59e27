"""What a sweep says around its table: luck, the best, its edges, what mattered.

In: ``sweeps.Told``. Out: lines under heads, as in the summary of a run.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from quorate.report.formats import counted
from quorate.report.sweep_luck import sentences
from quorate.report.sweeps import MEASURES, settings_in, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.report.sweeps import Effect, Measure, Told

_HEAD: Final = 13


def opening(told: Told, *, store: str, width: int = 80) -> str:
    """Return what stands above the table of a sweep: how likely its best is luck.

    Parameters
    ----------
    told : Told
        From ``sweeps.tell``.
    store : str
        Where its trials are booked.
    width : int
        Columns.

    Notes
    -----
    Units: said in the text.  Causal: reads finished runs.  Missing: in words.  METHODS 5.5 to 5.7.
    """
    return "\n".join(_part("LUCK", _wrapped(sentences(told, store), width - _HEAD)))


def text(told: Told, *, again: str, ahead: str, width: int = 80) -> str:
    """Return what stands below the table of a sweep.

    Parameters
    ----------
    told : Told
        From ``sweeps.tell``.
    again : str
        The command that makes a run of the best.
    ahead : str
        How to judge it on what did not choose it.
    width : int
        Columns; the command alone may be longer, so that it can be copied.

    Notes
    -----
    Units: said in the text.  Causal: reads finished runs.  Missing: in words.  METHODS 5.5.
    """
    meaning = (
        f"{told.measure.label} by value, the mean over all other settings, and how far the values "
        "of a setting lie apart"
    )
    room = width - _HEAD
    parts = [
        _part("BEST", _wrapped(_best(told), room)),
        _part("EDGE", _wrapped([str(edge) for edge in told.edges], room)),
        _part(
            "MATTERED",
            [*_wrapped([meaning], room), *effect_lines(told.effects, told.measure, room)]
            if told.effects
            else [],
        ),
        _part("NEXT", [again, *_wrapped([_next(told, ahead)], room)]),
    ]
    return "\n".join(line for part in parts for line in part)


def effect_lines(found: Sequence[Effect], measure: Measure, width: int) -> list[str]:
    """Return effects as text: a setting, its values with their means, how far they lie apart.

    Parameters
    ----------
    found : sequence of Effect
        From ``effects``.
    measure : Measure
        Of the means.
    width : int
        Columns; the values of a setting go on over as many lines as they need.

    Notes
    -----
    Units: said in the text.  Causal: pure.  Missing: none.

    Examples
    --------
    >>> from quorate.report.sweeps import Effect, Mean
    >>> means = (Mean(0.5, -0.012, 2), Mean(2.0, 0.008, 2))
    >>> print(*effect_lines([Effect("consensus.k", means, 0.02)], MEASURES["net"], 60))
    consensus.k  0.5: −1.20%   2: 0.80%                  2.00 pp
    """
    names = max((len(effect.setting) for effect in found), default=0) + 2
    spans = [measure.gap(effect.span) if effect.span else "no effect" for effect in found]
    room = width - names - max(map(len, spans), default=0) - 2
    lines = []
    for effect, span in zip(found, spans, strict=True):
        parts = _filled(
            [f"{shown(mean.value)}: {measure.text(mean.mean)}" for mean in effect.means], room
        )
        tail = width - names - len(parts[0])
        lines.append(f"{effect.setting:<{names}}{parts[0]}{span:>{tail}}")
        lines += [f"{'':<{names}}{part}" for part in parts[1:]]
    return lines


def _filled(items: Sequence[str], room: int) -> list[str]:
    """Return items side by side, on as many lines as they need; none is broken."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + 3 + len(item) <= room:
            lines[-1] += f"   {item}"
        else:
            lines.append(item)
    return lines


def under(parts: Sequence[tuple[str, Sequence[str]]], width: int, whole: str = "") -> list[str]:
    """Return sentences under heads; one of them, such as a command, is never broken.

    Examples
    --------
    >>> under([("BEST", ["a=1"]), ("EDGE", [])], 40)
    ['BEST         a=1']
    """
    found = []
    for head, said in parts:
        lines = [
            line
            for each in said
            for line in ([each] if each == whole else _wrapped([each], width - _HEAD))
        ]
        found += _part(head, lines)
    return found


def _part(head: str, lines: Sequence[str]) -> list[str]:
    return [f"{head if i == 0 else '':<{_HEAD}}{line}" for i, line in enumerate(lines)]


def _wrapped(sentences: Sequence[str], width: int) -> list[str]:
    return [
        line
        for each in sentences
        for line in textwrap.wrap(each, width, break_on_hyphens=False, break_long_words=False)
    ]


def _best(told: Told) -> list[str]:
    if not told.is_traded:
        return [f"None of {counted(told.table.height, 'setting')} traded: nothing was compared."]
    row = told.table.row(told.order[0], named=True)
    values = " ".join(f"{name}={shown(row[name])}" for name in settings_in(told.table))
    by = MEASURES[told.by].label
    if told.asked != told.by:
        by += f" (no {MEASURES[told.asked].label} says anything)"
    return [f"by {by}: {values}" if values else f"by {by}"]


def _next(told: Told, ahead: str) -> str:
    if not told.is_traded:
        return "Its page says which gate refused what; docs/how-to/settings.md how to loosen them."
    return f"It makes a run of the best, with a page. These days chose it: judge it on {ahead}."
