"""Bars of a venue, or the market that was made up: for the commands that run over either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from quorate.api import Panel
    from quorate.cli.market import Market
    from quorate.settings import Settings

_DAYS, _SEED = 45, 7


@dataclass(frozen=True, kw_only=True)
class Synthetic:
    """The market of ``quorate demo``, if it is asked for."""

    demo: Annotated[
        bool, Parameter(negative="", help="The synthetic market of `quorate demo`.")
    ] = False
    days: Annotated[int | None, Parameter(help="Days of it; 45 when left out.")] = None
    seed: Annotated[int | None, Parameter(help="Its seed; 7 when left out.")] = None


def market_of(
    market: Market | None, made: Synthetic | None, settings: Settings
) -> tuple[Panel, list[str]]:
    """Return the panel, and the command and options of a run over it.

    Parameters
    ----------
    market : Market, optional
        Bars of a venue.
    made : Synthetic, optional
        The market that was made up.
    settings : Settings
        By which bars are loaded.

    Raises
    ------
    ConfigError
        There is neither, or both.

    Notes
    -----
    Units: none.  Causal: none.  Missing: as of the panel.

    Examples
    --------
    >>> from quorate.api import read_settings
    >>> panel, words = market_of(None, Synthetic(demo=True, days=1), read_settings())
    >>> panel.n_bars, words
    (288, ['demo', '--days', '1'])
    """
    from quorate import api
    from quorate.errors import ConfigError

    asked = Synthetic() if made is None else made
    options = {"--days": asked.days, "--seed": asked.seed}
    words = [w for name, n in options.items() if n is not None for w in (name, str(n))]
    if asked.demo and market is not None:
        raise ConfigError("--demo has a market of its own", hint="leave out --demo, or --bars")
    if not asked.demo and words:
        raise ConfigError(
            "--days and --seed are of the synthetic market", hint="give --demo, or --start, --end"
        )
    if market is not None:
        market.check()
        return market.load(settings), ["backtest", *market.words()]
    if not asked.demo:
        raise ConfigError(
            "the command needs a market",
            hint="name one with --bars, --venue and --kind, or try it with --demo",
        )
    days, seed = asked.days, asked.seed
    panel = api.demo(_DAYS if days is None else days, _SEED if seed is None else seed)
    return panel, ["demo", *words]


def ground(panel: Panel) -> str:
    """Return what a panel is of, and from when to when.

    Examples
    --------
    >>> from quorate.api import demo
    >>> ground(demo(2, 7))
    '8 coins on synthetic_perp, 2.0 days from 2024-01-01 to 2024-01-03'
    """
    coins = f"{panel.n_coins} coin{'' if panel.n_coins == 1 else 's'}"
    return f"{coins} on {', '.join(panel.venue_names)}, {span(panel)}"


def span(panel: Panel) -> str:
    """Return how long a panel is, and from when to when."""
    from datetime import UTC, datetime

    first, last = panel.close_ms(-1), panel.close_ms(panel.n_bars - 1)
    start, end = (f"{datetime.fromtimestamp(ms / 1e3, tz=UTC):%Y-%m-%d}" for ms in (first, last))
    return f"{(last - first) / 86_400_000:,.1f} days from {start} to {end}"
