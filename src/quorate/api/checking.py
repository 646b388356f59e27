"""Hold a folder of bars against the rules of governance, and against a second vendor.

In: a folder, perhaps another one of the same coins. Out: every finding, what each coin covers, and
how far the vendors are apart. Nothing is changed on disk.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from quorate.errors import DataError, SchemaError
from quorate.lake import governance, layout, months, reconcile
from quorate.lake.governance import Governed, Params, Rule, findings
from quorate.lake.governance.coverage import coverage
from quorate.lake.governance.rows import common_minutes
from quorate.lake.instruments import infer_tick
from quorate.lake.sources import bar_rows, epoch_ms
from quorate.lake.spec import match, named
from quorate.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.lake.sources import Series

_THREADS = 2
_SHOWN = 5


@dataclass(frozen=True)
class Check:
    """What a folder of bars is worth.

    Attributes
    ----------
    folder : str
        What was read.
    bar_minutes : int
        Length of a bar.
    coins : polars.DataFrame
        A row a coin: ``symbol, first, last, n_rows, n_traded, n_filled, n_missing, n_suspect,
        n_dropped, n_frozen, failed`` (the rules that fail it, joined by commas).
    findings : polars.DataFrame
        A row a finding: ``rule, symbol, at, n, value, bound``.
    days : polars.DataFrame
        A row a coin and day: ``symbol, day, n_traded, n_filled, n_missing``.
    pairs : polars.DataFrame
        A row a coin that the second vendor has too: ``symbol, other, n_bars, median_bps, p99_bps,
        max_bps, max_at, agree_frac, n_days, n_quarantined, shift_bars``; empty without one.
    pair_days : polars.DataFrame
        A row such a coin and day: ``symbol, day, n, n_off, median_bps, p99_bps, max_bps,
        quarantined``.
    """

    folder: str
    bar_minutes: int
    coins: pl.DataFrame
    findings: pl.DataFrame
    days: pl.DataFrame
    pairs: pl.DataFrame
    pair_days: pl.DataFrame

    @property
    def has_failed(self) -> bool:
        """Return whether a rule that fails a series found something."""
        return findings.has_failed(self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        tables = ("coins", "findings", "days", "pairs", "pair_days")
        rows = {name: plain(getattr(self, name).to_dicts()) for name in tables}
        return {"folder": self.folder, "bar_minutes": self.bar_minutes, **rows}

    def page(self, path: str | Path) -> Path:
        """Write the check as a page; return where it is.

        Parameters
        ----------
        path : path
            Of the page, or of a folder, where it is called ``data.html``.

        Raises
        ------
        DataError
            The place cannot be written.

        Notes
        -----
        Units: said beside every number.  Causal: shows what was found.  Missing: a dash.
        """
        from quorate.report import data_page  # Jinja: only where a page is drawn

        tables = {name: getattr(self, name) for name in data_page.Told._fields}
        return data_page.write(data_page.Told(**tables), Path(path))

    def raise_if_failed(self) -> None:
        """Refuse data that a rule fails.

        Raises
        ------
        DataError
            Which coins, by which rules.
        """
        failed = self.coins.filter(pl.col("failed") != "")
        if failed.is_empty():
            return
        said = [f"{coin} ({rules})" for coin, rules in failed.select("symbol", "failed").rows()]
        more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
        raise DataError(
            f"{len(said)} of {self.coins.height} coins of {self.folder} fail: "
            f"{', '.join(said[:_SHOWN])}{more}",
            hint="look at --by-day; fetch those rows again, or leave the coins out with --symbols",
        )

    def by_day(self) -> pl.DataFrame:
        """Return how many rows each rule concerned, by symbol and UTC day."""
        return findings.by_day(self.findings)


class _Coin(NamedTuple):
    """One symbol's share of a check."""

    rows: pl.DataFrame
    findings: pl.DataFrame
    days: pl.DataFrame
    pairs: pl.DataFrame
    pair_days: pl.DataFrame


PAIRS: Final[findings.Schema] = {
    "symbol": pl.String,
    "other": pl.String,
    "n_bars": pl.Int64,
    "median_bps": pl.Float64,
    "p99_bps": pl.Float64,
    "max_bps": pl.Float64,
    "max_at": pl.Datetime("ms", "UTC"),
    "agree_frac": pl.Float64,
    "n_days": pl.Int64,
    "n_quarantined": pl.Int64,
    "shift_bars": pl.Int64,
}
PAIR_DAYS: Final[findings.Schema] = {
    "symbol": pl.String,
    "day": pl.Date,
    "n": pl.Int64,
    "n_off": pl.Int64,
    "median_bps": pl.Float64,
    "p99_bps": pl.Float64,
    "max_bps": pl.Float64,
    "quarantined": pl.Boolean,
}
DAYS: Final[findings.Schema] = {
    "symbol": pl.String,
    "day": pl.Date,
    "n_traded": pl.Int64,
    "n_filled": pl.Int64,
    "n_missing": pl.Int64,
}
_COUNTS = ("n_traded", "n_filled", "n_missing")
_DROPPED = (Rule.SPIKE_DISPUTED, Rule.SPIKE_REVERTED, Rule.SPIKE_HELD)


def check_data(
    bars: str | Path,
    *,
    other: str | Path | None = None,
    symbols: Sequence[str] | None = None,
    rules: Params | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Check:
    """Hold every coin's bars against the rules of governance.

    Parameters
    ----------
    bars : path
        A folder of ``SYMBOL.parquet`` files, or a folder of the lake.
    other : path, optional
        The same coins from a second vendor; matched by symbol or base asset.
    symbols : sequence of str, optional
        As the files spell them, or base assets; all when left out.
    rules : Params, optional
        Of the rules; the defaults when left out.
    progress : callable, optional
        Called with coins done and coins in all.

    Returns
    -------
    Check
        Coins in order of symbol, whatever thread was first.

    Raises
    ------
    DataError
        If a folder is missing or empty, or a file cannot be read.

    Notes
    -----
    Units: as the columns say.  Causal: see ``lake.governance``.  Missing: told, not filled.
    Spec 13; METHODS 12.
    """
    files = _files(Path(bars))
    others = {} if other is None else _files(Path(other))
    chosen = tuple(files) if symbols is None else named(symbols, files)
    absent = [symbol for symbol in chosen if symbol not in files]
    if absent or not chosen:
        raise DataError(
            f"{bars} has no bars of {', '.join(absent) or 'no symbol at all'}",
            hint=f"it has {', '.join(list(files)[:_SHOWN])}{' ...' * (len(files) > _SHOWN)}",
        )
    given = Params() if rules is None else rules
    minutes = _minutes(files, chosen)
    is_plain = not layout.is_partitioned(Path(bars))
    is_other_plain = other is not None and not layout.is_partitioned(Path(other))
    done: list[_Coin] = []

    def one(symbol: str) -> _Coin:
        matched = match(symbol, others) if others else ()
        mine = _governed(symbol, files[symbol], minutes, given, drop_last=is_plain)
        beside = None
        if matched:
            name = _name(matched)
            beside = _governed(name, matched, minutes, given, drop_last=is_other_plain)
        return _coin(symbol, mine, beside, minutes, given)

    with ThreadPoolExecutor(_THREADS) as pool:
        for coin in pool.map(one, chosen):
            done.append(coin)
            if progress is not None:
                progress(len(done), len(chosen))
    return Check(
        folder=str(bars),
        bar_minutes=minutes,
        coins=pl.concat([coin.rows for coin in done]),
        findings=findings.concat([coin.findings for coin in done]),
        days=pl.concat([coin.days for coin in done]),
        pairs=pl.concat([coin.pairs for coin in done]),
        pair_days=pl.concat([coin.pair_days for coin in done]),
    )


def _files(where: Path) -> dict[str, tuple[Path, ...]]:
    files = layout.files(where)
    if not files:
        raise DataError(
            f"{where} holds no Parquet file",
            hint="a folder holds SYMBOL.parquet files or symbol=S folders",
        )
    return files


def _name(paths: Sequence[Path]) -> str:
    """Return the symbol that files are of: their own name, or that of their folder in a lake."""
    last = paths[-1]
    return last.parts[-3].removeprefix("symbol=") if months.is_ours(last) else last.stem


def _minutes(files: dict[str, tuple[Path, ...]], symbols: Sequence[str]) -> int:
    """Return the length of a bar: that of the first file which tells it."""
    for symbol in symbols:
        rows, name = bar_rows(files[symbol])
        minutes = common_minutes(epoch_ms(rows, name))
        if minutes is not None:
            return minutes
    raise DataError(
        "no file has two bars, so the bar length cannot be inferred",
        hint="give files of more bars",
    )


class _Side(NamedTuple):
    """One vendor's rows of a symbol, held against the rules."""

    name: str
    n_rows: int
    governed: Governed


def _governed(
    symbol: str, paths: Sequence[Path], minutes: int, rules: Params, *, drop_last: bool
) -> _Side:
    rows, name = bar_rows(paths)
    own = common_minutes(epoch_ms(rows, name))
    if own not in {None, minutes}:
        raise SchemaError(
            f"{name} has bars of {own} minutes, and others of {minutes}",
            hint="check one bar length at a time, and a second vendor of the same",
        )
    governed = governance.govern(symbol, rows, minutes, rules, drop_last=drop_last)
    return _Side(symbol, rows.height, governed)


def _coin(symbol: str, mine: _Side, beside: _Side | None, minutes: int, rules: Params) -> _Coin:
    governed = mine.governed
    covered = {name: coverage(name, series, minutes, rules) for name, series in governed.coins}
    lines = [_line(symbol, mine.n_rows, governed.findings, covered.get(symbol))]
    lines += [
        _line(name, 0, governed.findings, days) for name, days in covered.items() if name != symbol
    ]
    # the first coin of a name beside the first, the second beside the second
    pairs = [
        _pair(name, series, other, minutes)
        for (name, series), (_, other) in zip(
            governed.coins, beside.governed.coins if beside else (), strict=False
        )
    ]
    return _Coin(
        pl.concat(lines),
        governed.findings,
        pl.concat([pl.DataFrame(schema=DAYS), *covered.values()]),
        pl.concat([pl.DataFrame(schema=PAIRS), *(line for line, _ in pairs)]),
        pl.concat([pl.DataFrame(schema=PAIR_DAYS), *(days for _, days in pairs)]),
    )


def _line(name: str, n_rows: int, found: pl.DataFrame, days: pl.DataFrame | None) -> pl.DataFrame:
    """Return what one coin is worth, as one row."""
    mine = found.filter(pl.col("symbol") == name)
    is_known = days is not None and days.height > 0
    totals = days.sum() if days is not None and is_known else pl.DataFrame()
    failed = sorted(set(mine["rule"]) & findings.FAILING)

    def count(*rules: Rule) -> int:
        return int(mine.filter(pl.col("rule").is_in([rule.value for rule in rules]))["n"].sum())

    return pl.DataFrame(
        {
            "symbol": [name],
            "first": [days["day"][0] if days is not None and is_known else None],
            "last": [days["day"][-1] if days is not None and is_known else None],
            "n_rows": [n_rows],
            **{each: [int(totals[each][0]) if is_known else 0] for each in _COUNTS},
            "n_suspect": [count(Rule.RETURN_SUSPECT)],
            "n_dropped": [count(*_DROPPED)],
            "n_frozen": [count(Rule.FROZEN_END, Rule.FROZEN_HALT)],
            "failed": [", ".join(failed)],
        },
        schema_overrides={"first": pl.Date, "last": pl.Date},
    )


def _pair(
    name: str, series: Series, other: Series, minutes: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return how far a second vendor is from one coin's bars, in all and by day."""
    told = reconcile.compare(series, other, infer_tick(other.close), minutes)
    if told.open_ms.size == 0:
        return pl.DataFrame(schema=PAIRS), pl.DataFrame(schema=PAIR_DAYS)
    apart, days = reconcile.summary(told), reconcile.daily(told)
    values = {
        "symbol": name,
        "other": other.file,
        **apart._asdict(),
        "n_days": days.height,
        "n_quarantined": int(days["quarantined"].sum()),
        "shift_bars": reconcile.shift(series, other, minutes),
    }
    values["max_at"] = values.pop("max_ms")
    line = pl.DataFrame([values]).select(
        pl.col(column).cast(kind) for column, kind in PAIRS.items()
    )
    return line, days.select(pl.lit(name).alias("symbol"), *list(PAIR_DAYS)[1:])
