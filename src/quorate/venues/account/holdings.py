"""What is held at a spot venue, as positions: the coins of the pairs that are traded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.errors import ConfigError
from quorate.venues.base import PositionSide, PositionView, is_pair

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from quorate.venues.base import BalanceView


def paired(pairs: Sequence[str]) -> tuple[str, ...]:
    """Return the pairs of a spot account, one of each coin.

    Parameters
    ----------
    pairs : sequence of str
        As ccxt spells them: ``BTC/USDT``.

    Raises
    ------
    ConfigError
        If one is no pair, or two are of one coin.

    Notes
    -----
    Units: none.  Causal: none.  Missing: none.  RELIABILITY 2.

    Examples
    --------
    >>> paired(["BTC/USDT", "BTC/EUR"])
    Traceback (most recent call last):
    ...
    quorate.errors.ConfigError: BTC/USDT and BTC/EUR are both of BTC ...
    """
    by_coin: dict[str, str] = {}
    for pair in pairs:
        coin = pair.partition("/")[0]
        if not is_pair(pair):
            raise ConfigError(f"{pair} is no pair of a spot venue", hint="write BTC/USDT")
        if (first := by_coin.setdefault(coin, pair)) != pair:
            raise ConfigError(
                f"{first} and {pair} are both of {coin} at one spot account, which says what it "
                "holds by coin",
                hint="trade one of them there, or give each an account of its own",
            )
    return tuple(by_coin.values())


def holdings(wallet: Iterable[BalanceView], pairs: Sequence[str]) -> tuple[PositionView, ...]:
    """Return what a wallet holds of each pair's coin, locked or free.

    Parameters
    ----------
    wallet : iterable of BalanceView
        As the venue has it.
    pairs : sequence of str
        As ``paired`` returns them.

    Returns
    -------
    tuple of PositionView
        Of the coins of which there is any.

    Notes
    -----
    Units: coins.  Causal: as of the answer.  Missing: a coin that is not in the wallet is not held.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from quorate.venues.base import BalanceView
    >>> wallet = [BalanceView(asset="BTC", total=Decimal("0.5"), free=Decimal("0.1"))]
    >>> [(each.symbol, each.quantity) for each in holdings(wallet, ["BTC/USDT", "ETH/USDT"])]
    [('BTC/USDT', Decimal('0.5'))]
    """
    totals = {each.asset: each.total for each in wallet}
    return tuple(
        PositionView(
            symbol=pair,
            position_side=PositionSide.BOTH,
            quantity=held,
            entry_price=None,
            leverage=None,
            updated_ms=0,
        )
        for pair in pairs
        if (held := totals.get(pair.partition("/")[0]))
    )
