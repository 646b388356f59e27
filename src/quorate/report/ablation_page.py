"""The page of an ablation: one HTML file that needs no network and no other file.

In: ``ablations.Ablated``. Out: the file, written whole or not at all. It begins with whether
anything differs, all that was compared counted; then every difference with its interval, on one
scale. Its one script, that of a report, reads values off the charts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from quorate.report.ablations import RATE, as_it_is, evidence
from quorate.report.axes import nice_ticks, tick_label
from quorate.report.bars import labels, whisker
from quorate.report.charts import Axis, Series, empty_chart, plot
from quorate.report.drawing import environment, page_at
from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import UNKNOWN, fall, number, probability, sign
from quorate.report.graphs import Graph

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.report.ablations import Ablated

NAME: Final = "ablate.html"
_KINDS: Final = (
    ("option", "Each named option in place of the one in force"),
    ("engine", "Each engine left out"),
    ("charged", "Other costs: another world, no better method"),
)
_KEYS: Final = [
    ("the whole interval is above 0", "up"),
    ("below 0", "down"),
    ("it holds 0", "net"),
]


class Limb(NamedTuple):
    """A row of a forest: a difference, drawn and in words; ``is_sure`` where it stands."""

    name: str
    bar: str
    interval: str
    adjusted: str
    verdict: str
    said: str
    is_sure: bool


class Forest(NamedTuple):
    """Differences with their intervals, one below the other on one scale."""

    title: str
    unit: str
    heads: tuple[str, str, str, str, str]
    rows: tuple[Limb, ...]
    axis: str
    said: str
    keys: list[tuple[str, str]]


def write(found: Ablated, path: Path, **about: Any) -> Path:  # noqa: ANN401  (see ``page``)
    """Write the page of an ablation.

    Parameters
    ----------
    found : Ablated
        What is told.
    path : Path
        Of the page, or of a folder, where it is called ``ablate.html``.
    **about
        As ``page``.

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
    Units: said beside every number.  Causal: finished windows.  Missing: a dash and why.
    """
    return page_at(path, NAME, page(found, **about), "--page")


def page(found: Ablated, *, data: str, is_synthetic: bool) -> str:
    """Return the page as text.

    Parameters
    ----------
    found : Ablated
        What is told.
    data : str
        What it ran over.
    is_synthetic : bool
        Whether prices were made up.

    Notes
    -----
    Units: said beside every number.  Causal: finished windows.  Missing: a dash and why.
    """
    return (
        environment()
        .get_template("ablate.html.j2")
        .render(
            n=found.table.height,
            data=data,
            is_synthetic=is_synthetic,
            evidence=evidence(found),
            as_it_is=as_it_is(found),
            forests=forests(found),
            p_values=p_values(found),
            variants=listed(found),
        )
    )


def forests(found: Ablated) -> list[Forest]:
    """Return every difference that is known with its interval: options, engines, other costs.

    Notes
    -----
    Units: of the Sharpe ratio, a year.  Causal: finished windows.  Missing: what never differed has
    no row.  METHODS 10.4.
    """
    rows = [row for row in found.table.iter_rows(named=True) if _is_known(row["p_value"])]
    kinds = {kind: [r for r in rows if _kind(r) == kind] for kind, _ in _KINDS}
    return [_forest(title, kinds[kind]) for kind, title in _KINDS if kinds[kind]]


def _forest(title: str, rows: Sequence[dict[str, Any]]) -> Forest:
    bounds = [value for row in rows for value in (row["low"], row["high"], 0.0)]
    ticks = nice_ticks(min(bounds), max(bounds), 4)
    ends = ticks[0], ticks[-1]
    places = [
        ((tick - ends[0]) / (ends[1] - ends[0]), tick_label(tick, ticks))
        for tick in (ticks if len(ticks) < 8 else ticks[::2])
    ]
    better = [row["variant"] for row in rows if row["low"] > 0.0]
    worse = [row["variant"] for row in rows if row["high"] < 0.0]
    said = (
        f"{title}: {len(rows)} differences of the Sharpe ratio; the whole interval is above 0 of "
        f"{', '.join(better) or 'none'}, below 0 of {', '.join(worse) or 'none'}"
    )
    return Forest(
        title,
        "difference of the Sharpe ratio, a year, after costs; the surest first",
        ("variant", "difference", "95% interval", "p, all counted", "verdict"),
        tuple(_limb(row, ends) for row in rows),
        labels(places),
        said,
        _KEYS,
    )


def _limb(row: dict[str, Any], ends: tuple[float, float]) -> Limb:
    low, value, high = row["low"], row["difference"], row["high"]
    adjusted = probability(row["p_holm"])
    held = f", in place of {row['in_force']}" if row["in_force"] else ""
    counted = "not counted" if adjusted == UNKNOWN else f"{adjusted} with all counted (Holm)"
    return Limb(
        name=row["variant"],
        bar=whisker(low, value, high, ends),
        interval=f"{number(low)} to {number(high)}",
        adjusted=adjusted,
        verdict=row["verdict"],
        said=f"{row['variant']}{held}: {number(value)} a year, {number(low)} to {number(high)}; "
        f"p {probability(row['p_value'])} by itself, {counted}",
        is_sure=row["verdict"] in ("better", "worse"),
    )


def p_values(found: Ablated) -> Graph:
    """Return the p-values in their order, beside the line below which they stand.

    Notes
    -----
    Units: percent.  Causal: finished windows.  Missing: what was not counted has no point.
    Benjamini and Hochberg (1995): all up to the last that is below the line stand.
    """
    title = "p-values, and the line they must be below"
    said = "%, of each variant by itself"
    rows = [r for r in found.table.iter_rows(named=True) if _is_known(r["p_holm"])]
    rows = sorted(rows, key=lambda row: row["p_value"])
    n = len(rows)
    if n < 2:
        return Graph(title, said, [], empty_chart(title, why="fewer than two were compared"))
    at = (np.arange(n) + 0.5) / n
    p = 100.0 * np.array([row["p_value"] for row in rows], np.float64)
    line = 100.0 * RATE * (np.arange(n) + 1) / n
    step = -(-n // 11)
    chart = plot(
        Axis(
            at,
            [(float(at[i]), str(i + 1)) for i in range(0, n, step)],
            [],
            [row["variant"] for row in rows],
        ),
        [Series("p", p, "net", is_points=True), Series("must be below", line, "loss")],
        title=title,
        unit="%",
        height=220,
        said=f"{title}: {int(np.sum(p <= line))} of {n} lie on or below it",
    )
    keys = [("p-value", "net"), ("5% of the rank over all (Benjamini and Hochberg)", "loss")]
    return Graph(title, said, keys, chart, "variants by their p-value, the smallest first")


def listed(found: Ablated) -> Table:
    """Return every variant with all that is known of it, what was not compared last."""
    columns = (
        Column("variant", is_text=True),
        Column("in force", is_text=True),
        *(Column("Sharpe ratio", "a year"), Column("difference"), Column("95% interval")),
        *(Column("p"), Column("p, all counted"), Column("windows better")),
        *(Column("more a day", "bps"), Column("net return"), Column("trades")),
        Column("verdict", is_text=True),
    )
    rows = []
    for row in found.table.iter_rows(named=True):
        is_known = _is_known(row["p_value"])
        bounds = f"{number(row['low'])} to {number(row['high'])}" if is_known else UNKNOWN
        difference = row["difference"] if is_known else None
        cells = (
            Cell(row["variant"]),
            Cell(row["in_force"] or "votes"),
            Cell(number(row["sharpe"])),
            Cell(number(difference), sign(difference) if row["is_discovered"] else ""),
            Cell(bounds),
            Cell(probability(row["p_value"])),
            Cell(probability(row["p_holm"])),
            Cell(f"{row['windows_better']} of {found.n_windows}"),
            Cell(number(row["mean_bps"])),
            Cell(fall(row["net_return"])),
            Cell(number(row["n_trades"], 0)),
            Cell(row["verdict"], "", row["why"]),
        )
        rows.append(Row(cells, "total" if row["is_discovered"] else ""))
    note = "Not compared: no day differs, or too few do. Other costs are not counted."
    return Table("Every variant", columns, tuple(rows), note)


def _kind(row: dict[str, Any]) -> str:
    return "charged" if row["is_charged"] else str(row["kind"])


def _is_known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
