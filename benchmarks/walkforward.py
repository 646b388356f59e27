"""A whole walk forward over real bars: seconds by step, and what Quorate adds to the libraries.

    python -m benchmarks.walkforward --bars FOLDER [--coins 25] [--rules 16] [--figures FILE]

``FOLDER`` holds five-minute bars of a spot venue, one ``SYMBOL.parquet`` a coin; left out, it is
``ohlcv/binance_spot/5m`` below ``QUORATE_DATA_DIR``. The windows are those of the specification:
120 days to learn, 3 to purge, 30 to test, as many as there are. Two engines are trained (logistic
regression and boosted trees), every engine is calibrated, the edge map fitted, and every Monday
engines are approved and withdrawn. One process; what trades uses two threads. Kernels are compiled
and loaded before the clock starts.

Own overhead is what training an engine takes beyond the calls of scikit-learn and XGBoost inside
it: samples, purged splits, rows copied, trees laid out, the kernels that ask a model out of fold.
Both are of the same calls in the same process, so that a busy machine slows both alike.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.served import peak_mib

import quorate
from quorate.api.plans import Plan
from quorate.research import training

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BARS = Path("ohlcv") / "binance_spot" / "5m"
STEPS = {
    "load": "loading by the rules of data",
    "watch": "watching before the first test",
    "learn": "learning: labels, models, calibration, edge map",
    "rank": "judging engines every Monday",
    "trade": "trading the tests",
    "tell": "attributing and judging",
    "write": "writing the run's folder",
}


class Clock:
    """Seconds within calls, those within one another counted once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls = 0
        self._is_inside = False

    def around(self, place: Any, name: str) -> None:
        """Count the calls of a function or method from now on."""
        asked: Callable[..., Any] = getattr(place, name)

        @functools.wraps(asked)
        def timed(*given: Any, **named: Any) -> Any:
            if self._is_inside:
                return asked(*given, **named)
            self._is_inside = True
            begun = time.perf_counter()
            try:
                return asked(*given, **named)
            finally:
                self.seconds += time.perf_counter() - begun
                self.calls += 1
                self._is_inside = False

        setattr(place, name, timed)


def libraries() -> Iterator[tuple[Any, str]]:
    """Yield every call that a trained engine makes of a library."""
    import xgboost
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    yield from ((xgboost, "train"), (xgboost.DMatrix, "__init__"), (xgboost.Booster, "predict"))
    yield from ((StandardScaler, "fit"), (StandardScaler, "transform"), (LogisticRegression, "fit"))


def measured(bars: Path, n_coins: int, n_rules: int, out: Path) -> dict[str, Any]:
    """Walk forward once, and return what it took."""
    quorate.warm()
    inside, around = Clock(), Clock()
    for place, name in libraries():
        inside.around(place, name)
    around.around(training, "trained")
    begun = time.perf_counter()
    panel = quorate.load(bars, venue="binance_spot", kind="spot")
    loaded = time.perf_counter() - begun
    if panel.n_coins > n_coins:
        panel = quorate.load(
            bars, venue="binance_spot", kind="spot", symbols=list(panel.symbols)[:n_coins]
        )
    found = quorate.walkforward(
        panel, quorate.read_settings(), Plan(), engines=quorate.engines()[:n_rules], out=out
    )
    whole = time.perf_counter() - begun
    seconds = {"load": loaded, **found.result.facts["seconds"]}
    seconds["write"] = whole - sum(seconds.values())
    return {
        "seconds": seconds,
        "wall_s": whole,
        "folds": found.folds.height,
        "coins": panel.n_coins,
        "bars": panel.n_bars,
        "rules": n_rules,
        "fills": found.result.fills.height,
        "library_s": inside.seconds,
        "library_calls": inside.calls,
        "training_s": around.seconds,
        "overhead": around.seconds / inside.seconds - 1.0,
        "peak_mib": peak_mib(),
    }


def table(found: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the time table."""
    yield (
        f"{found['folds']} folds, {found['coins']} coins x {found['bars']:,} bars, "
        f"{found['rules']} rule engines and 2 trained, {found['fills']:,} fills"
    )
    yield ""
    yield "| step | seconds | share |"
    yield "| --- | ---: | ---: |"
    for step, took in found["seconds"].items():
        yield f"| {STEPS.get(step, step)} | {took:.1f} | {took / found['wall_s']:.0%} |"
    yield f"| all | {found['wall_s']:.1f} | 100% |"
    yield ""
    yield (
        f"Training the engines: {found['training_s']:.1f} s, of which {found['library_s']:.1f} s "
        f"in {found['library_calls']:,} calls of libraries: own overhead {found['overhead']:.1%}. "
        f"Peak {found['peak_mib']:,.0f} MiB."
    )


def _kept() -> Path | None:
    place = os.environ.get("QUORATE_DATA_DIR")
    return Path(place) / BARS if place else None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bars", type=Path, default=_kept())
    parser.add_argument("--coins", type=int, default=25)
    parser.add_argument("--rules", type=int, default=16)
    parser.add_argument("--figures", type=Path, help="add the figures to this file, a line of JSON")
    given = parser.parse_args()
    if given.bars is None or not given.bars.is_dir():
        parser.error("name a folder of bars with --bars, or set QUORATE_DATA_DIR")
    with tempfile.TemporaryDirectory(prefix="walkforward-") as out:
        os.environ["QUORATE_STATE_DIR"] = out  # what is timed is no trial of the user's
        found = measured(given.bars, given.coins, given.rules, Path(out))
    print("\n".join(table(found)), flush=True)
    if given.figures:
        with given.figures.open("a") as lines:
            print(json.dumps(found), file=lines)


if __name__ == "__main__":
    main()
