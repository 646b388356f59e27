"""Sharing out integers so that nothing is lost: every part is whole and the parts add up.

In: an integer and weights. Out: integers whose sum is the first one, exactly. The rule is that of
the largest remainder: every part is rounded down, and what is left goes, one unit each, to the
parts that lost most by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def apportion(amount: int, weights: Sequence[int]) -> list[int]:
    r"""Share out an integer in proportion to integer weights.

    .. math:: x_i \in \{\lfloor q_i \rfloor, \lfloor q_i \rfloor + 1\}, \quad
              q_i = a\, w_i / \textstyle\sum_j w_j, \quad \sum_i x_i = a

    Parameters
    ----------
    amount : int
        What is shared, of any sign.
    weights : sequence of int
        Of any sign; their sum is not 0.

    Returns
    -------
    list of int
        One part for each weight; their sum is ``amount``. Ties go to the first.

    Notes
    -----
    Units: those of ``amount``.  Causal: reads its arguments.  Missing: none.
    METHODS 13.1.

    Examples
    --------
    >>> apportion(100, [1, 1, 1]), apportion(-10, [5, -2, 1])
    ([34, 33, 33], [-12, 5, -3])
    """
    total = sum(weights)
    if total == 0:
        raise ValueError("the weights add up to 0: there is nothing to share by")
    return whole_parts([amount * weight for weight in weights], total)


def whole_parts(numerators: Sequence[int], denominator: int) -> list[int]:
    r"""Round fractions of one denominator to integers without changing their sum.

    Parameters
    ----------
    numerators : sequence of int
        Their sum is a multiple of ``denominator``.
    denominator : int
        Of any sign, not 0.

    Returns
    -------
    list of int
        Each within 1 of its fraction, and the sum is that of the fractions.

    Notes
    -----
    Units: those of the fractions.  Causal: reads its arguments.  Missing: none.
    METHODS 13.1.

    Examples
    --------
    >>> whole_parts([5, 5, -10], 3)
    [2, 2, -4]
    """
    if denominator == 0:
        raise ValueError("the denominator is 0: give the total of the weights")
    if sum(numerators) % denominator:
        raise ValueError(f"the sum of the fractions is not whole: {sum(numerators)}/{denominator}")
    flip = 1 if denominator > 0 else -1
    pairs = [divmod(flip * numerator, flip * denominator) for numerator in numerators]
    parts = [whole for whole, _ in pairs]
    left = sum(rest for _, rest in pairs) // (flip * denominator)
    for i in sorted(range(len(pairs)), key=lambda i: -pairs[i][1])[:left]:
        parts[i] += 1
    return parts
