"""What ``quorate audit`` prints: a row a part, then each finding with its place, then what is open.

In: ``api.Audit``. Out: things that rich prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from quorate.cli.tables import Column, fitted

if TYPE_CHECKING:
    from rich.table import Table

    from quorate.api import Audit


def headline(found: Audit) -> Text:
    """Return whether it passes, and the digest."""
    if found.is_pass:
        said, style = "PASS: nothing knows what it could not know", "bold green"
    elif found.findings:
        n = len(found.findings)
        said, style = f"{n} FINDING{'S' if n > 1 else ''}: not to be published", "bold red"
    else:
        said, style = "NOTHING was compared", "bold yellow"
    return Text.assemble(
        (said, style), f"\n{found.data}\naudit digest {found.digest}\n", style="default"
    )


def part_rows(found: Audit, width: int) -> Table:
    """Return a row a part: findings, what was compared, at how many times, how long it took."""
    parts = found.parts
    tests = ["; ".join(f"{name} {_short(n)}" for name, n in part.tests.items()) for part in parts]
    columns = [
        Column("part", [part.name for part in parts], 0),
        Column("findings", [str(len(p.findings) or "") for p in parts], 0, is_text=False),
        Column("values compared", [f"{p.n_values:,d}" for p in parts], 0, is_text=False),
        Column("cuts", [f"{p.n_times:,d}" for p in parts], 3, is_text=False),
        Column("seconds", [f"{p.seconds:.1f}" for p in parts], 2, is_text=False),
        Column("tests", tests, 1),
    ]
    styles = ["red" if p.findings else "" if p.n_values else "yellow" for p in parts]
    return fitted(columns, width, styles)


def findings(found: Audit) -> Text:
    """Return every finding: what and where, both values, how many, what to do."""
    text = Text("")
    for i, each in enumerate(found.findings):
        text.append(f"\n{i + 1}. {each.what}", "bold red")
        place = " ".join(x for x in (each.coin, each.at and f"at {each.at} UTC") if x)
        text.append(f"  {place}\n" if place else "\n")
        if each.then or each.later:
            text.append(f"   then {each.then or '-'}, later {each.later or '-'}\n")
        n = "" if each.n == 1 else f", {each.n:,d} times"
        text.append(f"   found by {each.part}: {each.test}{n}\n   {each.says}\n")
        text.append(f"   next: {each.next}\n", "cyan")
    return text


def not_covered(found: Audit) -> Text:
    """Return what the audit did not look at, in its own words."""
    lines = [line for part in found.parts for line in part.not_covered]
    return Text("\n".join(["Not covered:", *(f"- {line}" for line in lines)]), "dim")


def _short(n: int) -> str:
    """Return a count in a few characters.

    Examples
    --------
    >>> _short(999), _short(12_345), _short(2_300_000)
    ('999', '12k', '2.3M')
    """
    if n >= 1_000_000:
        return f"{n / 1e6:.1f}M"
    return f"{n / 1e3:.0f}k" if n >= 1000 else str(n)
