"""The page of ``quorate data check``: what bars cover, what the rules found, how vendors differ.

In: tables of a check. Out: one HTML file that needs no network, written whole or not at all.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from quorate.lake import multiples
from quorate.lake.governance import MEANINGS
from quorate.lake.governance.findings import ABOUT, Rule, Severity
from quorate.lake.quality import concat
from quorate.lake.valued import WORDS
from quorate.report import coverage_map
from quorate.report.charts import Series, line_chart
from quorate.report.drawing import environment, page_at
from quorate.report.formats import UNKNOWN, number
from quorate.report.graphs import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from quorate.lake.certificate import Certificate
    from quorate.lake.facts import Origin
    from quorate.lake.quality import Quality

NAME: Final = "data.html"
_DRAWN: Final = 12
_DAY_MS: Final = 86_400_000
_LEAST_BPS: Final = 0.1
_LINES: Final = (
    ("largest of the day", "max_bps", "loss"),
    ("99% of the day's bars", "p99_bps", "gross"),
    ("median of the day", "median_bps", "net"),
)
_BARS: Final = (
    *("n_rows", "n_traded", "n_filled", "n_missing"),
    *("n_zero", "n_frozen", "n_suspect", "n_dropped"),
)
_OTHERS: Final = ("n_rows", "n_traded", "n_missing", "n_suspect")


class Told(NamedTuple):
    """What a folder of bars is worth, or of another kind; ``every`` says at which intervals."""

    folder: str
    bar_minutes: int | None
    quality: Quality
    made_of: tuple[int, ...] = ()
    kind: str = "ohlcv"
    every: Mapping[str, str] = MappingProxyType({})
    multiples: tuple[str, ...] = ()


def write(told: Told, path: Path) -> Path:
    """Write the page of a check.

    Parameters
    ----------
    told : Told
        What was found.
    path : Path
        Of the page, or of a folder, where it is called ``data.html``.

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
    Units: said beside every number.  Causal: shows what was found.  Missing: a dash.
    """
    return page_at(path, NAME, page(told), "--html")


def page(told: Told) -> str:
    """Return the page as text.

    Notes
    -----
    Units: said beside every number.  Causal: shows what was found.  Missing: a dash.
    """
    return environment().get_template("data.html.j2").render(_context(told), certificate=None)


def certificate_page(given: Certificate) -> str:
    """Return the page of a certificate: that of a check, with where the data come from.

    Parameters
    ----------
    given : Certificate
        Parts of it that could not be read are named, and the rest is shown.

    Notes
    -----
    Units: said beside every number.  Causal: shows what was found.  Missing: a dash.
    """
    told = _context(Told("", given.bar_minutes, concat([])))
    for primary, quality in given.venues[:1]:
        linked = (f"On {venue}: {each}" for venue, each in given.renames)
        said = (*multiples.notes(given.multiples), *linked)
        tables = primary.folder, given.bar_minutes, quality, primary.made_of
        told = _context(Told(*tables, multiples=said))
    about = {
        "origins": [_origin(each) for each in (*(one for one, _ in given.venues), *given.inputs)],
        "damaged": given.damaged,
        "others": found_where(given)[1:],
        "rules": [
            (name, f"{value:g}", MEANINGS.get(name, "")) for name, value in given.rules.items()
        ],
        "excluded": list(given.excluded.items()),
        "is_accepted": given.is_accepted,
        "uncompared": given.uncompared,
    }
    return environment().get_template("data.html.j2").render(told, certificate=about)


def found_where(given: Certificate) -> list[tuple[str, list[tuple[str, str, str, str, str, str]]]]:
    """Return what the rules found on each venue, and in what was read beside its bars.

    Parameters
    ----------
    given : Certificate
        The primary venue's comes first.

    Returns
    -------
    list of (str, list)
        Where, to follow "found", and ``rule_rows``.

    Notes
    -----
    Units: counts.  Causal: counts what was found.  Missing: funding or marks that were not read
    have no entry.
    """
    return [
        *((f"on {origin.venue}", rule_rows(each.findings)) for origin, each in given.venues),
        *(
            (f"in the {each.kind} of {each.venue}", rule_rows(each.findings))
            for each in given.valued
        ),
    ]


def _origin(given: Origin) -> list[str]:
    return [
        given.venue or UNKNOWN,
        given.kind,
        f"{given.n_files:,d}",
        f"{given.n_bytes / 2**20:,.1f}",
        f"{given.n_rows:,d}",
        given.first or UNKNOWN,
        given.last or UNKNOWN,
        given.digest,
    ]


def _context(told: Told) -> dict[str, Any]:
    given, word = told.quality, WORDS[told.kind]
    found = coverage_map.states(given.days, given.pair_days.filter(pl.col("quarantined")))
    present = set(found["state"])
    symbols = found["symbol"].unique(maintain_order=True).to_list()
    failed = given.failed
    drawn = given.pairs["symbol"].to_list()[:_DRAWN]
    zero = given.zero_volume()
    coins = [row | {"n_zero": zero.get(row["symbol"], 0)} for row in given.coins.to_dicts()]
    return {
        "folder": told.folder,
        "bar_minutes": told.bar_minutes,
        "row_minutes": " and ".join(map(str, told.made_of)) or told.bar_minutes,
        "kind": told.kind.replace("_", " "),
        "word": word,
        "n_coins": given.coins.height,
        "n_rows": f"{given.coins['n_rows'].sum():,d}",
        "span": _span(given.coins),
        "failed": failed.select("symbol", "failed").rows(),
        "symbols": symbols,
        "map": coverage_map.draw(found, word) if symbols else "",
        "keys": [(name, words) for name, words in coverage_map.words(word) if name in present],
        "rules": rule_rows(given.findings),
        "coins": [_coin(row, told) for row in coins],
        "multiples": told.multiples,
        "pairs": [_pair(row) for row in given.pairs.iter_rows(named=True)],
        "graphs": [_difference(name, given.pair_days) for name in drawn],
        "n_undrawn": given.pairs.height - len(drawn),
    }


def _span(coins: pl.DataFrame) -> str:
    days = coins["first"].drop_nulls().to_list() + coins["last"].drop_nulls().to_list()
    return f"{min(days)} to {max(days)}" if days else "no day"


def rule_rows(found: pl.DataFrame) -> list[tuple[str, str, str, str, str, str]]:
    """Return a row a rule that found something, the gravest first.

    Parameters
    ----------
    found : polars.DataFrame
        ``Quality.findings``.

    Returns
    -------
    list of tuple of str
        Rule, severity, coins, places, rows, what it means.

    Notes
    -----
    Units: counts.  Causal: counts what was found.  Missing: a rule that found nothing has no row.
    """
    rows = (
        found.group_by("rule")
        .agg(pl.col("symbol").n_unique().alias("coins"), pl.len().alias("at"), pl.col("n").sum())
        .sort("rule")
    )
    told = []
    for name, n_coins, n_places, n in rows.rows():
        about = ABOUT[Rule(name)]
        counts = (f"{n_coins:,d}", f"{n_places:,d}", f"{n:,d}")
        told.append((about.severity, (name, about.severity.name.lower(), *counts, about.says)))
    order = (Severity.FAILED, Severity.MENDED, Severity.NOTED)
    return [row for _, row in sorted(told, key=lambda each: order.index(each[0]))]


def _coin(row: dict[str, Any], told: Told) -> list[str]:
    names: tuple[str, ...] = _BARS
    about = [row["symbol"], str(row["first"] or UNKNOWN), str(row["last"] or UNKNOWN)]
    if told.bar_minutes is None:
        names = _OTHERS
        about.append(told.every.get(row["symbol"], UNKNOWN))
    return about + [f"{row[name]:,d}" if row[name] else "" for name in names]


def _pair(row: dict[str, Any]) -> list[str]:
    shift = row["shift_bars"]
    return [
        row["symbol"],
        row["other"],
        f"{row['n_bars']:,d}",
        *(number(row[name], 2) for name in ("median_bps", "p99_bps", "max_bps")),
        f"{row['max_at']:%Y-%m-%d %H:%M}",
        f"{100 * row['agree_frac']:.2f}",
        f"{row['n_quarantined']:,d} of {row['n_days']:,d}",
        "not known" if shift is None else f"{shift:+d}" if shift else "none",
    ]


def _difference(symbol: str, days: pl.DataFrame) -> Graph:
    """Return how far two vendors were apart, day by day. bps.

    One bar far out is seen only where the largest is drawn, and beside it the usual day only where
    the scale is logarithmic.
    """
    mine = days.filter(pl.col("symbol") == symbol)
    chart = line_chart(
        mine["day"].to_physical().to_numpy().astype("int64") * _DAY_MS,
        [Series(name, mine[column].to_numpy(), css) for name, column, css in _LINES],
        title=f"Difference of closes, {symbol}",
        unit="bps",
        height=230,
        least=_LEAST_BPS,
    )
    unit = (
        f"bps between the closes of both vendors, a UTC day each; logarithmic from {_LEAST_BPS:g}"
    )
    return Graph(symbol, unit, [(name, css) for name, _, css in _LINES], chart)
