"""Memory of keeping a panel grows neither with its years nor with what is read beside the bars."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from tests.unit.lake import flawed
from tests.unit.lake.builders import START_MS, settlements, store

from quorate.lake import layout

KEEPER = """
import sys
from pathlib import Path
from quorate.lake import PanelSpec, Source, keep, shelf, strands

shelf.STRETCH_ROWS = strands.STRETCH_ROWS = 4_096
strands.BLOCK_CELLS = 8_192
root, kind = Path(sys.argv[1]), sys.argv[2]
bars = root / "lake/vendor=okx_swap/kind=ohlcv/interval=5m" if kind == "lake" else root / "bars"
beside = (root / "funding", root / "mark") if kind == "venues" else (root / "funding",)
more = [Source(root / "other", "binance_usdm", "perp", root / "funding")] * (kind == "venues")
spec = PanelSpec(
    (Source(bars, "okx_swap", "perp", *beside), *more), bar_minutes=60 if kind == "hours" else None
)
panel = keep(spec, root / "kept")
# not that of getrusage, which begins with the memory of the process that started this one
told = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()
print(panel.n_bars, int(told[0]) / 2**10)
"""
DAYS = (50, 400)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc"),
]
KINDS = ("lake", "hours", "venues")


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    """Return folders of two coins over a short and a long time, of files in short row groups."""
    found = []
    for days in DAYS:
        root, n = tmp_path_factory.mktemp("files"), days * flawed.DAY
        at = START_MS + np.arange(0, days * 24 + 1, 8) * flawed.HOUR
        for seed, name in enumerate(("AUSDT", "BUSDT")):
            frame = flawed.noisy(seed, n)
            mark = frame.drop("volume", "taker_buy_volume")
            parts = {"bars": frame, "other": flawed.scaled(frame, 1.0003), "mark": mark}
            for folder, rows in parts.items():
                (root / folder).mkdir(exist_ok=True)
                rows.write_parquet(root / folder / f"{name}.parquet", row_group_size=4_096)
            store(root / "funding", **{name: settlements(at, np.full(at.size, 1e-4))})
            layout.write(frame, root / "lake", layout.Key("okx_swap", "ohlcv", "5m"), name)
        found.append(root)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_eight_times_the_history_takes_no_more(roots, kind):
    """In one piece 100,000 bars of each coin more take 50 MiB, with a second venue 100."""
    peaks = []
    for days, root in zip(DAYS, roots, strict=True):
        done = subprocess.run(
            [sys.executable, "-c", KEEPER, str(root), kind],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        n_bars, peak = done.stdout.split()
        assert int(n_bars) // (24 if kind == "hours" else flawed.DAY) == days - (kind != "lake")
        peaks.append(float(peak))
    assert peaks[1] - peaks[0] < 12.0, peaks
