"""Parameters as Bybit reads them: a query, or JSON in the body, and pages by a cursor."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import parse_qsl

from quorate.exchange.bybit.codes import RetCodeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.exchange.access import Key, Lags, Request
    from quorate.exchange.matching.accounts import Account

Row = TypeVar("Row")

_WHOLE: Final = re.compile(r"[0-9]{1,20}")
_DECIMAL: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


class Call(NamedTuple):
    """Who asks, its parameters, and how far the replicas are behind."""

    account: Account
    key: Key
    query: Mapping[str, str]
    lags: Lags


def parameters(request: Request) -> dict[str, str]:
    """Return the parameters of a request: of a POST from its JSON, else from its query."""
    if request.method != "POST":
        return dict(parse_qsl(request.query, keep_blank_values=True))
    try:
        found: Any = json.loads(request.body or "{}")
    except ValueError as error:
        raise RetCodeError(10001, "params error: the body is no JSON") from error
    if not isinstance(found, dict):
        raise RetCodeError(10001, "params error: the body is no object")
    return {name: _text(value) for name, value in found.items() if value is not None}


def given(query: Mapping[str, str], name: str) -> str:
    """Return a parameter that there must be."""
    if not query.get(name):
        raise RetCodeError(10001, f"params error: {name} is required")
    return query[name]


def whole(query: Mapping[str, str], name: str) -> int | None:
    """Return a whole number, None where it was not sent.

    Examples
    --------
    >>> whole({"limit": "5"}, "limit"), whole({}, "limit")
    (5, None)
    """
    if not query.get(name):
        return None
    if not _WHOLE.fullmatch(query[name]):
        raise RetCodeError(10001, f"params error: {name} invalid")
    return int(query[name])


def amount(query: Mapping[str, str], name: str) -> Decimal | None:
    """Return a decimal number, None where it was not sent.

    Examples
    --------
    >>> amount({"price": "0.10"}, "price")
    Decimal('0.10')
    """
    if not query.get(name):
        return None
    if not _DECIMAL.fullmatch(query[name]) or not query[name].isascii():
        raise RetCodeError(10001, f"params error: {name} invalid")
    return Decimal(query[name])


def flag(query: Mapping[str, str], name: str) -> bool:
    """Return a yes or no; what was not sent is a no."""
    value = query.get(name, "false").lower()
    if value not in {"true", "false"}:
        raise RetCodeError(10001, f"params error: {name} invalid")
    return value == "true"


def chosen(query: Mapping[str, str], name: str, words: Mapping[str, Any], usual: str) -> Any:  # noqa: ANN401
    """Return one of a few words, in ours; ``usual`` where it was not sent."""
    word = query.get(name) or usual
    if word not in words:
        raise RetCodeError(10001, f"params error: {name} invalid")
    return words[word]


def linear(query: Mapping[str, str]) -> None:
    """Refuse a category that is not traded here."""
    if given(query, "category") != "linear":
        raise RetCodeError(10001, "params error: Category is invalid")


def page(
    rows: Sequence[tuple[int, Row]], query: Mapping[str, str], usual: int, most: int
) -> tuple[list[Row], str]:
    """Return a page of rows, the newest first, and the cursor of the next one.

    Parameters
    ----------
    rows : sequence
        (number, row); numbers rise with time and are unique.
    query : mapping
        ``limit`` and ``cursor``, as the cursor of the page before said it.
    usual, most : int
        How many rows a page has, and may have.

    Returns
    -------
    list, str
        Rows, and "" after the last page.

    Examples
    --------
    >>> page([(1, "a"), (2, "b"), (3, "c")], {"limit": "2"}, 20, 50)
    (['c', 'b'], '2%3A2')
    >>> page([(1, "a"), (2, "b"), (3, "c")], {"limit": "2", "cursor": "2:2"}, 20, 50)
    (['a'], '')
    """
    limit = whole(query, "limit")
    limit = usual if limit is None else limit
    if not 1 <= limit <= most:
        raise RetCodeError(10001, "params error: limit invalid")
    before = whole({"cursor": query.get("cursor", "").partition(":")[0]}, "cursor")
    kept = (each for each in rows if before is None or each[0] < before)
    left = sorted(kept, key=lambda each: each[0], reverse=True)
    shown = left[:limit]
    # a colon in a cursor is sent escaped, and clients send it back as it came
    cursor = f"{shown[-1][0]}%3A{len(shown)}" if len(left) > limit else ""
    return [row for _, row in shown], cursor


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)
