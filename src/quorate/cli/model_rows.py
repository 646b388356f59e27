"""What ``quorate models`` prints: a row a version, a version's own page, its moves.

In: ``api.Registry`` tables and versions. Out: lines, and tables that rich prints.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from quorate.cli.tables import Column, fitted
from quorate.report.formats import UNKNOWN, number
from quorate.report.plain import plain

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl
    from rich.table import Table

    from quorate.research.versions import Index, Version

KEPT: Final = ("total_return", "sharpe", "max_drawdown", "n_days")
"""Metrics of a run that are kept beside a version that was published with it."""
_STYLES: Final = {"champion": "bold green", "canary": "yellow", "shadow": "cyan", "retired": "dim"}
_SHOWN: Final = 8


def version_rows(table: pl.DataFrame, width: int) -> Table:
    """Return a row a version, in so many columns of the terminal."""
    rows = list(table.iter_rows(named=True))
    metrics = [json.loads(row["metrics"]) for row in rows]
    columns = [
        Column("version", [row["version"] for row in rows], 0),
        Column("stage", [row["stage"] for row in rows], 0),
        Column("fitted until", [f"{row['until']:%Y-%m-%d %H:%M}" for row in rows], 0),
        Column("days old", [number(row["age_days"], 1) for row in rows], 5, is_text=False),
        Column("recipe", [row["recipe"][:8] for row in rows], 4),
        Column("parent", [row["parent"] or "" for row in rows], 2),
        Column("engines", [", ".join(row["engines"]) for row in rows], 1),
        Column("metrics", [_metrics(each) for each in metrics], 3),
    ]
    return fitted(columns, width, [_STYLES.get(row["stage"], "") for row in rows])


def champion_line(table: pl.DataFrame, max_age_days: float) -> str:
    """Return who is champion, and whether it votes at its age."""
    for row in table.iter_rows(named=True):
        if row["stage"] == "champion":
            age = f"{row['version']} is champion, {row['age_days']:.1f} days old"
            if row["age_days"] > max_age_days:
                return f"{age}: more than models.max_age_days = {max_age_days:g}, IT DOES NOT VOTE"
            return f"{age}; it votes until {max_age_days:g}"
    return "there is no champion yet"


def version_lines(index: Index, version: Version, folder: Path) -> list[str]:
    """Return what a version is made of, and how its recipe differs from its parent's."""
    parent = None if version.parent is None else index.version(version.parent)
    overridden = [
        f"OVERRIDDEN    to {move.after}: {each['reason']}; lacking: {'; '.join(each['lacking'])}"
        for move in index.history
        if move.version == version.number
        for each in move.evidence
        if each["kind"] == "override"
    ]
    engines = ", ".join(version.engines) or "none of its own"
    lines = [
        f"{version.name}  {version.stage}  {folder / version.name}",
        f"model set     {version.digest}",
        f"data          {version.certificate}",
        f"fitted until  {version.until:%Y-%m-%d %H:%M} UTC",
        f"published     {version.published_at:%Y-%m-%d %H:%M} UTC",
        f"engines       {engines}",
        f"metrics       {_metrics(version.metrics) or UNKNOWN}",
        f"audit         {version.audit}",
        f"recipe        {version.recipe_hash}",
        *overridden,
        f"parent        {UNKNOWN if parent is None else parent.name}",
    ]
    if parent is not None:
        differ = changed(parent.recipe, version.recipe)
        lines += [f"              {each}" for each in differ[:_SHOWN]] or [
            "              of the same recipe: only its data differ"
        ]
        if len(differ) > _SHOWN:
            lines.append(f"              and {len(differ) - _SHOWN} more")
    return lines


def changed(then: Any, now: Any, path: str = "") -> list[str]:  # noqa: ANN401  (plain values)
    """Return in words where two recipes differ.

    Examples
    --------
    >>> changed({"settings": {"consensus": {"k": 0.75}}}, {"settings": {"consensus": {"k": 1.0}}})
    ['settings.consensus.k was 0.75, is 1.0']
    """
    if isinstance(then, dict) and isinstance(now, dict):
        names = sorted(then.keys() | now.keys())
        return [
            each
            for name in names
            for each in changed(then.get(name), now.get(name), f"{path}.{name}" if path else name)
        ]
    return [] if then == now else [f"{path} was {then}, is {now}"]


def move_rows(index: Index, version: Version, width: int) -> Table:
    """Return every move of a version: when, how, where to, why, and on which evidence."""
    moves = [each for each in index.history if each.version == version.number]
    kinds = [", ".join(str(one["kind"]) for one in each.evidence) for each in moves]
    columns = [
        Column("when, UTC", [f"{each.at:%Y-%m-%d %H:%M}" for each in moves], 0),
        Column("how", [str(each.how) for each in moves], 0),
        Column("from", [str(each.before or "") for each in moves], 2),
        Column("to", [str(each.after) for each in moves], 0),
        Column("why", [each.why for each in moves], 3),
        Column("evidence", kinds, 1),
    ]
    return fitted(columns, width, [""] * len(moves))


def told(index: Index, version: Version) -> dict[str, Any]:
    """Return a version and its moves as plain values."""
    found: dict[str, Any] = plain(
        {
            "version": version.name,
            "stage": str(version.stage),
            "digest": version.digest,
            "certificate": version.certificate,
            "until": version.until,
            "published_at": version.published_at,
            "engines": list(version.engines),
            "metrics": dict(version.metrics),
            "audit": version.audit,
            "recipe_hash": version.recipe_hash,
            "recipe": dict(version.recipe),
            "parent": None if version.parent is None else index.version(version.parent).name,
            "history": [
                {
                    "at": each.at,
                    "how": str(each.how),
                    "before": None if each.before is None else str(each.before),
                    "after": str(each.after),
                    "why": each.why,
                    "evidence": [dict(one) for one in each.evidence],
                }
                for each in index.history
                if each.version == version.number
            ],
        }
    )
    return found


def _metrics(found: Any) -> str:  # noqa: ANN401  (a mapping of plain values)
    return ", ".join(f"{name} {number(value, 3)}" for name, value in sorted(found.items()))
