"""Run the whole system over a panel, book the run, and leave a folder that explains it.

In: a panel and settings. Out: ``Result`` and, where asked for, a run folder with its page. Every
run is booked in the store before its first bar, so one that fails counts as a trial too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from quorate import report
from quorate.api import events, folder, folding, showing
from quorate.api.effective import read_settings
from quorate.api.extensions import engines as find_engines
from quorate.api.facts import facts_of
from quorate.api.trials import data_of, trials_of
from quorate.backtest import exchange
from quorate.backtest.benchmark import Benchmark
from quorate.backtest.record import Record
from quorate.backtest.scorecard import ALL, Scorecard
from quorate.core.kernel import source_hash
from quorate.core.types import MONEY_SCALE, Line, Reason, Regime
from quorate.errors import ConfigError
from quorate.lake import Panel
from quorate.report import attribution
from quorate.report.capacity import capacity
from quorate.settings import Settings
from quorate.statistics import currency
from quorate.statistics.benchmark import comparison
from quorate.statistics.cautions import cautions
from quorate.statistics.daily import EQUITY, daily_returns
from quorate.statistics.metrics import summary
from quorate.statistics.span import over_span, span_days
from quorate.statistics.trades import TRADES
from quorate.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

    from quorate.backtest import run as passes
    from quorate.core.engines.base import Engine
    from quorate.core.types import IntVec
    from quorate.statistics.accounts import Trials

_ON_CARD = ("n_votes", "n_asked", "right_frac", "move_bps", "error_bps")
_SPAN = ("start", "end", "n_bars", "is_synthetic", "venues")


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Attributes
    ----------
    run_id : str
        Its name in the store and of its folder.
    folder : Path or None
        Where it was written, if it was.
    metrics : dict
        Spec 12, as in ``metrics.json``.
    equity, trades, decisions, fills, funding, positions, incidents, attribution, scorecard,
    benchmark
        As in the Parquet tables of the folder, a DataFrame each.
    facts : dict
        What was run, as in ``run.json``.
    """

    run_id: str
    folder: Path | None
    metrics: dict[str, Any]
    equity: pl.DataFrame
    trades: pl.DataFrame
    decisions: pl.DataFrame
    fills: pl.DataFrame
    funding: pl.DataFrame
    positions: pl.DataFrame
    incidents: pl.DataFrame
    attribution: pl.DataFrame
    scorecard: pl.DataFrame
    benchmark: pl.DataFrame
    facts: dict[str, Any]

    @property
    def net_return(self) -> float:
        """Return the end over the start in USD, less 1, after all costs."""
        equity = currency.in_usd(self.equity)["equity"]
        return float(equity[-1] / equity[0] - 1.0)

    def summary(self) -> str:
        """Return what the run came to on one screen: real, earned, cost, would break, the page."""
        return showing.summary(self)

    def plot(self) -> Figure:
        """Return a matplotlib figure of equity and drawdown; needs matplotlib."""
        return showing.plot(self)

    def __repr__(self) -> str:  # type: ignore[explicit-override]
        """Return one line: which run, what it made, where it lies."""
        place = "not written" if self.folder is None else str(self.folder)
        made = f"{self.net_return:+.2%} net, {self.trades.height:,} closed trades"
        return f"Result({self.run_id}: {made}; {place})"

    def _repr_html_(self) -> str:
        return showing.html(self)


def run(
    panel: Panel,
    settings: Settings | None = None,
    *,
    engines: Sequence[Engine] | None = None,
    out: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    kind: str = "backtest",
) -> Result:
    """Run the whole system over a panel.

    Parameters
    ----------
    panel : Panel
        From ``quorate.load`` or ``quorate.lake.synthetic``.
    settings : Settings, optional
        From ``quorate.read_settings``, which is called when left out.
    engines : sequence of Engine, optional
        The engines that vote; those the settings name when left out.
    out : str or Path, optional
        Folder of runs: the run is booked in its store and written below it. Without it nothing
        is written or booked, as in a notebook's cell.
    progress : callable, optional
        Called with bars done and bars in all.
    kind : str
        What the store calls it.

    Returns
    -------
    Result
        Metrics and tables.

    Raises
    ------
    ConfigError, EngineError, DataError, StoreError
        With what to do next; nothing half-written stays.

    Notes
    -----
    Units: USD and integer 1e-8 quote.  Causal: the decision at a close reads nothing after it.
    Missing: a coin without bars waits.  Spec 1 to 8, 10, 12.
    """
    chosen = _checked(panel, settings)
    voters = tuple(engines) if engines is not None else _named(chosen)
    if out is None:
        return _simulate(panel, chosen, voters, "unbooked", progress, None)
    out = Path(out)
    store = open_store(folder.store_place(str(chosen["account"]["store"]), out))
    with store:
        run_id = store.runs.begin(
            chosen.values,
            data_hash=panel.source.digest,
            code_hash=source_hash(),
            recipe=",".join(sorted(engine.name for engine in voters)),
            kind=kind,
        )
        try:
            tried = trials_of(store, data_of(panel))
            result = _simulate(panel, chosen, voters, run_id, progress, tried)
            result.facts["kind"] = kind
            place = out / run_id
            with folder.whole(place) as partial:
                _write(partial, result)
                # before the folder takes its name: a run that is seen is a run that is booked
                store.events.append(
                    run_id,
                    events.events(run_id, result.decisions, result.fills, result.incidents),
                )
        except BaseException as error:
            store.runs.finish(run_id, "failed", message=str(error))
            raise
        store.runs.finish(run_id, "finished", metrics=result.metrics)
    return Result(**{**result.__dict__, "folder": place})


def _checked(panel: Panel, settings: Settings | None) -> Settings:
    """Return the settings of a run; refuse what is no panel or no settings."""
    if not isinstance(panel, Panel):
        raise ConfigError(
            f"a run needs a Panel, got {type(panel).__name__}",
            hint="make one: quorate.load(folder, venue=..., kind=...) or quorate.synthetic()",
        )
    if settings is None:
        return read_settings()
    if not isinstance(settings, Settings):
        raise ConfigError(
            f"settings are {type(settings).__name__}, not Settings",
            hint='make them: quorate.read_settings(overrides={"consensus.k": "1.0"})',
        )
    return settings


def _named(settings: Settings) -> tuple[Engine, ...]:
    chosen = settings["engines"]
    return find_engines(chosen["extra"], chosen["exclude"], settings.path)  # type: ignore[arg-type]


def _simulate(
    panel: Panel,
    settings: Settings,
    engines: Sequence[Engine],
    run_id: str,
    progress: Callable[[int, int], None] | None,
    tried: Trials | None,
) -> Result:
    """Fold the panel block by block and gather what it leaves."""
    begun = time.perf_counter()
    fold = folding.begin(panel, settings, engines)
    record = Record(
        panel.symbols,
        panel.venue_names,
        [engine.name for engine in engines],
        panel.bar_minutes,
        round(fold.start_quote * MONEY_SCALE),
    )
    votes = fold.made.params.consensus
    card = Scorecard(
        [engine.name for engine in engines],
        votes.horizon_bars,
        votes.bars_per_hour,
        votes.bars_per_day,
    )
    holding = Benchmark(panel.n_coins, folding.bitcoin(panel), panel.bar_minutes)
    for t, done in folding.advance(panel, fold):
        record.add(done)
        card.add(done)
        holding.add(done)
        if progress is not None:
            progress(t + len(done.decisions.equity), panel.n_bars)
    memory = fold.memory
    lines = memory.chain.account.ledger.lines.sum(axis=1)
    seconds = {"simulate": time.perf_counter() - begun}
    aside = {
        "scorecard": card.frame(),
        "benchmark": holding.frame(currency.known(panel.quote_usd)),
    }
    return _result(panel, settings, engines, run_id, record, aside, lines, memory, seconds, tried)


def _result(  # noqa: PLR0913, PLR0917  (what a run came to, part by part)
    panel: Panel,
    settings: Settings,
    engines: Sequence[Engine],
    run_id: str,
    record: Record,
    aside: dict[str, pl.DataFrame],
    lines: IntVec,
    memory: passes.Memory,
    seconds: dict[str, float],
    tried: Trials | None,
) -> Result:
    equity = currency.convert(record.equity(), currency.known(panel.quote_usd))
    fills, trades = record.fills(), record.trades()
    traded = 0.0
    if fills.height:
        traded = float((fills["coins"].abs() * fills["price"]).sum())
    books = memory.chain.account.ledger
    positions = record.positions(books, panel.venues.lot)
    in_usd = currency.in_usd(equity).select(list(EQUITY))
    booked = {line: int(lines[line]) for line in Line}
    room = capacity(fills, positions, booked, in_usd, settings.values)
    metrics = summary(
        in_usd,
        trades.select(list(TRADES)),
        lines,
        traded_usd=traded,
        capacity_usd=float(f"{room.half_return_usd:.3g}"),  # an estimate, no more digits
        n_trials=None if tried is None else tried.n,
        trials_variance=None if tried is None else tried.variance,
    )
    metrics["benchmark"], why = comparison(daily_returns(in_usd), aside["benchmark"])
    metrics["flags"] |= why
    metrics["flags"] |= cautions(metrics, in_usd)
    days = metrics["net"]["n_days"]
    metrics["activity"] |= over_span(metrics["activity"], days, span_days(equity))
    if room.why:
        metrics["flags"]["activity.capacity_usd"] = room.why
    counts = memory.exchange.counts
    decisions, funding = record.decisions(trades), record.funding()
    metrics["reasons"] = {
        reason.name: int(record.reasons[reason]) for reason in Reason if record.reasons[reason]
    }
    metrics["regimes"] = {r.name: int(record.regimes[r]) for r in Regime}
    metrics["lines_usd"] = {line.name: _usd(int(lines[line])) for line in Line}
    metrics["account"] = {
        "start_usd": _usd(int(equity["equity_usd"][0])),
        "end_usd": _usd(int(equity["equity_usd"][-1])),
        "currency_usd": _usd(currency.effect(equity)),
    }
    if currency.effect(equity):
        metrics["flags"]["lines_usd"] = "of the books, in quote currency; currency_usd is the rest"
    metrics["engines"] = {
        row["engine"]: {name: row[name] for name in _ON_CARD}
        for row in aside["scorecard"].filter(pl.col("regime") == ALL).iter_rows(named=True)
    }
    metrics["exchange"] = {c.name: int(counts[c]) for c in exchange.Count}
    metrics["exposure"] = _exposure(equity)
    metrics["kelly"] = _kelly(decisions, str(settings["risk"]["kelly"]))
    facts = facts_of(panel, settings, engines, run_id, record.failures, seconds)
    if tried is not None:
        facts["n_trials"] = tried.n
    # the store knows a run by its metrics alone, wherever its folder is
    metrics["data"] = {name: facts["data"][name] for name in _SPAN} | {"n_coins": panel.n_coins}
    who = attribution.attribute(fills, decisions, funding, positions)
    attribution.check(who, equity, fills, funding, positions)
    return Result(
        run_id=run_id,
        folder=None,
        metrics=metrics,
        equity=equity,
        trades=trades,
        decisions=decisions,
        fills=fills,
        funding=funding,
        positions=positions,
        incidents=record.incidents(),
        attribution=who,
        facts=facts,
        **aside,
    )


def _usd(units: int) -> str:
    """Write integer money as a decimal number of USD."""
    sign = "-" if units < 0 else ""
    whole, part = divmod(abs(units), MONEY_SCALE)
    return f"{sign}{whole}.{part:08d}"


def _exposure(equity: pl.DataFrame) -> dict[str, float]:
    """Return mean and largest exposures as fractions of equity; net and beta to either side."""
    capital = equity["equity"].to_numpy() / MONEY_SCALE
    found = {}
    for name in ("gross", "net", "beta"):
        share = equity[f"{name}_usd"].to_numpy() / np.where(capital > 0.0, capital, np.nan)
        found[f"mean_{name}_frac"] = _finite(np.nanmean(share))
        if name == "gross":
            found["max_gross_frac"] = _finite(np.nanmax(share))
            continue
        found[f"most_{name}_long_frac"] = max(_finite(np.nanmax(share)), 0.0)
        found[f"most_{name}_short_frac"] = min(_finite(np.nanmin(share)), 0.0)
    return found


def _kelly(decisions: pl.DataFrame, option: str) -> dict[str, Any]:
    """Return what entries were sized, before caps, and what the other option would have asked for.

    The literal formula multiplies two sizing rules; the option reads Kelly as a ceiling on the
    risk (METHODS 0 row 6).
    """
    sized = other = 0.0
    if "other_usd" in decisions.columns:
        entries = decisions.filter(pl.col("reason") == Reason.ENTRY.name)
        sized, other = (float(entries[name].sum()) for name in ("sized_usd", "other_usd"))
    return {"option": option, "sized_usd": sized, "other_option_usd": other}


def _finite(value: float | np.floating[Any]) -> float:
    return float(value) if np.isfinite(value) else 0.0


def _write(place: Path, result: Result) -> None:
    folder.write_json(place / "run.json", result.facts)
    folder.write_json(place / "metrics.json", result.metrics)
    folder.write_table(place / "equity.parquet", result.equity)
    folder.write_table(place / "trades.parquet", result.trades)
    folder.write_table(place / "decisions.parquet", result.decisions)
    folder.write_table(place / "fills.parquet", result.fills)
    folder.write_table(place / "funding.parquet", result.funding)
    folder.write_table(place / "positions.parquet", result.positions)
    folder.write_table(place / "incidents.parquet", result.incidents)
    folder.write_table(place / "attribution.parquet", result.attribution)
    folder.write_table(place / "scorecard.parquet", result.scorecard)
    folder.write_table(place / "benchmark.parquet", result.benchmark)
    report.render(place)
