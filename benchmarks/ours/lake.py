"""Files of bars become the lake and a panel with its certificate; a panel that was kept streams by.

    ours/lake.py WHAT COINS
    ours/lake.py --write COINS

A year of five-minute bars a coin, one Parquet file each, of the market of ``panel.py`` in steps of
a tick. ``import``: files into an empty lake, checked, hashed, synced. ``certify``: the lake into a
panel, every row held against the rules. ``both``: one after the other. ``stream``: every array of
every block of the panel that was kept on disk, copied as a run's blocks come by. ``polars`` reads
the files with Polars and does nothing else.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from panel import YEAR, home, ohlcv
from served import serve

import quorate
from quorate.api import folding
from quorate.lake import columns

TICKS = {"volume": 3}  # decimal places; of prices 4
BAR = timedelta(minutes=5)

NOTES = {
    "import": "files into an empty lake",
    "certify": "a lake into a panel with its certificate",
    "both": "files into an empty lake, and that into a panel with its certificate",
    "stream": "a kept panel, copied block by block",
    "polars": "files read",
}


def files(n_coins: int) -> Path:
    """Return the folder of the year's bars, made by a process of its own."""
    folder = home() / "panel" / f"parquet_{n_coins}"
    if not folder.exists():
        subprocess.run([sys.executable, __file__, "--write", str(n_coins)], check=True)
    return folder


def write(n_coins: int) -> None:
    """Write a file a coin; the folder is there when all are."""
    bars = ohlcv(n_coins)
    folder = home() / "panel" / f"parquet_{n_coins}"
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        half = Path(made) / folder.name
        half.mkdir()
        first = datetime(2023, 1, 1, tzinfo=UTC)
        stamps = pl.datetime_range(
            first, first + BAR * (YEAR - 1), BAR, time_unit="ms", time_zone="UTC", eager=True
        )
        for c in range(n_coins):
            rows = {
                name: column[:, c].round(TICKS.get(name, 4))
                for name, column in bars._asdict().items()
            }
            pl.DataFrame({"ts": stamps, **rows}).write_parquet(
                half / f"C{c:03d}USDT.parquet", compression="zstd"
            )
        half.rename(folder)


def imported(folder: Path, lake: Path) -> Path:
    """Bring the files in; return the folder of the lake."""
    done = quorate.import_data(folder, lake, vendor="binance_spot", kind="ohlcv")
    if not done.failed.is_empty():
        raise RuntimeError(f"{done.failed}")
    return lake / "vendor=binance_spot" / "kind=ohlcv" / "interval=5m"


def certified(where: Path) -> quorate.Panel:
    """Read a lake into a panel."""
    return quorate.load(where, venue="binance_spot", kind="spot")


def copied(panel: quorate.Panel) -> int:
    """Copy what a run reads, block by block; return its bytes."""
    n_bytes = 0
    for _, piece in folding.pieces(panel, panel.n_bars, ()):
        for part in (piece.bars, piece.market):
            for array in part:
                n_bytes += array.copy().nbytes
    return n_bytes


def main() -> None:
    what, n_coins = sys.argv[1], int(sys.argv[2])
    if what == "--write":
        write(n_coins)
        return
    folder = files(n_coins)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=folder.parent) as made:
        place = Path(made)
        lake = imported(folder, place / "first") if what in {"certify", "stream"} else place
        if what == "stream":
            columns.write(certified(lake), place / "kept")

        def work() -> dict:
            if what == "polars":
                with ThreadPoolExecutor(2) as pool:
                    read = pool.map(pl.read_parquet, sorted(folder.glob("*.parquet")))
                    return {"rows": sum(each.height for each in read)}
            if what == "stream":
                return {"MB": copied(columns.read(place / "kept")) // 10**6}
            with tempfile.TemporaryDirectory(dir=place) as empty:
                where = imported(folder, Path(empty)) if what != "certify" else lake
                if what == "import":
                    return {"files": len(list(where.rglob("part.parquet")))}
                return {"coins": certified(where).n_coins}

        serve(
            work,
            units=n_coins * YEAR,
            unit="rows",
            version=f"quorate {quorate.__version__}",
            note=NOTES[what],
        )


if __name__ == "__main__":
    main()
