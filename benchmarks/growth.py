"""Time and memory against coins, history, engines and block size: ``make growth`` (minutes).

Every point is a process of its own (``growth_point``), so that its peak memory is its own; panels
are on disk and read block by block. Prints a table with fitted exponents, and renews the figures,
the picture and the tables of ``docs/explanations/growth.md``. ``--again`` draws and writes from the
figures that are there, ``--quick`` measures only the first points of each curve and writes nothing.
"""

from __future__ import annotations

import json
import math
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.page import now, when

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs" / "explanations" / "growth.json"
PAGE = ROOT / "docs" / "explanations" / "growth.md"
PICTURE = ROOT / "docs" / "pictures" / "growth.png"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
BARS_A_DAY = 288
DAYS = 14
SECONDS = 900


class Curve(NamedTuple):
    """What grows along a curve, and what stays: ``block`` 0 is the block size of a run."""

    name: str
    unit: str
    xs: tuple[int, ...]
    coins: int = 50
    days: int = DAYS
    engines: int = 26
    block: int = 0
    record: bool = True


_HISTORY = Curve("history", "bars", tuple(d * BARS_A_DAY for d in (30, 91, 365, 1095, 3650)), 10)
CURVES = (
    Curve("coins", "coins", (10, 25, 50, 100, 200, 400, 800)),
    _HISTORY,
    _HISTORY._replace(name="history, nothing recorded", record=False),
    Curve("engines", "engines", (5, 10, 20, 26, 40)),
    Curve("block size", "bars a block", (1, 4, 16, 64, 256, 1024)),
)


class Fit(NamedTuple):
    """Exponents b of y = a x^b: over all points, and between the last two."""

    whole: float
    last: float


def fit(xs, ys):
    """Fit a power law by least squares on logarithms.

    Fixed costs flatten the left end of a curve, so the last step says more of where it is going.

    Examples
    --------
    >>> fit((1, 2, 4), (3.0, 6.0, 12.0))
    Fit(whole=1.0, last=1.0)
    """
    if len(xs) < 2 or min(*xs, *ys) <= 0.0:
        return Fit(math.nan, math.nan)
    u, v = [math.log(x) for x in xs], [math.log(y) for y in ys]
    mean_u, mean_v = math.fsum(u) / len(u), math.fsum(v) / len(v)
    spread = math.fsum((a - mean_u) ** 2 for a in u)
    slope = math.fsum((a - mean_u) * (b - mean_v) for a, b in zip(u, v, strict=True)) / spread
    return Fit(round(slope, 6), round((v[-1] - v[-2]) / (u[-1] - u[-2]), 6))


def fits(points):
    """Return the fits of a curve: time of the whole, memory, and time of each stage."""
    xs = [point["x"] for point in points]
    found = {
        "time": fit(xs, [point["cpu_s"] for point in points]),
        "memory": fit(xs, [point["peak_mib"] for point in points]),
        "memory above the code": fit(xs, [above(point) for point in points]),
    }
    for stage in points[-1]["stages_s"]:
        found[stage] = fit(xs, [point["stages_s"].get(stage, 0.0) for point in points])
    return found


def above(point):
    """Return the MiB that a fold added to an interpreter with all code loaded."""
    return point["peak_mib"] - point["fixed_mib"]


def nanoseconds(point):
    """Return processor time a coin-bar."""
    return point["cpu_s"] / point["coin_bars"] * 1e9


def specs(curve):
    """Yield for each point of a curve what its process is told, and the panel it reads."""
    for x in curve.xs:
        coins = x if curve.name == "coins" else curve.coins
        is_long = curve.unit == "bars"
        told = {
            "bars": x if is_long else curve.days * BARS_A_DAY,
            "engines": x if curve.name == "engines" else curve.engines,
            "block": x if curve.name == "block size" else curve.block,
            "record": curve.record,
        }
        yield x, told, (coins, max(curve.xs) // BARS_A_DAY if is_long else curve.days)


def started(*given):
    """Run one process to its end and return what it printed."""
    command = [sys.executable, "-m", "benchmarks.growth_point", *given]
    done = subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=SECONDS
    )
    return done.stdout


def measure(curves, say=print):
    """Measure every point of every curve."""
    measured = {}
    with tempfile.TemporaryDirectory(prefix="growth-") as folder:
        for curve in curves:
            points = []
            for x, told, (coins, days) in specs(curve):
                panel = Path(folder) / f"{coins}-{days}"
                if not panel.exists():
                    started("panel", str(panel), json.dumps({"coins": coins, "days": days}))
                point = json.loads(started("fold", str(panel), json.dumps(told)))
                points.append({"x": x} | point)
                say(f"{curve.name}, {x:,} {curve.unit}: {point['cpu_s']:.2f} s of the processor")
            measured[curve.name] = {"unit": curve.unit, "points": points}
    return measured


def table(name, curve):
    """Return a curve as a Markdown table, its exponents below."""
    found = fits(curve["points"])
    heads = (curve["unit"], "coin-bars", "processor s", "clock s", "ns a coin-bar", "coin-bars/s")
    heads += ("peak MiB", "above the code", "fills")
    lines = [f"**{name.capitalize()}**", "", row(heads), row(["---"] * len(heads))]
    for point in curve["points"]:
        figures = (point["x"], point["coin_bars"], point["cpu_s"], point["wall_s"])
        figures += (nanoseconds(point), point["coin_bars"] / point["wall_s"])
        figures += (point["peak_mib"], above(point), point["fills"])
        lines.append(row([number(each) for each in figures]))
    said = [f"{what} {power(found[what])}" for what in ("time", "memory", "memory above the code")]
    lines += ["", f"Exponents: {'; '.join(said)}.", ""]
    stages = sorted(found.keys() - {"time", "memory", "memory above the code"})
    last = curve["points"][-1]
    share = {stage: last["stages_s"][stage] / last["cpu_s"] for stage in stages}
    stages.sort(key=lambda stage: -share[stage])
    said = [f"{stage} {share[stage]:.0%}, {power(found[stage])}" for stage in stages]
    return [*lines, f"Of the last point's time, and how it grows: {'; '.join(said)}.", ""]


def row(cells):
    return f"| {' | '.join(cells)} |"


def number(value):
    """Write a figure: whole from a hundred on, else three digits."""
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def power(found):
    """Write an exponent, and in brackets that of the last step."""
    if math.isnan(found.whole):
        return "unknown"
    return f"{found.whole:.2f} ({found.last:.2f})".replace("-", "−")


def page(text, figures):
    """Return the page with its tables renewed; the prose around them stays."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = [f"{figures['machine']}, one thread. {when([figures])}", ""]
    for name, curve in figures["curves"].items():
        lines += table(name, curve)
    return before + "\n".join([BEGIN, "", *lines, END]) + after


def machine():
    """Say what was measured on."""
    model = platform.processor() or platform.machine()
    place = Path("/proc/cpuinfo")
    if place.is_file():
        names = [line for line in place.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return f"{model}, Python {platform.python_version()}"


def main():
    if "--quick" in sys.argv:
        quick = [curve._replace(xs=curve.xs[:2]) for curve in CURVES]
        for name, curve in measure(quick).items():
            print("\n".join(table(name, curve)))
        return
    if "--again" in sys.argv:
        figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    else:
        figures = {"machine": machine(), **now(), "curves": measure(CURVES)}
    for curve in figures["curves"].values():
        curve["exponents"] = {
            name: {"whole": None, "last": None} if math.isnan(found.whole) else found._asdict()
            for name, found in fits(curve["points"]).items()
        }
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")
    from benchmarks.growth_chart import draw

    draw(figures["curves"], PICTURE)
    for name, curve in figures["curves"].items():
        print("\n".join(table(name, curve)))


if __name__ == "__main__":
    main()
