"""The decision as the desk drives it: one recorded bar after the other, each with its digest.

In: the inputs of bars, in order. Out: what was decided. Fills come from the bar-level exchange, as
in a backtest: the book is the virtual one of a dry run, of a shadow and of the champion's twin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quorate.backtest import run
from quorate.errors import DataError
from quorate.live.cycle.inputs import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quorate.backtest.fills import Fills
    from quorate.backtest.run import Block, Machine, Memory
    from quorate.live.cycle.inputs import InForce, Inputs


class Decided(NamedTuple):
    """What came of a bar: its counter, a digest of every decision and fill, and the rows."""

    k: int
    digest: str
    block: Block


class Decider:
    """A decision with its memory, between two bars.

    Parameters
    ----------
    made : Machine
        Engines, parameters and the market's constants.
    memory : Memory
        After bar ``last_k``; it is moved on.
    force : InForce
        What ``made`` is, by name: inputs of anything else are refused.
    last_k : int
        The bar that ``memory`` has seen last.

    Notes
    -----
    Units: bars.  Causal: one bar after the other, none left out.  Missing: as ``backtest.run``.
    DESIGN 1.
    """

    def __init__(self, made: Machine, memory: Memory, force: InForce, last_k: int) -> None:
        self.made = made
        self._memory = memory
        self.force = force
        self.last_k = last_k

    @property
    def memory(self) -> Memory:
        """Return all that is remembered; the next bar moves it on."""
        return self._memory

    def decide(self, inputs: Inputs) -> Decided:
        """Decide on the next bar.

        Raises
        ------
        DataError
            It is not the next bar, or other axes, parameters or fits were in force.
        ArithmeticError
            The books do not balance: a bug.
        """
        self._refuse_another(inputs)
        block = run.advance(self.made, self._memory, inputs.piece)
        off = int(block.tally.imbalance[0])
        if off:
            raise ArithmeticError(f"the books are off by {off} units of 1e-8 at bar {block.k0}")
        self.last_k = block.k0
        return Decided(block.k0, digest_of(block.decisions, _filled(block)), block)

    def _refuse_another(self, inputs: Inputs) -> None:
        k = inputs.piece.k0
        if k != self.last_k + 1:
            raise DataError(
                f"bar {k} does not follow bar {self.last_k}",
                hint="a bar that is missing is decided on without data; none is left out",
            )
        for name, asked, found in zip(self.force._fields, self.force, inputs.force, strict=True):
            if asked != found:
                raise DataError(
                    f"bar {k} was recorded with {name} {found}, in force is {asked}",
                    hint="decide it again with what was in force then",
                )


class Replayed(NamedTuple):
    """How many bars were decided again, and the first that came out otherwise: None for none.

    Notes
    -----
    Units: bars.  Causal: as recorded.  Missing: None.
    """

    n_bars: int
    first_k: int | None = None

    @property
    def is_same(self) -> bool:
        """Whether every bar gave what was recorded of it."""
        return self.first_k is None


def replay(decider: Decider, recorded: Iterable[tuple[Inputs, str]]) -> Replayed:
    """Decide recorded bars again and hold each digest against the one that was kept.

    Parameters
    ----------
    decider : Decider
        With the memory from before the first of them.
    recorded : iterable of (Inputs, str)
        In order: the inputs, and the digest that the desk kept.

    Returns
    -------
    Replayed
        It stops at the first bar that differs: what follows would differ for that.

    Raises
    ------
    DataError
        As ``Decider.decide``.

    Notes
    -----
    Units: bars.  Causal: yes.  Missing: none.
    DESIGN 1 (replay).
    """
    n_bars = 0
    for inputs, kept in recorded:
        found = decider.decide(inputs)
        n_bars += 1
        if found.digest != kept:
            return Replayed(n_bars, found.k)
    return Replayed(n_bars)


def _filled(block: Block) -> Fills:
    """Return the fills that there were: rows behind them are whatever the buffer held."""
    n_rows = block.fills.n.item()
    return block.fills._replace(whole=block.fills.whole[:n_rows], real=block.fills.real[:n_rows])
