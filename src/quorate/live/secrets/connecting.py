"""From a secret to a venue: the connection that its key makes, and what the venue says of the key.

In: a provider and a name. Out: a connection; and why the key must not be used.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from quorate.errors import SecretsError, VenueError
from quorate.live.controls.keys import troubles
from quorate.live.secrets.scrubber import KNOWN
from quorate.live.secrets.vetting import Weakness
from quorate.venues.account.connection import Connection
from quorate.venues.account.dialects import DIALECTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.live.secrets.port import SecretProvider
    from quorate.venues.account.venue import CcxtVenue


def venue_of(name: str) -> str:
    """Return the venue that a secret's name begins with: ``bybit_linear`` of ``bybit_linear.two``.

    Raises
    ------
    SecretsError
        It is no venue.

    Examples
    --------
    >>> venue_of("bybit_linear.two")
    'bybit_linear'
    """
    venue = name.partition(".")[0]
    if venue not in DIALECTS:
        raise SecretsError(
            f"the secret {name} names no venue",
            hint=f"name it after one of {', '.join(DIALECTS)}, with .SOMETHING behind",
        )
    return venue


def connection(
    provider: SecretProvider, name: str, symbols: tuple[str, ...], url: str = ""
) -> Connection:
    """Return the account that a venue's key opens.

    Parameters
    ----------
    provider : SecretProvider
        Of keys that trade, for a desk.
    name : str
        Of the secret, which begins with the venue's.
    symbols : tuple of str
        Where orders may be.
    url : str
        Of a simulated exchange on this machine.

    Raises
    ------
    SecretsError
        There is none, or it is not a venue's.
    """
    venue = venue_of(name)
    try:
        row = json.loads(provider.get(name).reveal())
        key, secret = row["api_key"], row["secret"]
    except (ValueError, KeyError, TypeError):
        raise SecretsError(
            f"the secret {name} is not a venue's key", hint="set it with --kind venue"
        ) from None
    return Connection(venue=venue, api_key=key, secret=secret, symbols=symbols, url=url)


async def vetted(name: str, venue: CcxtVenue, now_ms: Callable[[], int]) -> tuple[Weakness, ...]:
    """Ask a venue what a key may do, and return what is wrong with it.

    Parameters
    ----------
    name : str
        Of the secret, for the findings.
    venue : CcxtVenue
        With the key, not yet open; it is closed here.
    now_ms : callable
        The clock.

    Returns
    -------
    tuple of Weakness
        None: it trades, can do nothing worse, and is bound to addresses.

    Notes
    -----
    Units: ms.  Causal: as the venue answers.  Missing: no answer is a refusal.
    RELIABILITY 5 (key scope); Spec 14 (IP allowlist per venue).
    """
    try:
        await venue.open()
        found = troubles(await venue.rights(), now_ms())
    except VenueError as error:
        KNOWN.cleanse(error)
        found = (f"the venue cannot be opened: {error.message}",)
    finally:
        await venue.close()
    fix = "at the venue; then set the new key and rotate"
    return tuple(Weakness(is_refused=True, text=f"{name}: {text}", fix=fix) for text in found)
