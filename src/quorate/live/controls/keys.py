"""Whether a key may be used: it trades, can do nothing worse, and comes from known places only.

In: what the venue says of it. Out: why not, in words. Whoever steals a key that can only trade,
and only from an address that the venue knows, has stolen little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.venues.base import Unanswered

if TYPE_CHECKING:
    from quorate.venues.rights import Rights

SOON_MS: Final = 86_400_000
"""A key that ends within a day is not armed with: positions would be left without one."""


def troubles(rights: Rights | Unanswered, now_ms: int) -> tuple[str, ...]:
    """Return why a key must not be used; none: it may.

    Parameters
    ----------
    rights : Rights or Unanswered
        What the venue said.
    now_ms : int
        The desk's clock.

    Returns
    -------
    tuple of str
        In words, each with what to do. Who was not answered does not know, and may not.

    Notes
    -----
    Units: ms.  Causal: as of the answer.  Missing: refused.  RELIABILITY 5 (key scope).

    Examples
    --------
    >>> from quorate.venues.rights import Rights
    >>> troubles(Rights(may_trade=True, beyond=(), is_bound=True), 0)
    ()
    >>> troubles(Rights(may_trade=True, beyond=("Wallet.Withdraw",), is_bound=True), 0)
    ('the key has rights that no desk needs: Wallet.Withdraw; make one without them',)
    """
    if isinstance(rights, Unanswered) and rights.is_by_key:
        said = rights.reason
        return (f"the venue refuses the key: {said}; look whether it was revoked or is bound",)
    if isinstance(rights, Unanswered):
        return (f"the venue does not say what the key may do: {rights.reason}",)
    found = []
    if not rights.may_trade:
        found.append("the key may not trade; make one that may")
    if rights.beyond:
        beyond = ", ".join(rights.beyond)
        found.append(f"the key has rights that no desk needs: {beyond}; make one without them")
    if not rights.is_bound:
        found.append("the key is taken from any address; bind it to this machine's at the venue")
    if rights.until_ms is not None and rights.until_ms < now_ms + SOON_MS:
        hours = max(rights.until_ms - now_ms, 0) / 3_600_000
        found.append(f"the key ends in {hours:.1f} h; make a new one")
    return tuple(found)
