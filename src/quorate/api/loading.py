"""Load a market: from folders of files, from a lake, from what was kept, or the demo's.

In: where the bars are and what one says of them. Out: a ``Panel``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from quorate.api.configure import data_rules, universe_rules
from quorate.api.effective import read_settings
from quorate.errors import ConfigError
from quorate.lake import PanelSpec, Source, columns, synthetic
from quorate.lake import keep as keep_panel
from quorate.lake import load as load_panel
from quorate.lake.address import located, on_disk
from quorate.lake.layout import files
from quorate.lake.reading import named
from quorate.lake.spec import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from quorate.lake import Panel
    from quorate.lake.panel import Block, Kind
    from quorate.settings import Settings


def load(  # noqa: PLR0913  (what one may say of a market, each with its name)
    bars: str | Path,
    *,
    venue: str | None = None,
    kind: Kind | None = None,
    funding: str | Path | None = None,
    mark: str | Path | None = None,
    second: tuple[str | Path, str, str | Path | None] | None = None,
    symbols: Sequence[str] | None = None,
    start: datetime | str | None = None,
    end: datetime | str | None = None,
    assume_funding: float | None = None,
    bar_minutes: int | None = None,
    quote_usd: str | Path | None = None,
    as_of: datetime | str | None = None,
    in_universe: bool = False,
    assets: str | Path | None = None,
    accept_failed: bool = False,
    settings: Settings | None = None,
    keep_in: str | Path | None = None,
) -> Panel:
    """Load a market from folders of Parquet files, or one that ``keep`` put on disk.

    Parameters
    ----------
    bars : path
        A folder of ``SYMBOL.parquet`` files, or a folder of the lake, or one of ``keep``, which
        is read block by block as a run goes on, and needs nothing else said.
    venue : str
        ``binance_spot``, ``binance_usdm``, ``bybit_linear``, ``okx_swap`` ...: its fees and sizes.
    kind : str
        ``spot`` or ``perp``.
    funding, mark : path, optional
        Folders of funding settlements and mark prices.
    second : tuple, optional
        Folder of bars, venue name and folder of funding of a second venue. It is of the kind that
        its venue lists, where that is known, so that a perpetual may have spot beside it; else of
        ``kind``.
    symbols : sequence of str, optional
        As the files spell them, or their base assets: ``BTC`` finds ``BTCUSDT``, and ``PEPE`` the
        only pair of a multiple of it, ``1000PEPEUSDT``.
    start, end, assume_funding, bar_minutes
        As ``lake.PanelSpec``.
    quote_usd : path, optional
        Bars of the quote currency in USD: equity is then told in USD, and a depeg blocks entries.
    as_of : datetime or str, optional
        Only what the lake knew then, UTC: no later correction, no row that came later.
    in_universe : bool
        Trade a coin only on days on which it is in the universe, by the days before them
        (``quorate.universe``); leave out those that never are.
    assets : path, optional
        A table of which asset each symbol is (CSV or Parquet: ``symbol, asset, units, known_at``):
        a coin that changed its name goes on, and is not delisted.
    accept_failed : bool
        Load coins whose rows fail a rule of data all the same; the report says so at its head.
    settings : Settings, optional
        Their sections ``[data]`` and ``[universe]`` have the parameters of those rules; read as
        ``run`` reads them when left out.
    keep_in : path, optional
        The folder of ``keep``: the panel is made there a coin at a time, and read from there, so
        that its making needs no more memory than a run of it.

    Raises
    ------
    ConfigError
        What is wrong with which argument.
    DataError
        What is wrong with which file, and what to do.

    Notes
    -----
    Units: quote per coin, coins.  Causal: bars enter at their close.  Missing: see ``lake.panel``.
    """
    if columns.holds(Path(bars)):
        said = (venue, kind, funding, mark, second, symbols, start, end)
        if any(
            each is not None
            for each in (*said, assume_funding, bar_minutes, quote_usd, as_of, assets)
        ):
            raise ConfigError(
                f"{bars} is a panel that was kept: its venue, coins and span are as they were",
                hint="name the folder alone, or load from the files that it was made from",
            )
        kept = columns.kept(Path(bars))
        return kept if keep_in is None else keep(kept, keep_in)
    if venue is None or kind is None:
        raise ConfigError(
            f"nothing says whose bars {located(bars)} holds",
            hint="give its venue, such as binance_spot, whose fees and sizes hold, and its kind, "
            "spot or perp",
        )

    def path(given: str | Path | None) -> Path | None:
        return None if given is None else located(given)

    sources = [Source(located(bars), venue, kind, path(funding), path(mark))]
    if second is not None:
        lists = KINDS.get(second[1], kind)
        sources.append(Source(located(second[0]), second[1], lists, path(second[2])))
    chosen = None if symbols is None else named(symbols, files(located(bars)))
    chosen_rules = read_settings() if settings is None else settings
    spec = PanelSpec(
        tuple(sources),
        start=start,
        end=end,
        symbols=chosen,
        assume_funding=assume_funding,
        bar_minutes=bar_minutes,
        quote_usd=path(quote_usd),
        as_of=as_of,
        rules=data_rules(chosen_rules),
        universe=universe_rules(chosen_rules) if in_universe else None,
        assets=path(assets),
        accept_failed=accept_failed,
    )
    if keep_in is None:
        return load_panel(spec)
    where = _place(keep_in)
    return columns.of_folder(keep_panel(spec, where), where)


def keep(panel: Panel, folder: str | Path, pieces: Iterable[Block] | None = None) -> Panel:
    """Put a panel on disk, so that runs of it need no more memory than a block of it.

    Parameters
    ----------
    panel : Panel
        From ``load`` or ``synthetic``.
    folder : path
        A folder of its own, made if missing. About 106 bytes a coin-bar on one venue. A panel that
        is there is replaced in one step when the new one is on disk whole, so there must be room
        for both; a kill or a full disk leaves the old one. Runs that read it go on reading it.
    pieces : iterable of Block, optional
        The bars, where the panel's own are not all of them: consecutive blocks from its first bar
        on, written as they come, so that only one is in memory.

    Returns
    -------
    Panel
        The same, read from there; ``load(folder)`` returns it too.

    Raises
    ------
    ConfigError
        The folder holds other things.
    DataError
        The disk refuses the bytes, or another process keeps a panel there.

    Notes
    -----
    Units, Causal, Missing: as the panel.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     keep(demo(days=2), folder).n_bars, load(folder).n_bars
    (576, 576)
    """
    where = _place(folder)
    return columns.of_folder(columns.write(panel, where, pieces), where)


def _place(folder: str | Path) -> Path:
    """Return a folder that a panel may be kept in, or refuse it."""
    where = on_disk(folder)
    if where.exists() and (where.is_file() or not columns.has_only_ours(where)):
        raise ConfigError(
            f"{where} holds other things", hint="name a folder that is empty, or not there yet"
        )
    return where


def demo(days: int = 45, seed: int = 7) -> Panel:
    """Return the synthetic market of ``quorate demo``: its edge is planted, so that it trades.

    Examples
    --------
    >>> demo(days=2).is_synthetic
    True
    """
    return synthetic(n_coins=8, days=days, seed=seed, planted_edge=4.0)
