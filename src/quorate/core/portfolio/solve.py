r"""The portfolio, solved exactly: best edge after turnover under every limit (METHODS 8.2, 8.3).

In: edge, bounds and held weights per coin, sectors and limits. Out: weights. Three nested facts
make it fast. A coin that gains nothing by moving is left out. For a price of concentration
:math:`\nu` the prices of budget and sectors are found by ``prices.clear``. And while the same
coins are free, HHI is linear in :math:`1/\nu^2`, so a Newton step on that scale inside a bracket
lands on the limit in a few rounds.
"""

from __future__ import annotations

import math

import numpy as np

from quorate.core.kernel import kernel
from quorate.core.portfolio.book import arrange, candidates, label
from quorate.core.portfolio.prices import BUY, HELD, LOWER, N_ROWS, SELL, UPPER, WEIGHT, clear
from quorate.core.types import IntVec, Mat, Reason, Vec

_ROUNDS = 200
# limits are met this much inside, so that no rounding steps over them
_INSIDE = 1.0 - 1e-12
# the price of concentration where nothing is concentrated: it splits ties evenly
_RIDGE = 1e-10


@kernel
def spread(book: Mat, start: int, stop: int) -> tuple[int, float, float, float]:
    """Return the free coins' number, sum and squares, and the squares of the others.

    Notes
    -----
    Units: shares of the budget.  Causal: no time.  Missing: excluded by the caller.
    METHODS 8.3.
    """
    n_free = 0
    total = 0.0
    squares = 0.0
    fixed = 0.0
    for c in range(start, stop):
        x = book[WEIGHT, c]
        square = x * x
        if (x != book[HELD, c]) & (x > book[LOWER, c]) & (x < book[UPPER, c]):
            n_free += 1
            total += x
            squares += square
        else:
            fixed += square
    return n_free, total, squares, fixed


@kernel
def allocate(
    book: Mat,
    starts: IntVec,
    caps: Vec,
    none: Vec,
    price: Vec,
    n_groups: int,
    limit: float,
    t: float,
    high: float,
) -> tuple[float, float]:
    r"""Set the best weights at one price of concentration; split their HHI in two.

    While the same coins are free, one part of HHI stays and the other grows as :math:`t^2`:
    where a limit binds, only the deviation from the free coins' mean depends on ``t``.

    Returns
    -------
    tuple[float, float]
        The part that stays, and the part that grows.

    Notes
    -----
    Units: shares of the budget squared.  Causal: no time.  Missing: excluded by the caller.
    Spec 7, METHODS 8.3.
    """
    still = 0.0
    grows = 0.0
    n_pool = 0
    total_pool = 0.0
    # first all groups at the price of the budget, then each full one at a price of its own
    for g in range(-1, n_groups):
        first = max(g, 0)
        groups = (first, g + 1 if g >= 0 else n_groups)
        is_full = g < 0
        floor = 0.0
        most = limit
        if g >= 0:
            floor = price[0]
            most = caps[g]
            part = 0.0
            for c in range(starts[g], starts[g + 1]):
                part += book[WEIGHT, c]
            is_full = part > most
        if is_full:
            guess = price[first] if floor < price[first] < high else 0.5 * (floor + high)
            price[first] = clear(
                book, starts, caps if g < 0 else none, groups, most, t, floor, high, guess
            )
        if g < 0:
            continue
        n_free, total, squares, fixed = spread(book, starts[g], starts[g + 1])
        still += fixed
        grows += squares
        if is_full and n_free > 0:
            still += total * total / n_free
            grows -= total * total / n_free
        elif not is_full:
            n_pool += n_free
            total_pool += total
    if price[0] > 0.0 and n_pool > 0:
        still += total_pool * total_pool / n_pool
        grows -= total_pool * total_pool / n_pool
    return still, grows


@kernel
def concentrate(
    book: Mat,
    starts: IntVec,
    caps: Vec,
    n_groups: int,
    limit: float,
    max_hhi: float,
    penalty: float,
    fixed: float,
) -> bool:
    r"""Find the price of concentration; the weights are in the book. False if it was not found.

    Parameters
    ----------
    book, starts, caps, n_groups
        The candidates by group.
    limit : float
        What the candidates may hold together.
    max_hhi, penalty : float
        The limit, and the highest price of it: at that price a higher HHI is paid for.
    fixed : float
        HHI of the coins that are not candidates.

    Notes
    -----
    Units: percent, shares of the budget.  Causal: no time.  Missing: excluded by the caller.
    Spec 7, METHODS 8.2 and 8.3.
    """
    price = np.empty(n_groups)
    none = np.empty(n_groups)
    high = 0.0
    gain = 0.0
    largest = 0.0
    squares = 0.0
    for g in range(n_groups):
        price[g] = 0.0
        none[g] = math.inf
        for c in range(starts[g], starts[g + 1]):
            high = max(high, book[SELL, c])
            best = book[BUY, c] if book[BUY, c] > 0.0 else book[SELL, c]
            gain += best * best
            upper = min(book[UPPER, c], caps[g])
            largest = max(largest, upper)
            squares += upper * upper
    room = max_hhi - fixed
    t_high = 0.5 / _RIDGE
    t_low = min(0.5 / penalty, t_high) if penalty > 0.0 else t_high
    if squares <= room or largest * limit <= room:
        t_low = t_high
    t = min(max(math.sqrt(max(room, 0.0) / gain), t_low), t_high)
    # a limit of the search counts as known only once it was tried
    t_min, t_max = t_low, t_high
    is_last = False
    for n_round in range(_ROUNDS):
        still, grows = allocate(book, starts, caps, none, price, n_groups, limit, t, high)
        excess = still + grows - room
        if is_last or abs(excess) <= 1e-13 * max_hhi:
            return True
        if excess > 0.0:
            t_high = t
            if t <= t_min:
                return True
            t_max = t_max if t < t_max else math.inf
        else:
            t_low = t
            if t >= t_max:
                return True
        if t_high - t_low <= 4e-16 * t_high:
            t = t_low
            is_last = True
            continue
        t = _next(t, t_low, t_high, t_max, room - still, grows, n_round)
    return False


@kernel
def _next(
    t: float, low: float, high: float, top: float, room: float, grows: float, n_round: int
) -> float:
    """Return the next scale of the weights: Newton on its square, inside the bracket."""
    if room > 0.0 and grows > 1e-12 * room and n_round % 8 != 7:
        newton = t * math.sqrt(room / grows)
        if low < newton < high:
            return newton
    if high == top:
        return top
    return math.sqrt(low * high) if low > 0.0 else 0.25 * high


@kernel
def solve(
    mu: Vec,
    u: Vec,
    w0: Vec,
    lower: Vec,
    sector: IntVec,
    sector_cap: float,
    budget: float,
    kappa: float,
    max_hhi: float,
    penalty: float,
    w_out: Vec,
) -> int:
    r"""Share the risk budget among the coins; what is not shared is cash.

    .. math:: \max_w\ \mu^\top w - \kappa \lVert w - w_0 \rVert_1
              - P \max(0, \textstyle\sum w_c^2 - h)
    .. math:: \text{s.t.}\quad \textstyle\sum w_c \le B,\quad l_c \le w_c \le u_c,\quad
              \textstyle\sum_{c \in g} w_c \le s

    Parameters
    ----------
    mu : Vec
        Expected edge times confidence, percent, shape (coin,).
    u : Vec
        Upper bounds, shape (coin,).
    w0 : Vec
        Weights held now, shape (coin,); they may be outside every limit.
    lower : Vec
        Lower bounds, shape (coin,): 0, or the weight of a position that must be kept.
    sector : IntVec
        Sector codes, shape (coin,); a negative one has no cap.
    sector_cap : float
        The same cap ``s`` for every sector; the budget or more for none.
    budget : float
        ``B``.
    kappa : float
        Percent per unit of turnover.
    max_hhi : float
        ``h``.
    penalty : float
        ``P``, percent per unit of HHI over ``h``; infinite makes ``h`` a hard limit.
    w_out : Vec
        The weights found, shape (coin,), written.

    Returns
    -------
    int
        0, or ``Reason.PORTFOLIO_NOT_SOLVED`` with ``w_out`` equal to ``w0``.

    Notes
    -----
    Units: percent, shares of the budget.  Causal: no time.
    Missing: a coin with a NaN edge or bound stays at its lower bound; a NaN ``w0`` is 0.
    Lower bounds win: if they alone exceed the budget, a sector's cap or ``h``, every coin that
    limit concerns stays at its lower bound, and cutting positions is left to the risk stage.
    Ties share equally. Limits are met 1e-12 (relative) inside.
    Spec 7, METHODS 8.

    Examples
    --------
    >>> mu, w = np.array([0.4, 0.3, 0.2, 0.1, -0.05]), np.empty(5)
    >>> free, one = np.zeros(5), np.ones(5)
    >>> sector = np.zeros(5, dtype=np.int64)
    >>> solve(mu, one, free, free, sector, math.inf, 1.0, 0.1, 0.25, 100.0, w)
    0
    >>> np.round(w, 6)
    array([0.400892, 0.267261, 0.133631, 0.      , 0.      ])
    """
    n = mu.size
    is_sane = 0.0 <= kappa < math.inf and 0.0 <= budget < math.inf and 0.0 < max_hhi < math.inf
    if not (is_sane and penalty >= 0.0 and sector_cap >= 0.0):
        for c in range(n):
            w_out[c] = w0[c]
        return Reason.PORTFOLIO_NOT_SOLVED.value
    kept = 0.0
    kept_hhi = 0.0
    for c in range(n):
        w_out[c] = lower[c] if lower[c] > 0.0 else 0.0
        kept += w_out[c]
        kept_hhi += w_out[c] * w_out[c]
    limit = budget * _INSIDE
    if kept >= limit or kept_hhi >= max_hhi * _INSIDE:
        return 0
    found = np.empty(n, dtype=np.int64)
    raw = np.empty((N_ROWS, n))
    m = candidates(mu, u, w0, lower, kappa, limit, raw, found)
    if m == 0:
        return 0
    coin = np.empty(m, dtype=np.int64)
    book = np.empty((N_ROWS, m))
    starts = np.empty(m + 2, dtype=np.int64)
    caps = np.empty(m + 1)
    group = np.empty(m, dtype=np.int64)
    n_groups = 1
    caps[0] = math.inf
    for j in range(m):
        group[j] = 0
    if sector_cap < budget:
        n_groups = label(raw, found, m, lower, sector, sector_cap * _INSIDE, group, caps)
    m = arrange(raw, found, m, group, n_groups, book, coin, starts)
    if m == 0:
        return 0
    for j in range(m):
        kept -= book[LOWER, j]
        kept_hhi -= book[LOWER, j] * book[LOWER, j]
    if not concentrate(
        book, starts, caps, n_groups, limit - kept, max_hhi * _INSIDE, penalty, kept_hhi
    ):
        for c in range(n):
            w_out[c] = w0[c]
        return Reason.PORTFOLIO_NOT_SOLVED.value
    for j in range(m):
        w_out[coin[j]] = book[WEIGHT, j]
    return 0
