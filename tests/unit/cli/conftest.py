"""Stores are copied, not migrated: commands make many."""

from __future__ import annotations

import pytest
from tests.made_stores import copied


@pytest.fixture(scope="session", autouse=True)
def _stores(tmp_path_factory):
    with copied(tmp_path_factory.mktemp("made")):
        yield
