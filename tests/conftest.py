"""What tests of every folder share: an S3 server on this machine, with the faults of a real one."""

from __future__ import annotations

import pytest
from tests.bucket import serving


@pytest.fixture
def bucket(tmp_path_factory, monkeypatch):
    """Give an empty bucket of a server that the environment names, and an empty cache."""
    monkeypatch.setenv("QUORATE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    with serving() as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found
