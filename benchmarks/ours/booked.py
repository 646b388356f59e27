"""A whole run as a user makes one: a panel read from disk, folded, told, booked and its page drawn.

    ours/booked.py COINS DAYS

The market is kept on disk first (``quorate.keep``), kernels are compiled before the first turn;
each turn leaves a run folder and a store, which are thrown away.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from served import serve

import quorate


def main() -> None:
    n_coins, days = map(int, sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        kept = Path(place) / "kept"
        quorate.keep(quorate.synthetic(n_coins=n_coins, days=days), kept)
        n_bars = quorate.load(kept).n_bars

        def work() -> dict:
            with tempfile.TemporaryDirectory(dir=place) as out:
                done = quorate.run(quorate.load(kept), out=Path(out))
                n_bytes = sum(each.stat().st_size for each in done.folder.rglob("*.*"))
            return {"trades": done.trades.height, "MB": round(n_bytes / 1e6)}

        serve(
            work,
            units=n_coins * n_bars,
            version=f"quorate {quorate.__version__}",
            note=f"{n_coins} coins x {n_bars} bars from disk, metrics, store and page written",
        )


if __name__ == "__main__":
    main()
