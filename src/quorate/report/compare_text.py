"""A comparison as text, as wide as the terminal, for the terminal and for a notebook.

In: a ``Comparison``. Out: lines.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.report.compare_words import how_many_tests, probability, said, shared
from quorate.report.formats import UNKNOWN, code, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quorate.report.compare_rows import Row
    from quorate.report.comparison import Comparison, Versus
    from quorate.report.matching import TradeRow

WIDTH: Final = 100
NARROWEST: Final = 60
_CELL: Final = 15
_WIDEST: Final = 30
_NAME: Final = 34
_WITH_WAYS: Final = 98
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_TESTS: Final = (("sharpe", "Sharpe ratio", "Ledoit-Wolf"), ("mean_day", "mean", "Newey-West"))


def text(found: Comparison, width: int = WIDTH) -> str:
    """Return a comparison as lines of at most ``width`` columns.

    Notes
    -----
    Units: in each row.  Causal: reads finished runs.  Missing: an en dash, and why.
    """
    width = max(NARROWEST, width)
    letters = [run.letter for run in found.runs]
    key = [row for row in found.metrics if row.is_key]
    lines = list(_head(found, width))
    lines += ["", "What came out", *_table(key, letters, width)]
    lines += ["", *_together(found, width)]
    for each in found.versus:
        lines += ["", *_luck(each, key, width)]
    if found.n_tests:
        lines += ["", *textwrap.wrap(how_many_tests(found), width)]
    lines += ["", "Settings that differ", *_table(found.settings, letters, width)]
    lines += ["", "Data that differ", *_table(found.data, letters, width)]
    for each in found.versus:
        lines += ["", *_trades(each, width)]
    return "\n".join(line.rstrip() for line in lines)


def _head(found: Comparison, width: int) -> Iterator[str]:
    for run in found.runs:
        yield from textwrap.wrap(f"{run.letter}  {run.run_id}  {run.name}", width)
    common = shared(found)
    if common:
        yield from textwrap.wrap(f"in all: {common}", width)
    for caution in found.cautions:
        yield from textwrap.wrap(f"note: {caution}", width)


def _table(rows: Sequence[Row], letters: Sequence[str], width: int) -> list[str]:
    """Return rows of cells, in blocks of as many runs as fit; a long label is folded."""
    if not rows:
        return ["  none"]
    left = min(_NAME, width - 2 * _CELL)
    across = max(1, (width - left) // _CELL)
    lines = []
    for first in range(0, len(letters), across):
        part = slice(first, first + across)
        wide = min(_WIDEST, (width - left) // len(letters[part]))
        lines.append(" " * left + "".join(f"{x:>{wide}}" for x in letters[part]))
        for row in rows:
            cells = "".join(f"{_cut(x, wide - 1):>{wide}}" for x in row.said[part])
            lines += _labelled(row.label, left, cells)
    return lines


def _labelled(label: str, left: int, cells: str) -> Iterator[str]:
    """Give cells behind a label; what does not fit of the label stands on the lines before."""
    *above, last = textwrap.wrap(label, left - 3)
    for part in above:
        yield f"  {part}"
    yield f"  {last:<{left - 2}}{cells}"


def _together(found: Comparison, width: int) -> list[str]:
    """Return the net growth of every run on one scale, a block a stretch of time."""
    n = max(10, min(len(found.times), width - 20))
    at = np.linspace(0, len(found.times) - 1, n).round().astype(np.int64)
    grown = [curve.growth[at] for curve in found.curves]
    known = np.concatenate([g[np.isfinite(g)] for g in grown])
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    lines = [f"Net growth together, % since the start, from {number(low, 1)} to {number(high, 1)}"]
    for run, curve in zip(found.runs, grown, strict=True):
        share = (curve - low) / (high - low) if high > low else np.zeros(n)
        marks = "".join(
            _BLOCKS[round(float(x) * (len(_BLOCKS) - 1))] if np.isfinite(x) else " " for x in share
        )
        ended = curve[np.isfinite(curve)]
        last = f"{number(float(ended[-1]))}%" if ended.size else UNKNOWN
        lines.append(f"  {run.letter}  {marks} {last:>10}")
    return lines


def _luck(each: Versus, rows: Sequence[Row], width: int) -> Iterator[str]:
    paired = each.paired
    yield f"{each.letter} less {each.against}: is it luck?"
    if paired.why:
        yield f"  not known: {paired.why}"
        return
    yield (
        f"  {paired.n_days} common days, correlation of their daily net returns "
        f"{number(paired.correlation)}"
    )
    left = min(_NAME, width - 52)
    yield " " * left + _doubts("difference", "95% from", "to", "p", "Holm p")
    for row in rows:
        found = said(each, row.name)
        if found is None:
            continue
        if found.why:
            yield from _folded(f"  {row.label}: not known: {found.why}", width)
            continue
        cells = _doubts(found.value, found.low, found.high, found.p_value, found.adjusted)
        yield from _labelled(row.label, left, cells)
    beside = [
        f"{name} by {method} p {probability(asymptotic.p_value)}"
        for metric, name, method in _TESTS
        if (asymptotic := paired.differences[metric].asymptotic)
    ]
    yield from _folded(f"  beside the bootstrap: {', '.join(beside)}", width)


def _doubts(value: str, low: str, high: str, p_value: str, adjusted: str) -> str:
    return f" {value:>11} {low:>11} {high:>11} {p_value:>7} {adjusted:>7}"


def _trades(each: Versus, width: int) -> Iterator[str]:
    trades = each.trades
    yield f"{each.letter} against {each.against}: trades that differ"
    yield from _folded(
        f"  {trades.n_same} the same, {trades.n_changed} changed, {trades.n_first_only} only in "
        f"{each.against}, {trades.n_second_only} only in {each.letter}",
        width,
    )
    with_ways = width >= _WITH_WAYS
    if trades.rows:
        yield (
            f"  {'coin':<13}{'side':<6}{'opened, UTC':<17}{'net in ' + each.against:>12}"
            f"{'net in ' + each.letter:>12}{'more, USD':>12}{'  way out' if with_ways else ''}"
        )
    for row in trades.rows:
        yield _trade(row) + (f"  {_cut(_way(row), width - 76)}" if with_ways else "")


def _trade(row: TradeRow) -> str:
    return (
        f"  {_cut(row.symbol, 12):<13}{'long' if row.side > 0 else 'short':<6}"
        f"{row.opened_at:%Y-%m-%d %H:%M} {_usd(row.first_usd):>12}{_usd(row.second_usd):>12}"
        f"{number(row.difference_usd):>12}"
    )


def _way(row: TradeRow) -> str:
    ways = [code(way) for way in (row.first_exit, row.second_exit) if way]
    return " / ".join(dict.fromkeys(ways))


def _folded(line: str, width: int) -> list[str]:
    return textwrap.wrap(line, width, subsequent_indent="    ")


def _usd(value: float | None) -> str:
    return UNKNOWN if value is None else number(value)


def _cut(words: str, width: int) -> str:
    return words if len(words) <= width else f"{words[: width - 1]}…"
