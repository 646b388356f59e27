"""What a life begins with before anybody else is needed: the lease, the journal, the state SAFE.

In: the journal. Out: a desk that stands SAFE on the disk, or HALTED as it was. No venue is asked,
nor has to be known yet: what loads slowly or does not answer is waited for from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quorate.live.controls.standing import Standing, from_text, halt, start, to_text
from quorate.live.orders.desk import Desk
from quorate.live.orders.events import Stood

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.live.orders.effects import Effect
    from quorate.store.journal import Journal


class Awake(NamedTuple):
    """A desk that holds its journal and stands SAFE: only cancels may leave.

    ``effects`` are what the book asks for: orders that an earlier life left in doubt.
    """

    desk: Desk
    standing: Standing
    effects: tuple[Effect, ...]


def wake(
    journal: Journal,
    now_ms: Callable[[], int],
    stood: Callable[[Standing], None],
    killed: str = "",
) -> Awake:
    """Take the lease, fold the journal, and write down that the desk stands SAFE.

    Parameters
    ----------
    journal : Journal
        Of the account.
    now_ms : callable
        This machine's clock.
    stood : callable
        Hears of the standing once it is in the journal.
    killed : str
        Why a kill is in force (``live.guard.record``): then the desk stands HALTED.

    Returns
    -------
    Awake
        What ``Broker.meet`` goes on with; its desk is to be closed where that never comes.

    Raises
    ------
    LeaseError
        Another desk holds the journal.
    ChainError
        The journal is not what was written.

    Notes
    -----
    Units: ms.  Causal: by the journal alone.  Missing: a journal without a standing stands SAFE.
    RELIABILITY 3.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from quorate.store import open_store
    >>> with TemporaryDirectory() as folder, open_store(f"{folder}/store.db") as store:
    ...     awake = wake(store.journal("main"), lambda: 5, lambda standing: None)
    ...     awake.desk.close()
    >>> awake.standing.trading.value, awake.desk.epoch
    ('safe', 1)
    """
    desk, effects = Desk.open(journal, now_ms())
    try:
        before = from_text(desk.book.standing)
        after = start(halt(before, killed, now_ms()) if killed else before, now_ms())
        if after != before:
            desk.record([Stood(at_ms=now_ms(), standing=to_text(after))])
            stood(after)
    except BaseException:
        desk.close()
        raise
    return Awake(desk, after, effects)
