"""Measure every other system alone, once or a few times: a table of what each does here.

    python benchmarks/alone.py --data FOLDER [--turns N] [WORD ...]

Words choose the rows that contain one of them. A system that is not installed, dies or hangs is
named with the reason, and the table goes on. Ratios need both systems in turn: ``turns.py``.
"""

from __future__ import annotations

import argparse
import shlex

import turns
from peers.workloads import DATA, WORKLOADS


def chosen(words: list[str], data: str | None) -> dict[str, str]:
    """Return the rows that contain a word, all without words; rows without their data stay."""
    rows = {
        name: script.replace(DATA, shlex.quote(data)) if data else script
        for name, script in WORKLOADS.items()
    }
    wanted = [word.lower() for word in words]
    return {
        name: script
        for name, script in rows.items()
        if not wanted or any(word in name.lower() for word in wanted)
    }


def row(script: str, n_turns: int, seconds: float) -> str:
    """Return one system's figures, or why there are none."""
    if DATA in script.split():
        return "not measured: it needs --data"
    try:
        (side,) = turns.measure(
            [turns.command(script)], n_turns, prepare_seconds=2 * seconds, turn_seconds=seconds
        )
    except turns.MeasureError as error:
        return f"failed: {error}"
    return turns.told(side)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", metavar="WORD", help="rows that contain one of these")
    parser.add_argument("--data", help="folder of real bars, one SYMBOL.parquet a coin")
    parser.add_argument("-n", "--turns", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=300.0, help="the longest a turn may take")
    given = parser.parse_args()
    for name, script in chosen(given.words, given.data).items():
        print(f"{name}\n  {row(script, given.turns, given.seconds)}", flush=True)


if __name__ == "__main__":
    main()
