"""``quorate tca``: what orders truly cost."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from quorate.cli.commands import Json, app

if TYPE_CHECKING:
    from quorate.api.executing import Tca


@app.command
def tca(
    store: Annotated[str, Parameter(help="The store with the journal: a file or a URL.")],
    *,
    mids: Annotated[Path, Parameter(help="Parquet or JSON: symbol, at_ms, mid.")],
    trades: Annotated[
        Path | None,
        Parameter(help="The market's, likewise: symbol, at_ms, price, quantity."),
    ] = None,
    account: Annotated[str, Parameter(help="Whose journal.")] = "main",
    least: Annotated[int, Parameter(help="Fewer parents propose no coefficient.")] = 30,
    json: Json = False,
) -> None:
    """Measure what parent orders cost, against the model that decided them.

    Every closed parent: delay, spread, impact, fees and opportunity, which sum to the shortfall
    exactly; markouts after fills; coefficients of the model with their intervals. With --trades
    its price against the market's by volume (VWAP) while it was worked.

    Example: quorate tca desk.db --mids mids.parquet --trades trades.parquet
    """
    from quorate import api

    found = api.tca(store, mids, trades=trades, account=account, least=least)
    if json:
        row = found._asdict() | {"coefficients": [each._asdict() for each in found.coefficients]}
        print(jsonlib.dumps(row))
    else:
        print(_said(found))


def _said(found: Tca) -> str:
    lines = [
        (
            f"{found.account}: {found.n_parents} parents closed, {found.n_open} open, "
            f"{found.n_without_parent} trades of no parent"
        ),
        f"  filled {_share(found.fill_ratio)}, refused of all sent {_share(found.reject_rate)}",
        "  cost in bps of size at the price that decided (model)",
    ]
    for name, value in found.costs_bps.items():
        expected = found.model_bps.get({"fees": "fee"}.get(name, name))
        said = "" if expected is None else f"   ({expected:.2f})"
        lines.append(f"    {name:<12}{_number(value)}{said}")
    marks = ", ".join(f"{name} {_number(v).strip()}" for name, v in found.markouts_bps.items())
    lines.append(f"  markouts in bps: {marks}")
    if found.vwap_bps is not None:
        lines.append(f"  against the market's VWAP: {found.vwap_bps:.2f} bps")
    if found.n_blind:
        lines.append(f"  {found.n_blind} fills had no middle: their spread is in the impact")
    lines.append("  coefficients")
    for each in found.coefficients:
        told = "" if each.value is None else f"{each.value:.3g} [{each.low:.3g}, {each.high:.3g}] "
        lines.append(f"    {each.name:<8}{told}of {each.n}: {each.text}")
    lines += [
        (
            f"  {each['parent_id'][:12]:<13}{each['side']:<5}{each['filled']}/{each['quantity']} "
            f"{each['symbol']} {each['style']}: {each['total_bps']:.2f} bps, {each['reason']}"
        )
        for each in found.parents
    ]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "      -" if value is None else f"{value:>9.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
