"""The commands: a thin skin over ``quorate.api``; heavy imports wait until a command needs them.

Exit codes: 0 done; 1 stopped by a bug; 2 a wrong command or setting; 3 data or files; 4 the store.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str
        What follows ``quorate``.

    Examples
    --------
    >>> run(["--version"])
    0.1.0
    0
    """
    from quorate.cli import (  # noqa: F401  (they add their commands to the app)
        ablating,
        archives,
        auditing,
        commanding,
        data,
        exchanging,
        executing,
        killing,
        nightly,
        pulling,
        reconciling,
        registering,
        runs,
        scheduling,
        searching,
        sweeping,
        torturing,
        walking,
    )
    from quorate.cli.commands import app
    from quorate.cli.overview import overview
    from quorate.errors import ConfigError, EngineError, QuorateError, StoreError

    try:
        if list(arguments) in ([], ["--help"], ["-h"]):
            print(overview(app))
        else:
            app(list(arguments), exit_on_error=False, result_action="return_value")
    except QuorateError as error:
        print(f"error: {error}", file=sys.stderr)
        if isinstance(error, (ConfigError, EngineError)):
            return 2
        return 4 if isinstance(error, StoreError) else 3
    except BrokenPipeError:  # `quorate ... | head`: whoever read has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("stopped; nothing half-written was left", file=sys.stderr)
        return 130
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except usage_errors():
        return 2  # cyclopts has said what is wrong
    return 0


def usage_errors() -> tuple[type[Exception], ...]:
    """Return what the parser raises for a wrong command."""
    from cyclopts import CycloptsError

    return (CycloptsError,)
