"""The page of a comparison: one HTML file that needs no network, no script and no other file.

In: a ``Comparison``. Out: the file, written whole or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from quorate.errors import DataError
from quorate.report.charts import Series, line_chart
from quorate.report.compare_text import verdict
from quorate.report.formats import UNKNOWN, code, number, percent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quorate.report.comparison import Comparison, Versus
    from quorate.report.matching import TradeRow
    from quorate.statistics.comparison import Difference

NAME: Final = "compare.html"
_LIGHT: Final = (
    *("#1f5fd0", "#b3261e", "#17794a", "#8a5300"),
    *("#7b3fb5", "#0b7285", "#a61e6a", "#4a5568"),
)
_DARK: Final = (
    *("#6aa3ff", "#ff7b72", "#4cc38a", "#e3b341"),
    *("#c297ff", "#4fc3d9", "#ff8fc7", "#a0aec0"),
)


def write(found: Comparison, path: Path) -> Path:
    """Write the page of a comparison.

    Parameters
    ----------
    found : Comparison
        From ``quorate.compare``.
    path : Path
        Of the page, or of a folder, where it is called ``compare.html``.

    Returns
    -------
    Path
        Of the page; an older one is replaced in one step.

    Raises
    ------
    DataError
        The place cannot be written.

    Notes
    -----
    Units: said beside every number.  Causal: reads finished runs.  Missing: a dash and why.
    """
    target = path / NAME if path.is_dir() else path
    draft = target.with_name(f".{target.name}.partial")
    try:
        draft.write_text(page(found), encoding="utf-8")
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise DataError(
            f"the page {target} cannot be written: {error.strerror or error}",
            hint="name another place with --page",
        ) from error
    return target


def page(found: Comparison) -> str:
    """Return the page as text.

    Notes
    -----
    Units: said beside every number.  Causal: reads finished runs.  Missing: a dash and why.
    """
    environment = Environment(
        loader=PackageLoader("quorate.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("compare.html.j2").render(_context(found))


def _context(found: Comparison) -> dict[str, Any]:
    series = [Series(curve.letter, curve.growth, f"run{i}") for i, curve in enumerate(found.curves)]
    n = len(found.runs)
    return {
        "runs": found.runs,
        "letters": [run.letter for run in found.runs],
        "is_synthetic": any(run.is_synthetic for run in found.runs),
        "cautions": [note for note in found.cautions if not note.startswith("Synthetic")],
        "chart": line_chart(
            found.times, series, title="Net growth of every run", unit="%", height=300
        ).svg,
        "light": _LIGHT[:n],
        "dark": _DARK[:n],
        "tests": [row for each in found.versus for row in _tests(each)],
        "settings": found.settings,
        "data": found.data,
        "metrics": found.metrics,
        "trades": [_trades(each) for each in found.versus],
    }


def _tests(each: Versus) -> Iterator[dict[str, Any]]:
    if each.paired.why:
        yield {"letter": each.letter, "why": each.paired.why}
        return
    for name, difference in (
        ("Sharpe ratio, annual", each.paired.sharpe),
        ("mean return a year", each.paired.mean),
    ):
        cells = _cells(difference, is_percent=difference is each.paired.mean)
        days = (number(each.paired.n_days, 0), number(each.paired.correlation))
        yield {"letter": each.letter, "why": "", "name": name, "cells": [*cells, *days]}


def _cells(found: Difference, *, is_percent: bool) -> list[str]:
    form = percent if is_percent else number
    return [
        form(found.value),
        form(found.low),
        form(found.high),
        number(found.p_value, 3),
        verdict(found.p_value),
        form(found.asymptotic.standard_error),
        number(found.asymptotic.p_value, 3),
    ]


def _trades(each: Versus) -> dict[str, Any]:
    counts = vars(each.trades) | {"letter": each.letter}
    return counts | {"rows": [_trade(row) for row in each.trades.rows]}


def _trade(row: TradeRow) -> list[str]:
    def usd(value: float | None) -> str:
        return UNKNOWN if value is None else number(value)

    return [
        row.symbol,
        "long" if row.side > 0 else "short",
        f"{row.opened_at:%Y-%m-%d %H:%M}",
        usd(row.first_usd),
        usd(row.second_usd),
        number(row.difference_usd),
        code(row.first_exit),
        code(row.second_exit),
    ]
