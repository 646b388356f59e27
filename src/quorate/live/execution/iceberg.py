r"""Only a tip is shown: its size within 20% of what is displayed, by a hash of parent and child.

.. math:: \text{tip} = d\,(1 + 0.2\, u_{\text{leg}}), \quad u_{\text{leg}} \in [-1, 1)
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from quorate.core.routing.schedule import jitter
from quorate.live.execution.twap import JITTER_FRAC, seed_of

if TYPE_CHECKING:
    from quorate.live.orders.parents import ParentOpened


def tip(parent: ParentOpened, leg: int) -> Decimal | None:
    """Return the most that a child shows; None: all of it.

    Notes
    -----
    Units: coins.  Causal: by parent and child alone.  Missing: a display of 0 shows all.
    Spec 8, METHODS 9.3.
    """
    if not parent.display:
        return None
    factor = jitter(seed_of(parent.parent_id), leg, 1, JITTER_FRAC)
    return parent.display * Decimal(repr(round(factor, 6)))
