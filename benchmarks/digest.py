"""Digests of fixed runs: the same before and after a change that should only be faster.

    python benchmarks/digest.py [--perp BARS FUNDING]

Every array of every block counts (consensus, decisions, fills), and the memory at the end. A
synthetic market of ten coins that trades, one of fifty that waits, and, with ``--perp``, folders
of real perpetuals of Binance. Bytes depend on the machine's mathematical library: compare two
versions on one machine.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import quorate
from quorate.api import folding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quorate import Panel

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


def arrays(tree: object) -> Iterator[np.ndarray]:
    """Walk through nested tuples."""
    if isinstance(tree, np.ndarray):
        yield tree
    elif isinstance(tree, (tuple, list)):
        for branch in tree:
            yield from arrays(branch)


def digest(panel: Panel, overrides: dict[str, str], threads: int = 2) -> str:
    """Return one hash of all that a run decides and remembers."""
    fold = folding.begin(panel, quorate.read_settings(overrides=overrides), quorate.engines())
    found = hashlib.blake2b(digest_size=12)

    def add(tree: object) -> None:
        for array in arrays(tree):
            found.update(f"{array.dtype}{array.shape}".encode())
            found.update(np.ascontiguousarray(array).tobytes())

    for _, done in folding.advance(panel, fold, threads=threads):
        n = done.fills.n.item()
        add((done.consensus, done.decisions, done.fills.whole[:n], done.fills.real[:n]))
    add(fold.memory)
    return found.hexdigest()


def main() -> None:
    """Print a digest a line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--perp", nargs=2, type=Path, metavar=("BARS", "FUNDING"))
    given = parser.parse_args()
    print("10 coins, lively ", digest(quorate.synthetic(n_coins=10, days=30), LIVELY))
    print("50 coins, default", digest(quorate.synthetic(n_coins=50, days=6), {}))
    if given.perp:
        bars, funding = given.perp
        panel = quorate.load(bars, venue="binance_usdm", kind="perp", funding=funding)
        print(f"{panel.n_coins} perpetuals, lively", digest(panel, LIVELY))


if __name__ == "__main__":
    main()
