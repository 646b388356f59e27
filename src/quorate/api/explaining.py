"""Explain one decision of a run: fold the run again up to its bar and compare with the record.

In: a run folder, and the id of a decision or a coin and a time. Out: an ``Explanation``. A run is a
fold without a clock or a random number, so the same data, settings and engines give the same
numbers; where they do not, the explanation names what differs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from quorate.api import dissect, folding
from quorate.api.decided import coin_of, kept
from quorate.api.events import decision_id
from quorate.api.explanation import Check, Explanation, Gate
from quorate.api.extensions import named
from quorate.api.finding import find
from quorate.api.folder import read_json, read_table, refuse_walk, settings_of
from quorate.api.gates import gates, watches
from quorate.api.models import fits_then
from quorate.api.moment import remember
from quorate.api.outcomes import exits, outcome
from quorate.api.steps import steps
from quorate.core.kernel import source_hash
from quorate.core.types import MONEY_SCALE
from quorate.errors import DataError, EngineError, ModelFileError
from quorate.lake import again

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.api.dissect import Parts
    from quorate.core.engines.base import Engine
    from quorate.lake import Panel
    from quorate.research.fits import Fits

_ID_LENGTH = 32
_SHOWN = 3


@dataclass(frozen=True)
class _Place:
    """A coin at a close, and the bar's row in the panel."""

    symbol: str
    at: datetime
    t: int


@dataclass(frozen=True)
class _Again:
    """What a bar says of a coin when it is folded again; ``equity`` is the account's."""

    parts: Parts
    gates: tuple[Gate, ...]
    equity: int


def explain(  # noqa: PLR0913  (which run, which bar, and what is not in its folder)
    run: str | Path,
    what: str,
    at: str | datetime | None = None,
    *,
    out: str | Path = Path("runs"),
    recorded: bool = False,
    panel: Panel | None = None,
    engines: Sequence[Engine] | None = None,
    models: Fits | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Explanation:
    """Explain one decision of a run, whatever it was: an order, a refusal, or nothing at all.

    Parameters
    ----------
    run : str or Path
        Folder, id, or the beginning of an id of a run below ``out``.
    what : str
        The id of a decision, or as much of its beginning as is unique; or a coin.
    at : str or datetime, optional
        With a coin: a time, UTC where it has no zone. The last bar that had closed is explained.
    out : str or Path
        Folder of runs.
    recorded : bool
        Show only what was recorded; the run is not folded again.
    panel : Panel, optional
        The data of the run, where they were put together by hand or have moved.
    engines : sequence of Engine, optional
        The engines of the run, where its settings do not name them.
    models : Fits, optional
        Those of the run, where they were made by hand; a model set is in the run's folder.
    progress : callable, optional
        Called with bars done and bars to do.

    Returns
    -------
    Explanation
        Its ``verdict`` says how far what was recorded and what was computed again agree.

    Raises
    ------
    DataError
        There is no such run, decision, coin or bar; or the bar was not kept and the data or the
        engines are gone. The nearest decisions are named.
    ModelFileError
        The bar was not kept and the models of the run are gone or others.

    Notes
    -----
    Units: said in the names.  Causal: all but ``outcome`` reads bars up to the close.
    Missing: None.  Spec 10.

    Examples
    --------
    >>> explain("no-such-run", "SYN-BTC", "2024-01-01", out=Path("no-such-folder"))
    Traceback (most recent call last):
    quorate.errors.DataError: there is no run 'no-such-run' in no-such-folder
      next: it holds no run yet: `quorate demo` makes one
    """
    folder = find(run, out)
    facts = read_json(folder, "run.json")
    rows = kept(folder)
    place = _place(what, at, facts["data"], rows)
    own = rows.filter((pl.col("symbol") == place.symbol) & (pl.col("timestamp") == place.at))
    row = own.row(0, named=True) if own.height else None
    of = facts["engines"], facts["settings"], facts.get("models")
    then = None if row is None else dissect.from_row(row, *of)
    now, why = None, "only what was recorded is shown, as asked"
    if not recorded:
        try:
            fits = fits_then(facts, folder, models)
            now = _again(facts, place, panel, _engines(facts, engines, fits), fits, progress)
        except (DataError, EngineError, ModelFileError) as error:
            if then is None:
                raise
            why = f"only what was recorded is shown: {error.message}"
    parts = then if now is None else now.parts
    if parts is None:
        raise DataError(
            f"nothing was recorded of {place.symbol} at {place.at:%Y-%m-%d %H:%M}",
            hint=f"leave out --recorded to compute it again; {_near(rows, place.symbol, place.at)}",
        )
    if now is None:
        checks: tuple[Check, ...] = ()
        verdict = why
    else:
        checks = _checks(then, now, folder, place)
        verdict = _verdict(checks, facts, is_kept=then is not None)
    bar = timedelta(minutes=facts["data"]["bar_minutes"])
    return Explanation(
        run_id=facts["run_id"],
        decision_id=decision_id(facts["run_id"], place.symbol, place.at),
        symbol=place.symbol,
        at=place.at,
        source="recorded" if now is None else "recomputed",
        verdict=verdict,
        checks=checks,
        price=parts.price,
        regime=parts.regime,
        hazards=parts.hazards,
        features_hash=parts.features_hash,
        features=parts.features,
        votes=parts.votes,
        silent=parts.silent,
        score=parts.score,
        gates=() if now is None else now.gates,
        costs=parts.costs,
        size=parts.size,
        breakers=parts.breakers,
        route=parts.route,
        outcome=outcome(folder, place.symbol, place.at, (parts.action, parts.reason), bar, rows),
        exits=exits(folder, place.symbol, place.at, rows),
    )


def _place(
    what: str, at: str | datetime | None, data: dict[str, Any], rows: pl.DataFrame
) -> _Place:
    """Read which decision is meant."""
    if at is None:
        found = rows.filter(pl.col("id").str.starts_with(what.lower()))
        if found.height == 1:
            row = found.row(0, named=True)
            return _Place(row["symbol"], row["timestamp"], _row(row["timestamp"], data))
        if found.height:
            raise DataError(
                f"{found.height} decisions have an id that begins with {what!r}",
                hint=f"say more of one of {', '.join(found['id'].head(_SHOWN))}",
            )
        message, hint = _unknown(what, data, rows)
        raise DataError(message, hint=hint)
    symbol = coin_of(what, data["symbols"])
    stamp = _instant(at)
    t = _row(stamp, data)
    if not 0 <= t < data["n_bars"]:
        raise DataError(
            f"no bar of the run had closed by {stamp:%Y-%m-%d %H:%M} UTC, or it was over",
            hint=f"its bars close from {data['start']} to {data['end']}; "
            + _near(rows, symbol, stamp),
        )
    first = datetime.fromisoformat(data["start"])
    return _Place(symbol, first + timedelta(minutes=data["bar_minutes"] * t), t)


def _unknown(what: str, data: dict[str, Any], rows: pl.DataFrame) -> tuple[str, str]:
    """Return what to say of something that is no id: it may be a coin without a time."""
    coins = [symbol for symbol in data["symbols"] if symbol.upper() == what.upper()]
    if coins:
        last = datetime.fromisoformat(data["end"])
        return f"say when: {coins[0]} has {data['n_bars']} bars", _near(rows, coins[0], last)
    shown = ", ".join(_short(row) for row in rows.tail(_SHOWN).iter_rows(named=True))
    return (
        f"no decision of the run has the id {what!r}",
        "give a coin and a time, or an id from `quorate decisions`"
        + (f": {shown}" if shown else ""),
    )


def _near(rows: pl.DataFrame, symbol: str, at: datetime) -> str:
    """Name the kept decisions of a coin that are nearest to a time."""
    own = rows.filter(pl.col("symbol") == symbol)
    if own.is_empty():
        return f"no decision of {symbol} was kept: give any time of a bar"
    near = own.with_columns((pl.col("timestamp") - at).abs().alias("away")).sort("away")
    shown = near.head(_SHOWN).sort("timestamp")
    return "its nearest decisions: " + ", ".join(_short(row) for row in shown.iter_rows(named=True))


def _short(row: dict[str, Any]) -> str:
    return f"{row['id'][:10]} ({row['symbol']} {row['timestamp']:%Y-%m-%d %H:%M} {row['reason']})"


def _instant(at: str | datetime) -> datetime:
    if isinstance(at, str):
        try:
            at = datetime.fromisoformat(at)
        except ValueError as error:
            raise DataError(
                f"{at!r} is not a time", hint="write it as 2023-01-31T12:00, in UTC"
            ) from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _row(at: datetime, data: dict[str, Any]) -> int:
    """Return the row of the last bar that had closed by a time."""
    first = datetime.fromisoformat(data["start"])
    return (at - first) // timedelta(minutes=data["bar_minutes"])


def _again(
    facts: dict[str, Any],
    place: _Place,
    panel: Panel | None,
    voters: tuple[Engine, ...],
    fits: Fits | None,
    progress: Callable[[int, int], None] | None,
) -> _Again:
    """Fold the run again up to a bar; return what the coin's bar says by itself."""
    data, settings = facts["data"], settings_of(facts)
    refuse_walk(facts)
    found = again(data.get("made"), data["digest"]) if panel is None else panel
    if found.source.digest != data["digest"]:
        raise DataError(
            f"this panel is not the run's: its digest is {found.source.digest}",
            hint=f"give the panel of digest {data['digest']}",
        )
    fold = folding.begin(found, settings, voters, fits)
    c = found.symbols.index(place.symbol)
    bar = timedelta(minutes=data["bar_minutes"])
    before = remember(fold)
    for t0, done in folding.advance(found, fold, place.t + 1, alone=(place.t,)):
        if progress is not None:
            progress(t0 + len(done.decisions.equity), place.t + 1)
        if t0 == place.t:
            parts = dissect.from_block(done, (0, c), fold.made, found.venue_names, settings.values)
            size = replace(parts.size, steps=steps(done, (0, c), fold, before))
            breakers = parts.breakers
            if breakers is not None:
                breakers = replace(breakers, watches=watches(done, (0, c), fold, before))
            return _Again(
                replace(parts, size=size, breakers=breakers),
                gates(done, (0, c), fold, place.at, bar),
                int(done.decisions.equity[0]),
            )
        before = remember(fold)
    raise DataError(
        f"the panel ends before {place.at:%Y-%m-%d %H:%M}",
        hint="give the panel of the run",
    )


def _engines(
    facts: dict[str, Any], given: Sequence[Engine] | None, fits: Fits | None
) -> tuple[Engine, ...]:
    """Return the engines of the run in its order."""
    settings = settings_of(facts)
    if given is None:
        given = named(settings)
    by_name = {each.name: each for each in (*given, *(() if fits is None else fits.engines))}
    lacking = [each["name"] for each in facts["engines"] if each["name"] not in by_name]
    if lacking:
        raise EngineError(
            f"the run's engines are not all here: {', '.join(lacking)}",
            hint="install them, or hand them over: quorate.explain(..., engines=...)",
        )
    return tuple(by_name[each["name"]] for each in facts["engines"])


def _checks(then: Parts | None, now: _Again, folder: Path, place: _Place) -> tuple[Check, ...]:
    """Compare what was recorded with what was computed again, number by number."""
    curve = read_table(folder, "equity.parquet").filter(pl.col("ts") == place.at)
    found = (
        [] if curve.is_empty() else [Check("equity", _usd(curve["equity"][0]), _usd(now.equity))]
    )
    if then is not None:
        ours = _flat(now.parts)
        found += [Check(what, text, ours.get(what, "none")) for what, text in _flat(then).items()]
    size = now.parts.size
    found.append(Check("target by its steps", _cents(size.target_usd), _cents(size.steps[-1].usd)))
    return tuple(found)


def _flat(parts: Parts) -> dict[str, str]:
    """Return what is recorded of a decision as texts that hold every digit."""
    score, size, route = parts.score, parts.size, parts.route
    numbers = {
        "price": parts.price,
        "score": score.value,
        "sigma": score.sigma,
        "threshold": score.threshold,
        "expected edge": score.edge_bps,
        "half spread": parts.costs.half_spread_bps,
        "impact": parts.costs.impact_bps,
        "fee": parts.costs.fee_bps,
        "latency": parts.costs.latency_bps,
        "funding": parts.costs.funding_bps,
        "cost": parts.costs.total_bps,
        "stop": size.stop_frac,
        "risk": size.risk_frac,
        "sized": size.sized_usd,
        "multiplier": size.multiplier,
        "weight": size.weight,
        "position": size.position_usd,
        "target": size.target_usd,
        "order": route.size_usd,
    }
    words = {
        "features hash": parts.features_hash,
        "regime": parts.regime,
        "action": parts.action,
        "reason": parts.reason,
        "cap": size.cap,
        "venue": route.venue,
        "style": route.style,
    }
    votes = {
        f"vote of {vote.engine}": f"{vote.side:+d} p {vote.prob:.9f} r {vote.reliability:.9f} "
        f"w {vote.weight:.9f}"
        for vote in parts.votes
    }
    return {**words, **{name: repr(value) for name, value in numbers.items()}, **votes}


def _verdict(checks: Sequence[Check], facts: dict[str, Any], *, is_kept: bool) -> str:
    differing = [check for check in checks if not check.is_same]
    if differing:
        shown = ", ".join(
            f"{each.what} {each.recomputed} (recorded {each.recorded})"
            for each in differing[:_SHOWN]
        )
        more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        changed = facts.get("code") != source_hash()
        cause = "; the code has changed since the run" if changed else ""
        return f"recomputed: DIFFERS from what was recorded in {shown}{more}{cause}"
    if is_kept:
        return f"recomputed: identical to what was recorded, all {len(checks)} values"
    return (
        "recomputed: the bar was not kept, as nothing new was decided; "
        "the equity at its close is identical to the recorded one"
    )


def _cents(usd: float) -> str:
    return f"{usd + 0.0:.2f}"


def _usd(units: int) -> str:
    return f"{units / MONEY_SCALE:.8f}"
