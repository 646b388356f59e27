"""What orders truly cost, by the journal and the middles of the books, and what the model said.

In: a store with a journal, a file of middles. Out: every parent order measured, and coefficients.
"""

from __future__ import annotations

import json
import statistics
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from quorate.errors import DataError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quorate.live.execution.coefficients import Proposal
    from quorate.live.execution.tca import Measured

_PARTS = ("delay", "spread", "impact", "fees", "opportunity", "total")


class Tca(NamedTuple):
    """What the parent orders of an account cost.

    Notes
    -----
    Units: each row of ``parents`` has amounts in quote as text, exact, and ``_bps`` of its size at
    the price that decided; ``model`` is of what was expected, in the same bps. ``markouts_bps`` are
    means by the value of fills, None where no middle is known. ``vwap_bps`` is how much worse than
    the market's own trades meanwhile, the mean by what traded; None where none of these is known.
    """

    account: str
    n_parents: int
    n_open: int
    n_without_parent: int
    n_blind: int
    fill_ratio: float | None
    reject_rate: float | None
    costs_bps: dict[str, float | None]
    model_bps: dict[str, float | None]
    markouts_bps: dict[str, float | None]
    vwap_bps: float | None
    coefficients: tuple[Proposal, ...]
    parents: tuple[dict[str, Any], ...]


def tca(
    store: str | Path,
    mids: str | Path,
    *,
    trades: str | Path | None = None,
    account: str = "main",
    least: int = 30,
) -> Tca:
    """Measure every parent order of a journal, and hold the model of costs against it.

    Parameters
    ----------
    store : str or Path
        With the journal: a file, or a URL.
    mids : str or Path
        Parquet, or JSON (a list of rows), with ``symbol``, ``at_ms`` and ``mid``.
    trades : str or Path, optional
        The market's, likewise, with ``symbol``, ``at_ms``, ``price`` and ``quantity``.
    account : str
        Whose journal.
    least : int
        Fewer parents than that propose no coefficient.

    Returns
    -------
    Tca
        Parents that are closed, in the order in which they were opened.

    Raises
    ------
    StoreError
        There is no such store, or no journal of this account in it.
    DataError
        The file of middles, or of trades, cannot be read.

    Notes
    -----
    Units: quote, bps.  Causal: markouts look ahead, nothing else.  Missing: a fill without a middle
    that is at most 10 s old has its spread in the impact, and is counted.  METHODS 9.5.
    """
    from quorate.live.execution.coefficients import proposals
    from quorate.live.execution.tape import Tape
    from quorate.live.execution.tca import HORIZONS_S, Mids, measure
    from quorate.live.orders.codec import from_text
    from quorate.store.opening import open_store

    place = str(store)
    if "://" not in place and not Path(place).is_file():
        raise StoreError(f"{place} is no store", hint="give the file that the desk writes")
    middles = Mids(_mids(Path(mids)))
    tape = None if trades is None else Tape(_trades(Path(trades)))
    with open_store(store) as opened:
        journal = opened.journal(account)
        if not journal.end().n_rows:
            raise StoreError(
                f"{place} has no journal of {account}", hint="give --account, as the desk has it"
            )
        found = measure((from_text(row.payload) for row in journal.rows()), middles, tape)
    parents = found.parents
    wanted = sum((each.opened.quantity for each in parents), Decimal(0))
    sent = sum(each.n_children for each in parents)
    return Tca(
        account=account,
        n_parents=len(parents),
        n_open=found.n_open,
        n_without_parent=found.n_without_parent,
        n_blind=sum(each.n_blind for each in parents),
        fill_ratio=_mean((float(e.filled / e.opened.quantity), 1.0) for e in parents),
        reject_rate=sum(each.n_refused for each in parents) / sent if sent else None,
        costs_bps={name: _mean(_costs(parents, name)) for name in _PARTS} if wanted else {},
        model_bps={
            name: _mean(
                (float(getattr(each.opened, f"expected_{name}_bps")), _value(each))
                for each in parents
            )
            for name in ("delay", "spread", "impact", "fee")
        },
        markouts_bps={
            f"{horizon} s": _mean(_markouts(parents, n)) for n, horizon in enumerate(HORIZONS_S)
        },
        vwap_bps=_mean(_against_market(parents)),
        coefficients=proposals(parents, least=least),
        parents=tuple(_row(each) for each in parents),
    )


def _value(parent: Measured) -> float:
    return float(parent.opened.quantity * parent.opened.decision_price)


def _costs(parents: Iterable[Measured], name: str) -> Iterable[tuple[float, float]]:
    for each in parents:
        yield float(each.bps(getattr(each.shortfall, name))), _value(each)


def _markouts(parents: Iterable[Measured], n: int) -> Iterable[tuple[float, float]]:
    for each in parents:
        for fill in each.fills:
            markout = fill.markouts_bps[n]
            if markout is not None:
                yield float(markout), float(fill.price * fill.quantity)


def _against_market(parents: Iterable[Measured]) -> Iterable[tuple[float, float]]:
    for each in parents:
        slippage = each.vwap_bps
        if slippage is not None and each.vwap is not None:
            yield float(slippage), float(each.filled * each.vwap)


def _mean(rows: Iterable[tuple[float, float]]) -> float | None:
    """Return the mean by weight, None of nothing."""
    found = list(rows)
    if not found:
        return None
    return statistics.fmean([value for value, _ in found], [weight for _, weight in found])


def _row(parent: Measured) -> dict[str, Any]:
    opened, cost = parent.opened, parent.shortfall
    amounts = {name: str(getattr(cost, name)) for name in _PARTS}
    in_bps = {f"{name}_bps": float(parent.bps(getattr(cost, name))) for name in _PARTS}
    return {
        "parent_id": opened.parent_id,
        "symbol": opened.symbol,
        "side": opened.side.value,
        "style": opened.style or opened.schedule.value,
        "quantity": str(opened.quantity),
        "filled": str(parent.filled),
        "reason": parent.reason,
        "n_children": parent.n_children,
        "n_fills": len(parent.fills),
        "n_blind": parent.n_blind,
        "is_end_known": parent.is_end_known,
        "vwap": None if parent.vwap is None else str(parent.vwap),
        "vwap_bps": None if parent.vwap_bps is None else float(parent.vwap_bps),
        "foreign_fees": {asset: str(fee) for asset, fee in parent.foreign_fees.items()},
        **amounts,
        **in_bps,
        "residual": str(cost.residual),
    }


def _mids(path: Path) -> list[tuple[str, int, Decimal]]:
    """Read a file of middles; a row that is none is refused by its number."""
    return [(symbol, at_ms, mid) for symbol, at_ms, (mid,) in _amounts(path, "middle", ("mid",))]


def _trades(path: Path) -> list[tuple[str, int, Decimal, Decimal]]:
    """Read a file of the market's trades; a row that is none is refused by its number."""
    rows = _amounts(path, "trade", ("price", "quantity"))
    return [(symbol, at_ms, price, quantity) for symbol, at_ms, (price, quantity) in rows]


def _amounts(path: Path, what: str, names: tuple[str, ...]) -> list[tuple[str, int, list[Decimal]]]:
    """Read a file of rows that have a symbol, a time, and amounts above 0 by these names."""
    columns = ("symbol", "at_ms", *names)
    hint = f"Parquet or JSON: {', '.join(columns)}"
    if not path.is_file():
        raise DataError(f"{path} is no file of {what}s", hint=hint)
    rows = _rows(path, columns, hint)
    if not isinstance(rows, list):
        example = {"symbol": "BTC/USDT:USDT", "at_ms": 0} | dict.fromkeys(names, "100.05")
        raise DataError(f"{path} is no list of rows", hint=json.dumps([example]))
    return [_row_of(f"row {n} of {path} is no {what}", row, names) for n, row in enumerate(rows, 1)]


def _rows(path: Path, columns: tuple[str, ...], hint: str) -> Any:  # noqa: ANN401  (read)
    import polars as pl

    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path).select(columns).to_dicts()
        return json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path} cannot be read: {error}", hint=hint) from error


def _row_of(
    said: str,
    row: Any,  # noqa: ANN401  (read)
    names: tuple[str, ...],
) -> tuple[str, int, list[Decimal]]:
    try:
        symbol, at_ms = row["symbol"], row["at_ms"]
        amounts = [Decimal(str(row[name])) for name in names]
    except (KeyError, TypeError, InvalidOperation) as error:
        hint = ", ".join(("symbol", "at_ms", *names))
        raise DataError(f"{said}: {error!r}", hint=hint) from error
    are_fine = all(each.is_finite() and each > 0 for each in amounts)
    if type(symbol) is not str or type(at_ms) is not int or not are_fine:
        hint = f"{' and '.join(names)} above 0, ms since 1970"
        raise DataError(f"{said}: {row}", hint=hint)
    return symbol, at_ms, amounts
