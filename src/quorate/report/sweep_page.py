"""The page of a sweep: one HTML file that needs no network and no other file.

In: ``sweeps.Told``, with ``Sweep.luck``. Out: the file, written whole or not at all. It begins with
how likely the best is luck; its one script, that of a report, reads values off the charts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from quorate.report.drawing import environment, page_at
from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import UNKNOWN, counted, number, percent, probability
from quorate.report.graphs import Graph
from quorate.report.histogram import histogram
from quorate.report.sweep_luck import sentences
from quorate.report.sweep_surface import slices, surface
from quorate.report.sweeps import MEASURES, known, settings_in, shown

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.report.sweeps import Told
    from quorate.statistics.selection import Luck

NAME: Final = "sweep.html"
MOST_ROWS: Final = 100
"""Settings that are listed, the best ones."""


def write(told: Told, path: Path, **about: Any) -> Path:  # noqa: ANN401  (see ``page``)
    """Write the page of a sweep.

    Parameters
    ----------
    told : Told
        From ``sweeps.tell``.
    path : Path
        Of the page, or of a folder, where it is called ``sweep.html``.
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
    Units: said beside every number.  Causal: reads finished runs.  Missing: a dash and why.
    """
    return page_at(path, NAME, page(told, **about), "--page")


def page(told: Told, *, data: str, store: str, again: str, is_synthetic: bool) -> str:
    """Return the page as text.

    Parameters
    ----------
    told : Told
        From ``sweeps.tell``.
    data, store, again : str
        What it ran over, where its trials are booked, the command that makes a run of the best.
    is_synthetic : bool
        Whether prices were made up.

    Notes
    -----
    Units: said beside every number.  Causal: reads finished runs.  Missing: a dash and why.
    """
    luck = told.chosen
    return (
        environment()
        .get_template("sweep.html.j2")
        .render(
            n=told.table.height,
            data=data,
            again=again,
            is_synthetic=is_synthetic,
            luck=sentences(told, store),
            doubts=None if luck is None else doubts(luck),
            logits=None if luck is None else logits(luck),
            slices=slices(told),
            surface=surface(told),
            edges=[str(edge) for edge in told.edges],
            settings=listed(told),
        )
    )


def doubts(luck: Luck) -> Table:
    """Return every answer about luck as a table: the question, the figure, how to read it."""
    found, n_blocks, why = luck.overfit
    rows = [
        ("settings tried on these data", number(luck.trials.n, 0), "booked in the store"),
        (
            "independent trials they amount to",
            number(luck.trials.counted, 1),
            "effective rank of the correlation of their daily returns; as many deflate",
        ),
        (
            "Sharpe ratio of their best without an edge",
            number(luck.sharpe_by_luck),
            "a year; what the ratio of the best must be well above",
        ),
        (
            "deflated Sharpe ratio of the best (DSR)",
            probability(luck.deflated_sharpe),
            "that its true ratio is above that; 95% is the usual bar",
        ),
        (
            "record that so many trials need (MinBTL)",
            counted(math.ceil(luck.min_backtest_days), "day"),
            f"below it their best has a ratio of 1 by luck; there are {luck.n_days} days",
        ),
        (
            "probability of backtest overfitting (PBO)",
            UNKNOWN if found is None else percent(found.probability, 0),
            why
            or f"that the best of half of the days is in the worse half in the others; CSCV, "
            f"{n_blocks} blocks, {number(0 if found is None else len(found.logits), 0)} splits; "
            "below 20% is the usual bar",
        ),
    ]
    for each in luck.against:
        name = f"against {each.benchmark}, at the same risk"
        if each.found is None:
            rows.append((name, UNKNOWN, each.why))
            continue
        better = f"{len(each.better)} of {each.n_asked} are better, all at 5% together (StepM)"
        bounds = f"from {probability(each.found.lower)} to {probability(each.found.upper)}"
        rows.append((name, f"p {probability(each.found.consistent)}", f"SPA, {bounds}; {better}"))
    return Table(
        "The figures",
        (
            Column("question", is_text=True),
            Column("figure"),
            Column("how to read it", is_text=True),
        ),
        tuple(Row(tuple(map(Cell, row))) for row in rows),
    )


def logits(luck: Luck) -> Graph | None:
    """Return how the best of one half of the days ranked in the other, over all splits."""
    found = luck.overfit.found
    if found is None:
        return None
    title = "Where the best of half of the days ranks in the other half"
    chart = histogram(found.logits, title=title, unit="logit", noun="split")
    keys = [("in the worse half: overfitted", "loss"), ("in the better half", "net")]
    return Graph(title, "% of splits; logit of its rank", keys, chart)


def listed(told: Told) -> Table:
    """Return the settings, the best first."""
    names = settings_in(told.table)
    measures = list(MEASURES.values())
    columns = [Column(name) for name in names] + [Column(each.label) for each in measures]
    rows = []
    for i in told.order[:MOST_ROWS]:
        row = told.table.row(i, named=True)
        cells = [Cell(shown(row[name])) for name in names]
        for each in measures:
            value = known(row, each)
            cells.append(Cell(UNKNOWN if value is None else each.text(value)))
        rows.append(Row(tuple(cells), "total" if i == told.order[0] else ""))
    left = told.table.height - len(rows)
    note = "" if left <= 0 else f"{counted(left, 'setting')} more: --csv has all."
    return Table("Settings, the best first", tuple(columns), tuple(rows), note)
