"""For every test and doctest: no quorate.toml that lies here is read, no user's key is used."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

os.environ["QUORATE_CONFIG"] = ""
if "QUORATE_CONFIG_DIR" not in os.environ:
    os.environ["QUORATE_CONFIG_DIR"] = tempfile.mkdtemp(prefix="quorate-keys-")
    atexit.register(shutil.rmtree, os.environ["QUORATE_CONFIG_DIR"], ignore_errors=True)
