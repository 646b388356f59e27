"""Every error of ccxt becomes one of ours, with what to do next.

In: an exception that left ccxt. Out: a ``VenueError``. Orders are not judged here: whether an order
was executed follows from the venue's own code, never from a class of ccxt, whose tables differ by
address and market.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.errors import (
    CredentialsError,
    NotOfferedError,
    RateLimitError,
    VenueError,
    VenueUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN: Final = 200

OURS: Final[Mapping[type[VenueError], tuple[str, ...]]] = {
    VenueUnavailableError: (
        "OperationFailed",
        "NetworkError",
        "ExchangeNotAvailable",
        "OnMaintenance",
        "RequestTimeout",
        "BadResponse",
        "NullResponse",
        "ChecksumError",
    ),
    RateLimitError: ("DDoSProtection", "RateLimitExceeded"),
    CredentialsError: (
        "AuthenticationError",
        "PermissionDenied",
        "AccountNotEnabled",
        "AccountSuspended",
        "InvalidNonce",
    ),
    NotOfferedError: ("NotSupported", "BadSymbol", "RestrictedLocation", "ContractUnavailable"),
    VenueError: (
        "BaseError",
        "ExchangeError",
        "ArgumentsRequired",
        "BadRequest",
        "OperationRejected",
        "NoChange",
        "MarginModeAlreadySet",
        "MarketClosed",
        "ManualInteractionNeeded",
        "InsufficientFunds",
        "InvalidAddress",
        "AddressPending",
        "InvalidOrder",
        "OrderNotFound",
        "OrderNotCached",
        "OrderImmediatelyFillable",
        "OrderNotFillable",
        "DuplicateOrderId",
        "InvalidProxySettings",
        "ExchangeClosedByUser",
        "CancelPending",
        "UnsubscribeError",
    ),
}
"""Each class of ccxt by the class of ours; a test holds it against ccxt's whole tree."""

_BY_NAME: Final = {name: ours for ours, names in OURS.items() for name in names}

_HINTS: Final[Mapping[type[VenueError], str]] = {
    VenueUnavailableError: "try again later; what was fetched is kept",
    RateLimitError: "ask for fewer symbols at once, or later",
    CredentialsError: "check the key and this machine's clock; public data need no key",
    NotOfferedError: "check how the venue spells the symbol, and what it offers",
    VenueError: "read what the venue says; the same request will fail again",
}


def ours(error: Exception, doing: str) -> VenueError:
    """Return our error for one of ccxt.

    Parameters
    ----------
    error : Exception
        An instance of ``ccxt.BaseError``.
    doing : str
        What was asked of whom, for the message.

    Returns
    -------
    VenueError
        Of the class that ``OURS`` names; for a class ccxt made later, that of its nearest parent.

    Notes
    -----
    Units: none.  Causal: none.  Missing: none.
    A connection that is cut within a reply leaves ccxt as its general ``ExchangeError``, which
    would say "never again"; its cause says that it was the network.
    """
    kinds = [_BY_NAME[each.__name__] for each in type(error).__mro__ if each.__name__ in _BY_NAME]
    kind = kinds[0] if kinds else VenueError
    if type(error).__name__ == "ExchangeError" and _is_of_the_network(error.__cause__):
        kind = VenueUnavailableError
    said = " ".join(str(error).split())[:_SHOWN]
    return kind(f"{doing}: {type(error).__name__}: {said}", hint=_HINTS[kind])


def unreadable(doing: str, error: Exception) -> VenueError:
    """Return the error for a reply that ccxt could not take apart."""
    return VenueError(
        f"{doing}: the reply cannot be read ({type(error).__name__}: {error})",
        hint="the venue has changed its replies, or it is another venue: update ccxt",
    )


def _is_of_the_network(cause: BaseException | None) -> bool:
    """Return whether an error came out of the HTTP client."""
    return cause is not None and type(cause).__module__.startswith("aiohttp.")
