"""The libraries that fits are made with: imported when first needed, held to one thread.

In: nothing. Out: scikit-learn's estimators, XGBoost, or an error that says how to install them. A
matrix product over several threads adds in another order than over one, so the same data would
give other last bits on another machine's cores.
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from quorate.errors import ConfigError
from quorate.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

FITTED_BY = ("numpy", "scipy", "scikit-learn")
"""What the bytes of a fit depend on, beside data and settings."""

_ALSO = {"xgboost": "xgboost-cpu"}
"""Other names that a library is distributed under: the same code, without that of other chips."""


def logistic_regression(**settings: object) -> Any:  # noqa: ANN401  (scikit-learn is untyped)
    """Return scikit-learn's logistic regression with these settings."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise _missing("scikit-learn") from error
    return LogisticRegression(**settings)


def isotonic_regression(**settings: object) -> Any:  # noqa: ANN401  (scikit-learn is untyped)
    """Return scikit-learn's isotonic regression with these settings."""
    try:
        from sklearn.isotonic import IsotonicRegression
    except ImportError as error:
        raise _missing("scikit-learn") from error
    return IsotonicRegression(**settings)


def standard_scaler() -> Any:  # noqa: ANN401  (scikit-learn is untyped)
    """Return scikit-learn's scaler to mean 0 and deviation 1."""
    try:
        from sklearn.preprocessing import StandardScaler
    except ImportError as error:
        raise _missing("scikit-learn") from error
    return StandardScaler()


def boosting() -> Any:  # noqa: ANN401  (its arrays are untyped)
    """Return XGBoost."""
    try:
        import xgboost
    except ImportError as error:
        raise _missing("xgboost") from error
    return xgboost


def optuna_library() -> Any:  # noqa: ANN401  (most of what it gives is untyped)
    """Return Optuna, which says nothing of its own accord."""
    try:
        import optuna
    except ImportError as error:
        raise _missing("optuna") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold linear algebra to one thread while a fit is made."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise _missing("threadpoolctl") from error
    with threadpool_limits(limits=1):
        yield


def linear_algebra() -> str:
    """Return for which kind of processor NumPy's linear algebra chose its routines.

    Others add in another order. Empty where the library does not say.
    """
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return ""
    # SciPy brings a second one, which is there only once it was imported
    found = {
        str(each.get("architecture", ""))
        for each in threadpool_info()
        if each["user_api"] == "blas" and "numpy" in each["filepath"]
    }
    return ", ".join(sorted(found))


def versions(names: tuple[str, ...] = FITTED_BY) -> dict[str, str]:
    """Return the version of Quorate and of each library, by name; "none" where it is missing.

    Examples
    --------
    >>> sorted(versions(("numpy",)))
    ['numpy', 'quorate']
    """
    return {"quorate": VERSION} | {name: _version(name) for name in names}


def _version(name: str) -> str:
    for each in (name, _ALSO.get(name, name)):
        try:
            return version(each)
        except PackageNotFoundError:
            continue
    return "none"


def _missing(package: str) -> ConfigError:
    return ConfigError(
        f"research needs the package {package}, which is not installed",
        hint='install it: pip install "quorate[research]"',
    )
