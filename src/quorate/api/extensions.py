"""Which engines vote: the built-in ones, installed packages' and those named in the settings.

In: names. Out: ``Engine`` values. This is the one place where entry points are loaded and a user's
module is imported; the core only ever sees the values.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import sys
from contextlib import contextmanager
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

from quorate.core.engines.base import Engine
from quorate.core.engines.catalogue import builtin
from quorate.core.engines.checks import complaints
from quorate.core.features.table import FEATURES
from quorate.errors import EngineError, QuorateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.metadata import EntryPoint
    from types import TracebackType

    from quorate.settings import Settings

GROUP = "quorate.engines"
"""Entry point group under which a package registers its engines."""


def engines(
    extra: Iterable[str] = (),
    exclude: Iterable[str] = (),
    settings_file: str | Path | None = None,
) -> tuple[Engine, ...]:
    """Return the engines of a run.

    Parameters
    ----------
    extra : iterable of str
        ``package.module:name`` of engines that no installed package registers.
    exclude : iterable of str
        Names to leave out.
    settings_file : path, optional
        The file that names them: modules that lie beside it are found first.

    Raises
    ------
    EngineError
        An engine cannot be imported, is not an ``Engine``, reads a feature that does not exist,
        takes a name twice; or ``exclude`` names none.

    Notes
    -----
    Units: none. Spec 2.

    Examples
    --------
    >>> len(engines()) >= 16
    True
    """
    found = list(builtin())
    found += [_installed(point) for point in entry_points(group=GROUP)]
    found += [load(spec, settings_file) for spec in extra]
    names = [engine.name for engine in found]
    for name in names:
        if names.count(name) > 1:
            raise EngineError(f"two engines are called {name!r}", hint="rename one of them")
    for name in exclude:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
            raise EngineError(f"there is no engine {name!r} to leave out", hint=f"like {close}?")
    return tuple(engine for engine in found if engine.name not in set(exclude))


def check_engines(voters: Iterable[Engine]) -> list[str]:
    """Return what is wrong with engines that are not built in, one text a complaint.

    Notes
    -----
    Units: none.  Causal: an engine that looks at other rows is named.  Missing: an empty list.
    Spec 2.

    Examples
    --------
    >>> check_engines(engines())
    []
    """
    ours = {id(engine) for engine in builtin()}
    return [
        f"{engine.name}: {complaint}"
        for engine in voters
        if id(engine) not in ours
        for complaint in complaints(engine)
    ]


def load(spec: str, settings_file: str | Path | None = None) -> Engine:
    """Import one engine.

    Parameters
    ----------
    spec : str
        ``package.module:name``.
    settings_file : path, optional
        The file that names it: the folder of that file is looked in first.

    Raises
    ------
    EngineError
        The text, the module, the name or what it names is wrong.

    Examples
    --------
    >>> load("no_colon")
    Traceback (most recent call last):
    quorate.errors.EngineError: 'no_colon' does not name an engine
      next: write 'package.module:name'
    """
    module, colon, name = spec.partition(":")
    if not (module and colon and name):
        raise EngineError(f"{spec!r} does not name an engine", hint="write 'package.module:name'")
    beside = None if settings_file is None else Path(settings_file).resolve().parent
    with _Importing(spec, module, beside), _importable(beside):
        imported = importlib.import_module(module)
    try:
        found = getattr(imported, name)
    except AttributeError as error:
        raise EngineError(
            f"module {module!r} has no {name!r}", hint="check the name after the colon"
        ) from error
    return _check(spec, found)


def in_file(spec: str) -> Engine:
    """Import one engine from a file that need not be on any path.

    Parameters
    ----------
    spec : str
        ``file.py:name``; modules beside the file are found.

    Raises
    ------
    EngineError
        The text, the file, the name or what it names is wrong.

    Examples
    --------
    >>> in_file("no_such_file.py:vote")
    Traceback (most recent call last):
    quorate.errors.EngineError: there is no file 'no_such_file.py'
      next: write 'file.py:name', or 'package.module:name' of a module that is on the path
    """
    file, _, name = spec.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise EngineError(
            f"there is no file {file!r}",
            hint="write 'file.py:name', or 'package.module:name' of a module that is on the path",
        )
    beside = path.resolve().parent
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    module = f"quorate_engine_{path.stem}_{digest}"
    found = spec_from_file_location(module, path)
    if found is None or found.loader is None:
        raise EngineError(f"{file!r} is not a Python file", hint="its name must end in .py")
    made = module_from_spec(found)
    with _Importing(spec, path.stem, beside), _importable(beside):
        sys.modules[module] = made
        found.loader.exec_module(made)
    if not hasattr(made, name):
        raise EngineError(f"{file!r} has no {name!r}", hint="check the name after the colon")
    return _check(spec, getattr(made, name))


@contextmanager
def _importable(folder: Path | None) -> Iterator[None]:
    """Look in a folder first, for as long as this lasts; what was imported stays imported."""
    if folder is None:
        yield
        return
    importlib.invalidate_caches()  # the module may have been written a moment ago
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


class _Importing:
    """Say of whatever goes wrong inside which engine's module it was: a module is anybody's code.

    A module that ends the program is refused too; a stop by the user is let through.
    """

    def __init__(self, spec: str, module: str, beside: Path | None = None) -> None:
        self.spec = spec
        self.module = module
        self.looked = "looked in " + (f"{beside} and " if beside else "")
        self.looked += "the folders of PYTHONPATH and of installed packages: "

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, ImportError):
            raise EngineError(
                f"engine {self.spec!r} cannot be imported: {error}",
                hint=f"{self.looked}install its package, put its folder on PYTHONPATH, or put "
                "the module beside the quorate.toml that names it",
            ) from error
        if isinstance(error, (Exception, SystemExit)):
            said = error.message if isinstance(error, QuorateError) else error
            raise EngineError(
                f"engine {self.spec!r} cannot be imported: its module {self.module!r} raised "
                f"{type(error).__name__}: {said}",
                hint=f"mend the module until `python -c 'import {self.module}'` says nothing",
            ) from error


def _installed(point: EntryPoint) -> Engine:
    """Load the engine that an installed package registers."""
    with _Importing(point.value, point.module):
        found = point.load()
    return _check(point.name, found)


def _check(spec: str, found: object) -> Engine:
    if not isinstance(found, Engine):
        raise EngineError(
            f"{spec!r} is a {type(found).__name__}, not an Engine",
            hint="decorate the function with quorate.core.engines.base.engine(...)",
        )
    known = [feature.name for feature in FEATURES]
    for name in found.reads:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            raise EngineError(
                f"engine {found.name!r} reads the feature {name!r}, which does not exist",
                hint=f"the nearest is {close[0]!r}",
            )
    return found


def named(settings: Settings) -> tuple[Engine, ...]:
    """Return the engines that settings name: those built in, the extra ones, less the excluded."""
    chosen = settings["engines"]
    return engines(chosen["extra"], chosen["exclude"], settings.path)  # type: ignore[arg-type]
