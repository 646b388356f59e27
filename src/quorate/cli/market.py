"""Which bars a command runs over: options that ``backtest`` and ``sweep`` share."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from quorate.api import Panel
    from quorate.settings import Settings

Flat = Parameter(name="*")
"""The fields of a class are options of the command itself."""


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What else is known of a venue than its bars."""

    venue: Annotated[
        str | None,
        Parameter(help="Whose fees and sizes: binance_spot ...; needed unless bars were kept."),
    ] = None
    kind: Annotated[
        Literal["spot", "perp"] | None,
        Parameter(help="Spot is long-only; needed unless bars were kept."),
    ] = None
    funding: Annotated[Path | None, Parameter(help="Folder of funding settlements.")] = None
    mark: Annotated[Path | None, Parameter(help="Folder of mark prices.")] = None
    assume_funding: Annotated[
        float | None, Parameter(help="Fraction per 8 h where funding is unknown, e.g. 0.0001.")
    ] = None
    quote_usd: Annotated[
        Path | None, Parameter(help="Bars of the quote currency in USD, e.g. USDT/USD.")
    ] = None
    second_bars: Annotated[Path | None, Parameter(help="Bars of a second venue.")] = None
    second_venue: Annotated[str | None, Parameter(help="Its name.")] = None
    second_funding: Annotated[Path | None, Parameter(help="Its funding.")] = None
    symbols: Annotated[
        list[str] | None,
        Parameter(help="Which coins, BTC or BTCUSDT; all if left out.", consume_multiple=True),
    ] = None
    start: Annotated[str | None, Parameter(help="First bar's open, UTC, included.")] = None
    end: Annotated[str | None, Parameter(help="Last bar's open, UTC, not included.")] = None
    bar_minutes: Annotated[
        int | None,
        Parameter(help="Length of a bar: the files', or longer and made of theirs; theirs if not."),
    ] = None
    as_of: Annotated[
        str | None, Parameter(help="Only what the lake knew then, UTC; its latest if left out.")
    ] = None
    assets: Annotated[
        Path | None, Parameter(help="Table of the asset of each symbol: a rename is no end.")
    ] = None
    by_hand: Annotated[
        Path | None, Parameter(help="What people asked meanwhile: of `quorate words --json`.")
    ] = None
    universe: Annotated[
        bool,
        Parameter(
            negative="", help="Trade coins only while they are in the universe ([universe])."
        ),
    ] = False
    accept_failed: Annotated[
        bool, Parameter(negative="", help="Load coins that fail a rule of data all the same.")
    ] = False

    def panel(
        self, bars: Path, settings: Settings | None = None, keep_in: Path | None = None
    ) -> Panel:
        """Return the panel of some bars, held against the rules of data of the settings.

        Made and left in ``keep_in`` where that is given (``quorate.load``).
        """
        from quorate import api

        second = None
        if self.second_bars is not None and self.second_venue is not None:
            second = (self.second_bars, self.second_venue, self.second_funding)
        loaded = api.load(
            bars,
            venue=self.venue,
            kind=self.kind,
            funding=self.funding,
            mark=self.mark,
            second=second,
            symbols=self.symbols,
            start=self.start,
            end=self.end,
            assume_funding=self.assume_funding,
            bar_minutes=self.bar_minutes,
            quote_usd=self.quote_usd,
            as_of=self.as_of,
            in_universe=self.universe,
            assets=self.assets,
            accept_failed=self.accept_failed,
            settings=settings,
            keep_in=keep_in,
        )
        if self.by_hand is None:
            return loaded
        return api.by_hand(loaded, api.read_words(self.by_hand))

    def check_bars(self, bars: Path) -> None:
        """Refuse bars of nobody and half a second venue, before anything is read."""
        from quorate.errors import ConfigError
        from quorate.lake.columns import holds

        if (self.venue is None or self.kind is None) and not holds(bars):
            raise ConfigError(
                f"nothing says whose bars {bars} holds",
                hint="give --venue, such as binance_spot, whose fees and sizes hold, "
                "and --kind, spot or perp",
            )

        if (self.second_bars is None) != (self.second_venue is None):
            raise ConfigError(
                "a second venue needs both its bars and its name",
                hint="give --second-bars and --second-venue together",
            )


@dataclass(frozen=True, kw_only=True)
class Market(Beside):
    """Bars of a venue, and what else is known of it."""

    bars: Annotated[Path, Parameter(help="Folder of SYMBOL.parquet bars, or of `quorate keep`.")]

    def load(self, settings: Settings | None = None, keep_in: Path | None = None) -> Panel:
        """Return the panel of the bars (``panel``)."""
        return self.panel(self.bars, settings, keep_in)

    def check(self) -> None:
        """Refuse bars of nobody and half a second venue, before anything is read."""
        self.check_bars(self.bars)

    def words(self) -> list[str]:
        """Return the options that say the same again.

        Examples
        --------
        >>> Market(bars=Path("x"), venue="okx_swap", kind="perp", symbols=["BTC", "ETH"]).words()
        ['--bars', 'x', '--venue', 'okx_swap', '--kind', 'perp', '--symbols', 'BTC', 'ETH']
        """
        found: list[str] = []
        for field in (*fields(self)[-1:], *fields(self)[:-1]):  # the bars come first
            value = getattr(self, field.name)
            if value is not None and value is not False:
                values = value if isinstance(value, list) else [] if value is True else [value]
                found += [f"--{field.name.replace('_', '-')}", *map(str, values)]
        return found
