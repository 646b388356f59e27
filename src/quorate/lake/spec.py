"""What to load: the folders of each venue, the span, the coins, and what to do where data lack."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quorate.errors import ConfigError, DataError
from quorate.lake.address import located
from quorate.lake.governance.params import params
from quorate.lake.universe import rules

if TYPE_CHECKING:
    from quorate.lake.panel import Kind

EVER_MS = (-(2**62), 2**62)
"""A span without ends."""
MAX_ASSUMED_FUNDING = 0.01
"""Fraction per 8 h, either way: a hundred times the usual basis point."""
_QUOTE = re.compile(r"[-_/]?(USDT|USDC|BUSD|USD)(:.*)?$")
_NTH = re.compile(r"\.\d+$")  # the second coin of one symbol (``governance.identity``)


KINDS: dict[str, Kind] = {
    "binance_spot": "spot",
    "kraken_spot": "spot",
    "binance_usdm": "perp",
    "bybit_linear": "perp",
    "okx_swap": "perp",
    "hyperliquid_perp": "perp",
    "synthetic_spot": "spot",
    "synthetic_perp": "perp",
}
"""What the venues with numbers of their own list (``instruments``)."""


@dataclass(frozen=True)
class Source:
    """One venue's files: bars, and for perpetuals funding and mark prices.

    ``path`` is a folder of ``SYMBOL.parquet`` files or a folder of the lake
    (``layout.folder``); ``funding`` and ``mark`` are such folders too.
    """

    path: Path
    venue: str
    kind: Kind
    funding: Path | None = None
    mark: Path | None = None

    def __post_init__(self) -> None:
        """Spell places in a bucket as they are meant."""
        for name in ("path", "funding", "mark"):
            given = getattr(self, name)
            object.__setattr__(self, name, None if given is None else located(given))


@dataclass(frozen=True)
class PanelSpec:
    """What to load.

    Attributes
    ----------
    sources : tuple[Source, ...]
        The primary venue, then others.
    start, end : datetime or str, optional
        UTC bounds on a bar's open time, the first included, the second not; ISO text is read.
        The span of the primary's files when left out.
    symbols : tuple[str, ...], optional
        Which coins, in this order; all of the primary's files, sorted, when left out.
    to_end : bool
        The grid goes on to ``end`` though no coin has a bar that late, and a coin that does not
        trade in it stays: what a desk decides on now is missing, not outside.
    bar_minutes : int, optional
        Length of a bar, inferred from the files when left out. Of shorter bars of files longer ones
        are made where this is a multiple of theirs (``resampling``); others are refused.
    assume_funding : float, optional
        A fraction per 8 h (0.0001 is one basis point), at most 0.01 either way, for perpetuals
        whose funding is unknown. Without it such a panel is refused.
    drop_last : bool, optional
        Leave out each file's last bar where it may still have been forming: where no other file of
        the folder goes on for a day after it closed (``forming``). True for plain folders and
        False for the lake when left out.
    quote_usd : Path, optional
        Bars of the quote currency in USD (``quote``); 1 USD a unit when left out.
    as_of : datetime or str, optional
        Only what the lake knew then, UTC: corrections that came later are not there, nor are rows
        that did. The latest of each row when left out; plain folders cannot tell and are refused.
    tick, lot : mapping, optional
        Price step and lot size by symbol, in place of the inferred ones.
    rules : mapping, optional
        Parameters of the rules of governance by name, where they differ from the defaults
        (``governance.BOUNDS``).
    universe : mapping, optional
        Numbers of ``universe.Rules`` by name: a coin is a member only on days on which it is in,
        and one that never is is left out. Without it a coin is a member while it is listed.
    assets : Path, optional
        Which asset each symbol is (``assets.read``): symbols of one asset, one after the other, are
        one coin, under the name and in the unit of the first (``renames``). Without it every symbol
        is its own.
    accept_failed : bool
        Load coins whose rows fail a rule, and say so, instead of refusing them.
    """

    sources: tuple[Source, ...]
    start: datetime | str | None = None
    end: datetime | str | None = None
    symbols: tuple[str, ...] | None = None
    bar_minutes: int | None = None
    assume_funding: float | None = None
    drop_last: bool | None = None
    quote_usd: Path | None = None
    as_of: datetime | str | None = None
    tick: Mapping[str, float] = field(default_factory=dict)
    lot: Mapping[str, float] = field(default_factory=dict)
    rules: Mapping[str, float] = field(default_factory=dict)
    universe: Mapping[str, float] | None = None
    assets: Path | None = None
    accept_failed: bool = False
    to_end: bool = False


def check(spec: PanelSpec) -> None:
    """Refuse what cannot be meant, before any file is read.

    Parameters
    ----------
    spec : PanelSpec
        What to load.

    Raises
    ------
    DataError
        There is no source.
    ConfigError
        A venue has no name, is misspelt or is of the other kind, two sources are one folder, the
        assumed funding is no number within 0.01 per 8 h, or a parameter of the rules of data or of
        the universe is unknown or out of its bounds.

    Notes
    -----
    Units: a fraction per 8 h.  Causal: no data are read.  Missing: None assumes nothing.
    Spec 13.

    Examples
    --------
    >>> from pathlib import Path
    >>> check(PanelSpec((Source(Path("bars"), "", "spot"),)))
    Traceback (most recent call last):
    quorate.errors.ConfigError: the venue of bars has no name
      next: name it, such as binance_spot; its fees and sizes follow from the name
    """
    if not spec.sources:
        raise DataError("no source was given", hint="give at least one Source(path, venue, kind)")
    seen: dict[Path, str] = {}
    for source in spec.sources:
        if not source.venue.strip():
            raise ConfigError(
                f"the venue of {source.path} has no name",
                hint="name it, such as binance_spot; its fees and sizes follow from the name",
            )
        slip = _slip(source.venue)
        if slip:
            raise ConfigError(
                f"the venue {source.venue!r} is not known, and is nearly {slip!r}",
                hint=f"write {slip}, or give a venue of your own a name of its own",
            )
        if (kind := KINDS.get(source.venue)) not in {None, source.kind}:
            raise ConfigError(
                f"{source.venue} is a {kind} venue, and {source.path} is said to be {source.kind}",
                hint=f"say kind {kind}, or name the venue the bars are of: fees and margins differ",
            )
        place = source.path.resolve()
        if place in seen:
            raise ConfigError(
                f"{source.venue} and {seen[place]} are both read from {source.path}",
                hint="a second venue needs bars of its own: leave it out, or name its folder",
            )
        seen[place] = source.venue
    rate = spec.assume_funding
    if rate is not None and not (math.isfinite(rate) and abs(rate) <= MAX_ASSUMED_FUNDING):
        raise ConfigError(
            f"assume_funding is {rate} per 8 h, outside [-0.01, 0.01]",
            hint="it is a fraction, not percent or bps: 0.0001 is one basis point",
        )
    for name, make, values in (
        ("rules", params, spec.rules),
        ("universe", rules, spec.universe or {}),
    ):
        try:
            make(**values)
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"{name}: {error}", hint="see BOUNDS of lake.governance and of lake.universe"
            ) from error


def _slip(name: str) -> str:
    """Return the known venue that a name was probably meant to be, or nothing."""
    if name in KINDS:
        return ""
    heads: dict[str, str] = {}
    for known in KINDS:
        heads.setdefault(known, known)
        heads.setdefault(known.partition("_")[0], known)
    near = difflib.get_close_matches(name, heads, n=1, cutoff=0.85)
    return heads[near[0]] if near and near[0] != name else ""


def base_asset(symbol: str) -> str:
    """Return the coin of a pair by leaving a dollar quote off, and which coin of a symbol it is.

    Examples
    --------
    >>> base_asset("BTCUSDT"), base_asset("BTC"), base_asset("ETH-USD"), base_asset("LUNAUSDT.2")
    ('BTC', 'BTC', 'ETH', 'LUNA')
    """
    pair = _NTH.sub("", symbol)
    return _QUOTE.sub("", pair) or pair


def quote_asset(symbol: str) -> str:
    """Return the dollar that a pair is quoted in, or nothing where its name does not say.

    Examples
    --------
    >>> quote_asset("BTCUSDT"), quote_asset("ETH-USD"), quote_asset("BTC"), quote_asset("XUSD.2")
    ('USDT', 'USD', '', 'USD')
    """
    pair = _NTH.sub("", symbol)
    found = _QUOTE.search(pair)
    return found[1] if found and found.start() > 0 else ""


def match(symbol: str, files: dict[str, tuple[Path, ...]]) -> tuple[Path, ...]:
    """Return a symbol's files under its own spelling, else under its base asset's, else none.

    Raises
    ------
    DataError
        Several pairs of the coin are there, and none is spelt as it.
    """
    if symbol in files:
        return files[symbol]
    base = base_asset(symbol)
    if base in files:
        return files[base]
    found = [name for name in files if (_QUOTE.sub("", name) or name) == base]
    if len(found) > 1:
        raise DataError(
            f"{symbol} may be {', '.join(found)} of the other venue",
            hint="leave all but one of them out of its folder, or name the same quote",
        )
    return files[found[0]] if found else ()


def instant_ms(when: datetime | str) -> int:
    """Return a UTC instant in milliseconds; a time without a zone is UTC.

    Examples
    --------
    >>> instant_ms("2023-03-24T12:40")
    1679661600000
    """
    if isinstance(when, str):
        try:
            when = datetime.fromisoformat(when)
        except ValueError as error:
            raise DataError(
                f"{when!r} is not a time", hint="write it as 2023-01-31 or 2023-01-31T12:00"
            ) from error
    return round(when.replace(tzinfo=when.tzinfo or UTC).timestamp() * 1e3)


def between_ms(start: datetime | str | None, end: datetime | str | None) -> tuple[int, int]:
    """Return two UTC bounds in milliseconds, without ends where none is given.

    Raises
    ------
    ConfigError
        The second is not after the first.

    Examples
    --------
    >>> between_ms(None, None) == EVER_MS, between_ms("1970-01-02", None)[0]
    (True, 86400000)
    """
    first = EVER_MS[0] if start is None else instant_ms(start)
    last = EVER_MS[1] if end is None else instant_ms(end)
    if last <= first:
        raise ConfigError(
            f"the span ends at {end}, and begins at {start}", hint="give an --end after --start"
        )
    return first, last


def asked_ms(spec: PanelSpec) -> tuple[int, int]:
    """Return the open times that data are told of: the span asked for, and what a universe reads.

    Examples
    --------
    >>> asked_ms(PanelSpec((), start="1970-01-02"))[0]
    86400000
    """
    first = EVER_MS[0] if spec.start is None else instant_ms(spec.start)
    if spec.universe is not None and spec.start is not None:  # it is judged by the days before
        first -= (rules(**spec.universe).turnover_days + 1) * 86_400_000
    return first, EVER_MS[1] if spec.end is None else instant_ms(spec.end)


def as_of_ms(spec: PanelSpec) -> int | None:
    """Return the moment that a spec reads the lake as of, in milliseconds; None for the latest."""
    return None if spec.as_of is None else instant_ms(spec.as_of)


def plain(spec: PanelSpec) -> dict[str, Any]:
    """Write a spec as plain JSON with full paths, so that it loads the same panel from anywhere.

    Examples
    --------
    >>> plain(PanelSpec((Source(Path("bars"), "okx_swap", "perp"),), symbols=("BTC",)))["symbols"]
    ['BTC']
    """
    return {"call": "load", **_plain(spec)}


def from_plain(made: Mapping[str, Any]) -> PanelSpec:
    """Read a spec back from what ``plain`` wrote.

    Examples
    --------
    >>> spec = PanelSpec((Source(Path("bars").absolute(), "okx_swap", "perp"),), end="2024-01-01")
    >>> from_plain(plain(spec)) == spec
    True
    """
    values = _read(PanelSpec, {name: value for name, value in made.items() if name != "call"})
    sources = tuple(Source(**_read(Source, each)) for each in values["sources"])
    return PanelSpec(**{**values, "sources": sources})


def _plain(value: Any) -> Any:  # noqa: ANN401  (whatever a field holds)
    if isinstance(value, (PanelSpec, Source)):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return dict(value) if isinstance(value, Mapping) else value


def _read(kind: type[PanelSpec | Source], made: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a record; JSON knows neither paths nor tuples."""
    named = {each.name: str(each.type) for each in fields(kind)}
    values: dict[str, Any] = {}
    for name, value in made.items():
        is_path = value is not None and named.get(name, "").startswith("Path")
        values[name] = Path(value) if is_path else value
        if isinstance(value, list):
            values[name] = tuple(value)
    return values
