r"""With the market's volume: a share of all that trades, our own trades included.

.. math:: q = \frac{\rho}{1 - \rho}\, V_{\text{others}}, \qquad
          V_{\text{others}} = \max(0, V - q_{\text{filled}})
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.live.orders.book import ZERO

if TYPE_CHECKING:
    from decimal import Decimal

    from quorate.live.orders.parents import ParentOpened


def due(parent: ParentOpened, volume: Decimal, filled: Decimal) -> Decimal:
    """Return how much should have been sent once so much has traded in the market.

    Parameters
    ----------
    parent : ParentOpened
        ``participation`` is its share, itself included; a share of 0 or of 1 sends nothing.
    volume, filled : Decimal
        Traded by all since the parent began, and of it ours.

    Returns
    -------
    Decimal
        Coins, at most the parent.

    Notes
    -----
    Units: coins.  Causal: volume that has traded.  Missing: without a volume nothing is due.
    Spec 8, METHODS 9.3.
    """
    others = max(ZERO, volume - filled)
    if not 0 < parent.participation < 1:
        return ZERO
    return min(parent.quantity, parent.participation / (1 - parent.participation) * others)
