"""How fast files become the lake, beside what reading and writing the same rows costs at least.

    .venv/bin/python -m benchmarks.importing --data FOLDER [--coins 50] [--out FOLDER]

50 coins of a year of five-minute bars are made from the files of FOLDER (a coin is taken twice
where there are fewer). Beside the import: Polars alone reading the files, and reading and writing
them again by month, unchecked, unhashed and unsynced, one thread a file on as many threads.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

import quorate
from quorate.lake import layout

YEAR = 288 * 365
COLUMNS = ("ts", "open", "high", "low", "close", "volume")


def made(data: Path, out: Path, coins: int) -> int:
    """Write the folder to import; return its rows."""
    out.mkdir(parents=True)
    files = sorted(data.glob("*.parquet"))
    frames = [pl.read_parquet(path).select(COLUMNS).head(YEAR) for path in files]
    long = [frame for frame in frames if frame.height == YEAR]
    for i in range(coins):
        long[i % len(long)].write_parquet(out / f"C{i:03d}.parquet", compression="zstd")
    return coins * YEAR


def told(name: str, n_rows: int, work) -> None:
    """Do some work once and print rows a second by the clock and by the processor."""
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    print(
        f"{name:42s} {n_rows / clock / 1e6:6.2f} M rows/s  {clock:6.2f} s by the clock"
        f"  {cpu:6.2f} s of the processor"
    )


def reading(folder: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(pl.read_parquet, sorted(folder.glob("*.parquet"))))


def copying(folder: Path, out: Path, compression: str) -> None:
    """Read and write again by month: the bytes that an import cannot do without."""

    def one(path: Path) -> None:
        rows = pl.read_parquet(path)
        for month, part in rows.group_by(pl.col("ts").dt.truncate("1mo"), maintain_order=True):
            place = out / path.stem / f"{month[0]:%Y-%m}"
            place.mkdir(parents=True)
            held = io.BytesIO()
            part.write_parquet(held, compression=compression, statistics=False)
            (place / "part.parquet").write_bytes(held.getvalue())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, sorted(folder.glob("*.parquet"))))


def daily(root: Path, folder: Path) -> None:
    """Append one day to every coin: a month is merged and written again."""
    key = layout.Key("binance_spot", "ohlcv", "5m")
    for path in sorted(folder.glob("*.parquet")):
        rows = pl.read_parquet(path)
        last = rows["ts"][-1]
        day = rows.tail(288).with_columns(pl.col("ts") + timedelta(days=1))
        assert isinstance(last, datetime)
        layout.write(day, root, key, path.stem)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--coins", type=int, default=50)
    words.add_argument("--out", type=Path, default=None, help="where to write; a temporary folder")
    given = words.parse_args()
    assert quorate.import_data  # the code is loaded before the clock starts
    home = Path(tempfile.mkdtemp(prefix="quorate-import-", dir=given.out))
    try:
        folder, lake = home / "files", home / "lake"
        n = made(given.data, folder, given.coins)
        said = {"vendor": "binance_spot", "kind": "ohlcv"}
        where = layout.folder(lake, layout.Key("binance_spot", "ohlcv", "5m"))
        told("Polars: read", n, lambda: reading(folder))
        told("Polars: read, write by month, LZ4", n, lambda: copying(folder, home / "a", "lz4"))
        told("Polars: read, write by month, zstd", n, lambda: copying(folder, home / "b", "zstd"))
        told("import", n, lambda: quorate.import_data(folder, lake, **said))
        told("import again: nothing new", n, lambda: quorate.import_data(folder, lake, **said))
        told("verify: hash every file", n, lambda: quorate.verify(lake))
        told("check by the rules of governance", n, lambda: quorate.check_data(where))
        told("a day more of every coin", given.coins * 288, lambda: daily(lake, folder))
        told("list what there is", n, lambda: quorate.stock(lake))
        size = sum(path.stat().st_size for path in lake.rglob("part.parquet"))
        print(f"{size / n:.1f} bytes a row")
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
