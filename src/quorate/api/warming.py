"""Compile the kernels once, in two processes side by side, so that the first run need not wait.

In: nothing. Out: machine code in the cache folder, which is keyed by the kernels' source; a mark
beside it says that all of it is there.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np

from quorate.api.configure import configure, schema
from quorate.api.extensions import engines as find_engines
from quorate.backtest import exchange, run, scorecard
from quorate.backtest.fills import fills
from quorate.backtest.fold import Tally, carry, fold
from quorate.core import account, consensus, decide, features, regime
from quorate.core.consensus import edge_map
from quorate.core.engines import linear, trees
from quorate.core.engines.base import Rows
from quorate.core.engines.poll import poll
from quorate.core.features.table import FEATURES
from quorate.core.kernel import cache_folder
from quorate.core.types import N_REGIMES, Observation, Readings, Regime, Votes
from quorate.errors import QuorateError
from quorate.lake import synthetic
from quorate.research.fits import Fits
from quorate.settings import read
from quorate.statistics.drawdowns import episodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.backtest.run import Params
    from quorate.core.types import Cube
    from quorate.lake import Panel

PARTS = ("signals", "account")
_SECONDS = 900
_COMPILE = """
import gc, sys
gc.disable()  # what a compiler builds lives to its end: to look for what does not costs a tenth
from quorate.api.warming import compile_part
compile_part(sys.argv[1])
"""


def is_warm() -> bool:
    """Say whether every kernel of a run has been compiled on this machine."""
    return (cache_folder() / "warm").is_file()


def warm(say: Callable[[str], None] = print) -> None:
    """Compile what a run needs, unless it is there.

    Parameters
    ----------
    say : callable
        Told once that it will take a while.

    Raises
    ------
    QuorateError
        A process failed; what it said is in the message.
    """
    if is_warm():
        return
    say("compiling the kernels, once for this version: one to three minutes")
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "warming").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # a second process waits, and finds them
        if not is_warm():
            _compile_all()


def _compile_all() -> None:
    """Compile both parts side by side."""
    started = [
        subprocess.Popen(  # noqa: S603  (this interpreter, this function)
            [sys.executable, "-c", _COMPILE, part], stderr=subprocess.PIPE, text=True
        )
        for part in PARTS
    ]
    try:
        for process in started:
            _, said = process.communicate(timeout=_SECONDS)
            if process.returncode != 0:
                raise QuorateError(
                    f"the kernels could not be compiled: {said.strip()[-500:]}",
                    hint="check that the cache folder can be written (QUORATE_CACHE_DIR)",
                )
    finally:
        for process in started:
            process.kill()
    (cache_folder() / "warm").touch()


def compile_part(part: str) -> None:
    """Compile one half: the passes up to the consensus, or the account and what reads it."""
    panel = synthetic(n_coins=2, days=1)
    params = configure(read(schema(), None, {}), panel.bar_minutes, 0)
    if part == "signals":
        _signals(panel, params)
    else:
        _account(panel, params)
        _results(panel.n_coins)


def _signals(panel: Panel, params: Params) -> None:
    n_bars, n_coins = panel.n_bars, panel.n_coins
    memory = features.init(n_coins, params.features)
    values = features.build(panel.bars, panel.k0, memory, params.features).values
    labels = np.zeros((3, n_bars, n_coins), np.int8)
    regime.scan(
        values,
        panel.bars.status,
        panel.k0,
        regime.init(n_coins, params.regime),
        params.regime,
        labels[0],
        labels[1],
        labels[2],
    )
    voters = find_engines()
    votes, _ = poll(voters, Rows(values, tuple(feature.name for feature in FEATURES)))
    made = run.machine(voters, params, _setup(panel))
    consensus.scan(
        panel.k0,
        panel.bars.close,
        panel.bars.status,
        labels[2],
        labels[0],
        np.zeros((n_bars, n_coins)),
        votes.side,
        votes.strength,
        made.approved,
        made.cells,
        np.repeat(made.healthy[None, :], n_bars, axis=0),
        made.family,
        params.consensus,
        consensus.init(len(voters), n_coins, params.consensus),
        consensus.out(n_bars, len(voters), n_coins),
    )
    _models(values)


def _models(values: Cube) -> None:
    """Compile what a run with a model set calls beside all of that."""
    one = np.ones(1)
    fits = Fits(
        engines=(
            linear.build(
                name="fitted",
                family="model",
                approved=[Regime.TREND],
                reads=(FEATURES[0].name,),
                parameters=linear.pack(0.0 * one, one, one, 0.0, 1.0, 0.0),
                hypothesis="None: it is compiled.",
            ),
            trees.build(
                name="grown",
                family="model",
                approved=[Regime.TREND],
                reads=(FEATURES[0].name,),
                forest=trees.pack(
                    np.zeros((1, 1), np.uint16), np.zeros((1, 3), np.float32), 0.0, 0.0, 1
                ),
                hypothesis="None: it is compiled.",
            ),
        ),
        edges=edge_map.EdgeMap(np.empty(0), np.eye(1, 2), np.eye(1, 2), one),
    )
    poll(fits.engines, Rows(values, tuple(feature.name for feature in FEATURES)))
    flat = np.zeros((1, 1))
    assert fits.edges is not None  # noqa: S101  (it was given)
    edge_map.scan(flat, flat, fits.edges, flat.copy())


def _account(panel: Panel, params: Params) -> None:
    n_bars, n_venues, n_coins = panel.market.close.shape
    shape = (n_bars, n_coins)
    codes = np.zeros(shape, np.int8)
    flat = np.zeros(shape)
    readings = Readings(flat, flat, flat, flat, flat, flat, codes, codes, codes)
    votes = Votes(np.zeros((n_bars, 1, n_coins), np.int8), np.zeros((n_bars, 1, n_coins)))
    controls = run.controls(panel.member, panel.quote_usd)
    fold(
        panel.k0,
        Observation(panel.market, readings, votes, controls),
        _setup(panel),
        params.chain,
        params.exchange,
        decide.init(n_venues, n_coins, 1.0, params.chain),
        exchange.init(n_venues, n_coins),
        account.decisions(n_bars, n_venues, n_coins),
        consensus.out(n_bars, 1, n_coins),
        fills(n_bars),
        Tally(np.zeros(n_bars, np.int64), np.zeros(n_bars, np.int64)),
        np.zeros(n_coins),
    )


def _results(n_coins: int) -> None:
    """Compile what a run calls between and after its blocks."""
    flat = np.zeros((1, n_coins))
    carry(flat, flat[0].copy(), flat.copy())
    side, prob, weight = (
        np.zeros((1, 1, n_coins), np.int8),
        np.zeros((1, 1, n_coins)),
        np.zeros((1, N_REGIMES, 1)),
    )
    sums = np.zeros((2, 1, 1, N_REGIMES))
    regimes, day = np.zeros((1, n_coins), np.int8), np.zeros(1, np.int64)
    scorecard.settle(
        side,
        prob,
        weight,
        regimes,
        flat,
        day,
        np.zeros((1, N_REGIMES, 4)),
        np.zeros(N_REGIMES, np.int64),
        sums[0],
        sums[1],
    )
    episodes(np.zeros(2))


def _setup(panel: Panel) -> account.Setup:
    return account.Setup(
        venues=panel.venues,
        sector=np.full(panel.n_coins, -1, np.int64),
        can_short=np.ascontiguousarray(panel.venues.is_perp[0]),
    )
