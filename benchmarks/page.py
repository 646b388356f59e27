"""Where figures are kept: ``benchmarks.json`` and the tables of the page beside it.

In: the figures of rows. Out: both renewed; a row that was not asked for stays as it was, so every
row carries the date and the commit of its measurement.
"""

from __future__ import annotations

import json
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs" / "explanations"
MEASURED = ("src", "benchmarks", "requirements", "pyproject.toml")  # what figures depend on
NEEDS_DATA = "it needs --data"


class Table(NamedTuple):
    """A table of the page: its name in the JSON and in its markers, its first lines, a row's."""

    key: str
    head: str
    line: Callable[[dict[str, object]], str]


def now() -> dict[str, str]:
    """Return the date, UTC, and the commit; ``+`` follows it where what is measured was edited."""
    return {"on": datetime.now(UTC).date().isoformat(), "commit": commit()}


def commit() -> str:
    """Return the commit of the checkout, ``unknown`` where git cannot tell."""
    try:
        name = _git("rev-parse", "--short", "HEAD")
        return name + ("+" if _git("status", "--porcelain", "--", *MEASURED) else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _git(*given: str) -> str:
    done = subprocess.run(
        ["git", *given], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


def when(rows: list[dict[str, object]]) -> str:
    """Return when the rows were measured, as a sentence under their table."""
    told = [row for row in rows if "failed" not in row]
    commits: dict[str, set[str]] = {}
    for row in told:
        if "on" in row:
            commits.setdefault(str(row["on"]), set()).add(str(row["commit"]))
    n_old = sum("on" not in row for row in told)
    old = f"{n_old} of {len(told)} rows are not dated." if n_old else ""
    if not commits:
        return old or "Nothing was measured."
    days = [f"{day} on {_named(made)}" for day, made in sorted(commits.items())]
    span = f"Measured {'; '.join(days)}."
    return f"{span} {old}".strip()


def _named(commits: set[str]) -> str:
    # hashes have no order, so all are named: a first and a last would say one that is not there
    names = sorted(commits)
    return f"commit {names[0]}" if len(names) == 1 else f"commits {', '.join(names)}"


def write(found: list[dict[str, object]], order: list[str], table: Table) -> None:
    """Renew the figures and one table of the page.

    Parameters
    ----------
    found : list of dict
        What was measured now; a row that was left out for want of data changes nothing.
    order : list of str
        The work of every row that there is; figures of others are forgotten.
    table : Table
        Where they are put.
    """
    kept = DOCS / "benchmarks.json"
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    renewed = [row for row in found if row.get("failed") != NEEDS_DATA]
    told = {row["work"]: row for row in (*before.get(table.key, ()), *renewed)}
    rows = [told[work] for work in order if work in told]
    machine = {"machine": platform.machine(), "python": platform.python_version()}
    text = json.dumps(before | {"on": machine, table.key: rows}, indent=1)
    kept.write_text(text + "\n", encoding="utf-8")
    _put("\n".join([table.head, *map(table.line, rows), "", when(rows)]), table.key)


def _put(text: str, key: str) -> None:
    begin, end = (f"<!-- {key}: {edge} -->" for edge in ("begin", "end"))
    page = DOCS / "benchmarks.md"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    if not found or end not in rest:
        raise ValueError(f"{page.name} has no markers {begin} and {end}")
    after = rest.partition(end)[2]
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
