"""A comparison as text of at most 100 columns, for the terminal and for a notebook.

In: a ``Comparison``. Out: lines.
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Final

from quorate.report.formats import UNKNOWN, code, number, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.report.comparison import Comparison, Row, Versus
    from quorate.statistics.comparison import Difference

WIDTH: Final = 100
_NAME: Final = 28
_CELL: Final = 14
_WIDEST: Final = 30
_ACROSS: Final = (WIDTH - _NAME) // _CELL
SURE: Final = 0.05


def text(found: Comparison) -> str:
    """Return a comparison as lines.

    Notes
    -----
    Units: in each row.  Causal: reads finished runs.  Missing: an en dash, and why.
    """
    lines = []
    for run in found.runs:
        about = f"{run.kind}, {run.n_coins} coins, {run.start} to {run.end}"
        lines.append(_cut(f"{run.letter}  {run.run_id}  {about}", WIDTH))
    for caution in found.cautions:
        lines += textwrap.wrap(f"note: {caution}", WIDTH)
    letters = [run.letter for run in found.runs]
    lines += ["", "Settings that differ", *_table(found.settings, letters)]
    lines += ["", "Data that differ", *_table(found.data, letters)]
    key = [row for row in found.metrics if row.is_key]
    lines += ["", "What came out", *_table(key, letters)]
    for each in found.versus:
        lines += ["", *_versus(each, letters[0])]
    return "\n".join(line.rstrip() for line in lines)


def _table(rows: Sequence[Row], letters: Sequence[str]) -> list[str]:
    """Return rows of cells, in blocks of as many runs as fit."""
    if not rows:
        return ["  none"]
    lines = []
    for first in range(0, len(letters), _ACROSS):
        part = slice(first, first + _ACROSS)
        wide = min(_WIDEST, (WIDTH - _NAME) // len(letters[part]))
        lines.append(f"  {'':<{_NAME - 2}}" + "".join(f"{x:>{wide}}" for x in letters[part]))
        for row in rows:
            unit = f", {row.unit}" if row.unit and "%" not in row.unit else ""
            name = _cut(row.name + unit, _NAME - 3)
            cells = "".join(f"{_cut(x, wide - 1):>{wide}}" for x in row.values[part])
            lines.append(f"  {name:<{_NAME - 2}}{cells}")
    return lines


def _versus(each: Versus, first: str) -> list[str]:
    paired = each.paired
    lines = [f"{each.letter} less {first}: is it luck?"]
    if paired.why:
        lines.append(f"  not known: {paired.why}")
    else:
        lines.append(
            f"  {paired.n_days} common days, correlation of their daily net returns "
            f"{number(paired.correlation)}"
        )
        lines += [
            _difference("Sharpe ratio", paired.sharpe, is_percent=False),
            _asymptotic("Ledoit-Wolf", paired.sharpe, is_percent=False),
            _difference("return a year", paired.mean, is_percent=True),
            _asymptotic("Newey-West", paired.mean, is_percent=True),
        ]
    trades = each.trades
    lines += ["", f"{each.letter} against {first}: trades that differ"]
    lines.append(
        f"  {trades.n_same} the same, {trades.n_changed} changed, {trades.n_first_only} only in "
        f"{first}, {trades.n_second_only} only in {each.letter}"
    )
    if trades.rows:
        lines.append(
            f"  {'coin':<14}{'side':<6}{'opened, UTC':<18}{'net in ' + first:>12}"
            f"{'net in ' + each.letter:>12}{'more, USD':>12}  way out"
        )
    for row in trades.rows:
        ways = [code(way) for way in (row.first_exit, row.second_exit) if way]
        way = " / ".join(dict.fromkeys(ways))
        lines.append(
            f"  {_cut(row.symbol, 13):<14}{'long' if row.side > 0 else 'short':<6}"
            f"{row.opened_at:%Y-%m-%d %H:%M}  {_usd(row.first_usd):>12}{_usd(row.second_usd):>12}"
            f"{number(row.difference_usd):>12}  {_cut(way, 22)}"
        )
    return lines


def _difference(name: str, found: Difference, *, is_percent: bool) -> str:
    form = percent if is_percent else number
    return (
        f"  {name:<16}{form(found.value):>10}   95% from {form(found.low)} to {form(found.high)}, "
        f"p {number(found.p_value, 3)}: {verdict(found.p_value)}"
    )


def _asymptotic(name: str, found: Difference, *, is_percent: bool) -> str:
    form = percent if is_percent else number
    exact = found.asymptotic
    return (
        f"  {'':<16}{'':>10}   {name}: standard error {form(exact.standard_error)}, "
        f"p {number(exact.p_value, 3)}"
    )


def verdict(p_value: float) -> str:
    """Return what a p-value says, in words.

    Examples
    --------
    >>> verdict(0.01), verdict(0.4)
    ('not luck at 5%', 'may be luck')
    """
    if math.isnan(p_value):
        return "not known"
    return "not luck at 5%" if p_value < SURE else "may be luck"


def _usd(value: float | None) -> str:
    return UNKNOWN if value is None else number(value)


def _cut(words: str, width: int) -> str:
    return words if len(words) <= width else f"{words[: width - 1]}…"
