r"""Evenly over time: slices whose sizes sum exactly, at times that cannot be guessed from outside.

.. math:: Q_j = \operatorname{round}\bigl(Q\, j / n\bigr), \qquad
          t_j = t_0 + \Delta\,(j + 0.2\, u_j), \quad u_j \in [-1, 1)

``u_j`` is a hash of the parent's id and the slice, so that a restart finds the same times.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from quorate.core.routing.schedule import cumulative, jitter

if TYPE_CHECKING:
    from decimal import Decimal

    from quorate.live.orders.parents import ParentOpened

JITTER_FRAC: Final = 0.2
_MOST_SLICES: Final = 100_000


def seed_of(parent_id: str) -> int:
    """Return the number that stands for chance in a parent, the same in every life.

    Examples
    --------
    >>> seed_of("p") == seed_of("p") != seed_of("q")
    True
    """
    hashed = hashlib.blake2b(parent_id.encode(), digest_size=4, person=b"schedule").digest()
    return int.from_bytes(hashed) & 0x7FFFFFFF


def n_slices(parent: ParentOpened) -> int:
    """Return how many slices fit between the beginning and the deadline, at least one."""
    length_ms = parent.deadline_ms - parent.begin_ms
    return min(max(1, length_ms // max(parent.slice_ms, 1)), _MOST_SLICES)


def starts_ms(parent: ParentOpened, j: int) -> int:
    """Return when slice ``j`` (from 0) begins; the first is never moved."""
    if j <= 0:
        return parent.begin_ms
    moved = j + jitter(seed_of(parent.parent_id), j, 0, JITTER_FRAC) - 1.0
    return parent.begin_ms + round(parent.slice_ms * moved)


def slice_at(parent: ParentOpened, now_ms: int) -> int:
    """Return which slice a moment is in, from 0.

    Notes
    -----
    Units: none.  Causal: by the clock alone.  Missing: before the beginning it is the first.
    METHODS 9.3.
    """
    guess = (now_ms - parent.begin_ms) // max(parent.slice_ms, 1) + 1
    last = n_slices(parent) - 1
    j = min(max(guess, 0), last)
    while j > 0 and starts_ms(parent, j) > now_ms:
        j -= 1
    return int(j)


def due(parent: ParentOpened, now_ms: int, lot: Decimal) -> Decimal:
    r"""Return how much should have been sent by now.

    .. math:: \operatorname{round}(Q\, (j + 1) / n)

    in lots, or more of it early where the parent has an urgency (Almgren and Chriss 2000); at the
    last slice all of it, so that the part below a lot goes with it.

    Notes
    -----
    Units: coins.  Causal: by the clock alone.  Missing: none.  Spec 8, METHODS 9.3.
    """
    j, n = slice_at(parent, now_ms), n_slices(parent)
    if j + 1 >= n:
        return parent.quantity
    lots = int(parent.quantity / lot)
    return cumulative(lots, j + 1, n, float(parent.urgency)) * lot
