"""Digests of fixed runs: the same before and after a change that should only be faster.

    python -m benchmarks.digest [--perp BARS FUNDING]

Every array of every block counts (features, votes, consensus, decisions, fills), and the memory at
the end. A synthetic market of ten coins that trades, one of fifty that waits, and, with ``--perp``,
folders of real perpetuals of Binance. ``tests/parity/test_digests.py`` holds what this prints, and
says why bytes hold only where exponentials and logarithms have the same last bit.
"""

from __future__ import annotations

import argparse
import hashlib
import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import quorate
from quorate.api import folding
from quorate.core.kernel import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quorate import Panel
    from quorate.backtest.run import Block

# gates loosened until real prices are traded at all; the tests over real data take it from here
LIVELY = {
    "consensus.edge_slope": "6",
    "consensus.prior_mass": "20",
    "consensus.k": "0.5",
    "consensus.quorum": "0",
    "consensus.weighting": "skill",
    "costs.safety_margin_bps": "0",
    "risk.min_paper_trades": "100000",
    "risk.base_multiplier": "1",
}


class Fixed(NamedTuple):
    """A run that is always the same: a synthetic market and settings."""

    n_coins: int
    days: int
    overrides: dict[str, str]

    def panel(self) -> Panel:
        """Make its market."""
        return quorate.synthetic(n_coins=self.n_coins, days=self.days)


RUNS = {
    "10 coins, lively": Fixed(10, 30, LIVELY),
    "50 coins, default": Fixed(50, 6, {}),
}
PERPETUALS = "perpetuals, lively"


def perpetuals(bars: Path, funding: Path) -> Panel:
    """Load real perpetuals of Binance; they run under ``LIVELY``."""
    return quorate.load(bars, venue="binance_usdm", kind="perp", funding=funding)


def leaves(tree: Any, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield every array of nested records by its path."""
    if isinstance(tree, np.ndarray):
        yield name, tree
    else:
        for part, branch in tree._asdict().items():
            yield from leaves(branch, f"{name}.{part}")


def rows(done: Block) -> Iterator[tuple[str, np.ndarray]]:
    """Yield all that a block left, by name; time is the first axis of all but fills."""
    yield "features", done.features
    for name in ("readings", "votes", "consensus", "decisions", "tally"):
        yield from leaves(getattr(done, name), name)
    n = done.fills.n.item()
    yield "fills.whole", done.fills.whole[:n]
    yield "fills.real", done.fills.real[:n]


@dataclass
class Left:
    """What a run left, as far as it can be compared.

    Attributes
    ----------
    hashes : dict
        Of the bytes of each array, blocks joined.
    sums : Counter
        Of the magnitudes of what is finite in each array.
    n_fills : int
        How many fills there were.
    """

    hashes: dict[str, Any] = field(default_factory=dict)
    sums: Counter[str] = field(default_factory=Counter)
    n_fills: int = 0

    def add(self, name: str, array: np.ndarray) -> None:
        """Take the next rows of an array."""
        if name not in self.hashes:
            self.hashes[name] = hashlib.blake2b(f"{array.dtype}{array.shape[1:]}".encode())
        self.hashes[name].update(np.ascontiguousarray(array).tobytes())
        finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
        self.sums[name] += float(np.abs(finite.astype(np.float64)).sum())

    def take(self, done: Block) -> None:
        """Take all that the next block left."""
        for name, array in rows(done):
            self.add(name, array)
        self.n_fills += done.fills.n.item()

    @property
    def digest(self) -> str:
        """One hash of everything; blocks may be of any length."""
        found = hashlib.blake2b(digest_size=12)
        for name, each in sorted(self.hashes.items()):
            found.update(name.encode() + each.digest())
        return found.hexdigest()

    def figures(self) -> dict[str, float]:
        """Return what the run came to in a few numbers of six digits."""
        chosen = {name: self.sums[name] for name in FIGURES}
        return {name: float(f"{x:.6g}") for name, x in (chosen | {"fills": self.n_fills}).items()}


FIGURES = (
    "features",
    "readings.sigma_daily",
    "readings.hazards",
    "votes.side",
    "votes.strength",
    "consensus.prob",
    "consensus.weights",
    "consensus.score",
    "consensus.threshold",
    "consensus.edge_bps",
    "decisions.number",
    "decisions.code",
    "decisions.lots",
    "decisions.equity",
    "tally.costs",
)


def left(panel: Panel, overrides: dict[str, str], threads: int = 2) -> Left:
    """Run a market to its end and return what it left."""
    fold = folding.begin(panel, quorate.read_settings(overrides=overrides), quorate.engines())
    found = Left()
    for _, done in folding.advance(panel, fold, threads=threads):
        found.take(done)
    for name, array in leaves(fold.memory, "memory"):
        found.add(name, array)
    return found


@kernel
def _compiled(x: np.ndarray, out: np.ndarray) -> None:
    for i in range(x.size):
        out[0, i] = math.exp(x[i])
        out[1, i] = math.log(abs(x[i]))
        out[2, i] = math.expm1(x[i])
        out[3, i] = math.sinh(x[i])
        out[4, i] = math.tanh(x[i])
        out[5, i] = math.asinh(x[i])
        out[6, i] = 2.0 ** x[i]
        out[7, i] = abs(x[i]) ** 1.5


def arithmetic() -> str:
    """Return a hash of the last bits of the functions that runs and synthetic markets call.

    Two machines on which it is the same compute the same bytes, whatever else differs.
    """
    generator = np.random.default_rng(1)
    x = 3.0 * generator.standard_normal(20_000)
    compiled = np.empty((8, x.size))
    _compiled(x, compiled)
    plain = [np.exp(x), np.log(np.abs(x)), np.log1p(np.abs(x)), np.log10(np.abs(x)), np.sin(x)]
    plain += [
        np.tanh(x),
        generator.geometric(0.1, 1000).astype(float),
        generator.uniform(size=1000),
    ]
    found = hashlib.blake2b(compiled.tobytes(), digest_size=6)
    for each in (x, *plain, x.reshape(100, 200).sum(axis=0), x.reshape(100, 200).mean(axis=1)):
        found.update(each.tobytes())
    return found.hexdigest()


def main() -> None:
    """Print what each run came to, and its digest."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--perp", nargs=2, type=Path, metavar=("BARS", "FUNDING"))
    given = parser.parse_args()
    todo = {name: (fixed.panel, fixed.overrides) for name, fixed in RUNS.items()}
    if given.perp:
        todo[PERPETUALS] = (lambda: perpetuals(*given.perp), LIVELY)
    print("arithmetic", arithmetic())
    for name, (made, overrides) in todo.items():
        found = left(made(), overrides)
        print(f"{name}: {found.digest}\n    {found.figures()}")


if __name__ == "__main__":
    main()
