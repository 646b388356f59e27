"""What requests to Binance's futures weigh: by their endpoint, their limit, and whom they name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_WHOLE: Final = re.compile(r"[0-9]{1,20}")
_CANDLES: Final = ((99, 1), (499, 2), (1000, 5), (1500, 10))
_DEPTHS: Final = ((50, 2), (100, 5), (500, 10), (1000, 20))
_USUAL: Final = 500
"""How many rows a page has where none are named, of candles and of a book alike."""

_EACH: Final[Mapping[str, int]] = {
    # an order counts within windows of its own
    "POST /fapi/v1/order": 0,
    "PUT /fapi/v1/order": 0,
    "POST /fapi/v1/algoOrder": 0,
    "GET /fapi/v1/allOrders": 5,
    "GET /fapi/v1/userTrades": 5,
    "GET /fapi/v3/account": 5,
    "GET /fapi/v3/balance": 5,
    "GET /fapi/v3/positionRisk": 5,
    "GET /fapi/v1/symbolConfig": 5,
    "GET /fapi/v1/income": 30,
    "GET /fapi/v1/commissionRate": 20,
    "GET /fapi/v1/positionSide/dual": 30,
    "POST /fapi/v1/batchOrders": 5,
    "POST /fapi/v1/countdownCancelAll": 10,
}
_BY_SYMBOL: Final[Mapping[str, tuple[int, int]]] = {
    "GET /fapi/v1/openOrders": (1, 40),
    "GET /fapi/v1/openAlgoOrders": (1, 40),
    "GET /fapi/v1/ticker/bookTicker": (2, 5),
    "GET /fapi/v1/premiumIndex": (1, 10),
}
"""With a symbol, and without one."""


def weight(name: str, query: Mapping[str, str]) -> int:
    """Return what a request to futures weighs.

    Parameters
    ----------
    name : str
        Method and path.
    query : mapping
        Its parameters, as they came.

    Returns
    -------
    int
        Of the 2,400 of a minute; 1 where Binance says nothing else.

    Notes
    -----
    Units: weight.  Causal: nothing is looked at but the request.  Missing: a limit that is not
    there, or is no number, is the usual one.  RELIABILITY 7.

    Examples
    --------
    >>> weight("GET /fapi/v1/openOrders", {}), weight("GET /fapi/v1/openOrders", {"symbol": "X"})
    (40, 1)
    >>> weight("GET /fapi/v1/depth", {}), weight("GET /fapi/v1/depth", {"limit": "1000"})
    (10, 20)
    """
    if name == "GET /fapi/v1/depth":
        return _by_limit(query, _DEPTHS)
    if name == "GET /fapi/v1/klines":
        return of_candles(query)
    if name in _BY_SYMBOL:
        of_one, of_all = _BY_SYMBOL[name]
        return of_one if "symbol" in query else of_all
    return _EACH.get(name, 1)


def of_candles(query: Mapping[str, str]) -> int:
    """Return what a page of candles of futures weighs.

    Examples
    --------
    >>> of_candles({}), of_candles({"limit": "99"}), of_candles({"limit": "1500"})
    (5, 1, 10)
    """
    return _by_limit(query, _CANDLES)


def _by_limit(query: Mapping[str, str], steps: tuple[tuple[int, int], ...]) -> int:
    """Return the weight of a limit: of the first step that it does not pass, or of the last."""
    asked = query.get("limit", "")
    limit = int(asked) if _WHOLE.fullmatch(asked) else _USUAL
    return next((cost for most, cost in steps if limit <= most), steps[-1][1])
