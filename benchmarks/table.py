"""Every goal of speed beside its peer, in one run: a table, kept in the documentation.

    python benchmarks/table.py [--data FOLDER] [--turns N] [--check] [--write] [WORD ...]

Each row lets Quorate and another system take turns (``turns.py``) and tells the ratio of their
speeds. ``--check`` runs only the rows whose goal is held and fails if one is not, with a fifth of
room for a noisy machine; ``--write`` renews docs/explanations/benchmarks.json and the table.
Words choose the rows that contain one of them. A system that is not there is named, not skipped.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

import turns

DOCS = Path(__file__).resolve().parents[1] / "docs" / "explanations"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
ROOM = 0.8  # of a goal: what a check asks, for machines are noisy
DATA = "DATA"


class Row(NamedTuple):
    """One goal: what is done, by whom, and how many times faster it should be."""

    work: str
    ours: str
    theirs: str
    goal: float
    by: str = "cpu"  # or "wall", where a side uses two threads
    held: bool = False  # the goal is reached, and a check fails when it no longer is
    turns: int = 5


ROWS = (
    Row(
        "given targets, 50 coins x 1 year, against vectorbt from_orders",
        "ours/simulate.py 50",
        "peers/vectorbt_orders.py 50",
        25.0,
    ),
    Row(
        "the same with its equity curve",
        "ours/simulate.py 50",
        "peers/vectorbt_orders.py 50 --equity",
        50.0,
    ),
    Row(
        "given targets, 200 coins x 1 year, against vectorbt from_orders",
        "ours/simulate.py 200",
        "peers/vectorbt_orders.py 200",
        25.0,
        turns=3,
    ),
    Row(
        "given targets from disk, 200 coins x 1 year, against vectorbt from_orders in memory",
        "ours/simulate.py 200 --stored",
        "peers/vectorbt_orders.py 200",
        25.0,
        turns=3,
    ),
    Row(
        "given targets, 1 coin x 1 year, against hftbacktest",
        "ours/simulate.py 1",
        "peers/hftbacktest_bars.py 105120",
        30.0,
    ),
    Row(
        "given weights through exchange and books, against NautilusTrader's events, 50 coins",
        "ours/simulate.py 50",
        "peers/nautilus_bars.py 50 8064",
        1000.0,
        held=True,
        turns=3,
    ),
    Row(
        "whole system, 26 engines, two cores, 400 coins, against NautilusTrader's one average",
        "ours/whole.py 400 6 2",
        "peers/nautilus_bars.py 50 8064",
        50.0,
        by="wall",
        held=True,
        turns=3,
    ),
    Row(
        "whole system, 26 engines, two cores, 50 coins, against NautilusTrader's one average",
        "ours/whole.py 50 24 2",
        "peers/nautilus_bars.py 50 8064",
        50.0,
        by="wall",
        turns=3,
    ),
    Row(
        "whole system, 26 engines, two cores, 400 coins, against freqtrade's one average",
        "ours/whole.py 400 6 2",
        "peers/freqtrade_backtest.py 50 4000",
        50.0,
        by="wall",
        turns=3,
    ),
    Row(
        "whole system, 26 engines, two cores, 50 coins, against freqtrade's one average",
        "ours/whole.py 50 24 2",
        "peers/freqtrade_backtest.py 50 4000",
        50.0,
        by="wall",
        turns=3,
    ),
    Row(
        "portfolio solve, 50 coins, against Clarabel updated",
        "ours/solve.py 50 0 1.0",
        "peers/clarabel_solve.py 50 0 1.0",
        75.0,
        held=True,
    ),
    Row(
        "portfolio solve, 50 coins, against cvxpy (DPP)",
        "ours/solve.py 50 0 1.0",
        "peers/cvxpy_solve.py 50 0 1.0",
        350.0,
        held=True,
    ),
    Row(
        "portfolio solve, 50 coins, 8 sectors, against Clarabel updated",
        "ours/solve.py 50 8 1.0",
        "peers/clarabel_solve.py 50 8 1.0",
        75.0,
    ),
    Row(
        "one live cycle, 400 coins, against freqtrade's analysis step",
        "ours/cycle.py 400",
        "peers/freqtrade_cycle.py 400",
        100.0,
        by="wall",
        held=True,
        turns=3,
    ),
    Row(
        "ADX, ATR, RSI, averages, 50 coins x 1 year, against TA-Lib",
        "ours/indicators.py 50",
        "peers/talib_indicators.py 50",
        5.0,
    ),
    Row(
        "100 settings of one moving average, 25 coins x 14 months, against vectorbt's broadcast",
        "ours/averages.py DATA 25 100",
        "peers/vectorbt_sweep.py DATA 25 100 5",
        1.0,
        turns=2,
    ),
    Row(
        "100 settings of one moving average, 25 coins, against freqtrade hyperopt's worker",
        "ours/averages.py DATA 25 100",
        "peers/freqtrade_hyperopt.py DATA 25 426 1",
        50.0,
        turns=1,
    ),
    Row(
        "100 settings of the whole system, 25 coins x 14 months, against vectorbt's broadcast",
        "ours/sweep.py DATA 25 100 2022-08-01",
        "peers/vectorbt_sweep.py DATA 25 100 5",
        1.0,
        by="wall",
        turns=1,
    ),
    Row(
        "100 settings of the whole system, 25 coins, against freqtrade hyperopt's worker",
        "ours/sweep.py DATA 25 100 2022-08-01",
        "peers/freqtrade_hyperopt.py DATA 25 426 1",
        50.0,
        by="wall",
        turns=1,
    ),
)


def measured(row: Row, data: str | None, n_turns: int | None) -> dict[str, object]:
    """Return a row's figures, or why there are none."""
    told: dict[str, object] = {"work": row.work, "goal": row.goal, "ours": row.ours}
    told["theirs"] = row.theirs
    if data is None and DATA in row.ours:
        return told | {"failed": "it needs --data"}
    try:
        commands = [
            turns.command(script.replace(DATA, shlex.quote(data or "")))
            for script in (row.ours, row.theirs)
        ]
        found = turns.compare(*commands, n_turns or row.turns)
    except turns.MeasureError as error:
        return told | {"failed": str(error)}
    ratio = found.by_wall if row.by == "wall" else found.by_cpu
    return told | {
        "ratio": ratio.median,
        "least": ratio.least,
        "most": ratio.most,
        "by": row.by,
        "unit": found.first.unit,
        "our_rate": found.first.units / _seconds(found.first, row.by),
        "their_rate": found.second.units / _seconds(found.second, row.by),
        "our_mib": found.first.peak_mib,
        "their_mib": found.second.peak_mib,
        "versions": [found.first.version, found.second.version],
        "notes": [found.first.note, found.second.note],
    }


def _seconds(side: turns.Side, by: str) -> float:
    return side.wall if by == "wall" else side.cpu


def line(told: dict[str, object]) -> str:
    """Return one row of the table."""
    if "failed" in told:
        return f"| {told['work']} | {told['goal']:g} | not measured: {told['failed']} | | | |"
    reached = "**yes**" if told["ratio"] >= told["goal"] else "no"
    return (
        f"| {told['work']} | {told['goal']:g} | {told['ratio']:.3g} "
        f"({told['least']:.3g} to {told['most']:.3g}) | {reached} "
        f"| {told['our_rate']:,.3g} and {told['their_rate']:,.3g} {told['unit']}/s "
        f"| {told['our_mib']:,.0f} and {told['their_mib']:,.0f} |"
    )


HEAD = """| work | goal, x | measured, x | reached | Quorate and the other | peak MiB |
| --- | --- | --- | --- | --- | --- |"""


def write(found: list[dict[str, object]]) -> None:
    """Renew the figures and the table of the page; a row that was not asked for stays as it was."""
    kept = DOCS / "benchmarks.json"
    before = json.loads(kept.read_text(encoding="utf-8"))["rows"] if kept.is_file() else []
    told = {row["work"]: row for row in (*before, *found)}
    rows = [told[row.work] for row in ROWS if row.work in told]
    machine = {"machine": platform.machine(), "python": platform.python_version()}
    text = json.dumps({"on": machine, "rows": rows}, indent=1)
    kept.write_text(text + "\n", encoding="utf-8")
    page = DOCS / "benchmarks.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    table = "\n".join([HEAD, *map(line, rows)])
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def missed(rows: list[dict[str, object]]) -> list[str]:
    """Return what a check complains of."""
    return [
        f"{row['work']}: {row.get('failed') or format(row['ratio'], '.3g') + ' x'}, "
        f"asked {ROOM * row['goal']:.3g} x"
        for row in rows
        if "failed" in row or row["ratio"] < ROOM * row["goal"]
    ]


def main() -> None:
    """Measure the rows that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", metavar="WORD", help="rows that contain one of these")
    parser.add_argument("--data", help="folder of real bars, one SYMBOL.parquet a coin")
    parser.add_argument("-n", "--turns", type=int)
    parser.add_argument("--check", action="store_true", help="fail when a held goal is missed")
    parser.add_argument("--write", action="store_true", help="renew the documentation")
    given = parser.parse_args()
    words = [word.lower() for word in given.words]
    chosen = [
        row
        for row in ROWS
        if (row.held or not given.check)
        and (not words or any(word in row.work.lower() for word in words))
    ]
    if not chosen:  # a misspelt word must not pass a check
        parser.error(f"no row contains {given.words}; there are: {'; '.join(r.work for r in ROWS)}")
    print(HEAD, flush=True)
    rows = []
    for row in chosen:
        rows.append(measured(row, given.data, given.turns))
        print(line(rows[-1]), flush=True)
    if given.write:
        write(rows)
    if given.check and (complaints := missed(rows)):
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
