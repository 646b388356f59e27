"""The book of the solver: the coins that may move, grouped by the sectors whose cap can bind.

In: edges, bounds and positions of all coins. Out: the rows of ``prices`` for the few that matter;
leaving the others out is what makes a solve with many coins cheap.
"""

from __future__ import annotations

import math

from quorate.core.kernel import kernel
from quorate.core.portfolio.prices import BUY, HELD, LOWER, SELL, UPPER, WEIGHT
from quorate.core.types import IntVec, Mat, Vec


@kernel
def candidates(
    mu: Vec, u: Vec, w0: Vec, lower: Vec, kappa: float, most: float, book: Mat, coin: IntVec
) -> int:
    """List the coins that may leave their lower bound; return how many.

    A coin whose edge does not pay for buying has its held weight as upper bound; one whose loss
    pays for selling, or that holds nothing and gains nothing, stays where ``lower`` has it.

    Notes
    -----
    Units: percent, shares of the budget.  Causal: no time.
    Missing: a coin with a NaN edge or bound stays at its lower bound; a NaN ``w0`` is 0.
    Spec 7, METHODS 8.3.
    """
    n = 0
    for c in range(mu.size):
        floor = lower[c] if lower[c] > 0.0 else 0.0
        if not u[c] > floor:
            continue
        upper = u[c] if u[c] < most else most
        held = w0[c] if w0[c] > floor else floor
        held = upper if held > upper else held
        bought = mu[c] - kappa
        if not bought > 0.0:
            upper = held
        if upper > floor and mu[c] + kappa > 0.0 and mu[c] < math.inf:
            book[BUY, n] = bought
            book[SELL, n] = mu[c] + kappa
            book[HELD, n] = held
            book[LOWER, n] = floor
            book[UPPER, n] = upper
            coin[n] = c
            n += 1
    return n


@kernel
def label(
    book: Mat,
    coin: IntVec,
    n: int,
    lower: Vec,
    sector: IntVec,
    cap: float,
    group: IntVec,
    caps: Vec,
) -> int:
    """Give the sectors whose cap can bind numbers from 1; return one more than the last.

    Group 0 is everything else. A coin of a sector that its fixed positions already fill gets -1.
    ``caps[g]`` becomes what the candidates of the sector may hold together.

    Notes
    -----
    Units: shares of the budget.  Causal: no time.  Missing: a negative sector has no cap.
    Spec 7 and 11, METHODS 8.3.
    """
    for j in range(n):
        group[j] = -2
    n_groups = 1
    caps[0] = math.inf
    for i in range(n):
        if group[i] != -2:
            continue
        code = sector[coin[i]]
        fixed = 0.0
        for c in range(sector.size):
            if sector[c] == code and lower[c] > 0.0:
                fixed += lower[c]
        moving = 0.0
        range_ = 0.0
        for j in range(i, n):
            if sector[coin[j]] == code:
                moving += book[LOWER, j]
                range_ += book[UPPER, j] - book[LOWER, j]
        number = n_groups
        if code < 0 or fixed + range_ <= cap:
            number = 0
        elif fixed >= cap:
            number = -1
        else:
            caps[n_groups] = cap - (fixed - moving)
            n_groups += 1
        for j in range(i, n):
            if sector[coin[j]] == code:
                group[j] = number
    return n_groups


@kernel
def arrange(
    raw: Mat,
    found: IntVec,
    n: int,
    group: IntVec,
    n_groups: int,
    book: Mat,
    coin: IntVec,
    starts: IntVec,
) -> int:
    """Copy the candidates group by group; return how many are left (those of group -1 are not).

    Notes
    -----
    Units: as they come.  Causal: no time.  Missing: none is left here.
    METHODS 8.3.
    """
    at = 0
    for g in range(n_groups):
        starts[g] = at
        for j in range(n):
            if group[j] == g:
                for row in range(WEIGHT):
                    book[row, at] = raw[row, j]
                coin[at] = found[j]
                at += 1
    starts[n_groups] = at
    return at
