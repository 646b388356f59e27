"""The version of the package that is installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("quorate")
except PackageNotFoundError:  # a checkout that was never installed
    VERSION = "0"
