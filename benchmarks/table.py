"""Every goal of speed beside its peer, in one run: a table, kept in the documentation.

    python benchmarks/table.py [--data FOLDER] [--turns N] [--check] [--write] [WORD ...]

Each row lets Quorate and another system take turns (``turns.py``) and tells the ratio of their
speeds. ``--check`` runs only the rows whose goal is held and fails if one is not, with a fifth of
room for a noisy machine; ``--write`` renews docs/explanations/benchmarks.json and the table, row
by row. Words choose the rows that contain one of them. A system that is not there is named, not
skipped; a row that needs ``--data`` is left out without it, and said to be.
"""

from __future__ import annotations

import argparse
import shlex
import sys

import page
import turns
from page import NEEDS_DATA
from rows import DATA, ROWS, Row

ROOM = 0.8  # of a goal: what a check asks, for machines are noisy


def measured(row: Row, data: str | None, n_turns: int | None) -> dict[str, object]:
    """Return a row's figures, or why there are none."""
    told: dict[str, object] = {"work": row.work, "goal": row.goal, "ours": row.ours}
    told |= {"theirs": row.theirs, **page.now()}
    if data is None and DATA in row.ours:
        return told | {"failed": NEEDS_DATA}
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
        "turns": n_turns or row.turns,
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
        f"| {told['work']} | {told['goal']:g} | {told['ratio']:.3g} ({_range(told)}) | {reached} "
        f"| {told['our_rate']:,.3g} and {told['their_rate']:,.3g} {told['unit']}/s "
        f"| {told['our_mib']:,.0f} and {told['their_mib']:,.0f} |"
    )


def _range(told: dict[str, object]) -> str:
    # rows from before turns were kept tell a range of nothing where there was one turn
    if told.get("turns") == 1 or told["least"] == told["most"]:
        return "one turn"
    return f"{told['least']:.3g} to {told['most']:.3g}"


BESIDE = page.Table(
    "rows",
    """| work | goal, x | measured, x | reached | Quorate and the other | peak MiB |
| --- | --- | --- | --- | --- | --- |""",
    line,
)


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
    order = [row.work for row in ROWS]
    rows = []
    print(BESIDE.head, flush=True)
    for row in chosen:
        rows.append(measured(row, given.data, given.turns))
        print(line(rows[-1]), flush=True)
        if given.write:
            page.write(rows[-1:], order, BESIDE)
    print(f"\n{page.when(rows)}")
    if given.check and (complaints := missed(rows)):
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
