"""Reference pages written from the code before every build, so that they cannot fall behind it.

In: the package. Out: ``docs/reference/made/*.md``, which git ignores: tables of commands, features,
engines, metrics, reasons and settings, and one page of docstrings for each package.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import re
import typing
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx

PACKAGE = "quorate"
LEFT_OUT = ("quorate.store.migrations",)
BARS_PER_HOUR = 12


def cell(value: object) -> str:
    """Return a value as the text of a table's cell, with nothing that Markdown would read."""
    text = " ".join(str(value).split())
    for mark in "\\|*_<>[]`$":
        text = text.replace(mark, "\\" + mark)
    return text or " "


def code(value: object) -> str:
    """Return a value as code."""
    return f"`{value}`"


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return the lines of a table; the cells are Markdown."""
    names = list(header)
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def features() -> list[str]:
    """Return the page of features, in the order of their rows."""
    from quorate.core.features.table import FEATURES

    rows = (
        [
            str(i),
            code(f.name),
            f.family,
            cell(f.unit),
            str(f.warmup(BARS_PER_HOUR)),
            cell(f.meaning),
        ]
        for i, f in enumerate(FEATURES)
    )
    header = ["row", "name", "family", "unit", "known after (5-minute bars)", "what it is"]
    return [
        "# Features",
        "",
        (
            f"What engines and regimes see: {len(FEATURES)} numbers a coin and bar, in this order. "
            "A number that is not known is NaN. `log` is a log return, `frac` a fraction, `sigma` "
            "standard deviations. From `quorate.core.features.table`."
        ),
        "",
        *table(header, rows),
    ]


def engines() -> list[str]:
    """Return the page of built-in engines, in the order of the engine axis."""
    from quorate.core.engines.catalogue import builtin

    found = builtin()
    rows = (
        [
            code(e.name),
            e.family.replace("_", " "),
            ", ".join(r.name for r in sorted(e.approved)),
            cell(e.hypothesis),
            cell(", ".join(f"{name} = {value}" for name, value in e.parameters.items())),
            cell(e.reference),
        ]
        for e in found
    )
    counts = Counter(e.family for e in found)
    families = ", ".join(f"{name.replace('_', ' ')} ({n})" for name, n in counts.items())
    header = ["engine", "family", "approved in", "hypothesis", "parameters", "reference"]
    return [
        "# Built-in engines",
        "",
        (
            f"{len(found)} engines in {len(counts)} families: {families}. "
            "An engine approved in both TREND and RANGE also has weight in NEUTRAL. "
            "[Write an engine](../../how-to/write-an-engine.md) says how to add yours."
        ),
        "",
        *table(header, rows),
    ]


def metrics() -> list[str]:
    """Return the page of metrics, in the order of the report."""
    from quorate.statistics.benchmark import COMPARED
    from quorate.statistics.metrics import METRICS, SPREADS

    header = ["metric", "unit", "definition", "reference"]
    rows, spreads, compared = (
        [[code(m.name), cell(m.unit), cell(m.definition), cell(m.reference)] for m in metrics]
        for metrics in (METRICS, SPREADS, COMPARED)
    )
    return [
        "# Metrics",
        "",
        (
            "Every number of a run's summary. `r` are daily UTC returns, 365 a year. A metric that "
            "is not defined for a run is null, and the summary's flags say why."
        ),
        "",
        *table(header, rows),
        "",
        "## Over years, coins and regimes",
        "",
        (
            "The same metrics are known for each year, coin and regime, and of each is said how "
            "far the groups lie apart. The daily returns of a coin or regime are what its closed "
            "trades made that day over the equity the day began with."
        ),
        "",
        *table(header, spreads),
        "",
        "## Beside holding",
        "",
        (
            "Under `benchmark`, once for BTC alone (`hold_btc`) and once for all coins in equal "
            "parts (`hold_all`), without costs; `b` are its daily returns, `r` those of the run."
        ),
        "",
        *table(header, compared),
    ]


def reasons() -> list[str]:
    """Return the page of reasons, by their codes."""
    from quorate.core.types import Reason

    groups = {0: "", 20: "data", 30: "votes", 40: "money", 50: "limits", 60: "limits"}
    groups |= {70: "breakers", 80: "people and limits", 90: "engines"}
    rows = (
        [
            str(r.value),
            code(r.name),
            "traded" if 0 < r.value < 20 else groups[r.value // 10 * 10 if r.value >= 20 else 0],
        ]
        for r in Reason
    )
    return [
        "# Reasons",
        "",
        (
            "Every decision carries one of these codes. "
            "[From vote to order](../../explanations/from-vote-to-order.md) says what each one "
            "means and what to do about it."
        ),
        "",
        *table(["code", "name", "who spoke"], rows),
    ]


def settings() -> list[str]:
    """Return the page of settings, section by section."""
    lines = ["# Settings", ""]
    schema: dict[str, dict[str, Any]] = importlib.import_module("quorate.api").schema()
    lines += ["What `quorate.toml` may hold; [Settings](../../how-to/settings.md) says how.", ""]
    for section, fields in schema.items():
        rows = (
            [
                code(name),
                cell(getattr(field.kind, "__name__", field.kind)),
                code(repr(field.default)),
                cell(field.meaning),
            ]
            for name, field in fields.items()
        )
        header = ["setting", "type", "default", "meaning"]
        lines += [f"## [{section}]", "", *table(header, rows), ""]
    return lines


def commands() -> list[str]:
    """Return the page of commands, in the order of the overview, with every option of each."""
    # they add their commands to the app
    for name in (
        "ablating",
        "archives",
        "auditing",
        "commanding",
        "data",
        "exchanging",
        "executing",
        "killing",
        "nightly",
        "pulling",
        "reconciling",
        "registering",
        "runs",
        "scheduling",
        "searching",
        "sweeping",
        "torturing",
        "walking",
    ):
        importlib.import_module(f"quorate.cli.{name}")
    app = importlib.import_module("quorate.cli.commands").app
    overview = importlib.import_module("quorate.cli.overview")
    lines = [
        "# Commands",
        "",
        "What `quorate` can be told. Exit codes: 0 done; 1 stopped by a bug; 2 a wrong command or",
        "setting; 3 data or files; 4 the store.",
    ]
    for title, names in overview.GROUPS.items():
        lines += ["", f"## {title}"]
        for name in names:
            lines += ["", *command(name, overview.named(app, name))]
    return lines


def command(name: str, made: Any) -> list[str]:  # noqa: ANN401  (an app of the parser)
    """Return what one command does and a table of what it takes."""
    said = inspect.getdoc(made.default_command) or ""
    text, _, example = said.partition("Example: ")
    lines = [f"### quorate {name}", "", text.strip()]
    if example:
        lines += ["", "```sh", example.strip(), "```"]
    # "*" is a class whose fields are options of the command: they have rows of their own
    given = [each for each in made.assemble_argument_collection() if "*" not in each.names]
    rows = [option(each) for each in given if each.show]
    if rows:
        lines += ["", *table(["argument or option", "default", "meaning"], rows)]
    return lines


def option(given: Any) -> list[str]:  # noqa: ANN401  (an argument of the parser)
    """Return the row of an argument: how it is written, its default, its meaning."""
    field = given.field_info
    name = given.names[0] if field.kind is field.KEYWORD_ONLY else field.name.upper()
    if field.kind is field.VAR_POSITIONAL:
        name += " ..."
    default = "needed" if given.required else ""
    if field.default not in (field.empty, None, False):
        default = code(field.default)
    meaning = given.parameter.help or ""
    for hint in (given.hint, *typing.get_args(given.hint)):  # itself, or one of it and None
        if typing.get_origin(hint) is typing.Literal:
            meaning = f"{', '.join(typing.get_args(hint))}. {meaning}"
    return [code(name), default or " ", cell(meaning)]


def packages() -> Iterator[tuple[str, list[str]]]:
    """Yield each package's name and the modules that its page shows, the package first."""
    root = importlib.import_module(PACKAGE)
    found = pkgutil.walk_packages(root.__path__, f"{PACKAGE}.")
    modules = {PACKAGE: True} | {m.name: m.ispkg for m in found if not m.name.startswith(LEFT_OUT)}
    for package in (name for name, is_package in modules.items() if is_package):
        inside = [
            name
            for name, is_package in modules.items()
            if not is_package and name.rpartition(".")[0] == package
        ]
        shown = [package, *(name for name in inside if not name.endswith(".__main__"))]
        if len(shown) > 1 or importlib.import_module(package).__doc__:
            yield package, shown


def package_page(package: str, modules: list[str]) -> list[str]:
    """Return the page of a package: the docstrings of its modules."""
    lines = [f"# {package}", ""]
    options = ["   :members:", "   :ignore-module-all:"]  # what a package re-exports is shown once
    for name in modules:
        heading = [] if name == package else [f"## {name.removeprefix(package + '.')}", ""]
        directive = ["```{eval-rst}", f".. automodule:: {name}", *options, "```", ""]
        lines += [*heading, *directive]
    return lines


def write(folder: Path, pages: dict[str, list[str]]) -> None:
    """Write the pages that changed and remove those that no longer belong."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in pages.items():
        text = "\n".join(lines).rstrip() + "\n"
        path = folder / f"{name}.md"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in folder.glob("*.md"):
        if path.stem not in pages:
            path.unlink()


def make(app: Sphinx) -> None:
    """Write every page that comes from the code."""
    pages = {
        "commands": commands(),
        "features": features(),
        "engines": engines(),
        "metrics": metrics(),
        "reasons": reasons(),
        "settings": settings(),
    }
    pages |= {package: package_page(package, modules) for package, modules in packages()}
    write(Path(app.srcdir) / "reference" / "made", pages)


def is_left_out(
    _app: Sphinx, _what: str, _name: str, found: object, _skip: object, _options: object
) -> bool | None:
    """Leave out the fields of a NamedTuple: its docstring and its signature name them."""
    return True if type(found).__name__ == "_tuplegetter" else None


def escape_bars(
    _app: Sphinx, _what: str, _name: str, _found: object, _options: object, lines: list[str]
) -> None:
    """Keep absolute values in running text from being read as substitutions."""
    inside = -1  # the indent of the block of mathematics we are in
    for i, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if line.strip() and inside >= 0 and indent <= inside:
            inside = -1
        if line.lstrip().startswith(".. math::"):
            inside = indent
        if inside < 0 and "|" in line and not line.lstrip().startswith(">>>"):
            parts = re.split(r"(``.*?``|:math:`.*?`)", line)
            parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
            lines[i] = "".join(parts)


def setup(app: Sphinx) -> dict[str, Any]:
    """Say when the pages are written."""
    app.connect("builder-inited", make)
    app.connect("autodoc-skip-member", is_left_out)
    app.connect("autodoc-process-docstring", escape_bars, priority=400)  # before napoleon
    return {"version": "1", "parallel_read_safe": True}
