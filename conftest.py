"""For every test and doctest: a quorate.toml that happens to lie here is not read."""

from __future__ import annotations

import os

os.environ["QUORATE_CONFIG"] = ""
