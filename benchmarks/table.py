"""Every goal of speed beside its peer, in one run: a table, kept in the documentation.

    python benchmarks/table.py [--data FOLDER] [--turns N] [--check] [--write] [WORD ...]

Each row lets Quorate and another system take turns (``turns.py``) and tells the ratio of their
speeds; a second table has the goals of Quorate by itself (``limits.py``). ``--check`` runs only
what is held and fails if it no longer is, with a fifth of room for a noisy machine; ``--write``
renews docs/explanations/benchmarks.json and the tables, row by row. Words choose the rows that
contain one of them. A system that is not there is named, not skipped; a row that needs ``--data``
is left out without it, and said to be.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING

import limits
import page
import turns
from limits import LIMITS
from page import NEEDS_DATA
from rows import DATA, ROWS, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from limits import Limit

    Goal = Row | Limit

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
        return f"| {told['work']} | {told['goal']:g} | not measured: {told['failed']} | | | | |"
    reached = "**yes**" if told["ratio"] >= told["goal"] else "no"
    return (
        f"| {told['work']} | {told['goal']:g} | {told['ratio']:.3g} ({_range(told)}) | {reached} "
        f"| {told['our_rate']:,.3g} and {told['their_rate']:,.3g} {told['unit']}/s "
        f"| {told['our_mib']:,.0f} and {told['their_mib']:,.0f} "
        f"| `{told['ours']}`, `{told['theirs']}` |"
    )


def _range(told: dict[str, object]) -> str:
    # rows from before turns were kept tell a range of nothing where there was one turn
    if told.get("turns") == 1 or told["least"] == told["most"]:
        return "one turn"
    return f"{told['least']:.3g} to {told['most']:.3g}"


BESIDE = page.Table(
    "rows",
    """| work | goal, x | measured, x | reached | Quorate and the other | peak MiB | scripts |
| --- | --- | --- | --- | --- | --- | --- |""",
    line,
)


def missed(rows: list[dict[str, object]]) -> list[str]:
    """Return what a check complains of; a row that was left out for want of data is no miss."""
    return [
        f"{row['work']}: {row.get('failed') or format(row['ratio'], '.3g') + ' x'}, "
        f"asked {ROOM * row['goal']:.3g} x"
        for row in rows
        if row.get("failed") != NEEDS_DATA
        and ("failed" in row or row["ratio"] < ROOM * row["goal"])
    ]


def chosen(goals: Sequence[Goal], words: list[str], *, check: bool) -> list[Goal]:
    """Return the goals that contain a word, all without words; for a check those that are held."""
    return [
        goal
        for goal in goals
        if (goal.held or not check)
        and (not words or any(word.lower() in goal.work.lower() for word in words))
    ]


def printed(
    goals: Sequence[Goal],
    measure: Callable[[Goal], dict[str, object]],
    table: page.Table,
    order: list[str] | None,
) -> list[dict[str, object]]:
    """Measure goals and print a row each; with ``order`` the page is renewed after every one."""
    found = []
    if goals:
        print(table.head, flush=True)
    for goal in goals:
        found.append(measure(goal))
        print(table.line(found[-1]), flush=True)
        if order is not None:
            page.write(found[-1:], order, table)
    if goals:
        print(f"\n{page.when(found)}\n", flush=True)
    return found


def main() -> None:
    """Measure the goals that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", metavar="WORD", help="rows that contain one of these")
    parser.add_argument("--data", help="folder of real bars, one SYMBOL.parquet a coin")
    parser.add_argument("-n", "--turns", type=int)
    parser.add_argument("--check", action="store_true", help="fail when a held goal is missed")
    parser.add_argument("--write", action="store_true", help="renew the documentation")
    given = parser.parse_args()
    rows, own = (chosen(goals, given.words, check=given.check) for goals in (ROWS, LIMITS))
    if not rows and not own:  # a misspelt word must not pass a check
        there = "; ".join(goal.work for goal in (*ROWS, *LIMITS))
        parser.error(f"no row contains {given.words}; there are: {there}")
    orders = [[goal.work for goal in goals] if given.write else None for goals in (ROWS, LIMITS)]
    beside = printed(rows, lambda row: measured(row, given.data, given.turns), BESIDE, orders[0])
    alone = printed(
        own, lambda limit: limits.measured(limit, given.turns, given.data), limits.OWN, orders[1]
    )
    left_out = [row["work"] for row in (*beside, *alone) if row.get("failed") == NEEDS_DATA]
    if left_out:
        print(f"Left out, for {NEEDS_DATA}: {'; '.join(left_out)}")
    if given.check:
        if len(left_out) == len(beside) + len(alone):  # nothing was checked
            sys.exit("nothing was measured: give --data FOLDER")
        if complaints := missed(beside) + limits.missed(alone):
            sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
