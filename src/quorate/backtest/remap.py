r"""Carry a memory over to other axes: a coin lists or goes, an engine is added or retired.

In: a memory, the names on its axes, the names wanted, and a memory begun with those. Out: a new
memory, in mid-position. What stays keeps its bytes; what is new starts as in a memory that has
seen nothing, as if its data had been ABSENT so far. What is no plain copy:

1. ``ledger.start``: the net results of the coins that leave, so that the books still balance:
   equity = start + flows + GROSS - costs. From then on ``start`` is the opening cash plus the
   results of coins that have left; ``leaving`` tells the lines themselves, to be written down.
2. ``correlation.second`` holds a lower triangle, also after engines changed their order.
3. ``correlation.third``, ``fourth`` hold powers of :math:`|v|^2` over all engines. They are scaled
   by the share :math:`q` of the squared votes that stays, :math:`q` and :math:`q^2`: exact where
   the share is the same in every row, and 1 where nobody is retired.
4. ``weights.eligible`` is forgotten when the engines change, so the next bar solves them anew.
5. ``crosssection.order`` holds numbers of coins: they are renumbered, new ones come last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.backtest.axes import AXES, Array, Axes, check, leaves, rebuilt
from quorate.core.types import Line

if TYPE_CHECKING:
    from quorate.backtest.run import Memory
    from quorate.core import ledger

_SECOND = "consensus.correlation.second"
_SCRATCH = "exchange.active"
_ELIGIBLE = "consensus.weights.eligible"
_ORDER = "features.crosssection.order"


class _Move(NamedTuple):
    """Where the names that stay stand in the old and in the new order."""

    source: list[int]
    target: list[int]


def remap(memory: Memory, old: Axes, new: Axes, fresh: Memory) -> Memory:
    """Return the memory on other axes; nothing given is changed.

    Parameters
    ----------
    memory : Memory
        Between two bars.
    old, new : Axes
        The names on its axes, and those wanted, in any order.
    fresh : Memory
        From ``run.begin`` with the sizes of ``new`` and the same windows: what the new coins,
        engines and venues begin with.

    Returns
    -------
    Memory
        Of its own arrays.

    Raises
    ------
    ValueError
        If a coin or venue that leaves holds a position or has an order at work, or if a memory
        does not fit its axes or was begun with other windows.

    Notes
    -----
    Units: integer money stays integer, the imbalance stays 0.
    Causal: reads the memory alone. The parameters that go with the new axes name the column of
    the same BTC as before. Open paper trades and unsettled votes of what leaves are dropped.
    Missing: as in a memory that has seen nothing.  DESIGN 1, METHODS 0b.11.
    """
    check(memory, old)
    check(fresh, new)
    _check_flat(memory.chain.account.ledger, old, new)
    moves = dict(zip("cev", map(_move, old, new), strict=True))
    before, begun = dict(leaves(memory)), dict(leaves(fresh))
    made = {path: _moved(path, before[path], begun[path], moves) for path in begun}
    made[_SCRATCH] = begun[_SCRATCH].copy()
    made[_ORDER] = _renumbered(before[_ORDER], begun[_ORDER], moves["c"])
    mirrored = before[_SECOND] + np.tril(before[_SECOND], -1).swapaxes(1, 2)
    made[_SECOND] = np.tril(_moved(_SECOND, mirrored, begun[_SECOND], moves))
    if old.engines != new.engines:
        made[_ELIGIBLE] = begun[_ELIGIBLE].copy()
    if set(old.engines) - set(new.engines):
        _scale_powers(made, before[_SECOND], moves["e"].source)
    made["chain.account.ledger.start"] += sum(map(_net, leaving(memory, old, new).values()))
    return rebuilt(memory, made)


def leaving(memory: Memory, old: Axes, new: Axes) -> dict[str, tuple[int, ...]]:
    """Return what ``remap`` folds into the opening cash: the lines of each coin that leaves.

    Returns
    -------
    dict[str, tuple[int, ...]]
        By symbol, one number per ``types.Line``; a report that adds up lines over a remap adds
        these to those of the memory.

    Notes
    -----
    Units: integer money.  Causal: reads the memory alone.  Missing: empty where no coin leaves.
    Spec 12.
    """
    lines = memory.chain.account.ledger.lines
    gone = [c for c, symbol in enumerate(old.symbols) if symbol not in new.symbols]
    return {old.symbols[c]: tuple(int(amount) for amount in lines[:, c]) for c in gone}


def _net(lines: tuple[int, ...]) -> int:
    return lines[Line.GROSS] - sum(lines[Line.DELAY :])


def _move(old: tuple[str, ...], new: tuple[str, ...]) -> _Move:
    stay = [name for name in new if name in old]
    return _Move([old.index(name) for name in stay], [new.index(name) for name in stay])


def _moved(path: str, before: Array, begun: Array, moves: dict[str, _Move]) -> Array:
    """Copy an array along its lettered axes; the others must have kept their size."""
    spec = AXES[path]
    source, target = [], []
    for letter, n_before, n_begun in zip(spec, before.shape, begun.shape, strict=True):
        whole = list(range(n_before))
        move = moves.get(letter, _Move(whole, whole))
        source.append(move.source)
        target.append(move.target)
        if letter == "." and n_before != n_begun:
            raise ValueError(
                f"{path} has the shape {before.shape}, the fresh memory's is {begun.shape}: begin "
                "it with the same windows, or rebuild the memory by folding the history again"
            )
    made = begun.copy()
    made[np.ix_(*target)] = before[np.ix_(*source)]
    return made


def _renumbered(before: Array, begun: Array, move: _Move) -> Array:
    """Keep the order of the coins that stay, under their new numbers; new coins come last."""
    number = dict(zip(move.source, move.target, strict=True))
    arrived = [c for c in range(begun.shape[1]) if c not in move.target]
    made = begun.copy()
    for row, order in zip(made, before, strict=True):
        row[:] = [number[c] for c in order.tolist() if c in number] + arrived
    return made


def _scale_powers(made: dict[str, Array], second: Array, stay: list[int]) -> None:
    """Shrink the higher moments to the engines that stay, in every regime."""
    squares = np.diagonal(second, axis1=1, axis2=2)
    total = squares.sum(axis=1)
    share = np.divide(squares[:, stay].sum(axis=1), total, out=np.ones_like(total), where=total > 0)
    made["consensus.correlation.third"] *= share[:, None]
    made["consensus.correlation.fourth"] *= share**2


def _check_flat(books: ledger.State, old: Axes, new: Axes) -> None:
    """Refuse to forget a position or an order."""
    for v, venue in enumerate(old.venues):
        for c, symbol in enumerate(old.symbols):
            held, working = int(books.lots[v, c]), int(books.working[v, c])
            if (held or working) and not (symbol in new.symbols and venue in new.venues):
                raise ValueError(
                    f"{symbol} on {venue} holds {held} lots and has {working} at work, it must "
                    "have 0 of both to leave: flatten it first"
                )
