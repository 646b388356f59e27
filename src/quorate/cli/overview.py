"""What ``quorate`` and ``quorate --help`` print: every command in a line, in the order of use.

In: the commands. Out: text. It is put together here, without rich, so that it comes at once; the
help of a single command is the parser's.
"""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cyclopts import App

GROUPS: Final = {
    "Make a run": (
        "demo",
        "backtest",
        "sweep",
        "search",
        "walkforward",
        "cpcv",
        "train",
        "nightly",
    ),
    "Prove a run": ("audit", "control", "ablate"),
    "Look at runs": ("ls", "report", "decisions", "explain", "compare", "leaderboard"),
    "Models": (
        "models ls",
        "models show",
        "models publish",
        "models stage",
        "models rollback",
        "promote",
    ),
    "Bars": (
        "data pull venue",
        "data pull archive",
        "data import",
        "data ls",
        "data check",
        "data reconcile",
        "data universe",
        "keep",
    ),
    "A desk by hand": ("pause", "resume", "flatten", "block", "unblock", "arm", "words"),
    "Stop a desk": ("guard", "kill", "drill"),
    "At their times": ("jobs", "jobs run", "jobs serve"),
    "Try orders": ("exchange serve", "torture"),
    "Measure orders": ("tca",),
    "Set up": ("doctor", "warm", "bench"),
}
_WIDTH: Final = 80
_NAME: Final = 21


def overview(app: App) -> str:
    """Return every command with the first sentence of its help, at most 80 columns wide.

    Parameters
    ----------
    app : App
        With its commands.

    Returns
    -------
    str
        Lines.
    """
    lines = ["Usage: quorate COMMAND", "", *textwrap.wrap(str(app.help), _WIDTH)]
    for title, names in GROUPS.items():
        lines += ["", title]
        for name in names:
            said = inspect.getdoc(named(app, name).default_command) or ""
            text = textwrap.wrap(said.split("\n\n")[0], _WIDTH - _NAME)
            lines += [f"  {name if i == 0 else '':<{_NAME - 2}}{x}" for i, x in enumerate(text)]
    return "\n".join(
        [
            *lines,
            "",
            "`quorate COMMAND --help` has the options and an example; --version the version.",
        ]
    )


def named(app: App, name: str) -> App:
    """Return the command of a name, which may be two words: a group's and its own."""
    for word in name.split():
        app = app[word]
    return app


def names(app: App) -> list[str]:
    """Return the name of every command, those of groups in two words."""
    found = []
    for word in app:
        if not word.startswith("-"):
            inner = [f"{word} {each}" for each in names(app[word])]
            # a group may do something by its name alone
            found += inner if inner and app[word].default_command is None else [word, *inner]
    return found
