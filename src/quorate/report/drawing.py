"""What every page is drawn with and how it is written: templates, their script, one step.

In: text. Out: a file that is the old one or the new one at every moment.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from quorate.errors import DataError
from quorate.report.axes import MONTHS
from quorate.report.thinning import MAX_POINTS

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_NAMED: Final = 8
"""How many settings that differ are named at the head of a run's page."""


@cache
def environment() -> Environment:
    """Return what draws the pages: their templates, their script and its hash."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only where a page is drawn

    loader = PackageLoader("quorate.report")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = loader.get_source(environment, "script.js")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals |= {
        "max_named": MAX_NAMED,
        "max_points": MAX_POINTS,
        "month_names": MONTHS,
        "script": script,
        "script_hash": f"sha256-{digest}",
    }
    return environment


def put(target: Path, text: str) -> None:
    """Write beside the target, flush to disk, then take its place."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".report-", suffix=".tmp")
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def page_at(path: Path, name: str, text: str, option: str) -> Path:
    """Write a page where somebody asked for it.

    Parameters
    ----------
    path : Path
        Of the page, or of a folder.
    name : str
        What it is called in a folder.
    text : str
        The page.
    option : str
        How the place was named, for the message.

    Returns
    -------
    Path
        Of the page; an older one is replaced in one step.

    Raises
    ------
    DataError
        The place cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page_at(Path(folder), "a.html", "<p>", "--page").name
    'a.html'
    """
    target = path / name if path.is_dir() else path
    try:
        put(target, text)
    except OSError as error:
        raise DataError(
            f"the page {target} cannot be written: {error.strerror or error}",
            hint=f"name another place with {option}",
        ) from error
    return target
