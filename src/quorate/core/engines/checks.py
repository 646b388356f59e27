"""The conformance checks that every engine passes, built in or a user's own.

In: an engine. Out: what is wrong with it, in words, or nothing. A check is a function from an
engine to a complaint; ``CHECKS`` lists them all, so that a test can run over the list::

    @pytest.mark.parametrize("check", CHECKS)
    def test_my_engine(check):
        assert check(my_engine) == ""
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from quorate.core.engines.base import Engine, Rows
from quorate.core.engines.poll import poll
from quorate.core.engines.rule import Rule
from quorate.core.engines.specimen import STANDARD, mirror, specimen, uniform
from quorate.core.kernel import signatures

if TYPE_CHECKING:
    from quorate.core.types import ByteMat, Mat, Vec

Check: TypeAlias = Callable[[Engine], str]
Mask: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def answers_with_votes(engine: Engine) -> str:
    """Check that it answers with sides in {-1, 0, 1} and strengths in [0.5, 1], (time, coin)."""
    for n_time, n_coins in ((48, 12), (1, 12), (48, 1), (1, 1)):
        _, _, complaint = _votes(engine, _rows(engine, n_time, n_coins))
        if complaint:
            return f"on {n_time} bars of {n_coins} coins: {complaint}"
    return ""


def survives_stress(engine: Engine) -> str:
    """Check that it answers with votes on zeros, infinities, huge and tiny numbers, and NaN."""
    rows = _rows(engine)
    for extreme in (0.0, -0.0, 1e-300, 1e300, -1e300, np.inf, -np.inf, np.nan):
        values = np.array(rows.values)
        values[:] = extreme
        values[1::2, ::2] = rows.values[1::2, ::2]
        _, _, complaint = _votes(engine, Rows(values, rows.names))
        if complaint:
            return f"where features are {extreme}: {complaint}"
    return ""


def votes_sometimes(engine: Engine) -> str:
    """Check that on plausible rows it takes a side now and then, and not always the same one."""
    side, _, _ = _votes(engine, _rows(engine, 256))
    counts = [int((side == value).sum()) for value in (-1, 0, 1)]
    if counts[1] == side.size:
        return f"it abstains on all of {side.size} plausible rows"
    if max(counts) == side.size:
        return f"it says the same on all of {side.size} plausible rows"
    return ""


def is_deterministic(engine: Engine) -> str:
    """Check that the same rows give the same bytes."""
    rows = _rows(engine)
    first, again = _bytes(engine, rows), _bytes(engine, rows)
    return "" if first == again else "the same rows gave other votes the second time"


def leaves_inputs_alone(engine: Engine) -> str:
    """Check that it does not write to the rows it is given."""
    rows = _rows(engine)
    before = rows.values.tobytes()
    _, _, complaint = _votes(engine, rows)
    return complaint or ("" if rows.values.tobytes() == before else "it changed the rows")


def reads_one_row_at_a_time(engine: Engine) -> str:
    """Check that shuffled rows give shuffled votes, byte for byte: it sees neither time nor coins.

    Rows of all coins are shuffled as one list and given in three shapes, so a sum over time, a
    rank over coins and a memory between calls all show.
    """
    rows = _rows(engine)
    side, strength, complaint = _votes(engine, rows)
    if complaint:
        return complaint
    n_time, n_coins = rows.shape
    n_cells = n_time * n_coins
    order = np.argsort(_hash(n_cells), kind="stable")
    cells = np.moveaxis(rows.values, 1, 2).reshape(n_cells, -1)[order]
    for shape in ((n_time, n_coins), (n_cells, 1), (1, n_cells)):
        cube = np.ascontiguousarray(np.moveaxis(cells.reshape(*shape, -1), 2, 1))
        other_side, other_strength, complaint = _votes(engine, Rows(cube, rows.names))
        if complaint:
            return f"in shape {shape}: {complaint}"
        same = (side.ravel()[order] == other_side.ravel()) & (
            strength.ravel()[order] == other_strength.ravel()
        )
        if not same.all():
            return f"shuffled into {shape}, {int((~same).sum())} of {n_cells} votes changed"
    return ""


def abstains_on_unknown(engine: Engine) -> str:
    """Check that NaN in a column it reads makes it abstain there, and changes nothing elsewhere."""
    rows = _rows(engine)
    side, strength, complaint = _votes(engine, rows)
    if complaint:
        return complaint
    hole = (_hash(side.size) < 0.5).reshape(side.shape)
    for f, name in enumerate(rows.names):
        values = np.array(rows.values)
        values[:, f, :][hole] = np.nan
        other_side, other_strength, complaint = _votes(engine, Rows(values, rows.names))
        same = (other_side == side) & (other_strength == strength)
        if complaint:
            return f"where {name} is NaN: {complaint}"
        remark = _remark(engine, name, hole, same, is_out=other_side == 0)
        if remark:
            return remark
    return ""


def _remark(engine: Engine, name: str, hole: Mask, same: Mask, *, is_out: Mask) -> str:
    """Say what is wrong with votes of which those at ``hole`` miss one feature, (time, coin)."""
    if not same[~hole].all():
        return f"NaN in {name} changed votes of other rows"
    if name in engine.reads and not is_out[hole].all():
        return f"it reads {name} and takes a side where that is NaN; abstain there"
    if engine.reads and name not in engine.reads and not same.all():
        return f"{name} matters to it but is not among its reads; declare it"
    if not (same | is_out).all():
        return f"NaN in {name} changed a vote without an abstention"
    return ""


def mirrors_where_it_claims(engine: Engine) -> str:
    """Check that a symmetric engine takes the other side, as strongly, in the mirrored market."""
    if not engine.symmetric:
        return ""
    rows = _rows(engine)
    side, strength, _ = _votes(engine, rows)
    other_side, other_strength, _ = _votes(engine, mirror(rows))
    n_other = int((side != -other_side).sum())
    if n_other:
        return f"it claims symmetry, but {n_other} of {side.size} sides did not turn"
    far = float(np.abs(strength - other_strength).max())
    return "" if far < 1e-9 else f"it claims symmetry, but a strength moved by {far:.3g}"


def compiles_once(engine: Engine) -> str:
    """Check that a built-in kernel has one compiled signature whatever the block."""
    if not isinstance(engine.vote, Rule):
        return ""
    for n_time, n_coins in ((2, 3), (1, 3), (2, 1), (1, 1)):
        _votes(engine, _rows(engine, n_time, n_coins))
    n_signatures = signatures(engine.vote.tally)
    return "" if n_signatures == 1 else f"its kernel has {n_signatures} signatures; one is allowed"


def says_why(engine: Engine) -> str:
    """Check that it states a hypothesis, and that its parameters are finite numbers."""
    if not engine.hypothesis.strip():
        return "it has no hypothesis; say in a sentence why it should work"
    for name, value in engine.parameters.items():
        if not np.isfinite(value):
            return f"parameter {name} is {value}; give a finite number"
    return ""


CHECKS: tuple[Check, ...] = (
    answers_with_votes,
    survives_stress,
    votes_sometimes,
    is_deterministic,
    leaves_inputs_alone,
    reads_one_row_at_a_time,
    abstains_on_unknown,
    mirrors_where_it_claims,
    compiles_once,
    says_why,
)
"""Every check, in the order in which a failing one explains the next."""


def complaints(engine: Engine) -> tuple[str, ...]:
    """Run every check on an engine.

    Parameters
    ----------
    engine : Engine
        Any engine.

    Returns
    -------
    tuple of str
        ``check: what is wrong`` for each check that failed; empty if it conforms.

    Notes
    -----
    Units: none.  Causal: proves that the engine is.  Missing: proves that NaN abstains.

    Examples
    --------
    >>> from quorate.core.engines.base import from_function
    >>> from quorate.core.types import Regime
    >>> def tomorrow(rows):
    ...     '''Buys what rises on the next bar of the block.'''
    ...     rises = np.roll(rows["ret_bar"], -1, axis=0) > 0.0
    ...     return rises.astype(np.int8), np.where(rises, 0.9, 0.5)
    >>> cheat = from_function(tomorrow, name="cheat", family="trend", approved=[Regime.TREND])
    >>> complaints(cheat)[0]
    'reads_one_row_at_a_time: shuffled into (48, 12), ... of 576 votes changed'
    """
    found = ((check.__name__, check(engine)) for check in CHECKS)
    return tuple(f"{name}: {complaint}" for name, complaint in found if complaint)


def _rows(engine: Engine, n_time: int = 48, n_coins: int = 12) -> Rows:
    """Return plausible rows with every known feature and those the engine names itself."""
    own = tuple(name for name in engine.reads if name not in STANDARD)
    return specimen((*STANDARD, *own), n_time, n_coins)


def _votes(engine: Engine, rows: Rows) -> tuple[ByteMat, Mat, str]:
    """Return an engine's side and strength, shape (time, coin), and what the poll remarked."""
    votes, failures = poll((engine,), rows)
    return votes.side[:, 0, :], votes.strength[:, 0, :], failures[0].message if failures else ""


def _bytes(engine: Engine, rows: Rows) -> tuple[bytes, bytes]:
    """Return an engine's votes as bytes."""
    side, strength, _ = _votes(engine, rows)
    return side.tobytes(), strength.tobytes()


def _hash(n_values: int) -> Vec:
    """Return numbers in (0, 1) that are the same every time, shape (n_values,)."""
    return uniform((n_values, 1, 1), seed=7).ravel()
