"""How often coin flips would have done as well as a few trades: exact, however few there are.

In: what each closed trade won or lost, in integers. Out: in how many of all choices of signs the
total is as high. A ratio needs days and trades enough for its spread to be known; this needs none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from quorate.core.types import IntVec

MAX_TRADES: Final = 40
"""Above it all choices of signs are too many to count: two halves of 2^20 totals are kept."""
_LARGEST: Final = 2**62


class SignFlips(NamedTuple):
    """In how many of all choices of signs the total is as high as the one there was."""

    as_high: int
    cases: int

    @property
    def p(self) -> float:
        """Return the share of choices, the one-sided p-value."""
        return self.as_high / self.cases


def sign_flips(net: IntVec) -> SignFlips:
    r"""Count the choices of signs under which results total as much as they did.

    .. math::
        p = 2^{-n}\,\#\Big\{e \in \{-1, 1\}^n : \sum_i e_i |x_i| \ge \sum_i x_i\Big\}

    Without skill a trade wins or loses the same with equal odds, one apart from the other: then
    :math:`P(p \le a) \le a` for every :math:`a`, whatever the sizes. All signs are counted, none
    are drawn: each half of the trades has its totals, and of every one in the one half a sorted
    search counts those in the other that complete it.

    Parameters
    ----------
    net : IntVec
        Net result of each closed trade, shape (trade,).

    Returns
    -------
    SignFlips
        At least 1 of :math:`2^n` cases: the signs there were.

    Raises
    ------
    ValueError
        More than ``MAX_TRADES`` results, or such large ones that a total has no 64 bits.

    Notes
    -----
    Units: any one for all, as 1e-8 USD; counts.  Causal: reads all trades.  Missing: no trade is 1
    of 1 cases.  Fisher (1935, section 21), Pitman (1937); METHODS 5.5.

    Examples
    --------
    >>> sign_flips(np.array([5]))
    SignFlips(as_high=1, cases=2)
    >>> sign_flips(np.array([3, -1, 2])).p
    0.25
    """
    n = len(net)
    if n > MAX_TRADES:
        raise ValueError(f"{n} results are more than the {MAX_TRADES} whose signs are counted")
    total = sum(int(x) for x in net)
    if sum(abs(int(x)) for x in net) > _LARGEST:
        raise ValueError(f"the results total more than {_LARGEST} units")
    sizes = np.abs(np.asarray(net, np.int64))
    first, second = _totals(sizes[: n // 2]), np.sort(_totals(sizes[n // 2 :]))
    as_high = len(second) - np.searchsorted(second, total - first, side="left")
    return SignFlips(int(as_high.sum()), 2**n)


def _totals(sizes: IntVec) -> IntVec:
    """Return the total under every choice of signs, shape (2^n,)."""
    found = np.zeros(1, np.int64)
    for size in sizes:
        found = np.concatenate([found - size, found + size])
    return found
