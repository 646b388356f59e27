"""What Binance and Bybit say that a key may do; a right without a name here is one too many."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from quorate.venues.account.views import UnreadableError
from quorate.venues.rights import Rights

if TYPE_CHECKING:
    from collections.abc import Mapping

_HARMLESS: Final = frozenset(
    {"ipRestrict", "enableReading", "enableFutures", "enableSpotAndMarginTrading"}
    | {"enableFixReadOnly"}
)
_TRADES: Final = frozenset(
    {"ContractTrade.Order", "ContractTrade.Position", "Spot.SpotTrade"}
    | {"Derivatives.DerivativesTrade", "Exchange.ExchangeHistory"}
)
_NEEDED: Final = frozenset({"ContractTrade.Order", "ContractTrade.Position"})
_FLAGS: Final = ("ipRestrict", "enableReading", "enableWithdrawals")


def binance(found: Mapping[str, Any], trading: str) -> Rights:
    """Read Binance's restrictions of a key.

    Parameters
    ----------
    found : mapping
        The answer of ``/sapi/v1/account/apiRestrictions``.
    trading : str
        The right that the desk needs: ``enableFutures`` or ``enableSpotAndMarginTrading``.

    Returns
    -------
    Rights
        Every flag that is set and is neither reading nor trading is beyond.

    Raises
    ------
    UnreadableError
        A flag that there must be is missing, or is neither true nor false.

    Notes
    -----
    Units: ms.  Causal: none.  Missing: refused.  RELIABILITY 5.

    Examples
    --------
    >>> told = {"ipRestrict": True, "enableReading": True, "enableFutures": True,
    ...     "enableWithdrawals": False, "enableMoonTravel": True}
    >>> binance(told, "enableFutures").beyond
    ('enableMoonTravel',)
    """
    if not isinstance(found, dict):
        raise UnreadableError(f"the rights of the key are {str(found)[:80]!r}")
    for name in (*_FLAGS, trading):
        if not isinstance(found.get(name), bool):
            raise UnreadableError(f"{name} of the key is {found.get(name)!r}: no yes or no")
    beyond = tuple(sorted(n for n, set_ in found.items() if set_ is True and n not in _HARMLESS))
    until = found.get("tradingAuthorityExpirationTime")
    if until is not None and (isinstance(until, bool) or not isinstance(until, int)):
        raise UnreadableError(f"the end of the key is {until!r}: no time")
    return Rights(
        may_trade=found[trading] and found["enableReading"],
        beyond=beyond,
        is_bound=found["ipRestrict"],
        until_ms=until,
    )


def bybit(found: Mapping[str, Any]) -> Rights:
    """Read Bybit's answer about a key.

    Parameters
    ----------
    found : mapping
        The answer of ``/v5/user/query-api``.

    Returns
    -------
    Rights
        Every permission that trades neither contracts nor pairs is beyond.

    Raises
    ------
    UnreadableError
        Something that there must be is missing or of another kind.

    Notes
    -----
    Units: ms.  Causal: none.  Missing: a key without an end has none.  RELIABILITY 5.

    Examples
    --------
    >>> row = {"readOnly": 0, "ips": ["1.2.3.4"], "permissions":
    ...     {"ContractTrade": ["Order", "Position"], "Wallet": ["Withdraw"]}}
    >>> told = bybit({"result": row})
    >>> told.may_trade, told.beyond, told.is_bound
    (True, ('Wallet.Withdraw',), True)
    """
    try:
        row = found["result"]
        groups, ips, read_only = row["permissions"], row["ips"], row["readOnly"]
        allowed = {f"{group}.{each}" for group, words in groups.items() for each in words}
        is_bound = bool(ips) and all(isinstance(each, str) and each != "*" for each in ips)
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(f"the rights of the key are {str(found)[:80]!r}") from error
    return Rights(
        may_trade=read_only in (0, "0") and allowed >= _NEEDED,
        beyond=tuple(sorted(allowed - _TRADES)),
        is_bound=is_bound,
        until_ms=_end(row.get("expiredAt")),
    )


def _end(text: Any) -> int | None:
    """Return a moment as ms; Bybit says of a key that is bound to addresses that it ends in 1970.

    Examples
    --------
    >>> _end("2024-02-08T00:00:00Z"), _end("1970-01-01T00:00:00Z"), _end(None)
    (1707350400000, None, None)
    """
    if text in (None, ""):
        return None
    try:
        found = datetime.fromisoformat(str(text))
        return int(found.timestamp() * 1e3) or None
    except (ValueError, OverflowError) as error:
        raise UnreadableError(f"the end of the key is {text!r}: no time") from error
