"""What each of several players is worth to what they make together (Shapley).

In: players, and what every coalition of them makes. Out: one exact fraction each; their sum is
what all make less what none makes, whatever the game. The value of a coalition is a whole run
without the other engines, so the exact form (2^n values) is for few players; for more, orders are
drawn, and because every order telescopes from nobody to all, the sum stays exact.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

Player = TypeVar("Player", bound="Hashable")
MOST_EXACT: Final = 12
"""Players up to which every coalition is played: 4096 of them."""


class Shapley(NamedTuple, Generic[Player]):
    """What each player is worth, how sure that is, and how many coalitions were played.

    ``values`` add up to what all players make less what none makes, as fractions, exactly;
    ``errors`` are standard errors: 0.0 where every coalition was played.
    """

    values: dict[Player, Fraction]
    errors: dict[Player, float]
    n_coalitions: int


def shapley(
    value: Callable[[frozenset[Player]], float | Fraction],
    players: Sequence[Player],
    *,
    n_pairs: int = 200,
    seed: int = 0,
) -> Shapley[Player]:
    """Return what each player is worth: exactly up to twelve, from drawn orders above.

    Parameters
    ----------
    value : callable
        What a coalition makes, an int, float or Fraction; called once for each coalition.
    players : sequence
        Distinct and hashable: names of engines.
    n_pairs : int
        Pairs of orders that are drawn above twelve players, at least 2.
    seed : int
        The same seed draws the same orders.

    Returns
    -------
    Shapley
        Exact fractions; ``float`` of them for people, ``apportion`` to share integer money.

    Notes
    -----
    Units: those of ``value``.  Causal: none.  Missing: a NaN or infinite value is an error.
    METHODS 13.2; Shapley (1953), "A value for n-person games".

    Examples
    --------
    >>> found = shapley(lambda coalition: len(coalition) ** 2, ["a", "b"])
    >>> found.values["a"], sum(found.values.values())
    (Fraction(2, 1), Fraction(4, 1))
    """
    if len(players) <= MOST_EXACT:
        return exact(value, players)
    return sampled(value, players, n_pairs=n_pairs, seed=seed)


def exact(
    value: Callable[[frozenset[Player]], float | Fraction], players: Sequence[Player]
) -> Shapley[Player]:
    r"""Return the Shapley values from every coalition.

    .. math:: \phi_i = \sum_{A \not\ni i} \frac{|A|!\,(n - |A| - 1)!}{n!}
              \left(v(A \cup \{i\}) - v(A)\right)

    Parameters
    ----------
    value : callable
        What a coalition makes; called ``2^n`` times.
    players : sequence
        Distinct, at most ``MOST_EXACT``.

    Returns
    -------
    Shapley
        With errors of 0.0.

    Notes
    -----
    Units: those of ``value``.  Causal: none.  Missing: a NaN or infinite value is an error.
    METHODS 13.2; Shapley (1953).

    Examples
    --------
    >>> gloves = lambda pair: min(len(pair & {"left", "other"}), len(pair & {"right"}))
    >>> exact(gloves, ["left", "other", "right"]).values["right"]
    Fraction(2, 3)
    """
    n = _count(players)
    if n > MOST_EXACT:
        raise ValueError(f"{n} players have {2**n} coalitions: use sampled above {MOST_EXACT}")
    made = [_made(value, _coalition(players, mask)) for mask in range(1 << n)]
    weight = [
        Fraction(math.factorial(a) * math.factorial(n - a - 1), math.factorial(n)) for a in range(n)
    ]
    values = {}
    for i, player in enumerate(players):
        by_size = [Fraction(0)] * n
        for mask in range(1 << n):
            if not mask >> i & 1:
                by_size[mask.bit_count()] += made[mask | 1 << i] - made[mask]
        values[player] = sum((w * s for w, s in zip(weight, by_size, strict=True)), Fraction(0))
    return Shapley(values, dict.fromkeys(players, 0.0), 1 << n)


def sampled(
    value: Callable[[frozenset[Player]], float | Fraction],
    players: Sequence[Player],
    *,
    n_pairs: int,
    seed: int,
) -> Shapley[Player]:
    r"""Return Shapley values estimated from pairs of orders, each with its reverse.

    .. math:: \hat\phi_i = \frac{1}{2m} \sum_{j=1}^{m} \sum_{\pi \in \{\pi_j, \bar\pi_j\}}
              \left(v(A^\pi_i \cup \{i\}) - v(A^\pi_i)\right)

    where :math:`A^\pi_i` are the players before i in the order.

    Parameters
    ----------
    value : callable
        What a coalition makes; each coalition that comes up is played once.
    players : sequence
        Distinct.
    n_pairs : int
        Pairs of orders, at least 2.
    seed : int
        The same seed draws the same orders.

    Returns
    -------
    Shapley
        Efficiency is exact; the error is the standard deviation of the pairs' means over the
        square root of their number.

    Notes
    -----
    Units: those of ``value``.  Causal: none.  Missing: a NaN or infinite value is an error.
    METHODS 13.2; Castro, Gomez and Tejada (2009), "Polynomial calculation of the Shapley value
    based on sampling"; antithetic pairs: Mitchell and others (2022), "Sampling permutations for
    Shapley value estimation".

    Examples
    --------
    >>> sampled(lambda coalition: len(coalition) ** 2, [1, 2, 3], n_pairs=2, seed=0).values[1]
    Fraction(3, 1)
    """
    n = _count(players)
    if n_pairs < 2:
        raise ValueError(f"n_pairs is {n_pairs}, must be at least 2 for a standard error")
    generator = np.random.default_rng(seed)
    played: dict[int, Fraction] = {}
    pairs: list[list[Fraction]] = []
    for _ in range(n_pairs):
        order = generator.permutation(n).tolist()
        gains = [Fraction(0)] * n
        for walk in (order, order[::-1]):
            mask = 0
            before = _play(value, players, mask, played)
            for i in walk:
                mask |= 1 << i
                after = _play(value, players, mask, played)
                gains[i] += (after - before) / 2
                before = after
        pairs.append(gains)
    totals = [sum(column, Fraction(0)) for column in zip(*pairs, strict=True)]
    spread = np.std(np.array(pairs, np.float64).reshape(n_pairs, n), axis=0, ddof=1)
    errors = (spread / math.sqrt(n_pairs)).tolist()
    return Shapley(
        {player: total / n_pairs for player, total in zip(players, totals, strict=True)},
        dict(zip(players, errors, strict=True)),
        len(played),
    )


def _count(players: Sequence[Player]) -> int:
    if len(set(players)) != len(players):
        raise ValueError("a player is named twice: give each one once")
    return len(players)


def _coalition(players: Sequence[Player], mask: int) -> frozenset[Player]:
    return frozenset(player for i, player in enumerate(players) if mask >> i & 1)


def _play(
    value: Callable[[frozenset[Player]], float | Fraction],
    players: Sequence[Player],
    mask: int,
    played: dict[int, Fraction],
) -> Fraction:
    """Return what a coalition makes, playing it only once."""
    if mask not in played:
        played[mask] = _made(value, _coalition(players, mask))
    return played[mask]


def _made(
    value: Callable[[frozenset[Player]], float | Fraction], coalition: frozenset[Player]
) -> Fraction:
    found = value(coalition)
    if not math.isfinite(found):
        raise ValueError(
            f"the coalition {sorted(map(str, coalition))} makes {found}: values must be finite"
        )
    return Fraction(found)
