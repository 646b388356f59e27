"""Names of orders that follow from what they are for: the same intent has the same name again.

An intent is named by its purpose, so that a decision that is taken twice asks for one order; the
name sent to the venue is short, plain enough for every venue, and starts with a mark of ours, so
that an order the journal does not know is told from a stranger's.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from quorate.records import stable_id

PREFIX: Final = "q"
LENGTH: Final = 24
EPOCHS: Final = 32**3
_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"


def intent_id(
    *, account: str, cycle: str, strategy: str, symbol: str, purpose: str, leg: int
) -> str:
    """Return the name of an intent: one account's cycle, strategy, symbol, purpose and leg.

    Parameters
    ----------
    account : str
        Whose order it is: two accounts that decide the same have two intents.
    cycle : str
        The close of the bar that decided, as text.
    strategy, symbol, purpose : str
        Who wants what: "entry", "exit", "stop", ...
    leg : int
        Which child of a parent.

    Returns
    -------
    str
        32 hexadecimal digits.

    Notes
    -----
    Units: none.  Causal: pure.  Missing: an empty part is refused.

    Examples
    --------
    >>> name = dict(account="a", cycle="2026-01-01T00:05Z", strategy="core", symbol="BTCUSDT",
    ...             purpose="entry")
    >>> intent_id(**name, leg=0) == intent_id(**name, leg=0) != intent_id(**name, leg=1)
    True
    """
    parts = {"account": account, "cycle": cycle, "strategy": strategy, "symbol": symbol}
    for name, part in (parts | {"purpose": purpose}).items():
        if not part:
            raise ValueError(f"the {name} of an intent is empty: every part names it")
    if leg < 0:
        raise ValueError(f"the leg of an intent is {leg}, must be 0 or above")
    return stable_id("intent", account, cycle, strategy, symbol, purpose, leg)


def parent_id(
    *, account: str, venue: str, cycle: str, strategy: str, symbol: str, purpose: str
) -> str:
    """Return the name of a parent order: what one cycle decided for a symbol at a venue.

    Examples
    --------
    >>> name = dict(account="a", cycle="c", strategy="core", symbol="BTCUSDT", purpose="entry")
    >>> parent_id(**name, venue="x") == parent_id(**name, venue="x") != parent_id(**name, venue="y")
    True
    """
    return stable_id("parent", account, venue, cycle, strategy, symbol, purpose)


def client_id(intent: str, epoch: int) -> str:
    """Return the id that an order bears at the venue: 24 of ``a`` to ``z`` and ``2`` to ``7``.

    Parameters
    ----------
    intent : str
        From ``intent_id``.
    epoch : int
        Which life of the desk sends it, from 1; told modulo 32,768.

    Returns
    -------
    str
        ``q``, three digits of the epoch, twenty of the intent (100 bits).

    Notes
    -----
    Units: none.  Causal: pure.  Missing: none.

    Examples
    --------
    >>> client_id("00", 1)
    'qaabrufubgpo7mnz5nquvp22'
    >>> epoch_of(client_id("00", 7)), epoch_of("web_x12"), epoch_of("Q" * 24)
    (7, None, None)
    """
    if epoch < 1:
        raise ValueError(f"the epoch is {epoch}, the first is 1")
    if not intent:
        raise ValueError("an order without an intent has no name")
    turn = epoch % EPOCHS
    digits = "".join(_BASE32[turn >> shift & 31] for shift in (10, 5, 0))
    hashed = hashlib.blake2b(intent.encode(), digest_size=15, person=b"client-id").digest()
    return PREFIX + digits + base64.b32encode(hashed).decode().lower()[:20]


def epoch_of(client: str) -> int | None:
    """Return the epoch that an id of ours tells, None for an id that is not ours."""
    if len(client) != LENGTH or client[0] != PREFIX or not set(client[1:]) <= set(_BASE32):
        return None
    found = 0
    for letter in client[1:4]:
        found = found << 5 | _BASE32.index(letter)
    return found
